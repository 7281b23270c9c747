"""Which people events touch, and as what: the dirty people of a batch."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from feilun.catalog import events as catalog_events
from feilun.identity import events as identity_events
from feilun.platform.log import Event, Origin
from feilun.profiles import events as profile_events
from feilun.segments import events as own_events
from feilun.segments.contracts import ChangeCause
from feilun.tags import events as tag_events

_SINGLE_KEYS: Final = ("kept", "absorbed", "separated", "previous_person_id")
_LIST_KEYS: Final = ("members", "people")
_REGROUPING: Final = frozenset({identity_events.PersonsMerged.type, identity_events.MergeSplit.type})
_OWN: Final = frozenset({own_events.ENTERED, own_events.EXITED, own_events.PEOPLE_EXPORTED})
_ABOUT_MANY: Final = frozenset(
    {
        profile_events.SURVIVORSHIP_CHANGED,
        profile_events.CUSTOM_FIELD_CHANGED,
        catalog_events.PRODUCT_RECORDED,
        tag_events.TAG_CHANGED,
        tag_events.TAG_GROUP_CHANGED,
    }
)
"""Facts of many people may change with one of these, and it names none of them."""


@dataclass(slots=True)
class Touch:
    """How events touched one person record."""

    is_live: bool = False
    is_backfilled: bool = False
    is_regrouped: bool = False
    is_erased: bool = False
    joined: set[int] = field(default_factory=set)
    """Roots that a merge put together with this one."""

    def add(self, other: "Touch") -> None:
        """Take over what another record of the same person was touched by."""
        self.is_live |= other.is_live
        self.is_backfilled |= other.is_backfilled
        self.is_regrouped |= other.is_regrouped
        self.is_erased |= other.is_erased
        self.joined |= other.joined


@dataclass(slots=True)
class Touched:
    """The dirty people of a batch."""

    people: dict[int, Touch] = field(default_factory=dict)
    everybody: ChangeCause | None = None
    """Events that may have changed many people, and their cause; a live one wins."""
    has_new_catalogue: bool = False


def collect(events: Iterable[Event]) -> Touched:
    """Return what events touch."""
    touched = Touched()
    for event in events:
        if event.type in _OWN:
            continue
        is_live = event.origin is Origin.LIVE
        if event.type == catalog_events.PRODUCT_RECORDED and not event.payload.get("fields"):
            continue  # a new product changes nothing about lines that are there
        if event.type in _ABOUT_MANY:
            touched.has_new_catalogue |= event.type != catalog_events.PRODUCT_RECORDED
            if is_live or touched.everybody is None:
                touched.everybody = ChangeCause.LIVE if is_live else ChangeCause.BACKFILL
            continue
        is_regrouping = event.type in _REGROUPING
        is_erasure = event.type == identity_events.PersonErased.type
        named = people_of(event)
        for person_id in named:
            touch = touched.people.setdefault(person_id, Touch())
            if is_regrouping:
                touch.is_regrouped = True
                touch.joined |= named
            elif is_erasure:
                touch.is_erased = True
            elif is_live:
                touch.is_live = True
            else:
                touch.is_backfilled = True
    return touched


def people_of(event: Event) -> set[int]:
    """Return every person record that an event names."""
    people: set[int] = {event.person_id} if event.person_id is not None else set()
    for key in _SINGLE_KEYS:
        named = event.payload.get(key)
        if isinstance(named, int):
            people.add(named)
    for key in _LIST_KEYS:
        listed = event.payload.get(key)
        if isinstance(listed, list):
            people.update(person_id for person_id in listed if isinstance(person_id, int))
    return people


def cause_of(touch: Touch, *, has_entered: bool, was_in: Iterable[bool]) -> ChangeCause:
    """Return why a membership changed. `was_in` tells of the records joined by a merge whether they were members.

    Merges and splits alone are no entries and exits. A fact that came with the merge makes one, unless the entry is only
    that of a record that was a member before.
    """
    if touch.is_erased:
        return ChangeCause.ERASURE
    has_facts = touch.is_live or touch.is_backfilled
    if touch.is_regrouped and (not has_facts or (has_entered and any(was_in))):
        return ChangeCause.MERGE
    return ChangeCause.LIVE if touch.is_live else ChangeCause.BACKFILL
