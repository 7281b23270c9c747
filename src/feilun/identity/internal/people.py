"""Reads people and their identifiers; hands out locks and keys."""

from collections.abc import Collection, Iterable
from typing import Final

from feilun.identity.contracts import Identifier, IdentifierKind, Person
from feilun.identity.errors import IdentifiersContended, PersonErased, PersonNotFound
from feilun.identity.internal import store
from feilun.identity.internal.domain.kinds import STRENGTH
from feilun.identity.internal.domain.masking import mask
from feilun.identity.internal.domain.normalise import last_four_digits, search_forms
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.keys import PersonKey

_LOCK_ATTEMPTS_MAX: Final = 50


def get_person(uow: UnitOfWork, person_id: PersonId) -> Person:
    """See `feilun.identity.api.get_person`."""
    people = list(store.get_persons(uow, [person_id]).values())
    if not people:
        raise PersonNotFound(f"no person {person_id}", person_id=person_id)
    return people[0]


def lock_components(uow: UnitOfWork, person_ids: Iterable[PersonId]) -> dict[PersonId, PersonId]:
    """Lock the roots of these people in id order until the transaction ends; returns id -> root as it then stands."""
    wanted = list(person_ids)
    for _ in range(_LOCK_ATTEMPTS_MAX):
        try:
            with uow.connection.begin_nested():
                roots = store.root_of(uow, wanted)
                locked = store.lock_rows(uow, set(roots.values()))
                for person_id, root in roots.items():
                    if root not in locked:
                        raise PersonNotFound(f"no person {person_id}", person_id=person_id)
                # Somebody may have merged or split while this waited; then the wrong rows are locked.
                if store.root_of(uow, wanted) != roots:
                    raise store.ComponentsChanged
                return roots
        except store.ComponentsChanged:
            continue
    raise IdentifiersContended(
        "other transactions keep changing the same people", attempts=_LOCK_ATTEMPTS_MAX
    )


def person_keys(uow: UnitOfWork, person_ids: Iterable[PersonId]) -> dict[PersonId, PersonKey]:
    """See `feilun.identity.api.person_keys`."""
    wanted = set(person_ids)
    keys = store.load_keys(uow, wanted)
    missing = wanted - keys.keys()
    if missing:
        store.insert_missing_keys(
            uow, {person: uow.keyring.new_wrapped_key()[1] for person in sorted(missing)}
        )
        keys |= store.load_keys(uow, missing)
        for person in sorted(missing - keys.keys()):
            get_person(uow, person)
            raise PersonErased(f"person {person} is erased", person_id=person)
    return keys


def list_identifiers(uow: UnitOfWork, person: Person, *, reveal: bool) -> list[Identifier]:
    """Return the identifiers of all members, strongest kind first, then oldest first."""
    return _identifiers(uow, person.members, kinds=None, reveal=reveal)


def identifiers_of(
    uow: UnitOfWork,
    person_ids: Iterable[PersonId],
    *,
    kinds: Collection[IdentifierKind] | None,
    reveal: bool,
) -> dict[PersonId, list[Identifier]]:
    """See `feilun.identity.api.identifiers_of`."""
    roots = store.root_of(uow, person_ids)
    members = store.members_by_root(uow, set(roots.values()))
    root_by_member = {member: root for root, component in members.items() for member in component}
    by_root: dict[PersonId, list[Identifier]] = {root: [] for root in members}
    for identifier in _identifiers(uow, root_by_member, kinds=kinds, reveal=reveal):
        by_root[root_by_member[identifier.person_id]].append(identifier)
    return {person: list(by_root[root]) for person, root in roots.items()}


def _identifiers(
    uow: UnitOfWork, members: Collection[PersonId], *, kinds: Collection[IdentifierKind] | None, reveal: bool
) -> list[Identifier]:
    rows = store.identifiers_of(uow, members, kinds=tuple(IdentifierKind) if kinds is None else kinds)
    keys = store.load_keys(uow, {row.person_id for row in rows})
    # Without its key the person was erased between the two look-ups.
    identifiers = [
        _identifier(row, keys[row.person_id].open(row.sealed), reveal=reveal)
        for row in rows
        if row.person_id in keys
    ]
    return sorted(identifiers, key=lambda identifier: STRENGTH[identifier.kind])


def _identifier(row: store.StoredIdentifier, value: str, *, reveal: bool) -> Identifier:
    return Identifier(
        kind=row.kind,
        value=value if reveal else mask(row.kind, value),
        scope=row.scope,
        is_verified=row.is_verified,
        is_linking=row.is_linking,
        source=row.source,
        first_seen_at=row.first_seen_at,
        person_id=row.person_id,
        last_seen_at=row.last_seen_at,
    )


def find_persons(uow: UnitOfWork, text: str, *, limit: int) -> list[PersonId]:
    """See `feilun.identity.api.find_persons`."""
    blinds = [uow.keyring.blind(kind.value, value) for kind, value in search_forms(text)]
    digits = last_four_digits(text)
    last4 = store.last4_index(uow.keyring, digits) if digits else None
    return store.find_roots(uow, full=blinds, last4=last4, limit=limit) if blinds else []
