"""SQL of person records: ids, locks, aliases, keys, identifiers. Set-based: one statement for any number of people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from sqlalchemy import text

from feilun.identity.contracts import IdentifierKind, Person
from feilun.identity.internal.domain.linking import ClaimKey
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.keys import Keyring, PersonKey

SEEN_RESOLUTION: Final = timedelta(days=1)
"""`last_seen_at` is not written more often than this: a sighting a minute would rewrite every row of the table."""
_LAST4_KIND: Final = "phone_last4"
"""Kind under which the last four digits of phones are indexed."""


class ComponentsChanged(Exception):
    """Another transaction merged, split or erased these people between reading and locking."""


@dataclass(frozen=True, slots=True)
class StoredIdentifier:
    """A whole row, still sealed."""

    person_id: PersonId
    kind: IdentifierKind
    scope: str
    sealed: bytes
    is_verified: bool
    is_linking: bool
    source: str
    first_seen_at: datetime
    last_seen_at: datetime


# --- person records ---------------------------------------------------------------------------------------------------


def existing(uow: UnitOfWork, person_ids: Iterable[int]) -> list[PersonId]:
    """Return those of the ids that are person records, ascending."""
    rows = uow.connection.execute(
        text("SELECT person_id FROM persons WHERE person_id = ANY(CAST(:ids AS bigint[])) ORDER BY 1"),
        {"ids": list(person_ids)},
    )
    return [PersonId(row[0]) for row in rows]


def get_persons(uow: UnitOfWork, person_ids: Iterable[int]) -> dict[PersonId, Person]:
    """Return the persons behind these records (roots, with their members), by root; unknown ids are left out."""
    roots = set(root_of(uow, person_ids).values())
    rows = uow.connection.execute(
        text(
            "SELECT p.person_id, p.created_at, p.source, p.erased_at,"
            " array(SELECT a.alias_id FROM person_aliases a WHERE a.person_id = p.person_id ORDER BY 1) AS aliases"
            " FROM persons p WHERE p.person_id = ANY(CAST(:roots AS bigint[]))"
        ),
        {"roots": list(roots)},
    )
    return {
        PersonId(row.person_id): Person(
            PersonId(row.person_id),
            (PersonId(row.person_id), *map(PersonId, row.aliases)),
            row.created_at,
            row.source,
            row.erased_at,
        )
        for row in rows
    }


def lock_rows(uow: UnitOfWork, person_ids: Iterable[int]) -> dict[int, bool]:
    """Lock person rows in id order until the transaction ends; returns id -> is erased, as of now."""
    rows = uow.connection.execute(
        # NO KEY UPDATE: writers exclude each other, while foreign keys of merges may still look at the row.
        text(
            "SELECT person_id, erased_at IS NOT NULL FROM persons WHERE person_id = ANY(CAST(:ids AS bigint[]))"
            " ORDER BY person_id FOR NO KEY UPDATE"
        ),
        {"ids": sorted(person_ids)},
    )
    return {row[0]: row[1] for row in rows}


# --- aliases ----------------------------------------------------------------------------------------------------------


def root_of(uow: UnitOfWork, person_ids: Iterable[int]) -> dict[PersonId, PersonId]:
    """Return the root of each id; an id without alias is its own root."""
    roots = {PersonId(person_id): PersonId(person_id) for person_id in person_ids}
    if roots:
        rows = uow.connection.execute(
            text(
                "SELECT alias_id, person_id FROM person_aliases WHERE alias_id = ANY(CAST(:ids AS bigint[]))"
            ),
            {"ids": list(roots)},
        )
        roots.update((PersonId(row[0]), PersonId(row[1])) for row in rows)
    return roots


def members_by_root(uow: UnitOfWork, roots: Iterable[int]) -> dict[PersonId, list[PersonId]]:
    """Return all person records of components given by their roots, ascending."""
    members = {PersonId(root): [PersonId(root)] for root in roots}
    rows = uow.connection.execute(
        text(
            "SELECT person_id, alias_id FROM person_aliases WHERE person_id = ANY(CAST(:roots AS bigint[]))"
            " ORDER BY alias_id"
        ),
        {"roots": list(members)},
    )
    for root, alias in rows:
        members[root].append(alias)
    return members


def alias_page(uow: UnitOfWork, *, after: int | None, limit: int) -> list[tuple[PersonId, PersonId]]:
    """Return up to `limit` (alias, root) in order of the alias, those above `after`."""
    rows = uow.connection.execute(
        text(
            "SELECT alias_id, person_id FROM person_aliases WHERE alias_id > :after ORDER BY alias_id LIMIT :limit"
        ),
        {"after": after or 0, "limit": limit},
    )
    return [(PersonId(row[0]), PersonId(row[1])) for row in rows]


def set_roots(uow: UnitOfWork, roots: Mapping[int, int]) -> None:
    """Store member -> root; a member that is its own root loses its alias."""
    own = [member for member, root in roots.items() if member == root]
    aliases = {member: root for member, root in roots.items() if member != root}
    if own:
        uow.connection.execute(
            text("DELETE FROM person_aliases WHERE alias_id = ANY(CAST(:ids AS bigint[]))"), {"ids": own}
        )
    if aliases:
        uow.connection.execute(
            text(
                "INSERT INTO person_aliases (alias_id, person_id)"
                " SELECT * FROM unnest(CAST(:members AS bigint[]), CAST(:roots AS bigint[]))"
                " ON CONFLICT (alias_id) DO UPDATE SET person_id = excluded.person_id"
            ),
            {"members": list(aliases), "roots": list(aliases.values())},
        )


# --- keys -------------------------------------------------------------------------------------------------------------


def insert_missing_keys(uow: UnitOfWork, wrapped: Mapping[int, bytes]) -> None:
    """Store wrapped keys where there is none yet, except for erased and unknown people."""
    uow.connection.execute(
        text(
            "INSERT INTO person_keys (person_id, wrapped)"
            " SELECT n.person_id, n.wrapped FROM unnest(CAST(:ids AS bigint[]), CAST(:keys AS bytea[])) AS n(person_id, wrapped)"
            " JOIN persons p ON p.person_id = n.person_id AND p.erased_at IS NULL"
            " ORDER BY n.person_id ON CONFLICT (person_id) DO NOTHING"
        ),
        {"ids": list(wrapped), "keys": list(wrapped.values())},
    )


def load_keys(uow: UnitOfWork, person_ids: Iterable[int]) -> dict[PersonId, PersonKey]:
    """Return the keys that exist, unwrapped."""
    rows = uow.connection.execute(
        text("SELECT person_id, wrapped FROM person_keys WHERE person_id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": list(person_ids)},
    )
    return {PersonId(row[0]): uow.keyring.unwrap(bytes(row[1])) for row in rows}


# --- identifiers ------------------------------------------------------------------------------------------------------


def linking_identifiers(uow: UnitOfWork, person_ids: Iterable[int]) -> list[tuple[PersonId, ClaimKey]]:
    """Return every linking identifier of these person records."""
    rows = uow.connection.execute(
        text(
            "SELECT person_id, kind, scope, blind_full FROM identifiers"
            " WHERE person_id = ANY(CAST(:ids AS bigint[])) AND is_linking"
        ),
        {"ids": list(person_ids)},
    )
    return [
        (person, ClaimKey(IdentifierKind(kind), scope, bytes(blind))) for person, kind, scope, blind in rows
    ]


@lru_cache(maxsize=10_000)
def last4_index(keyring: Keyring, digits: str) -> bytes:
    """Return the blind index of the last four digits of a phone; there are only ten thousand."""
    return keyring.blind(_LAST4_KIND, digits)


def known_claims(
    uow: UnitOfWork, claims: Sequence[tuple[int, str, str, bytes]]
) -> set[tuple[int, str, str, bytes]]:
    """Return which (person, kind, scope, blind) are stored already, linking or not."""
    people, kinds, scopes, blinds = zip(*claims, strict=True)
    rows = uow.connection.execute(
        text(
            "SELECT c.person_id, c.kind, c.scope, c.blind FROM unnest(CAST(:people AS bigint[]), CAST(:kinds AS text[]),"
            " CAST(:scopes AS text[]), CAST(:blinds AS bytea[])) AS c(person_id, kind, scope, blind)"
            " JOIN identifiers i ON i.person_id = c.person_id AND i.kind = c.kind AND i.scope = c.scope"
            " AND i.blind_full = c.blind"
        ),
        {"people": list(people), "kinds": list(kinds), "scopes": list(scopes), "blinds": list(blinds)},
    )
    return {(row[0], row[1], row[2], bytes(row[3])) for row in rows}


def delete_superseded(uow: UnitOfWork, claims: Sequence[tuple[int, bytes]]) -> None:
    """Delete unverified or otherwise loose copies of identifiers that now link the same person record."""
    uow.connection.execute(
        text(
            "DELETE FROM identifiers i USING unnest(CAST(:people AS bigint[]), CAST(:blinds AS bytea[])) AS c(person_id, blind)"
            " WHERE i.person_id = c.person_id AND i.blind_full = c.blind AND NOT i.is_linking"
            " AND EXISTS (SELECT 1 FROM identifiers l WHERE l.person_id = i.person_id AND l.is_linking"
            " AND l.blind_full = i.blind_full AND l.kind = i.kind AND l.scope = i.scope)"
        ),
        {"people": [person for person, _ in claims], "blinds": [blind for _, blind in claims]},
    )


def touch_seen(uow: UnitOfWork, blinds: Iterable[bytes]) -> None:
    """Note that linking identifiers were claimed again, at most once a day each."""
    uow.connection.execute(
        text(
            "UPDATE identifiers SET last_seen_at = :now WHERE is_linking AND blind_full = ANY(CAST(:blinds AS bytea[]))"
            " AND last_seen_at < :stale"
        ),
        {"now": uow.now, "stale": uow.now - SEEN_RESOLUTION, "blinds": list(blinds)},
    )


def identifiers_of(
    uow: UnitOfWork, person_ids: Iterable[int], *, kinds: Iterable[IdentifierKind]
) -> list[StoredIdentifier]:
    """Return every identifier of these person records that is of one of these kinds, in the order they came."""
    rows = uow.connection.execute(
        text(
            "SELECT person_id, kind, scope, sealed, is_verified, is_linking, source, first_seen_at, last_seen_at"
            " FROM identifiers WHERE person_id = ANY(CAST(:ids AS bigint[])) AND kind = ANY(CAST(:kinds AS text[]))"
            " ORDER BY first_seen_at, identifier_id"
        ),
        {"ids": list(person_ids), "kinds": [kind.value for kind in kinds]},
    )
    return [
        StoredIdentifier(
            PersonId(row.person_id),
            IdentifierKind(row.kind),
            row.scope,
            bytes(row.sealed),
            row.is_verified,
            row.is_linking,
            row.source,
            row.first_seen_at,
            row.last_seen_at,
        )
        for row in rows
    ]


def find_roots(uow: UnitOfWork, *, full: Sequence[bytes], last4: bytes | None, limit: int) -> list[PersonId]:
    """Return the roots of people who have an identifier with one of these blind indexes, ascending."""
    rows = uow.connection.execute(
        # Two conditions instead of none on is_linking: each is served by its partial index.
        text(
            "WITH found AS ("
            " SELECT person_id FROM identifiers WHERE is_linking AND blind_full = ANY(CAST(:full AS bytea[]))"
            " UNION SELECT person_id FROM identifiers WHERE NOT is_linking AND blind_full = ANY(CAST(:full AS bytea[]))"
            " UNION SELECT person_id FROM identifiers WHERE blind_last4 = CAST(:last4 AS bytea))"
            " SELECT DISTINCT coalesce(a.person_id, f.person_id) AS root_id"
            " FROM found f LEFT JOIN person_aliases a ON a.alias_id = f.person_id ORDER BY root_id LIMIT :limit"
        ),
        {"full": list(full), "last4": last4, "limit": limit},
    )
    return [PersonId(row[0]) for row in rows]


def pass_over_ids(uow: UnitOfWork, person_ids: Iterable[PersonId]) -> None:
    """Make sure that no id up to these is handed out again, also when a restored backup has not got that far."""
    uow.connection.execute(
        text("SELECT setval('person_id_seq', greatest((SELECT last_value FROM person_id_seq), :highest))"),
        {"highest": max(person_ids, default=1)},
    )
