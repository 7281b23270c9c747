"""Making what a blueprint says: a segment, or a computed tag with its rules."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo

from feilun.blueprints.contracts import (
    Blueprint,
    BuiltSegment,
    BuiltTag,
    Outcome,
    Setting,
    SettingKind,
    Words,
)
from feilun.blueprints.errors import BlueprintNotFound, KeyInUse, SettingInvalid
from feilun.blueprints.internal.domain.ready import READY
from feilun.platform.db import UnitOfWork
from feilun.platform.i18n import Locale
from feilun.segments import api as segments
from feilun.segments.contracts import Segment, SegmentDraft, TagValueRule
from feilun.segments.ports import Surroundings
from feilun.tags import api as tags
from feilun.tags.contracts import AllowedValue, Tag, TagDraft, TagGroupDraft, TagGroupId, TagKind, ValueMode

_GROUP: Final = Words("现成标签", "Ready tags")
_TEXT_MAX: Final = 4_000


def say(words: Words, locale: Locale) -> str:
    """Return the text in a language."""
    return words.zh if locale == "zh-CN" else words.en


def find_blueprint(name: str) -> Blueprint:
    """Raises: BlueprintNotFound."""
    if name not in READY:
        raise BlueprintNotFound(f"no blueprint {name!r}", blueprint=name)
    return READY[name].blueprint


def build(name: str, given: Mapping[str, str]) -> BuiltSegment | BuiltTag:
    """Return what a blueprint says with these settings; those left out have their defaults.

    Raises: BlueprintNotFound, SettingInvalid.
    """
    blueprint = find_blueprint(name)
    known = {setting.name: setting for setting in blueprint.settings}
    for unknown in given.keys() - known.keys():
        raise SettingInvalid(f"{name} has no setting {unknown!r}", setting=unknown, value=given[unknown])
    values = {key: _checked(setting, given.get(key, setting.default)) for key, setting in known.items()}
    return READY[name].build(values)


def make_segment(
    uow: UnitOfWork,
    surroundings: Surroundings,
    blueprint: Blueprint,
    built: BuiltSegment,
    *,
    key: str,
    name: str,
    locale: Locale,
) -> Segment:
    """Make the segment. Raises: as `segments.api.create_segment`."""
    draft = SegmentDraft(
        key=key, name=name, description=say(blueprint.description, locale), condition=built.condition
    )
    return segments.create_segment(uow, surroundings, draft)


def set_computed_tag(
    uow: UnitOfWork,
    surroundings: Surroundings,
    *,
    key: str,
    title: Words,
    description: Words,
    built: BuiltTag,
    locale: Locale,
    group: Words = _GROUP,
    name: str = "",
) -> Tag:
    """Make the tag or change the one there is, and set its rules. Raises: KeyInUse, and as `segments.api.set_tag_values`."""
    present = tags.find_tag(uow, key)
    if present is not None and present.kind is not TagKind.COMPUTED:
        raise KeyInUse(f"tag {key!r} is not computed", key=key)
    allowed = tuple(AllowedValue(value.value, say(value.label, locale)) for value in built.values)
    zone = ZoneInfo(surroundings.zone)
    if present is None:
        draft = TagDraft(
            key=key,
            name=name or say(title, locale),
            group_id=_group(uow, group, locale),
            description=say(description, locale),
            kind=TagKind.COMPUTED,
            value_mode=ValueMode.ONE if built.is_first_match else ValueMode.SEVERAL,
            allowed_values=allowed,
        )
        tag = tags.create_tag(uow, draft, zone=zone)
    elif [value.value for value in present.allowed_values] != [value.value for value in allowed]:
        draft = tags.draft_of(present)
        kept = {value.value: value for value in present.allowed_values}
        values = tuple(kept.get(value.value, value) for value in allowed)
        tag = tags.change_tag(uow, present.tag_id, replace(draft, allowed_values=values), zone=zone)
    else:
        tag = present
    rules = [TagValueRule(value.value, value.condition) for value in built.values]
    segments.set_tag_values(uow, surroundings, tag.tag_id, tag.key, rules, is_exclusive=built.is_first_match)
    return tag


def make_tag(
    uow: UnitOfWork,
    surroundings: Surroundings,
    blueprint: Blueprint,
    built: BuiltTag,
    *,
    key: str,
    name: str,
    locale: Locale,
) -> Tag:
    """Make the computed tag. Raises: KeyInUse, and as `segments.api.set_tag_values`."""
    assert blueprint.outcome is Outcome.TAG, "the built form follows from the blueprint"
    return set_computed_tag(
        uow,
        surroundings,
        key=key,
        title=blueprint.title,
        description=blueprint.description,
        built=built,
        locale=locale,
        name=name,
    )


def _group(uow: UnitOfWork, title: Words, locale: Locale) -> TagGroupId:
    for group in tags.list_groups(uow):
        if group.name in (title.zh, title.en):
            return group.group_id
    return tags.create_group(uow, TagGroupDraft(name=say(title, locale))).group_id


def _checked(setting: Setting, value: str) -> str:
    """Raises: SettingInvalid."""
    wrong = SettingInvalid(f"{setting.name}: {value!r}", setting=setting.name, value=value)
    if setting.kind is SettingKind.TEXT:
        if len(value) > _TEXT_MAX:
            raise wrong
        return value
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise wrong from None
    is_whole = setting.kind in (SettingKind.DAYS, SettingKind.COUNT)
    if not number.is_finite() or (is_whole and number != int(number)):
        raise wrong
    if (setting.low is not None and number < setting.low) or (
        setting.high is not None and number > setting.high
    ):
        raise wrong
    return value
