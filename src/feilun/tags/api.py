"""Facade of the tags room: the dictionary, who carries what, changes by hand, in bulk and from other programs."""

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from feilun.identity import api as identity
from feilun.kernel.errors import FeilunError
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin
from feilun.profiles.errors import CustomerErased
from feilun.tags.contracts import (
    AssignmentSource,
    BatchItem,
    BatchOutcome,
    BatchState,
    CarriedTag,
    CarrierPage,
    HistoryPage,
    OperationKind,
    OperationPreview,
    PeopleChoice,
    Tag,
    TagChange,
    TagDraft,
    TagGroup,
    TagGroupDraft,
    TagGroupId,
    TagId,
    TagOperation,
    TagOperationId,
)
from feilun.tags.errors import TagPersonUnknown
from feilun.tags.internal import (
    batches,
    carrying,
    changing,
    dictionary,
    operations,
    store,
    store_dictionary,
    store_operations,
)
from feilun.tags.internal.batches import RecordChange
from feilun.tags.internal.changing import Cause
from feilun.tags.internal.domain import Wish, check_reason
from feilun.tags.ports import PeopleSource

# --- the dictionary ---------------------------------------------------------------------------------------------------


def list_tags(uow: UnitOfWork, *, with_archived: bool) -> list[Tag]:
    """Return the dictionary by group and name."""
    return store_dictionary.select_tags(uow, "true" if with_archived else "t.archived_at IS NULL")


def tags_by_id(uow: UnitOfWork) -> dict[TagId, Tag]:
    """Return the whole dictionary, archived tags included."""
    return dictionary.tags_by_id(uow)


def get_tag(uow: UnitOfWork, tag_id: TagId) -> Tag:
    """Return one tag. Raises: TagNotFound."""
    return dictionary.get_tag(uow, tag_id)


def find_tag(uow: UnitOfWork, key: str) -> Tag | None:
    """Return the tag with a key."""
    found = store_dictionary.select_tags(uow, "t.key = :key", key=key)
    return found[0] if found else None


def create_tag(uow: UnitOfWork, draft: TagDraft, *, zone: ZoneInfo) -> Tag:
    """Add a tag. `zone`: where the day of `valid_until` ends.

    Raises: TagKeyInvalid, TagKeyTaken, TagNameInvalid, TagNameTaken, TagColourUnknown, TagValuesInvalid, TagValidityInvalid,
    TagGroupNotFound.
    """
    return dictionary.create_tag(uow, draft, zone)


def draft_of(tag: Tag) -> TagDraft:
    """Return a tag as a draft that changes nothing."""
    return dictionary.draft_of(tag)


def change_tag(uow: UnitOfWork, tag_id: TagId, draft: TagDraft, *, zone: ZoneInfo) -> Tag:
    """Change a tag. Existing assignments keep value and expiry; a new validity counts for later ones. Idempotent.

    Raises: TagNotFound, TagInUse, and as `create_tag`.
    """
    return dictionary.change_tag(uow, tag_id, draft, zone)


def list_groups(uow: UnitOfWork) -> list[TagGroup]:
    """Return the groups in their order."""
    return store_dictionary.select_groups(uow)


def get_group(uow: UnitOfWork, group_id: TagGroupId) -> TagGroup:
    """Return one group. Raises: TagGroupNotFound."""
    return dictionary.get_group(uow, group_id)


def create_group(uow: UnitOfWork, draft: TagGroupDraft) -> TagGroup:
    """Add a group. Raises: TagNameInvalid, TagGroupNameTaken."""
    return dictionary.create_group(uow, draft)


def change_group(uow: UnitOfWork, group_id: TagGroupId, draft: TagGroupDraft) -> TagGroup:
    """Change a group. Making it exclusive removes nothing: of each person the newest tag holds, and back again.

    Raises: TagGroupNotFound, TagNameInvalid, TagGroupNameTaken.
    """
    return dictionary.change_group(uow, group_id, draft)


