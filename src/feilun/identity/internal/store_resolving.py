"""SQL of resolving records: what is known of them, and the people and identifiers they add, in as few round trips as can be.

The driver's own cursors, because its pipeline sends several statements before it waits for the first. Few rows go as
statements of one pipeline, many by COPY.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

from psycopg import Cursor

from feilun.identity.contracts import IdentifierKind
from feilun.identity.internal.binary_copy import (
    NULL,
    copy_binary,
    length,
    of_boolean,
    of_bytes,
    of_moment,
    of_text,
    row_start,
)
from feilun.identity.internal.domain.linking import ClaimKey
from feilun.identity.internal.domain.normalise import NormalClaim
from feilun.identity.internal.store import SEEN_RESOLUTION, last4_index
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.keys import BLIND_BYTES, PersonKey

_PIPELINED_ROWS_MAX: Final = 40
"""Up to here statements of one pipeline are faster than COPY, which waits for the server twice."""
_SAVEPOINT: Final = "resolve_records"

_FIND_OWNERS: Final = (
    # One value that the server cuts up: adapting thousands of them one by one costs more than the search.
    # OFFSET 0 and the inner SELECT keep the planner, which knows nothing of the number, from reading whole tables.
    "SELECT n, i.scope, i.person_id, coalesce("
    "(SELECT a.person_id FROM person_aliases a WHERE a.alias_id = i.person_id), i.person_id),"
    " i.last_seen_at < %(stale)s FROM generate_series(0, length(%(blinds)s::bytea) / %(size)s::int - 1) AS n"
    " CROSS JOIN LATERAL (SELECT * FROM identifiers WHERE is_linking"
    " AND blind_full = substr(%(blinds)s::bytea, n * %(size)s::int + 1, %(size)s::int) OFFSET 0) i"
)
_LOCK: Final = (
    # NO KEY UPDATE: writers exclude each other, while foreign keys of merges may still look at the row.
    "SELECT person_id, erased_at IS NOT NULL FROM persons WHERE person_id = ANY(%s::bigint[])"
    " ORDER BY person_id FOR NO KEY UPDATE"
)
_MEMBERS: Final = (
    "SELECT person_id, alias_id FROM person_aliases WHERE person_id = ANY(%s::bigint[]) ORDER BY alias_id"
)
_ABSORBED: Final = "SELECT alias_id FROM person_aliases WHERE alias_id = ANY(%s::bigint[])"
_ROOTS_AND_ALIASES: Final = (
    "array(SELECT unnest(%(roots)s::bigint[]) UNION ALL"
    " SELECT alias_id FROM person_aliases WHERE person_id = ANY(%(roots)s::bigint[]))"
)
_IDENTIFIERS: Final = (
    "SELECT person_id, kind, scope, blind_full FROM identifiers"
    f" WHERE is_linking AND person_id = ANY({_ROOTS_AND_ALIASES})"
)
_APART: Final = (
    f"WITH people AS MATERIALIZED (SELECT {_ROOTS_AND_ALIASES} AS ids)"
    " SELECT left_person_id, right_person_id FROM keep_apart WHERE left_person_id = ANY((SELECT ids FROM people)::bigint[])"
    " AND right_person_id = ANY((SELECT ids FROM people)::bigint[])"
)
_INSERT_PERSONS: Final = (
    "INSERT INTO persons (person_id, created_at, source)"
    " SELECT nextval('person_id_seq'), %s, %s FROM generate_series(1, %s) RETURNING person_id"
)
_INSERT_KEY: Final = "INSERT INTO person_keys (person_id, wrapped) VALUES (%s, %s)"
_IDENTIFIER_COLUMNS: Final = (
    "person_id",
    "blind_full",
    "blind_last4",
    "sealed",
    "kind",
    "scope",
    "is_verified",
    "is_linking",
    "source",
    "first_seen_at",
    "last_seen_at",
)
_INSERT_IDENTIFIER: Final = (
    f"INSERT INTO identifiers ({', '.join(_IDENTIFIER_COLUMNS)})"
    f" VALUES ({', '.join(['%s'] * len(_IDENTIFIER_COLUMNS))})"
)


class OwnedIdentifier(NamedTuple):
    """A stored linking identifier, as linking needs it."""

    key: ClaimKey
    person_id: PersonId
    root_id: PersonId
    is_stale: bool
    """Its `last_seen_at` is due."""


@dataclass(frozen=True, slots=True)
class KnownPeople:
    """People that are locked now, as they are now."""

    erased: Mapping[int, bool]
    """Each root that is a person record, and whether it is erased."""
    absorbed: Sequence[int]
    """Those that are no roots any more."""
    members: Mapping[PersonId, Sequence[PersonId]]
    """Root to all its person records, itself first."""
    identifiers: Sequence[tuple[PersonId, ClaimKey]]
    """All linking identifiers of those about whom something has to be decided."""
    apart: Sequence[tuple[int, int]]
    """Pairs of these that somebody keeps apart."""


NewIdentifier = tuple[bytes, str, IdentifierKind, PersonId, NormalClaim, bool]
"""A row to insert: blind index, scope, kind, person, claim, whether it links. It sorts by what is unique."""


# --- the savepoint of an attempt --------------------------------------------------------------------------------------


def release(uow: UnitOfWork) -> None:
    """Keep what was done since `begin_and_find_owners`."""
    uow.driver.execute(f"RELEASE SAVEPOINT {_SAVEPOINT}")


def undo(uow: UnitOfWork) -> None:
    """Undo what was done since `begin_and_find_owners`, and give back its locks."""
    uow.driver.execute(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
    release(uow)


# --- reading ----------------------------------------------------------------------------------------------------------


def begin_and_find_owners(uow: UnitOfWork, slices: Iterable[Sequence[ClaimKey]]) -> list[OwnedIdentifier]:
    """Set the savepoint of an attempt and return who has the identifiers with these keys, with the present root.

    The server searches for one slice while the caller makes the next.
    """
    stale = uow.now - SEEN_RESOLUTION
    asked: list[tuple[Sequence[ClaimKey], Cursor[tuple[object, ...]]]] = []
    with uow.driver.pipeline():
        uow.driver.execute(f"SAVEPOINT {_SAVEPOINT}")
        for keys in slices:
            cursor = uow.driver.cursor(binary=True)
            blinds = b"".join([key.blind for key in keys])
            cursor.execute(_FIND_OWNERS, {"blinds": blinds, "size": BLIND_BYTES, "stale": stale})
            asked.append((keys, cursor))
    return [
        OwnedIdentifier(keys[place], person, root, is_stale)
        for keys, cursor in asked
        for place, scope, person, root, is_stale in cast(
            "list[tuple[int, str, PersonId, PersonId, bool]]", cursor.fetchall()
        )
        # The blind index covers kind and value; the same code may be known in other name spaces.
        if keys[place].scope == scope
    ]


def lock_and_read(uow: UnitOfWork, roots: Collection[int], undecided: Collection[int]) -> KnownPeople:
    """Lock people in id order until the transaction ends, then read them: each statement sees what is committed by then."""
    driver = uow.driver
    identifiers: Cursor[tuple[object, ...]] | None = None
    apart: Cursor[tuple[object, ...]] | None = None
    of_roots, of_undecided = _array(roots), _array(undecided)
    with driver.pipeline():
        locked = driver.execute(_LOCK, (of_roots,), binary=True)
        absorbed = driver.execute(_ABSORBED, (of_roots,), binary=True)
        aliases = driver.execute(_MEMBERS, (of_roots,), binary=True)
        if undecided:
            identifiers = driver.execute(_IDENTIFIERS, {"roots": of_undecided}, binary=True)
        if len(undecided) > 1:
            apart = driver.execute(_APART, {"roots": of_undecided}, binary=True)
    members: dict[PersonId, list[PersonId]] = {PersonId(root): [PersonId(root)] for root in roots}
    for root, alias in cast("list[tuple[PersonId, PersonId]]", aliases.fetchall()):
        members[root].append(alias)
    return KnownPeople(
        dict(cast("list[tuple[int, bool]]", locked.fetchall())),
        [root for (root,) in cast("list[tuple[int]]", absorbed.fetchall())],
        members,
        [
            (person, ClaimKey(IdentifierKind(kind), scope, blind))
            for person, kind, scope, blind in cast(
                "list[tuple[PersonId, str, str, bytes]]", identifiers.fetchall() if identifiers else []
            )
        ],
        cast("list[tuple[int, int]]", apart.fetchall() if apart else []),
    )


def _array(numbers: Iterable[int]) -> str:
    """Return a bigint[] as text: the driver's own form costs more, and its type changes with the highest number."""
    return f"{{{','.join(map(str, numbers))}}}"


