"""Makes people, tags and the state of the log for tests of tags, through the same doors as everybody."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.kernel.ids import PersonId
from feilun.platform.consumers import read_events
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.log import Event, Origin
from feilun.platform.sequencer import sequence_events
from feilun.tags import api
from feilun.tags.contracts import (
    AllowedValue,
    AssignmentSource,
    OperationKind,
    Tag,
    TagChange,
    TagDraft,
    TagGroup,
    TagGroupDraft,
    ValueMode,
)

ZONE = ZoneInfo("Asia/Shanghai")


def people(uow: UnitOfWork, *codes: str) -> list[PersonId]:
    """Return (making them if need be) the person records of card numbers."""
    found = identity.resolve_records(
        uow,
        [[IdentifierClaim(IdentifierKind.CARD, code)] for code in codes],
        source="test",
        origin=Origin.LIVE,
    )
    return [resolution.person_id for resolution in found if resolution.person_id is not None]


def a_group(uow: UnitOfWork, name: str, *, is_exclusive: bool = False) -> TagGroup:
    """Make a group."""
    return api.create_group(uow, TagGroupDraft(name=name, is_exclusive=is_exclusive))


def a_tag(
    uow: UnitOfWork,
    key: str,
    mode: ValueMode = ValueMode.FLAG,
    *,
    group: TagGroup | None = None,
    valid_days: int | None = None,
    values: Sequence[str] = (),
) -> Tag:
    """Make a tag that is called as its key."""
    draft = TagDraft(
        key=key,
        name=key,
        group_id=group.group_id if group else None,
        value_mode=mode,
        valid_days=valid_days,
        allowed_values=tuple(AllowedValue(value, value.upper()) for value in values),
    )
    return api.create_tag(uow, draft, zone=ZONE)


def a_change(tag: Tag, value: str | None = None, *, reason: str = "", renews: bool = False) -> TagChange:
    """Return a change by hand."""
    return TagChange(
        tag_id=tag.tag_id, value=value, source=AssignmentSource.HAND, reason=reason, renews=renews
    )


def assign(
    uow: UnitOfWork, tag: Tag, person: PersonId, value: str | None = None, *, renews: bool = False
) -> bool:
    """Give one person a tag."""
    return api.change_person(uow, OperationKind.ASSIGN, a_change(tag, value, renews=renews), person)


def remove(uow: UnitOfWork, tag: Tag, person: PersonId, value: str | None = None) -> bool:
    """Take a tag from one person."""
    return api.change_person(uow, OperationKind.REMOVE, a_change(tag, value), person)


def carried(uow: UnitOfWork, person: PersonId) -> set[tuple[str, str]]:
    """Return keys and values of what a person carries."""
    return {(item.tag.key, item.holding.value) for item in api.list_carried(uow, person)}


def new_events(database: Database, after: int = 0) -> list[Event]:
    """Sequence what is committed and return the events after a position."""
    while sequence_events(database):
        pass
    with database.transaction() as uow:
        return read_events(uow.connection, after=after, limit=1_000_000)
