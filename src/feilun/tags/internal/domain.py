"""Rules of tags on plain values: which of several assignments holds, what a change does to a person, what undoing restores.

Assignments compete in a *slot*: an exclusive group, a tag with one value, or else just the tag with its value. On one record a
slot has one assignment; records that were merged may each bring one, and then the newest holds until they are split again.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from feilun.kernel.ids import PersonId
from feilun.tags.contracts import (
    ALLOWED_VALUES_MAX,
    COLOURS,
    VALUE_MAX,
    Assignment,
    Tag,
    TagDraft,
    TagId,
    ValueMode,
)
from feilun.tags.errors import (
    ReasonTooLong,
    TagColourUnknown,
    TagKeyInvalid,
    TagNameInvalid,
    TagValidityInvalid,
    TagValueInvalid,
    TagValuesInvalid,
)

NAME_MAX: Final = 60
REASON_MAX: Final = 500
_DAYS_MAX: Final = 36_500
_YEAR_MAX: Final = 2_199
"""The warehouse's moments end with 2299; what never expires is told apart from what expires in 2200."""
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")

Slot = tuple[str, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An assignment as stored."""

    assignment: Assignment
    revision: int
    """Grows with every change anywhere: of two with the same moment the later one is the newer."""

    @property
    def key(self) -> tuple[TagId, str]:
        """What a record can have only once."""
        return self.assignment.tag_id, self.assignment.value

    @property
    def age(self) -> tuple[datetime, int]:
        """The greater, the newer."""
        return self.assignment.assigned_at, self.revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a change wants of everybody it names."""

    tag: Tag
    value: str | None
    renews: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do to the records of one person. Nothing at all means that it is so already."""

    gives: bool = False
    """Give the tag to the target record; what it holds under the same key is replaced."""
    takes: tuple[Held, ...] = ()
    """Assignments that go."""


# --- the dictionary ---------------------------------------------------------------------------------------------------


def check_name(name: str) -> str:
    """Return a name without blanks around it. Raises: TagNameInvalid."""
    clean = name.strip()
    if not clean or len(clean) > NAME_MAX or _UNSTORABLE.search(clean):
        raise TagNameInvalid("not a name", name=clean[:NAME_MAX], length_max=NAME_MAX)
    return clean


def check_draft(draft: TagDraft) -> None:
    """Judge a draft by itself. Raises: TagKeyInvalid, TagColourUnknown, TagValidityInvalid, TagValuesInvalid."""
    if not _KEY.fullmatch(draft.key):
        raise TagKeyInvalid("not a key", key=draft.key[:50])
    if draft.colour not in COLOURS:
        raise TagColourUnknown("not of the palette", colour=draft.colour)
    is_twice = draft.valid_days is not None and draft.valid_until is not None
    is_short = draft.valid_days is not None and not 1 <= draft.valid_days <= _DAYS_MAX
    is_far = draft.valid_until is not None and draft.valid_until.year > _YEAR_MAX
    if is_twice or is_short or is_far:
        raise TagValidityInvalid(
            "days or a date, and at least one day", days_max=_DAYS_MAX, year_max=_YEAR_MAX
        )
    values = [allowed.value for allowed in draft.allowed_values]
    is_fitting = all(
        allowed.value
        and max(len(allowed.value), len(allowed.label)) <= VALUE_MAX
        and not _UNSTORABLE.search(allowed.value + allowed.label)
        for allowed in draft.allowed_values
    )
    if not is_fitting or len(set(values)) < len(values) or len(values) > ALLOWED_VALUES_MAX:
        raise TagValuesInvalid("values empty, too long, twice or too many", key=draft.key)
    if values and draft.value_mode is ValueMode.FLAG:
        raise TagValuesInvalid("a flag has no values", key=draft.key)


def check_value(tag: Tag, value: str | None) -> str:
    """Return the value as it is stored: of a label its value, of a flag the empty text. Raises: TagValueInvalid."""
    given = (value or "").strip()
    if tag.value_mode is ValueMode.FLAG:
        if given:
            raise TagValueInvalid("a flag takes no value", tag=tag.name, value=given[:VALUE_MAX])
        return ""
    if not given or len(given) > VALUE_MAX or _UNSTORABLE.search(given):
        raise TagValueInvalid("no value, or too long", tag=tag.name, value=given[:VALUE_MAX])
    if not tag.allowed_values:
        return given
    by_word = {a.label: a.value for a in tag.allowed_values} | {a.value: a.value for a in tag.allowed_values}
    if given not in by_word:
        raise TagValueInvalid("not one of its values", tag=tag.name, value=given)
    return by_word[given]


def check_reason(reason: str) -> str:
    """Return a reason without blanks around it. Raises: ReasonTooLong."""
    clean = reason.strip()
    if len(clean) > REASON_MAX or _UNSTORABLE.search(clean):
        raise ReasonTooLong("reason too long", length_max=REASON_MAX)
    return clean


# --- which holds ------------------------------------------------------------------------------------------------------


def slot_of(tag: Tag, value: str) -> Slot:
    """Return what an assignment competes in."""
    if tag.group is not None and tag.group.is_exclusive:
        return "group", tag.group.group_id, ""
    if tag.value_mode is ValueMode.ONE:
        return "tag", tag.tag_id, ""
    return "value", tag.tag_id, value


def holding(held: Iterable[Held], tags: Mapping[TagId, Tag]) -> list[Held]:
    """Return those of one person's assignments that hold: per slot the newest, with all that say the same on other records.

    A tag with several values in an exclusive group holds with all its values.
    """
    slots: dict[Slot, list[Held]] = defaultdict(list)
    for item in held:
        slots[slot_of(tags[item.assignment.tag_id], item.assignment.value)].append(item)
    result: list[Held] = []
    for items in slots.values():
        newest = max(items, key=lambda item: item.age)
        result.extend(item for item in items if _says_the_same(item, newest, tags))
    return result


def _says_the_same(item: Held, newest: Held, tags: Mapping[TagId, Tag]) -> bool:
    if item.assignment.tag_id != newest.assignment.tag_id:
        return False
    several = tags[item.assignment.tag_id].value_mode is ValueMode.SEVERAL
    return several or item.assignment.value == newest.assignment.value


# --- what a change does -----------------------------------------------------------------------------------------------


def plan_assign(wish: Wish, target: PersonId, held: Sequence[Held], tags: Mapping[TagId, Tag]) -> Plan:
    """Plan giving a tag to `target`, a record of the person who has `held` on all records together.

    It stays as it is when the target has it and it holds. Otherwise it takes the place of what competes on the target; what
    competes on other records stays there, outshone.
    """
    value = wish.value or ""
    slot = slot_of(wish.tag, value)
    rivals = [item for item in held if slot_of(tags[item.assignment.tag_id], item.assignment.value) == slot]
    mine = next(
        (i for i in rivals if i.assignment.person_id == target and i.key == (wish.tag.tag_id, value)), None
    )
    if mine is not None and not wish.renews and mine in holding(rivals, tags):
        return Plan()
    takes = tuple(
        item
        for item in rivals
        if item.assignment.person_id == target
        and item is not mine
        and not (item.assignment.tag_id == wish.tag.tag_id and wish.tag.value_mode is ValueMode.SEVERAL)
    )
    return Plan(gives=True, takes=takes)


def plan_remove(wish: Wish, held: Sequence[Held], tags: Mapping[TagId, Tag]) -> Plan:
    """Plan taking a tag from all records of a person: with one value, or whatever the value.

    When a tag with one value holds with the value named, older values of other records go too: otherwise they would show.
    """
    of_tag = [item for item in held if item.assignment.tag_id == wish.tag.tag_id]
    if wish.value is None:
        return Plan(takes=tuple(of_tag))
    named = [item for item in of_tag if item.assignment.value == wish.value]
    if wish.tag.value_mode is ValueMode.ONE and named:
        newest = max(of_tag, key=lambda item: item.age)
        if newest.assignment.value == wish.value:
            return Plan(takes=tuple(of_tag))
    return Plan(takes=tuple(named))


# --- undoing ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A line of history, as far as undoing needs it."""

    history_id: int
    person_id: PersonId
    tag_id: TagId
    value: str
    is_of_operation: bool
    before: Held | None
    """What the record held under this key before; None: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """What a record gets back under one key; None: it goes."""

    person_id: PersonId
    tag_id: TagId
    value: str
    before: Held | None


def plan_undo(
    traces: Sequence[Trace], tags: Mapping[TagId, Tag], now: datetime
) -> tuple[list[Restoration], set[PersonId]]:
    """Return what to restore on records, and the records where something stays because it was changed again since.

    `traces` are the operation's lines of these records and every later line of the same records, in order.
    """
    slots: dict[tuple[PersonId, Slot], list[Trace]] = defaultdict(list)
    for trace in traces:
        slots[trace.person_id, slot_of(tags[trace.tag_id], trace.value)].append(trace)
    restorations: list[Restoration] = []
    kept: set[PersonId] = set()
    for (person_id, _), lines in slots.items():
        done = [index for index, line in enumerate(lines) if line.is_of_operation]
        if not done:
            continue
        if len(done) < len(lines) - done[0]:
            kept.add(person_id)
            continue
        first: dict[tuple[TagId, str], Trace] = {}
        for line in lines:
            if line.is_of_operation:
                first.setdefault((line.tag_id, line.value), line)
        restorations.extend(
            Restoration(
                person_id=person_id,
                tag_id=line.tag_id,
                value=line.value,
                before=_still_valid(line.before, now),
            )
            for line in first.values()
        )
    return restorations, kept


def _still_valid(before: Held | None, now: datetime) -> Held | None:
    if before is None or (before.assignment.expires_at is not None and before.assignment.expires_at <= now):
        return None
    return before
