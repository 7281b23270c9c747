"""Takes in what sources and operators say about fields: compares with what is stored, seals, writes what differs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from feilun.identity import api as identity
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.keys import PersonKey
from feilun.platform.log import NewEvent, Origin, append_events
from feilun.profiles import events
from feilun.profiles.contracts import Field, Protection
from feilun.profiles.internal import store_values
from feilun.profiles.internal.catalogue import Catalogue
from feilun.profiles.internal.store_values import NewValue, StoredValue

DIGEST_KIND = "profile:"


@dataclass(frozen=True, slots=True)
class Said:
    """What one source says about one field of one person record. `text` is canonical; None empties the field."""

    person_id: PersonId
    field: str
    text: str | None
    seen_at: datetime
    is_dated: bool = False
    """`seen_at` is the source's own moment. A moment of intake says nothing new about a value that is known already."""


def record_values(
    uow: UnitOfWork, catalogue: Catalogue, said: Iterable[Said], *, origin: Origin, source: str
) -> dict[PersonId, list[str]]:
    """Store what is new or newer; returns the changed fields by person record, and records and publishes them.

    A newer word wins over an older one of the same source. Repeating a value only moves its moment, which is no change
    unless it makes another value win, so the same file again changes nothing. The caller holds the persons' locks and has
    left out erased ones.
    """
    wanted = _newest(said)
    stored = {
        (value.person_id, value.field): value
        for value in store_values.values_of(
            uow, {s.person_id for s in wanted}, fields={s.field for s in wanted}
        )
        if value.source == source
    }
    fresh = [s for s in wanted if _is_newer(s, stored.get((s.person_id, s.field)))]
    digests = {
        (s.person_id, s.field): digest_of(uow, s.field, s.text)
        for s in fresh
        if s.text is not None and catalogue[s.field].protection is Protection.SEALED
    }
    changes: dict[PersonId, list[str]] = defaultdict(list)
    differing: list[Said] = []
    confirmed: list[Said] = []
    for s in fresh:
        old = stored.get((s.person_id, s.field))
        if old is not None and _is_equal(old, s, digests.get((s.person_id, s.field))):
            if s.is_dated and s.seen_at > old.seen_at:
                confirmed.append(s)
        else:
            differing.append(s)
            changes[s.person_id].append(s.field)
    if differing:
        store_values.upsert_values(uow, _rows(uow, differing, digests), source=source)
    if confirmed:
        moments = [(s.person_id, s.field, s.seen_at) for s in confirmed]
        store_values.confirm_values(uow, moments, source=source)
    for person, fields in _contested(uow, confirmed).items():
        changes[person] = sorted({*changes[person], *fields})
    publish_changes(uow, changes, source=source, origin=origin)
    return changes


def publish_changes(
    uow: UnitOfWork, changes: Mapping[PersonId, Sequence[str]], *, source: str, origin: Origin
) -> None:
    """Record changed fields for the time line and in the log."""
    if not changes:
        return
    store_values.insert_changes(uow, changes, source=source)
    append_events(
        uow,
        [
            NewEvent(
                type=events.PROFILE_CHANGED,
                occurred_at=uow.now,
                origin=origin,
                person_id=person,
                payload={"fields": list(fields), "source": source},
            )
            for person, fields in changes.items()
        ],
    )


def digest_of(uow: UnitOfWork, field: str, text: str) -> bytes:
    """Return the blind index under which equal sealed values of a field are recognised."""
    return uow.keyring.blind(DIGEST_KIND + field, text)


def living(uow: UnitOfWork, person_ids: Iterable[PersonId]) -> set[PersonId]:
    """Return those of the person records that are not erased."""
    wanted = set(person_ids)
    erased = {
        member
        for person in identity.list_persons(uow, wanted).values()
        if person.erased_at is not None
        for member in person.members
    }
    return wanted - erased


def open_value(field: Field, value: StoredValue, keys: Mapping[PersonId, PersonKey]) -> str | None:
    """Return the canonical text of a stored value; None for an emptied field or when the key was destroyed."""
    if value.sealed is None:
        return value.value
    key = keys.get(value.person_id)
    return key.open(value.sealed) if key else None


def _newest(said: Iterable[Said]) -> list[Said]:
    """Return one word per person record and field: the newest, of equal moments the last."""
    chosen: dict[tuple[PersonId, str], Said] = {}
    for s in said:
        known = chosen.get((s.person_id, s.field))
        if known is None or s.seen_at >= known.seen_at:
            chosen[s.person_id, s.field] = s
    return list(chosen.values())


def _is_newer(said: Said, stored: StoredValue | None) -> bool:
    return stored is None or said.seen_at >= stored.seen_at


def _is_equal(stored: StoredValue, said: Said, digest: bytes | None) -> bool:
    if digest is not None:
        return stored.digest == digest
    return stored.digest is None and stored.value == said.text


def _rows(
    uow: UnitOfWork, said: Sequence[Said], digests: Mapping[tuple[PersonId, str], bytes]
) -> list[NewValue]:
    sealing = {s.person_id for s in said if (s.person_id, s.field) in digests}
    keys = identity.person_keys(uow, sealing) if sealing else {}
    rows = []
    for s in said:
        digest = digests.get((s.person_id, s.field))
        sealed = keys[s.person_id].seal(s.text) if digest is not None and s.text is not None else None
        plain = None if digest is not None else s.text
        rows.append(NewValue(s.person_id, s.field, plain, sealed, digest, s.seen_at))
    return rows


def _contested(uow: UnitOfWork, confirmed: Sequence[Said]) -> dict[PersonId, set[str]]:
    """Return the fields whose moment moved although somebody else says otherwise: another value may hold now."""
    if not confirmed:
        return {}
    roots = identity.root_of(uow, {s.person_id for s in confirmed})
    members = identity.members_by_root(uow, set(roots.values()))
    others = store_values.values_of(
        uow,
        {person for people in members.values() for person in people},
        fields={s.field for s in confirmed},
    )
    member_roots = {person: root for root, people in members.items() for person in people}
    tokens: dict[tuple[PersonId, str], set[str]] = defaultdict(set)
    for value in others:
        tokens[member_roots[value.person_id], value.field].add(value.token)
    contested: dict[PersonId, set[str]] = defaultdict(set)
    for s in confirmed:
        if len(tokens[roots[s.person_id], s.field]) > 1:
            contested[s.person_id].add(s.field)
    return contested