def delete_group(uow: UnitOfWork, group_id: TagGroupId) -> None:
    """Delete an empty group. Raises: TagGroupNotFound, TagGroupNotEmpty."""
    dictionary.delete_group(uow, group_id)


# --- who carries what -------------------------------------------------------------------------------------------------


def list_carried(uow: UnitOfWork, person_id: PersonId) -> list[CarriedTag]:
    """Return the static tags a whole person carries now. Raises: CustomerNotFound."""
    return carrying.carried_by(uow, carrying.get_person(uow, person_id).members)


def carried_by_many(uow: UnitOfWork, roots: Iterable[PersonId]) -> dict[PersonId, list[CarriedTag]]:
    """Return the static tags of many people at once, by root; those without any are left out."""
    return carrying.carried_by_many(uow, roots)


def list_history(
    uow: UnitOfWork,
    *,
    tag_id: TagId | None = None,
    person_id: PersonId | None = None,
    before: int | None = None,
    limit: int = 50,
) -> HistoryPage:
    """Return changes of a tag, of a person, or of both, newest first. Raises: CustomerNotFound."""
    return carrying.list_history(uow, tag_id=tag_id, person_id=person_id, before=before, limit=limit)


def list_carriers(uow: UnitOfWork, tag_id: TagId, *, after: int = 0, limit: int = 50) -> CarrierPage:
    """Return the next whole people who carry a tag, by id; those with several values come once for each.

    Follows merges within seconds. Raises: TagNotFound.
    """
    return carrying.list_carriers(uow, tag_id, after=after, limit=limit)


def count_people(uow: UnitOfWork, tag_id: TagId | None = None) -> dict[TagId, int]:
    """Return how many living whole people carry each static tag now; tags nobody carries are left out."""
    return store.count_people(uow, tag_id)


# --- changes ----------------------------------------------------------------------------------------------------------


def change_person(uow: UnitOfWork, kind: OperationKind, change: TagChange, person_id: PersonId) -> bool:
    """Give one person a tag or take it away; tells whether anything changed. Locks the person.

    It is given to the person's root record, and taken from all records. Giving what is carried already changes nothing.

    Raises: CustomerNotFound, CustomerErased, TagNotFound, TagArchived, TagComputed, TagValueInvalid, ReasonTooLong.
    """
    person = carrying.get_person(uow, person_id)
    if person.erased_at is not None:
        raise CustomerErased("erased", person_id=person_id)
    tag = dictionary.get_assignable(uow, change.tag_id, gives=kind is OperationKind.ASSIGN)
    wish = operations.wish_of(tag, kind, change.value, renews=change.renews)
    cause = Cause(source=change.source, reason=check_reason(change.reason), origin=change.origin)
    return changing.change_people(uow, kind, wish, [person.person_id], cause).changed > 0


def change_batch(uow: UnitOfWork, items: Sequence[BatchItem], *, source_name: str) -> list[BatchOutcome]:
    """Make many different changes in order; each has an outcome of its own. Idempotent. Locks the people in id order.

    Identifiers nobody has yet make a person, as records of any source do; `source_name` is that source.

    Raises: IdentifiersContended.
    """
    named = batches.named_tags(dictionary.tags_by_id(uow))
    outcomes: list[BatchOutcome | None] = [None] * len(items)
    prepared: list[tuple[int, RecordChange | None]] = []
    wishes: dict[int, tuple[OperationKind, Wish, str]] = {}
    for index, item in enumerate(items):
        kind = OperationKind.REMOVE if item.is_removal else OperationKind.ASSIGN
        try:
            wish = batches.wish_named(named, item.tag, item.value, kind)
            wishes[index] = kind, wish, check_reason(item.reason)
        except FeilunError as error:
            outcomes[index] = BatchOutcome(state=BatchState.REJECTED, code=error.code, detail=error.detail)
    named_by_claims = [index for index in wishes if items[index].person_id is None]
    resolutions = identity.resolve_records(
        uow, [items[index].claims for index in named_by_claims], source=source_name, origin=Origin.LIVE
    )
    people = {index: items[index].person_id for index in wishes} | {
        index: resolution.person_id for index, resolution in zip(named_by_claims, resolutions, strict=True)
    }
    for index, (kind, wish, reason) in wishes.items():
        person_id = people[index]
        change = RecordChange(person_id=person_id, kind=kind, wish=wish, reason=reason) if person_id else None
        prepared.append((index, change))
    done = batches.change_records(
        uow, [change for _, change in prepared if change is not None], Cause(source=AssignmentSource.API)
    )
    results = iter(done)
    for index, change in prepared:
        changed = next(results) if change is not None else None
        outcomes[index] = _batch_outcome(people[index], changed)
    return [outcome for outcome in outcomes if outcome is not None]


