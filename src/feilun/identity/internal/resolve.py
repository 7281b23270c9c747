"""Finds or makes the person of each record, in bulk and against any number of others doing the same.

Order of locks: rows of existing roots in id order, then new identifiers in order of their blind index. Whoever loses a race
for an identifier, or finds that people changed while it waited, undoes its savepoint and reads again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import chain
from typing import Final

from psycopg.errors import UniqueViolation

from feilun.identity.contracts import IdentifierClaim, Resolution, ReviewId
from feilun.identity.errors import IdentifiersContended
from feilun.identity.events import IdentifierAdded, PersonCreated, PersonsMerged, payload_of
from feilun.identity.internal import store, store_links, store_resolving
from feilun.identity.internal.collector import collector_paused
from feilun.identity.internal.domain.kinds import KIND_NAMES
from feilun.identity.internal.domain.linking import NEW_PERSON, Claim, ClaimKey, Linker, Plan, order_claims
from feilun.identity.internal.domain.normalise import normalise
from feilun.identity.internal.store_resolving import NewIdentifier, OwnedIdentifier
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.keys import Keyring
from feilun.platform.log import NewEvent, Origin, append_events

_ATTEMPTS_MAX: Final = 50
"""Each attempt is lost to a transaction that committed, so somebody always gets on; this many in a row means a defect."""

_SLICE: Final = 500
"""Records prepared before the server is asked for their owners; more than these are a batch."""

Record = tuple[list[Claim], list[Claim]]
"""A record's linking claims, strongest first, and its others."""
IdentifierAddition = tuple[PersonId, str, bool]
"""A known person, the kind of its new identifier, whether it links."""


def resolve_records(
    uow: UnitOfWork, claims: Sequence[Sequence[IdentifierClaim]], *, source: str, origin: Origin
) -> list[Resolution]:
    """See `feilun.identity.api.resolve_records`."""
    with collector_paused() if len(claims) > _SLICE else nullcontext():
        return _resolve(uow, claims, source=source, origin=origin)


def _resolve(
    uow: UnitOfWork, claims: Sequence[Sequence[IdentifierClaim]], *, source: str, origin: Origin
) -> list[Resolution]:
    records: list[Record] = []
    slices: Iterable[Sequence[ClaimKey]] = _prepared_slices(uow.keyring, claims, source, records)
    lost: Exception | None = None
    for _ in range(_ATTEMPTS_MAX):
        owned = store_resolving.begin_and_find_owners(uow, slices)
        try:
            resolutions, events = _resolve_once(uow, owned, records, source=source, origin=origin)
            store_resolving.release(uow)
        except (UniqueViolation, store.ComponentsChanged) as error:
            store_resolving.undo(uow)
            lost, slices = error, [_linking_keys(records, set())]
        except BaseException:
            # Whoever catches this goes on in a transaction where nothing of it has happened.
            if not uow.driver.closed:
                store_resolving.undo(uow)
            raise
        else:
            append_events(uow, events)
            return resolutions
    raise IdentifiersContended(
        "other transactions keep changing the same people", attempts=_ATTEMPTS_MAX
    ) from lost


def _prepared_slices(
    keyring: Keyring, claims: Sequence[Sequence[IdentifierClaim]], source: str, records: list[Record]
) -> Iterator[Sequence[ClaimKey]]:
    """Prepare the records, append them to `records`, and yield the keys to look for, slice by slice."""
    asked: set[ClaimKey] = set()
    for start in range(0, len(claims), _SLICE):
        prepared = [_prepare(keyring, record, source) for record in claims[start : start + _SLICE]]
        records += prepared
        keys = _linking_keys(prepared, asked)
        if keys:
            yield keys


def _linking_keys(records: Iterable[Record], asked: set[ClaimKey]) -> Sequence[ClaimKey]:
    """Return the keys of linking claims that have not been asked for, each once."""
    keys = {claim.key for linking, _ in records for claim in linking} - asked
    asked |= keys
    return list(keys)


def _prepare(keyring: Keyring, claims: Sequence[IdentifierClaim], source: str) -> Record:
    prepared: list[Claim] = []
    for claim in claims:
        normal = normalise(claim, source=source)
        if normal is not None:
            kind, scope, value = normal[:3]
            prepared.append(Claim(ClaimKey(kind, scope, keyring.blind(KIND_NAMES[kind], value)), normal))
    return order_claims(prepared)


