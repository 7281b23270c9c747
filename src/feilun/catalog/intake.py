"""Intake of products, stores and stock: implements ingestion's `RecordHandler` for the three record kinds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, cast

from feilun.catalog.contracts import CodeKind, ProductKind, ProductState
from feilun.catalog.internal import fields, service
from feilun.catalog.internal import store_intake as store
from feilun.catalog.internal.domain import category_path, code_key
from feilun.ingestion.contracts import (
    ApplyContext,
    MappedRow,
    Outcome,
    OutcomeState,
    RecordKind,
    Rejection,
)
from feilun.kernel.ids import ProductId
from feilun.kernel.money import AMOUNT_QUANTUM, UNIT_PRICE_QUANTUM
from feilun.platform.db import UnitOfWork

_TEXT_MAX: Final = 500
_NUMBER_MAX: Final = Decimal(10) ** 9
_EARLIEST: Final = date(1970, 1, 1)
_LATEST_AHEAD: Final = timedelta(days=100 * 366)
"""Expiry and arrival lie in the future, a launch may; a century ahead is a misread year."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SHOWN_MAX: Final = 200


def _check(row: MappedRow, context: ApplyContext) -> Rejection | None:
    """Judge what all three kinds have in common: storable text, finite numbers within limits, sane dates."""
    for name, value in row.values.items():
        if isinstance(value, str):
            if len(value) > _TEXT_MAX:
                return _rejection("catalog.text_too_long", name, value, limit=_TEXT_MAX)
            if _UNSTORABLE.search(value):
                return _rejection("catalog.text_unstorable", name, repr(value)[1:-1])
        elif isinstance(value, Decimal):
            if not value.is_finite() or abs(value) > _NUMBER_MAX:
                return _rejection("catalog.number_out_of_range", name, value, limit=str(_NUMBER_MAX))
            if value < 0 and name in {"cost", "list_price"}:
                return _rejection("catalog.price_negative", name, value)
        elif isinstance(value, date) and not _EARLIEST <= value <= context.now.date() + _LATEST_AHEAD:
            return _rejection("catalog.date_out_of_range", name, value)
    return None


def _rejection(code: str, name: str, value: object, **detail: object) -> Rejection:
    return Rejection(code, name, str(value)[:_SHOWN_MAX], detail)


def _merged(group: Sequence[MappedRow]) -> dict[str, object]:
    """Return the values of a record; where its rows differ, the last one counts."""
    values: dict[str, object] = {}
    for row in group:
        values.update(row.values)
    return values


def _rows(group: Sequence[MappedRow]) -> tuple[int, ...]:
    return tuple(row.number for row in group)


@dataclass(slots=True)
class _ProductDraft:
    key: str
    sku: str
    values: dict[str, object]
    codes: dict[tuple[str, str], tuple[str, CodeKind]] = field(default_factory=dict)
    """(source, key) → (code, kind)."""
    state: OutcomeState = OutcomeState.UNCHANGED
    rejection: Rejection | None = None


