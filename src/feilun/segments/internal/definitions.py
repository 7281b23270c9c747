"""Making and changing definitions: segments, their versions, rules of computed tags, files of definitions."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from feilun.conditions import api as conditions
from feilun.conditions.contracts import Catalogue, Condition, Problem
from feilun.conditions.errors import ConditionInvalid
from feilun.platform.db import UnitOfWork
from feilun.segments.contracts import (
    SEGMENTS_MAX,
    ImportedDefinition,
    ImportVerdict,
    OwnerKind,
    Reference,
    Segment,
    SegmentDraft,
    SegmentEdit,
    SegmentId,
    SegmentKind,
    SegmentState,
)
from feilun.segments.errors import (
    ConditionMissing,
    ConditionNotWanted,
    SegmentInUse,
    SegmentKeyInvalid,
    SegmentKeyTaken,
    SegmentNameInvalid,
    SegmentNotFound,
    SegmentVersionNotFound,
    TooManySegments,
    ZoneUnknown,
)
from feilun.segments.internal import audiences, store_definitions
from feilun.segments.internal.catalogue import load_catalogue
from feilun.segments.ports import Surroundings

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_NAME_MAX: Final = 200


def get_segment(uow: UnitOfWork, segment_id: SegmentId, *, for_update: bool = False) -> Segment:
    """See `feilun.segments.api.get_segment`."""
    found = store_definitions.find_segment(uow, segment_id, for_update=for_update)
    if found is None:
        raise SegmentNotFound(f"no segment {segment_id}", segment=segment_id)
    return found


def known_conditions(uow: UnitOfWork) -> dict[str, Condition]:
    """Return the readable conditions of all segments by key, for references."""
    found = {}
    for key, data in store_definitions.named_conditions(uow).items():
        try:
            found[key] = conditions.parse_condition(data)
        except ConditionInvalid:
            continue
    return found


def checked_condition(uow: UnitOfWork, catalogue: Catalogue, data: object, *, key: str | None) -> Condition:
    """Return a condition that can be evaluated. `key` names the segment it belongs to, so that circles are found.

    Raises: ConditionInvalid.
    """
    condition = conditions.parse_condition(data)
    segments = known_conditions(uow)
    if key is not None:
        segments[key] = condition
    problems = conditions.check_condition(condition, catalogue, segments=segments)
    if problems:
        raise ConditionInvalid(problems)
    return condition


def create_segment(uow: UnitOfWork, surroundings: Surroundings, draft: SegmentDraft) -> Segment:
    """See `feilun.segments.api.create_segment`."""
    if not _KEY.fullmatch(draft.key):
        raise SegmentKeyInvalid("lower-case letters, digits, underscores", key=draft.key)
    name = _checked_name(draft.name)
    zone = _checked_zone(draft.zone)
    if store_definitions.count_segments(uow) >= SEGMENTS_MAX:
        raise TooManySegments("too many segments", limit=SEGMENTS_MAX)
    if draft.kind is SegmentKind.STATIC:
        if draft.condition is not None:
            raise ConditionNotWanted("a static segment has no condition")
        condition = audiences.list_condition(draft.key)
    else:
        if draft.condition is None:
            raise ConditionMissing("a dynamic segment needs a condition")
        catalogue = load_catalogue(uow, surroundings)
        condition = conditions.dump_condition(
            checked_condition(uow, catalogue, draft.condition, key=draft.key)
        )
    segment_id = store_definitions.insert_segment(
        uow,
        key=draft.key,
        name=name,
        description=draft.description.strip(),
        kind=draft.kind,
        owner=draft.owner or uow.actor,
    )
    if segment_id is None:
        raise SegmentKeyTaken(f"there is a segment {draft.key}", key=draft.key)
    definition_id = store_definitions.insert_definition(
        uow,
        owner_kind=OwnerKind.SEGMENT,
        owner_id=segment_id,
        owner_key=draft.key,
        condition=condition,
        zone=zone,
    )
    store_definitions.update_segment(uow, segment_id, definition_id=definition_id)
    store_definitions.insert_version(uow, segment_id, 1, condition, "")
    if draft.kind is SegmentKind.STATIC:
        audiences.make_list(uow, segment_id, draft.key, name)
    return get_segment(uow, segment_id)


def change_segment(
    uow: UnitOfWork, surroundings: Surroundings, segment_id: SegmentId, edit: SegmentEdit
) -> Segment:
    """See `feilun.segments.api.change_segment`."""
    segment = get_segment(uow, segment_id, for_update=True)
    _change_words(uow, segment, edit)
    if edit.state is not None and edit.state is not segment.state:
        _change_state(uow, segment, edit.state)
    if edit.zone is not None and (edit.zone or None) != segment.zone:
        zone = _checked_zone(edit.zone or None)
        store_definitions.update_definition(uow, segment.status.definition_id, zone=zone)
    if edit.condition is not None:
        if segment.kind is SegmentKind.STATIC:
            raise ConditionNotWanted("a static segment has no condition")
        catalogue = load_catalogue(uow, surroundings)
        condition = checked_condition(uow, catalogue, edit.condition, key=segment.key)
        if condition != segment.condition:
            _add_version(uow, segment, condition, edit.note)
    return get_segment(uow, segment_id)


def _change_words(uow: UnitOfWork, segment: Segment, edit: SegmentEdit) -> None:
    values: dict[str, object] = {}
    if edit.name is not None:
        values["name"] = _checked_name(edit.name)
    if edit.description is not None:
        values["description"] = edit.description.strip()
    if edit.owner is not None:
        values["owner"] = edit.owner
    if values:
        store_definitions.update_segment(uow, segment.segment_id, **values)


def _change_state(uow: UnitOfWork, segment: Segment, state: SegmentState) -> None:
    if state is SegmentState.ARCHIVED:
        _refuse_when_used(uow, segment)
    store_definitions.update_segment(uow, segment.segment_id, state=state.value)
    store_definitions.update_definition(
        uow, segment.status.definition_id, is_live=state is SegmentState.ACTIVE
    )


def _add_version(uow: UnitOfWork, segment: Segment, condition: Condition, note: str) -> None:
    data = conditions.dump_condition(condition)
    version = segment.version + 1
    store_definitions.insert_version(uow, segment.segment_id, version, data, note.strip())
    store_definitions.update_definition(uow, segment.status.definition_id, condition=data, version=version)
    store_definitions.update_segment(uow, segment.segment_id)


def restore_version(
    uow: UnitOfWork, surroundings: Surroundings, segment_id: SegmentId, version: int
) -> Segment:
    """See `feilun.segments.api.restore_version`."""
    segment = get_segment(uow, segment_id, for_update=True)
    for known in store_definitions.list_versions(uow, segment_id):
        if known.version == version:
            edit = SegmentEdit(
                condition=conditions.dump_condition(known.condition), note=f"version {version}"
            )
            return change_segment(uow, surroundings, segment.segment_id, edit)
    raise SegmentVersionNotFound(f"no version {version}", version=version)


def delete_segment(uow: UnitOfWork, segment_id: SegmentId) -> None:
    """See `feilun.segments.api.delete_segment`."""
    segment = get_segment(uow, segment_id, for_update=True)
    _refuse_when_used(uow, segment)
    if segment.kind is SegmentKind.STATIC:
        audiences.delete_list(uow, segment_id)
    store_definitions.delete_segment(uow, segment_id)
    store_definitions.delete_definitions(uow, [segment.status.definition_id])


def list_references(uow: UnitOfWork, segment: Segment) -> list[Reference]:
    """See `feilun.segments.api.list_references`."""
    names = store_definitions.reference_names(uow)
    return [
        Reference(OwnerKind.SEGMENT, key, names.get(key, key))
        for key in sorted(conditions.references_of(segment.condition))
    ]


def _refuse_when_used(uow: UnitOfWork, segment: Segment) -> None:
    uses = [use for use in store_definitions.list_uses(uow, segment.key) if use.key != segment.key]
    if uses:
        raise SegmentInUse("other conditions refer to it", used_by=[use.name for use in uses])


def _checked_name(name: str) -> str:
    cleaned = name.strip()
    if not cleaned or len(cleaned) > _NAME_MAX:
        raise SegmentNameInvalid("a name has 1 to 200 characters")
    return cleaned


def _checked_zone(zone: str | None) -> str | None:
    if zone is None:
        return None
    if zone not in available_timezones():
        raise ZoneUnknown(f"no time zone {zone!r}", zone=zone)
    return str(ZoneInfo(zone))


# --- files ------------------------------------------------------------------------------------------------------------


def export_definitions(uow: UnitOfWork, segment_ids: Sequence[SegmentId]) -> list[dict[str, object]]:
    """See `feilun.segments.api.export_definitions`."""
    if segment_ids:
        chosen = [get_segment(uow, segment_id) for segment_id in segment_ids]
    else:
        chosen = [
            segment
            for segment in store_definitions.every_segment(uow)
            if segment.kind is SegmentKind.DYNAMIC and segment.state is not SegmentState.ARCHIVED
        ]
    return [
        {
            "key": segment.key,
            "name": segment.name,
            "description": segment.description,
            "zone": segment.zone,
            "condition": conditions.dump_condition(segment.condition),
        }
        for segment in chosen
        if segment.kind is SegmentKind.DYNAMIC
    ]


def import_definitions(
    uow: UnitOfWork,
    surroundings: Surroundings,
    entries: Sequence[Mapping[str, object]],
    *,
    is_applied: bool,
) -> list[ImportedDefinition]:
    """See `feilun.segments.api.import_definitions`."""
    catalogue = load_catalogue(uow, surroundings)
    present = {segment.key: segment for segment in store_definitions.every_segment(uow)}
    parsed, problems = _parsed_entries(entries)
    together = {**known_conditions(uow), **parsed}
    for key, condition in parsed.items():
        found = conditions.check_condition(condition, catalogue, segments=together)
        if found:
            problems[key] = found
    items = []
    # Those that others refer to come first, so that every one can be checked again when it is stored.
    for entry in _in_order(entries, parsed):
        key = str(entry["key"])
        item = _verdict(entry, present.get(key), parsed.get(key), problems.get(key, []))
        items.append(item)
    if is_applied:
        for item, entry in zip(items, _in_order(entries, parsed), strict=True):
            _apply(uow, surroundings, item, entry, present.get(item.key))
    return items


def _parsed_entries(
    entries: Sequence[Mapping[str, object]],
) -> tuple[dict[str, Condition], dict[str, list[Problem]]]:
    parsed: dict[str, Condition] = {}
    problems: dict[str, list[Problem]] = {}
    for entry in entries:
        key = str(entry["key"])
        if key in parsed or key in problems:
            problems.setdefault(key, []).append(Problem("segments.key_twice", "/key", {"key": key}))
            continue
        try:
            parsed[key] = conditions.parse_condition(entry["condition"])
        except ConditionInvalid as error:
            problems[key] = list(error.problems)
    return parsed, problems


def _in_order(
    entries: Sequence[Mapping[str, object]], parsed: Mapping[str, Condition]
) -> list[Mapping[str, object]]:
    by_key = {str(entry["key"]): entry for entry in entries}
    ordered: dict[str, Mapping[str, object]] = {}
    for first in by_key:
        waiting = [first]
        while waiting:
            key = waiting[-1]
            needs = [
                needed
                for needed in (sorted(conditions.references_of(parsed[key])) if key in parsed else ())
                if needed in by_key and needed not in ordered and needed not in waiting
            ]
            if needs:
                waiting.extend(needs[:1])
            else:
                ordered.setdefault(key, by_key[key])
                waiting.pop()
    return list(ordered.values())


def _verdict(
    entry: Mapping[str, object],
    present: Segment | None,
    condition: Condition | None,
    problems: Sequence[Problem],
) -> ImportedDefinition:
    key, name = str(entry["key"]), str(entry["name"])
    zone = entry.get("zone")
    wrong = list(problems)
    if zone is not None and zone not in available_timezones():
        wrong.append(Problem("segments.zone_unknown", "/zone", {"zone": zone}))
    if present is not None and present.kind is SegmentKind.STATIC:
        wrong.append(Problem("segments.condition_not_wanted", "/key", {}))
    if wrong or condition is None:
        return ImportedDefinition(key, name, ImportVerdict.INVALID, tuple(wrong))
    if present is None:
        return ImportedDefinition(key, name, ImportVerdict.NEW)
    pairs = {
        "name": (name.strip(), present.name),
        "description": (str(entry.get("description") or "").strip(), present.description),
        "zone": (zone, present.zone),
        "condition": (condition, present.condition),
    }
    changes = tuple(what for what, (new, old) in pairs.items() if new != old)
    return ImportedDefinition(
        key, name, ImportVerdict.CHANGED if changes else ImportVerdict.SAME, (), changes
    )


def _apply(
    uow: UnitOfWork,
    surroundings: Surroundings,
    item: ImportedDefinition,
    entry: Mapping[str, object],
    present: Segment | None,
) -> None:
    zone = str(entry["zone"]) if entry.get("zone") else None
    description = str(entry.get("description") or "")
    if item.verdict is ImportVerdict.NEW:
        draft = SegmentDraft(
            key=item.key,
            name=item.name,
            description=description,
            condition=entry["condition"],
            zone=zone,
        )
        create_segment(uow, surroundings, draft)
    elif item.verdict is ImportVerdict.CHANGED:
        assert present is not None, "it differs from something"
        edit = SegmentEdit(
            name=item.name,
            description=description,
            zone=zone or "",
            condition=entry["condition"],
            note="file",
        )
        change_segment(uow, surroundings, present.segment_id, edit)