def _resolve_once(
    uow: UnitOfWork,
    owned: Sequence[OwnedIdentifier],
    records: Sequence[Record],
    *,
    source: str,
    origin: Origin,
) -> tuple[list[Resolution], Iterable[NewEvent]]:
    linker = Linker()
    if owned:
        _know(uow, linker, owned, records)
    for linking, loose in records:
        linker.link(linking, loose)
    plan = linker.plan
    new_ids = store_resolving.insert_persons(uow, len(plan.creators), source=source) if plan.creators else []
    people_events = _store_people(uow, plan, new_ids, source=source, origin=origin)
    merge_events = _store_merges(uow, linker, new_ids, origin=origin)
    stale = [found.key.blind for found in owned if found.is_stale]
    if stale:
        store.touch_seen(uow, stale)
    reviews = _store_reviews(uow, plan, new_ids, source=source)
    creators = {record: person for person, record in reversed(list(enumerate(plan.creators)))}
    resolutions = [
        Resolution(
            None if target is None else _real(target, new_ids),
            is_new=target is not None and creators.get(record) == target - NEW_PERSON,
            review_ids=reviews.get(record, ()),
        )
        for record, target in enumerate(plan.targets)
    ]
    return resolutions, chain(people_events, merge_events)


def _know(
    uow: UnitOfWork, linker: Linker, owned: Sequence[OwnedIdentifier], records: Sequence[Record]
) -> None:
    """Lock the people touched and tell the linker about them, as they are now that nobody else can change them."""
    roots = {found.root_id for found in owned}
    undecided = _undecided_roots({found.key: found.root_id for found in owned}, records)
    known = store_resolving.lock_and_read(uow, roots, undecided)
    root_by_member = {person: root for root, component in known.members.items() for person in component}
    # Read before the lock was granted, so whoever held it may have merged, split or erased them.
    if (
        known.absorbed
        or any(known.erased.get(root, True) for root in roots)
        or any(root_by_member.get(found.person_id) != found.root_id for found in owned)
    ):
        raise store.ComponentsChanged
    for person, root in root_by_member.items():
        linker.know_member(person, root)
    for found in owned:
        linker.know_owner(found.key, found.person_id)
    for person, key in known.identifiers:
        linker.know_identifier(root_by_member[person], key)
    for left, right in known.apart:
        linker.know_apart(left, right)


def _undecided_roots(owners: Mapping[ClaimKey, PersonId], records: Sequence[Record]) -> set[PersonId]:
    """Return the people about whom something has to be decided: not those whose records only repeat what is known."""
    undecided: set[PersonId] = set()
    for linking, _ in records:
        found = {owners.get(claim.key) for claim in linking}
        if len(found) > 1:
            undecided.update(root for root in found if root is not None)
    return undecided


def _real(person: int, new_ids: Sequence[PersonId]) -> PersonId:
    return new_ids[person - NEW_PERSON] if person >= NEW_PERSON else PersonId(person)


# --- people and identifiers -------------------------------------------------------------------------------------------


def _store_people(
    uow: UnitOfWork, plan: Plan, new_ids: Sequence[PersonId], *, source: str, origin: Origin
) -> Iterable[NewEvent]:
    """Store the keys of new people and all new identifiers; returns the events."""
    linking = [(_real(person, new_ids), claim) for person, claim in plan.attached]
    loose = _unknown_loose(uow, plan, new_ids)
    if not linking and not loose:
        return ()
    created = set(new_ids)
    known_people = {person for person, _ in chain(linking, loose)} - created
    keys = store.load_keys(uow, known_people) if known_people else {}
    rows: list[NewIdentifier] = [
        (blind, scope, kind, person, normal, is_linking)
        for additions, is_linking in ((linking, True), (loose, False))
        for person, ((kind, scope, blind), normal) in additions
    ]
    store_resolving.insert_keys_and_identifiers(uow, new_ids, keys, rows, source=source)
    superseding = [(person, claim.key.blind) for person, claim in linking if person in known_people]
    if superseding:
        store.delete_superseded(uow, superseding)
    return _people_events(uow, new_ids, linking, loose, source=source, origin=origin)