# --- writing ----------------------------------------------------------------------------------------------------------


def insert_persons(uow: UnitOfWork, count: int, *, source: str) -> list[PersonId]:
    """Store new person records; returns their ids, ascending."""
    rows = uow.driver.execute(_INSERT_PERSONS, (uow.now, source, count), binary=True)
    return sorted(person for (person,) in cast("list[tuple[PersonId]]", rows.fetchall()))


def insert_keys_and_identifiers(
    uow: UnitOfWork,
    new_people: Sequence[PersonId],
    known_keys: Mapping[PersonId, PersonKey],
    rows: list[NewIdentifier],
    *,
    source: str,
) -> None:
    """Make and store the keys of new people, and store identifiers of these and of people whose keys are given.

    Identifiers go in the order of their blind index, so that two transactions never wait for each other in a circle.
    Raises psycopg's UniqueViolation when another transaction was first with a linking one.
    """
    rows.sort()
    keys = dict(known_keys)
    new_keys = _new_keys(uow, new_people, keys)
    if max(len(new_people), len(rows)) <= _PIPELINED_ROWS_MAX:
        with uow.driver.pipeline(), uow.driver.cursor() as cursor:
            cursor.executemany(_INSERT_KEY, list(new_keys))
            cursor.executemany(_INSERT_IDENTIFIER, _identifier_values(uow, rows, keys, source))
        return
    start = row_start(("person_id", "wrapped"))
    key_rows = (start(person) + of_bytes(wrapped) for person, wrapped in new_keys)
    copy_binary(uow, "person_keys", ("person_id", "wrapped"), key_rows)
    copy_binary(uow, "identifiers", _IDENTIFIER_COLUMNS, _identifier_rows(uow, rows, keys, source))