def _batch_outcome(person_id: PersonId | None, changed: bool | None) -> BatchOutcome:  # noqa: FBT001
    if changed is None:
        return BatchOutcome(state=BatchState.REJECTED, person_id=person_id, code=TagPersonUnknown.code)
    return BatchOutcome(state=BatchState.CHANGED if changed else BatchState.UNCHANGED, person_id=person_id)


# --- bulk -------------------------------------------------------------------------------------------------------------


def choose_persons(person_ids: Iterable[PersonId]) -> PeopleChoice:
    """Return the choice of people listed one by one."""
    return PeopleChoice(source=operations.PERSONS, key=",".join(map(str, sorted(set(person_ids)))))


def preview_operation(
    uow: UnitOfWork,
    kind: OperationKind,
    change: TagChange,
    people: PeopleChoice,
    *,
    sources: Sequence[PeopleSource] = (),
) -> OperationPreview:
    """Return what an operation would do if it ran now. Changes nothing.

    Raises: as `start_operation`.
    """
    return operations.preview_operation(uow, kind, change, people, sources)


def start_operation(
    uow: UnitOfWork,
    kind: OperationKind,
    change: TagChange,
    people: PeopleChoice,
    *,
    sources: Sequence[PeopleSource] = (),
    idempotency_key: str | None = None,
) -> TagOperation:
    """Begin a bulk operation. Up to `PEOPLE_AT_ONCE` people listed one by one are done within this transaction; others wait
    for a worker, which writes down who is meant when it begins.

    The same actor's same idempotency key returns the operation it began.

    Raises: TagNotFound, TagArchived, TagComputed, TagValueInvalid, ReasonTooLong, PeopleSourceUnknown, IdempotencyConflict,
    and what the source refuses.
    """
    return operations.start_operation(uow, kind, change, people, sources, idempotency_key)


def list_operations(
    uow: UnitOfWork, *, tag_id: TagId | None = None, offset: int = 0, limit: int = 20
) -> tuple[list[TagOperation], int]:
    """Return a page of operations, newest first, and how many there are."""
    found = store_operations.select(
        uow,
        "CAST(:tag_id AS bigint) IS NULL OR o.tag_id = :tag_id",
        offset=offset,
        limit=limit,
        tag_id=tag_id,
    )
    return found, store_operations.count(uow, tag_id)


def get_operation(uow: UnitOfWork, operation_id: TagOperationId) -> TagOperation:
    """Return one operation with its progress. Raises: TagOperationNotFound."""
    return operations.get_operation(uow, operation_id)


def stop_operation(uow: UnitOfWork, operation_id: TagOperationId) -> TagOperation:
    """Ask an operation to stop after the chunk it is at; what it did stays and can be undone. Idempotent.

    Raises: TagOperationNotFound, TagOperationEnded.
    """
    return operations.stop_operation(uow, operation_id)


def undo_operation(
    uow: UnitOfWork, operation_id: TagOperationId, *, source: AssignmentSource, reason: str = ""
) -> TagOperation:
    """Begin to bring everything back to what it was before an operation; returns the undoing, an operation itself.

    Assignments get back their values, moments, reasons and expiry. What was changed again since stays and counts as skipped;
    what would have expired meanwhile does not come back.

    Raises: TagOperationNotFound, TagOperationNotUndoable, ReasonTooLong.
    """
    return operations.undo_operation(uow, operation_id, source=source, reason=reason)
