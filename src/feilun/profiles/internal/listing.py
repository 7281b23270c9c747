"""The customer list: what a query means, pages by number and by cursor, counts."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sqlalchemy import Row
from sqlalchemy.exc import DataError

from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierKind
from feilun.kernel.ids import PersonId
from feilun.orders import api as orders
from feilun.platform.db import UnitOfWork
from feilun.profiles.contracts import (
    CustomerFilter,
    CustomerPage,
    CustomerRow,
    CustomerSort,
    FieldValue,
    Protection,
)
from feilun.profiles.errors import CursorInvalid, FieldNotFilterable, PageTooFar
from feilun.profiles.internal import store_customers
from feilun.profiles.internal.catalogue import Catalogue, load_catalogue, parse, writable
from feilun.profiles.internal.domain.builtin import CUSTOM_PREFIX
from feilun.profiles.internal.domain.names import mask_name, mask_value, search_tokens, search_words
from feilun.profiles.internal.domain.values import json_value
from feilun.profiles.internal.store_customers import COUNTED_MAX, NameSearch

_FOUND_MAX: Final = 200
_EXPORT_CHUNK: Final = 1_000
_IDS_CHUNK: Final = 10_000


def list_customers(
    uow: UnitOfWork,
    wanted: CustomerFilter,
    *,
    sort: CustomerSort,
    cursor: str | None,
    page: int,
    page_size: int,
    reveal: bool,
    with_phones: bool,
) -> CustomerPage:
    """See `feilun.profiles.api.list_customers`."""
    offset = 0 if cursor else (page - 1) * page_size
    if offset + page_size > COUNTED_MAX:
        raise PageTooFar("page too far", rows_max=COUNTED_MAX)
    catalogue = load_catalogue(uow)
    contained = _contained(catalogue, wanted)
    search = _search(uow, wanted)
    after = _decoded(cursor, sort) if cursor else None
    try:
        rows = store_customers.select_customers(
            uow, wanted, contained, search, sort=sort, after=after, offset=offset, limit=page_size + 1
        )
    except DataError:
        raise CursorInvalid("cursor does not fit the order") from None
    total = store_customers.count_customers(uow, wanted, contained, search, counted_max=COUNTED_MAX + 1)
    is_capped = total > COUNTED_MAX and _is_narrowed(wanted)
    shown = rows[:page_size]
    return CustomerPage(
        rows=tuple(_customer_rows(uow, shown, reveal=reveal, with_phones=with_phones)),
        total=COUNTED_MAX if is_capped else total,
        is_total_capped=is_capped,
        next_cursor=_encoded(shown[-1], sort) if len(rows) > page_size else None,
    )


def iterate_customers(
    uow: UnitOfWork,
    wanted: CustomerFilter,
    *,
    sort: CustomerSort,
    rows_max: int,
    reveal: bool,
    with_phones: bool,
) -> Iterator[CustomerRow]:
    """Yield all customers of a list in order, a chunk at a time."""
    contained = _contained(load_catalogue(uow), wanted)
    search = _search(uow, wanted)
    after: tuple[str, int] | None = None
    remaining = rows_max
    while remaining > 0:
        limit = min(_EXPORT_CHUNK, remaining)
        rows = store_customers.select_customers(
            uow, wanted, contained, search, sort=sort, after=after, offset=0, limit=limit
        )
        yield from _customer_rows(uow, rows, reveal=reveal, with_phones=with_phones)
        if len(rows) < limit:
            return
        remaining -= limit
        after = (rows[-1].sort_key, rows[-1].person_id)


def customer_ids(uow: UnitOfWork, wanted: CustomerFilter) -> Iterator[PersonId]:
    """See `feilun.profiles.api.customer_ids`."""
    contained = _contained(load_catalogue(uow), wanted)
    search = _search(uow, wanted)
    after: tuple[str, int] | None = None
    while True:
        rows = store_customers.select_customers(
            uow,
            wanted,
            contained,
            search,
            sort=CustomerSort.CREATED_AT,
            after=after,
            offset=0,
            limit=_IDS_CHUNK,
        )
        yield from (PersonId(row.person_id) for row in rows)
        if len(rows) < _IDS_CHUNK:
            return
        after = (rows[-1].sort_key, rows[-1].person_id)


def rows_of(
    uow: UnitOfWork, person_ids: Sequence[PersonId], *, reveal: bool, with_phones: bool
) -> list[CustomerRow]:
    """See `feilun.profiles.api.list_rows`."""
    if not person_ids:
        return []
    roots = identity.root_of(uow, person_ids)
    wanted = CustomerFilter(among=tuple(sorted(set(roots.values()))))
    rows = store_customers.select_customers(
        uow, wanted, [], None, sort=CustomerSort.CREATED_AT, after=None, offset=0, limit=len(person_ids)
    )
    found = {row.person_id: row for row in _customer_rows(uow, rows, reveal=reveal, with_phones=with_phones)}
    shown = dict.fromkeys(roots[person_id] for person_id in person_ids)
    return [found[root] for root in shown if root in found]


def count_listed(uow: UnitOfWork, wanted: CustomerFilter) -> int:
    """Count the customers of a list exactly."""
    contained = _contained(load_catalogue(uow), wanted)
    return store_customers.count_customers(uow, wanted, contained, _search(uow, wanted), counted_max=None)


def _is_narrowed(wanted: CustomerFilter) -> bool:
    return wanted != CustomerFilter()


def _search(uow: UnitOfWork, wanted: CustomerFilter) -> NameSearch | None:
    """Read a query: people who have it as identifier or order number, people whose name contains it, and whom others found."""
    query = wanted.query
    if query is None or not query.strip():
        return None
    found = [
        *identity.find_persons(uow, query, limit=_FOUND_MAX),
        *orders.find_persons_by_order_number(uow, query, limit=_FOUND_MAX),
        *wanted.also_found,
    ]
    return NameSearch(search_tokens(query), search_words(query), sorted(set(found)))


def _contained(catalogue: Catalogue, wanted: CustomerFilter) -> list[str]:
    documents = []
    for name, text in wanted.fields.items():
        field = writable(catalogue, name)
        if field.protection is not Protection.OPEN:
            raise FieldNotFilterable(f"{name} is personal", field=name)
        parsed = parse(field, text)
        if parsed is not None:
            documents.append(json.dumps({name: json_value(field, parsed)}, ensure_ascii=False))
    return documents


def _customer_rows(
    uow: UnitOfWork, rows: Sequence[Row[tuple[object, ...]]], *, reveal: bool, with_phones: bool
) -> Iterator[CustomerRow]:
    phones = _phones(uow, rows, reveal=reveal) if with_phones else {}
    for row in rows:
        yield _customer_row(row, phones.get(row.person_id), reveal=reveal)


def names_of(uow: UnitOfWork, person_ids: Iterable[PersonId], *, reveal: bool) -> dict[PersonId, str | None]:
    """See `feilun.profiles.api.names_of`."""
    roots = identity.root_of(uow, person_ids)
    names = store_customers.select_names(uow, set(roots.values()))
    return {
        person_id: name if reveal or name is None else mask_name(name)
        for person_id, root in roots.items()
        for name in [names.get(root)]
        if root in names
    }


def _phones(uow: UnitOfWork, rows: Sequence[Row[tuple[object, ...]]], *, reveal: bool) -> dict[PersonId, str]:
    """Return the phone that each person is most likely reached at, looked up for all rows together."""
    found = identity.identifiers_of(
        uow, [PersonId(row.person_id) for row in rows], kinds=(IdentifierKind.PHONE,), reveal=reveal
    )
    return {
        person: max(phones, key=lambda phone: (phone.is_linking, phone.last_seen_at, phone.value)).value
        for person, phones in found.items()
        if phones
    }


def _customer_row(row: Row[tuple[object, ...]], phone: str | None, *, reveal: bool) -> CustomerRow:
    return CustomerRow(
        person_id=PersonId(row.person_id),
        name=row.name if reveal or row.name is None else mask_name(row.name),
        nickname=row.nickname if reveal or row.nickname is None else mask_name(row.nickname),
        phone=phone,
        gender=row.gender,
        birthday=row.birthday if reveal or row.birthday is None else mask_value("birthday", row.birthday),
        country=row.country,
        province=row.province,
        city=row.city,
        identifier_kinds=tuple(row.identifier_kinds),
        sources=tuple(row.sources),
        member_count=row.member_count,
        currency=row.currency,
        orders=row.orders,
        net_spend=row.net_spend,
        refunds=row.refunds,
        refund_amount=row.refund_amount,
        return_rate=row.return_rate,
        first_ordered_at=row.first_ordered_at,
        last_ordered_at=row.last_ordered_at,
        registered_at=row.registered_at,
        created_at=row.created_at,
        custom={
            name.removeprefix(CUSTOM_PREFIX): _value(value)
            for name, value in row.fields.items()
            if name.startswith(CUSTOM_PREFIX)
        },
    )


def _value(value: object) -> FieldValue:
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    assert isinstance(value, (str, int))
    return value


def _encoded(row: Row[tuple[object, ...]], sort: CustomerSort) -> str:
    document = json.dumps([sort.value, row.sort_key, row.person_id], ensure_ascii=False)
    return urlsafe_b64encode(document.encode()).decode()


def _decoded(cursor: str, sort: CustomerSort) -> tuple[str, int]:
    try:
        found = json.loads(urlsafe_b64decode(cursor.encode()))
        made_for, key, person_id = found
    except (ValueError, TypeError):
        raise CursorInvalid("not a cursor") from None
    if made_for != sort.value or not isinstance(key, str) or not isinstance(person_id, int) or "\x00" in key:
        raise CursorInvalid("a cursor of another order")
    return key, person_id
