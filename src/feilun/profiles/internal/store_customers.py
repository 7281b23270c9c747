"""SQL of the list of customers: writing its rows, searching, filtering, paging, counting."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Row, text

from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.profiles.contracts import CustomerFilter, CustomerSort

COUNTED_MAX: Final = 10_000
"""Counting a filtered list stops here: an exact count of a common filter would read the table for a number nobody uses."""

_COLUMNS: Final = (
    ("person_id", "bigint"),
    ("name", "text"),
    ("nickname", "text"),
    ("search_text", "text"),
    ("name_tokens", "text[]"),
    ("gender", "text"),
    ("birthday", "text"),
    ("country", "text"),
    ("province", "text"),
    ("city", "text"),
    ("registered_at", "timestamptz"),
    ("fields", "jsonb"),
    ("identifier_kinds", "text[]"),
    ("sources", "text[]"),
    ("member_count", "integer"),
    ("currency", "text"),
    ("orders", "integer"),
    ("net_spend", "numeric(18,4)"),
    ("refunds", "integer"),
    ("refund_amount", "numeric(18,4)"),
    ("return_rate", "numeric(18,4)"),
    ("first_ordered_at", "timestamptz"),
    ("last_ordered_at", "timestamptz"),
    ("created_at", "timestamptz"),
    ("erased_at", "timestamptz"),
)
_NAMES: Final = ", ".join(name for name, _ in _COLUMNS)

_UPSERT: Final = text(
    f"INSERT INTO customers ({_NAMES})"
    f" SELECT {_NAMES} FROM json_to_recordset(CAST(:rows AS json))"
    f" AS r({', '.join(f'{name} {type_name}' for name, type_name in _COLUMNS)})"
    # In id order: two refreshes of the same people wait for each other instead of dead-locking.
    " ORDER BY person_id ON CONFLICT (person_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name, _ in _COLUMNS[1:])
    # Untouched rows keep their place and their index entries: a repeated batch costs reads only.
    + f" WHERE ({', '.join(f'customers.{name}' for name, _ in _COLUMNS)})"
    f" IS DISTINCT FROM ({', '.join(f'excluded.{name}' for name, _ in _COLUMNS)})"
)

_SORTS: Final = {
    "last_ordered_at": ("coalesce(last_ordered_at, '-infinity')", "timestamptz"),
    "first_ordered_at": ("coalesce(first_ordered_at, '-infinity')", "timestamptz"),
    "net_spend": ("net_spend", "numeric"),
    "orders": ("orders", "integer"),
    "refund_amount": ("refund_amount", "numeric"),
    "name": ("coalesce(name, nickname, '')", "text"),
    "created_at": ("created_at", "timestamptz"),
}
"""Sort keys as the indexes have them, and their types. Missing moments count as the earliest."""


@dataclass(frozen=True, slots=True)
class NameSearch:
    """What a query means: name tokens with words to check, or people found otherwise."""

    tokens: Sequence[str]
    words: Sequence[str]
    found: Sequence[PersonId]
    """Roots found by identifier or order number."""


def upsert_customers(uow: UnitOfWork, rows_json: str) -> None:
    """Write rows, given as a JSON list of objects by column."""
    uow.connection.execute(_UPSERT, {"rows": rows_json})


def delete_customers(uow: UnitOfWork, person_ids: Iterable[int]) -> None:
    """Delete the rows of ids that are no roots (any more)."""
    uow.connection.execute(
        text("DELETE FROM customers WHERE person_id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": sorted(person_ids)},
    )


def person_records(uow: UnitOfWork, person_ids: Iterable[int]) -> list[tuple[PersonId, str, Sequence[str]]]:
    """Return what the log said about person records: source and identifier kinds."""
    rows = uow.connection.execute(
        text(
            "SELECT person_id, source, identifier_kinds FROM person_records WHERE person_id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": list(person_ids)},
    )
    return [(PersonId(row[0]), row[1], row[2]) for row in rows]


def note_person_records(uow: UnitOfWork, records: Sequence[tuple[int, str, str]]) -> None:
    """Add identifier kinds to person records: (person, source of a new record or '', kind or ''). Idempotent."""
    uow.connection.execute(
        text(
            "INSERT INTO person_records AS p (person_id, source, identifier_kinds)"
            " SELECT n.person_id, max(n.source), coalesce(array_agg(DISTINCT n.kind) FILTER (WHERE n.kind <> ''), '{}')"
            " FROM unnest(CAST(:ids AS bigint[]), CAST(:sources AS text[]), CAST(:kinds AS text[]))"
            " AS n(person_id, source, kind) GROUP BY n.person_id ORDER BY n.person_id"
            " ON CONFLICT (person_id) DO UPDATE SET"
            " source = CASE WHEN excluded.source = '' THEN p.source ELSE excluded.source END,"
            " identifier_kinds = array(SELECT DISTINCT unnest(p.identifier_kinds || excluded.identifier_kinds) ORDER BY 1)"
        ),
        {
            "ids": [record[0] for record in records],
            "sources": [record[1] for record in records],
            "kinds": [record[2] for record in records],
        },
    )


def forget_identifiers(uow: UnitOfWork, person_ids: Iterable[int]) -> None:
    """Remove the identifier kinds of erased person records."""
    uow.connection.execute(
        text(
            "UPDATE person_records SET identifier_kinds = '{}' WHERE person_id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": list(person_ids)},
    )


def customer_ids_after(uow: UnitOfWork, after: int, limit: int) -> list[PersonId]:
    """Return the next customers by id."""
    rows = uow.connection.execute(
        text("SELECT person_id FROM customers WHERE person_id > :after ORDER BY person_id LIMIT :limit"),
        {"after": after, "limit": limit},
    )
    return [PersonId(row[0]) for row in rows]


def select_names(uow: UnitOfWork, person_ids: Iterable[int]) -> dict[PersonId, str | None]:
    """Return names by customer id; a nickname stands in for a missing name."""
    rows = uow.connection.execute(
        text("SELECT person_id, coalesce(name, nickname) AS name FROM customers WHERE person_id = ANY(:ids)"),
        {"ids": list(person_ids)},
    )
    return {PersonId(row.person_id): row.name for row in rows}


def select_customers(
    uow: UnitOfWork,
    wanted: CustomerFilter,
    contained: Sequence[str],
    search: NameSearch | None,
    *,
    sort: CustomerSort,
    after: tuple[str, int] | None,
    offset: int,
    limit: int,
) -> list[Row[tuple[object, ...]]]:
    """Return rows with their `sort_key` as text, in order; `after` is the sort key and id of the row before the first."""
    key, type_name = _SORTS[sort.value.lstrip("-")]
    is_descending = sort.value.startswith("-")
    source, conditions, values = _from(wanted, contained, search)
    if after is not None:
        conditions.append(
            f"({key}, person_id) {'<' if is_descending else '>'} (CAST(:after_key AS {type_name}), :after_id)"
        )
        values |= {"after_key": after[0], "after_id": after[1]}
    direction = "DESC" if is_descending else "ASC"
    rows = uow.connection.execute(
        text(
            f"{source[0]}SELECT *, CAST({key} AS text) AS sort_key FROM {source[1]} WHERE {' AND '.join(conditions)}"
            f" ORDER BY {key} {direction}, person_id {direction} LIMIT :limit OFFSET :offset"
        ),
        {**values, "limit": limit, "offset": offset},
    )
    return list(rows)


def count_customers(
    uow: UnitOfWork,
    wanted: CustomerFilter,
    contained: Sequence[str],
    search: NameSearch | None,
    *,
    counted_max: int | None,
) -> int:
    """Count customers; of a narrowed list no further than `counted_max`."""
    source, conditions, values = _from(wanted, contained, search)
    where = " AND ".join(conditions)
    if not values:
        return int(uow.connection.execute(text(f"SELECT count(*) FROM customers WHERE {where}")).scalar_one())
    counted = text(
        f"{source[0]}SELECT count(*) FROM (SELECT 1 FROM {source[1]} WHERE {where} LIMIT :limit) AS counted"
    )
    return int(uow.connection.execute(counted, {**values, "limit": counted_max}).scalar_one())


_Source = tuple[str, str]


def _from(
    wanted: CustomerFilter, contained: Sequence[str], search: NameSearch | None
) -> tuple[_Source, list[str], dict[str, object]]:
    """Return WITH clause and table, conditions and their values."""
    conditions = ["erased_at IS NULL"]
    values: dict[str, object] = {}
    for condition, name, value in (
        ("last_ordered_at >= :last_ordered_from", "last_ordered_from", wanted.last_ordered_from),
        ("last_ordered_at < :last_ordered_to", "last_ordered_to", wanted.last_ordered_to),
        ("net_spend >= :net_spend_min", "net_spend_min", wanted.net_spend_min),
        ("net_spend <= :net_spend_max", "net_spend_max", wanted.net_spend_max),
        ("city = :city", "city", wanted.city),
        ("sources @> ARRAY[CAST(:source AS text)]", "source", wanted.source),
        (
            "identifier_kinds @> ARRAY[CAST(:identifier_kind AS text)]",
            "identifier_kind",
            wanted.identifier_kind,
        ),
    ):
        if value is not None:
            conditions.append(condition)
            values[name] = value
    if wanted.has_orders is not None:
        # By the expression that the default order's index has: those without orders lie together at its end.
        conditions.append(
            f"{_SORTS['last_ordered_at'][0]} {'>' if wanted.has_orders else '='} CAST(:never AS timestamptz)"
        )
        values["never"] = "-infinity"
    if wanted.among is not None:
        conditions.append("person_id = ANY(CAST(:among AS bigint[]))")
        values["among"] = list(wanted.among)
    for place, document in enumerate(contained):
        conditions.append(f"fields @> CAST(:contained_{place} AS jsonb)")
        values[f"contained_{place}"] = document
    if search is None:
        return ("", "customers"), conditions, values
    if len(search.tokens) == 1 and not search.found:
        # One character may be in every tenth name. Statistics know such characters, so the planner may choose: walking
        # the order's index until the page is full, or collecting the few.
        conditions.append("name_tokens @> CAST(:tokens AS text[])")
        return ("", "customers"), conditions, {**values, "tokens": list(search.tokens)}
    return _searched(search, values), conditions, values


def _searched(search: NameSearch, values: dict[str, object]) -> _Source:
    """Return the customers a query finds as the table to read.

    MATERIALIZED, because without it the planner walks a sort index and tests every name when it misjudges how rare one is.
    """
    parts = []
    if search.found:
        parts.append("SELECT person_id FROM customers WHERE person_id = ANY(CAST(:found AS bigint[]))")
        values["found"] = list(search.found)
    if search.tokens:
        by_name = "SELECT person_id FROM customers WHERE name_tokens @> CAST(:tokens AS text[])"
        values["tokens"] = list(search.tokens)
        for place, word in enumerate(search.words):
            by_name += f" AND strpos(search_text, :word_{place}) > 0"
            values[f"word_{place}"] = word
        parts.append(by_name)
    if not parts:
        parts.append("SELECT person_id FROM customers WHERE person_id = :nobody")
        values["nobody"] = 0
    return f"WITH hits AS MATERIALIZED ({' UNION '.join(parts)}) ", "customers JOIN hits USING (person_id)"