def _new_keys(
    uow: UnitOfWork, people: Iterable[PersonId], keys: dict[PersonId, PersonKey]
) -> Iterator[tuple[PersonId, bytes]]:
    """Make keys, add them to `keys` and yield their wrapped form, while the server stores those before."""
    for person in people:
        keys[person], wrapped = uow.keyring.new_wrapped_key()
        yield person, wrapped


def _identifier_values(
    uow: UnitOfWork, rows: Iterable[NewIdentifier], keys: Mapping[PersonId, PersonKey], source: str
) -> Iterator[tuple[object, ...]]:
    for blind, scope, kind, person, normal, is_linking in rows:
        yield (
            person,
            blind,
            last4_index(uow.keyring, normal.last4) if normal.last4 else None,
            keys[person].seal(normal.value),
            kind.value,
            scope,
            normal.is_verified,
            is_linking,
            source,
            uow.now,
            uow.now,
        )


def _identifier_rows(
    uow: UnitOfWork, rows: Iterable[NewIdentifier], keys: Mapping[PersonId, PersonKey], source: str
) -> Iterator[bytes]:
    start, blind_length = row_start(_IDENTIFIER_COLUMNS), length(BLIND_BYTES)
    tails: dict[tuple[str, IdentifierKind, bool, bool], bytes] = {}
    last4s: dict[str | None, bytes] = {None: NULL}
    end = of_text(source) + 2 * of_moment(uow.now)
    for blind, scope, kind, person, (_, _, value, is_verified, _, last4), is_linking in rows:
        tail = tails.get((scope, kind, is_verified, is_linking))
        if tail is None:
            flags = of_boolean(is_verified) + of_boolean(is_linking)
            tail = tails[scope, kind, is_verified, is_linking] = (
                of_text(kind.value) + of_text(scope) + flags + end
            )
        ending = last4s.get(last4)
        if ending is None:
            assert last4 is not None, "None is there from the start"
            ending = last4s[last4] = of_bytes(last4_index(uow.keyring, last4))
        sealed = keys[person].seal(value)
        yield b"".join((start(person), blind_length, blind, ending, length(len(sealed)), sealed, tail))