def _people_events(
    uow: UnitOfWork,
    new_ids: Sequence[PersonId],
    linking: Sequence[tuple[PersonId, Claim]],
    loose: Sequence[tuple[PersonId, Claim]],
    *,
    source: str,
    origin: Origin,
) -> Iterator[NewEvent]:
    """Yield the events of people in the order of their ids, then those of identifiers added to known ones."""
    kinds: dict[PersonId, tuple[str, ...]] = dict.fromkeys(new_ids, ())
    added: list[IdentifierAddition] = []
    for is_linking, additions in ((True, linking), (False, loose)):
        for person, claim in additions:
            kind = KIND_NAMES[claim.key.kind]
            if person in kinds:
                kinds[person] += (kind,)
            else:
                added.append((person, kind, is_linking))
    # A batch has few different payloads; thousands of events share them.
    payloads = {names: payload_of(PersonCreated(source, names)) for names in set(kinds.values())}
    moment = uow.now
    for person, names in kinds.items():
        yield NewEvent(
            type=PersonCreated.type,
            occurred_at=moment,
            origin=origin,
            person_id=person,
            payload=payloads[names],
        )
    for person, kind, is_linking in added:
        yield _event(uow, person, IdentifierAdded(kind, is_linking), origin)


def _event(
    uow: UnitOfWork, person: PersonId, event: IdentifierAdded | PersonsMerged, origin: Origin
) -> NewEvent:
    return NewEvent(
        type=event.type, occurred_at=uow.now, origin=origin, person_id=person, payload=payload_of(event)
    )


def _unknown_loose(uow: UnitOfWork, plan: Plan, new_ids: Sequence[PersonId]) -> list[tuple[PersonId, Claim]]:
    """Return the claims that do not link, without repetitions and without what their person has already."""
    if not plan.loose:
        return []
    wanted = {(_real(person, new_ids), claim.key): claim for person, claim in plan.loose}
    for person, claim in plan.attached:
        wanted.pop((_real(person, new_ids), claim.key), None)
    created = set(new_ids)
    asked = [(person, *key) for person, key in wanted if person not in created]
    known = store.known_claims(uow, asked) if asked else set()
    return [(person, claim) for (person, key), claim in wanted.items() if (person, *key) not in known]


# --- merges and reviews -----------------------------------------------------------------------------------------------


def _store_merges(
    uow: UnitOfWork, linker: Linker, new_ids: Sequence[PersonId], *, origin: Origin
) -> list[NewEvent]:
    planned = linker.plan.merges
    if not planned:
        return []
    edges = [
        store_links.NewMerge(
            _real(m.left, new_ids),
            _real(m.right, new_ids),
            _real(m.kept, new_ids),
            _real(m.absorbed, new_ids),
            m.evidence,
        )
        for m in planned
    ]
    merge_ids = store_links.insert_merges(uow, edges, cause="identifier", reason="")
    moved = {person for merge in planned for person in merge.moved}
    store.set_roots(uow, {_real(person, new_ids): _real(linker.root(person), new_ids) for person in moved})
    store_links.close_merged_reviews(uow, [_real(person, new_ids) for person in moved])
    return [
        _event(
            uow,
            PersonId(edge.kept),
            PersonsMerged(
                merge_id,
                edge.kept,
                edge.absorbed,
                tuple(_real(person, new_ids) for person in merge.moved),
                "identifier",
            ),
            origin,
        )
        for merge_id, edge, merge in zip(merge_ids, edges, planned, strict=True)
    ]


def _store_reviews(
    uow: UnitOfWork, plan: Plan, new_ids: Sequence[PersonId], *, source: str
) -> dict[int, tuple[ReviewId, ...]]:
    """Open the reviews; returns record index -> open reviews it gave cause to."""
    if not plan.reviews:
        return {}
    pairs = [(_real(review.left, new_ids), _real(review.right, new_ids)) for review in plan.reviews]
    opened = store_links.open_reviews(
        uow,
        [
            store_links.NewReview(left, right, r.shared.kind, r.shared.blind, r.conflicting, r.evidence)
            for (left, right), r in zip(pairs, plan.reviews, strict=True)
        ],
        source=source,
    )
    by_record: dict[int, tuple[ReviewId, ...]] = {}
    for pair, review in zip(pairs, plan.reviews, strict=True):
        if pair in opened and opened[pair] not in by_record.get(review.record, ()):
            by_record[review.record] = (*by_record.get(review.record, ()), opened[pair])
    return by_record
