"""Use cases of the catalog: items met on orders, mapping of codes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from feilun.catalog.contracts import CodeKind, ProductKind, ProductState
from feilun.catalog.errors import CodeNotFound, CodeTaken, MappingCircular, ProductNotFound
from feilun.catalog.events import PRODUCT_RECORDED
from feilun.catalog.internal import store
from feilun.catalog.internal.domain import code_key
from feilun.kernel.ids import ProductId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import NewEvent, Origin, append_events

_MAPPING_FIELDS: Final = ("mapped_to_id", "category_path")
"""What a mapping changes: facts group an item under the category of the SKU it means."""

_GROUPED_FIELDS: Final = frozenset({"category_path", "brand", "style", "cost", "launch_on"})
"""What facts of sales carry of their product, or of the SKU their item is mapped to."""


def listed_kinds(uow: UnitOfWork, source: str, codes: Iterable[str]) -> dict[str, str]:
    """Return the kind of those codes that a product file listed as something else than a product."""
    codes_by_key = _group(codes)
    found = store.find_by_sku(uow, source, list(codes_by_key))
    return {
        code: kind
        for key, (_, kind, state) in found.items()
        if state == ProductState.LISTED and kind != ProductKind.PRODUCT
        for code in codes_by_key[key]
    }


def resolve_items(
    uow: UnitOfWork,
    source: str,
    names_by_code: Mapping[str, Mapping[str, int]],
    kind_by_code: Mapping[str, str],
    origin: Origin,
) -> dict[str, ProductId]:
    """Return the product of every code, creating seen ones; count the descriptions of products no file has named."""
    codes_by_key = _group(names_by_code)
    kind_by_key = {key: kind_by_code[codes[0]] for key, codes in codes_by_key.items()}
    found = store.find_by_sku(uow, source, list(codes_by_key))
    unknown = [key for key in codes_by_key if key not in found]
    if unknown:
        found |= store.find_by_code(uow, source, unknown)
    missing = {key: kind_by_key[key] for key in unknown if key not in found}
    created: list[ProductId] = []
    ids = {key: product_id for key, (product_id, _, _) in found.items()}
    if missing:
        new_ids, created = store.insert_seen(uow, source, missing)
        ids |= new_ids
    seen = {key: ids[key] for key in codes_by_key if key not in found or found[key][2] == ProductState.SEEN}
    corrected = {
        found[key][0]: kind_by_key[key] for key in seen if key in found and found[key][1] != kind_by_key[key]
    }
    if corrected:
        store.update_seen_kinds(uow, corrected)
    renamed = _count_names(uow, seen, codes_by_key, names_by_code)
    changes: dict[ProductId, list[str]] = {product_id: [] for product_id in created}
    for product_id in [*renamed, *corrected]:
        changes.setdefault(product_id, ["name", "kind"])
    announce(uow, changes, origin)
    return {code: ids[key] for key, codes in codes_by_key.items() for code in codes}


def _group(codes: Iterable[str]) -> dict[str, list[str]]:
    codes_by_key: dict[str, list[str]] = {}
    for code in codes:
        codes_by_key.setdefault(code_key(code), []).append(code)
    return codes_by_key


def _count_names(
    uow: UnitOfWork,
    seen: Mapping[str, ProductId],
    codes_by_key: Mapping[str, list[str]],
    names_by_code: Mapping[str, Mapping[str, int]],
) -> list[ProductId]:
    counts: dict[tuple[ProductId, str], int] = {}
    for key, product_id in seen.items():
        for code in codes_by_key[key]:
            for name, lines in names_by_code[code].items():
                counts[product_id, name] = counts.get((product_id, name), 0) + lines
    return store.count_names(uow, counts) if counts else []


def find_items(uow: UnitOfWork, source: str, codes: Iterable[str]) -> dict[str, ProductId]:
    """Return the products that codes of a source mean; unknown codes are absent."""
    codes_by_key = _group(codes)
    found = store.find_by_code(uow, source, list(codes_by_key)) | store.find_by_sku(
        uow, source, list(codes_by_key)
    )
    return {code: found[key][0] for key, group in codes_by_key.items() if key in found for code in group}


def announce(uow: UnitOfWork, fields: Mapping[ProductId, Sequence[str]], origin: Origin) -> None:
    """Append one event per product with the names of its changed fields; aliases share what facts are grouped by."""
    moved = [product_id for product_id, names in fields.items() if not _GROUPED_FIELDS.isdisjoint(names)]
    aliases = store.select_aliases(uow, moved) if moved else []
    everyone = {**{alias: ["category_path"] for alias in aliases}, **fields}
    append_events(
        uow,
        [
            NewEvent(
                type=PRODUCT_RECORDED,
                occurred_at=uow.now,
                origin=origin,
                payload={"product_id": product_id, "fields": list(names)},
            )
            for product_id, names in sorted(everyone.items())
        ],
    )


def map_code(uow: UnitOfWork, *, source: str, code: str, product_id: ProductId) -> None:
    """See `api.map_code`."""
    target = store.select_products(uow, [product_id]).get(product_id)
    if target is None:
        raise ProductNotFound(f"no product {product_id}")
    target_id = target.mapped_to_id or target.product_id
    key = code_key(code)
    item = store.find_by_sku(uow, source, [key]).get(key)
    if item is not None:
        if item[2] == ProductState.LISTED:
            raise CodeTaken(f"{code!r} is a listed SKU of {source!r}", code=code, source=source)
        if item[0] == target_id:
            raise MappingCircular(f"{code!r} is the product itself", code=code)
        store.set_mapping(uow, item[0], target_id)
        announce(uow, {item[0]: _MAPPING_FIELDS}, Origin.LIVE)
    store.upsert_code(uow, source=source, kind=CodeKind.ITEM, code=code, product_id=target_id)


def unmap_code(uow: UnitOfWork, *, source: str, code: str) -> None:
    """See `api.unmap_code`."""
    key = code_key(code)
    item = store.find_by_sku(uow, source, [key]).get(key)
    if not store.delete_code(uow, source=source, key=key):
        raise CodeNotFound(f"{code!r} of {source!r} is mapped to nothing", code=code, source=source)
    if item is not None:
        store.set_mapping(uow, item[0], None)
        announce(uow, {item[0]: _MAPPING_FIELDS}, Origin.LIVE)