class ProductHandler:
    """Takes in product files: lists products, and the channel item ids and barcodes that mean them."""

    name: str = "products"

    def describe(self, uow: UnitOfWork) -> RecordKind:
        """Return the fields of products."""
        return fields.PRODUCTS

    def check(self, row: MappedRow, context: ApplyContext) -> Rejection | None:
        """Judge one row."""
        return _check(row, context)

    def apply(
        self, uow: UnitOfWork, groups: Sequence[Sequence[MappedRow]], context: ApplyContext
    ) -> Sequence[Outcome]:
        """Take in products; what a file is silent about stays. See `RecordHandler.apply`."""
        drafts: dict[str, _ProductDraft] = {}
        keys = []
        for group in groups:
            values = _merged(group)
            sku = cast(str, values["sku"])
            key = code_key(sku)
            keys.append(key)
            # Two spellings of one SKU are one product: the later one adds to the earlier.
            draft = drafts.setdefault(key, _ProductDraft(key, sku, {}))
            draft.values.update(_product_values(values))
            for row in group:
                draft.codes.update(_codes(row.values, context.source))
        stored = store.lock_products(uow, context.source, drafts)
        self._refuse_taken_codes(uow, drafts, stored)
        changed_fields = self._write(uow, drafts, stored, context)
        service.announce(uow, changed_fields, context.origin)
        return [
            Outcome(drafts[key].state, _rows(group), drafts[key].rejection)
            for key, group in zip(keys, groups, strict=True)
        ]

    @staticmethod
    def _refuse_taken_codes(
        uow: UnitOfWork, drafts: Mapping[str, _ProductDraft], stored: Mapping[str, store.StoredProduct]
    ) -> None:
        """Reject products that claim a code of another one, in the tables or earlier in this batch."""
        owners: dict[tuple[str, str], object] = dict(
            store.find_code_owners(uow, {code for draft in drafts.values() for code in draft.codes})
        )
        for key, draft in drafts.items():
            own = stored[key].product_id if key in stored else key
            taken = [code for code in draft.codes if owners.get(code, own) != own]
            if taken:
                draft.state = OutcomeState.REJECTED
                code, kind = draft.codes[taken[0]]
                draft.rejection = _rejection("catalog.code_conflict", fields.FIELD_OF_CODE[kind], code)
                continue
            owners.update(dict.fromkeys(draft.codes, own))

    @staticmethod
    def _write(
        uow: UnitOfWork,
        drafts: Mapping[str, _ProductDraft],
        stored: Mapping[str, store.StoredProduct],
        context: ApplyContext,
    ) -> dict[ProductId, list[str]]:
        """Store what differs; returns the names of changed fields by product, none for a new one."""
        writes = []
        fields_by_key: dict[str, list[str]] = {}
        ids = {key: known.product_id for key, known in stored.items()}
        accepted = [draft for draft in drafts.values() if draft.state is not OutcomeState.REJECTED]
        for draft in accepted:
            known = stored.get(draft.key)
            before = known.values if known else {}
            kind = before.get("kind") if known and known.state == ProductState.LISTED else None
            after = {name: draft.values.get(name, before.get(name)) for name in store.PRODUCT_COLUMNS}
            after["kind"] = (
                draft.values.get("kind") or kind or before.get("kind") or ProductKind.PRODUCT.value
            )
            differing = [name for name in store.PRODUCT_COLUMNS if after[name] != before.get(name)]
            if known is None or known.state == ProductState.SEEN:
                draft.state = OutcomeState.TAKEN
                fields_by_key[draft.key] = differing if known else []
            elif differing:
                draft.state = OutcomeState.CHANGED
                fields_by_key[draft.key] = differing
            else:
                continue
            writes.append(store.ProductWrite(draft.key, draft.sku, after))
        if writes:
            ids |= store.upsert_products(uow, context.source, writes)
        codes = [
            store.CodeWrite(source, key, code, kind, ids[draft.key])
            for draft in accepted
            for (source, key), (code, kind) in draft.codes.items()
        ]
        owners = store.find_code_owners(uow, {(code.source, code.key) for code in codes}) if codes else {}
        for draft in accepted:
            if draft.state is OutcomeState.UNCHANGED and any(code not in owners for code in draft.codes):
                draft.state = OutcomeState.CHANGED
        fields = {ids[key]: names for key, names in fields_by_key.items()}
        if codes:
            fields |= {alias: ["category_path"] for alias in store.insert_codes(uow, codes)}
        return fields

    def finish(self, uow: UnitOfWork, context: ApplyContext) -> None:
        """Nothing is left to do."""


def _product_values(values: Mapping[str, object]) -> dict[str, object]:
    result = {name: values[name] for name in store.PRODUCT_COLUMNS if name in values}
    if "category_path" in result:
        result["category_path"] = category_path(cast(str, result["category_path"])) or None
    for name in ("cost", "list_price"):
        if name in result:
            result[name] = cast(Decimal, result[name]).quantize(UNIT_PRICE_QUANTUM, ROUND_HALF_UP)
    return result


def _codes(values: Mapping[str, object], source: str) -> dict[tuple[str, str], tuple[str, CodeKind]]:
    codes = {}
    for kind, name in fields.FIELD_OF_CODE.items():
        code = cast("str | None", values.get(name))
        if code:
            owner = cast(str, values.get("item_source", source)) if kind is CodeKind.ITEM else source
            codes[owner, code_key(code)] = (code, kind)
    return codes


class StoreHandler:
    """Takes in store files."""

    name: str = "stores"

    def describe(self, uow: UnitOfWork) -> RecordKind:
        """Return the fields of stores."""
        return fields.STORES

    def check(self, row: MappedRow, context: ApplyContext) -> Rejection | None:
        """Judge one row."""
        return _check(row, context)

    def apply(
        self, uow: UnitOfWork, groups: Sequence[Sequence[MappedRow]], context: ApplyContext
    ) -> Sequence[Outcome]:
        """Take in stores; what a file is silent about stays. See `RecordHandler.apply`."""
        values = {cast(str, group[0].values["code"]): _merged(group) for group in groups}
        changed = store.upsert_stores(uow, context.source, values)
        return [
            Outcome(_state(changed.get(code)), _rows(group))
            for code, group in zip(values, groups, strict=True)
        ]

    def finish(self, uow: UnitOfWork, context: ApplyContext) -> None:
        """Nothing is left to do."""


def _state(is_new: bool | None) -> OutcomeState:  # noqa: FBT001 — three-valued: None means nothing differs
    if is_new is None:
        return OutcomeState.UNCHANGED
    return OutcomeState.TAKEN if is_new else OutcomeState.CHANGED


class StockHandler:
    """Takes in stock files: quantity by product, place and batch, with expiry and what is on its way."""

    name: str = "stock"

    def describe(self, uow: UnitOfWork) -> RecordKind:
        """Return the fields of stock."""
        return fields.STOCK

    def check(self, row: MappedRow, context: ApplyContext) -> Rejection | None:
        """Judge one row."""
        return _check(row, context)

    def apply(
        self, uow: UnitOfWork, groups: Sequence[Sequence[MappedRow]], context: ApplyContext
    ) -> Sequence[Outcome]:
        """Take in stock; rows of unknown products are rejected. See `RecordHandler.apply`."""
        records = [_merged(group) for group in groups]
        products = service.find_items(uow, context.source, {cast(str, values["sku"]) for values in records})
        writes: dict[tuple[ProductId, str, str], store.StockWrite] = {}
        keys: list[tuple[ProductId, str, str] | None] = []
        for values in records:
            product_id = products.get(cast(str, values["sku"]))
            if product_id is None:
                keys.append(None)
                continue
            write = _stock_write(product_id, values)
            keys.append(write[:3])
            writes[write[:3]] = write
        changed = store.upsert_stock(uow, context.source, list(writes.values())) if writes else {}
        return [
            Outcome(_state(changed.get(key)), _rows(group))
            if key is not None
            else Outcome(
                OutcomeState.REJECTED,
                _rows(group),
                _rejection("catalog.product_unknown", "sku", values["sku"]),
            )
            for key, group, values in zip(keys, groups, records, strict=True)
        ]

    def finish(self, uow: UnitOfWork, context: ApplyContext) -> None:
        """Nothing is left to do."""


def _stock_write(product_id: ProductId, values: Mapping[str, object]) -> store.StockWrite:
    inbound = cast("Decimal | None", values.get("inbound_quantity"))
    return store.StockWrite(
        product_id,
        cast(str, values.get("store", "")),
        cast(str, values.get("batch", "")),
        cast(Decimal, values["quantity"]).quantize(AMOUNT_QUANTUM, ROUND_HALF_UP),
        cast("date | None", values.get("expires_on")),
        None if inbound is None else inbound.quantize(AMOUNT_QUANTUM, ROUND_HALF_UP),
        cast("date | None", values.get("inbound_on")),
    )
