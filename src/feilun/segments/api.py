"""Facade of the segments room: definitions, memberships, questions about conditions, audiences, computed tags."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from feilun.conditions.api import dump_condition as condition_json
from feilun.conditions.api import parse_condition
from feilun.conditions.contracts import Catalogue, Condition, MeasureOperand
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.i18n import Locale
from feilun.segments.contracts import (
    Audience,
    AudienceId,
    AudienceOf,
    CarriedValue,
    Change,
    ComputedTagValue,
    Distribution,
    EvaluatorStatus,
    ExportFormat,
    ExportRecord,
    FigureCell,
    ImportedDefinition,
    MemberPage,
    Membership,
    MembersOf,
    Overlap,
    Preview,
    Quantiles,
    Reference,
    Segment,
    SegmentDraft,
    SegmentEdit,
    SegmentFilter,
    SegmentId,
    SegmentVersion,
    SetExpression,
    Suggestion,
    TagPeople,
    TagValueChange,
    TagValueRule,
    TrendDay,
)
from feilun.segments.errors import SegmentNotFound
from feilun.segments.internal import (
    audiences,
    catalogue,
    definitions,
    exporting,
    figures,
    members,
    profiling,
    questions,
    store_audiences,
    store_definitions,
    store_memberships,
    tag_values,
)
from feilun.segments.internal.audiences import MembersChanged
from feilun.segments.internal.questions import Checked, Explained, ValueQuery, Words
from feilun.segments.ports import Surroundings
from feilun.tags.contracts import TagId

__all__ = [
    "Checked",
    "Explained",
    "MembersChanged",
    "ValueQuery",
    "Words",
    "condition_json",
    "parse_condition",
]


# --- conditions -------------------------------------------------------------------------------------------------------


def get_catalogue(uow: UnitOfWork, surroundings: Surroundings) -> Catalogue:
    """Return everything conditions can speak about in this installation now."""
    return catalogue.load_catalogue(uow, surroundings)


def main_currency(uow: UnitOfWork, surroundings: Surroundings) -> str:
    """Return the currency in which amounts count; rows in others do not."""
    return catalogue.main_currency(uow, surroundings)


def check(uow: UnitOfWork, surroundings: Surroundings, data: object, *, locale: Locale) -> Checked:
    """Return what is wrong with a condition in JSON, or its sentence and how often time alone can change who fits."""
    return questions.check(uow, surroundings, data, locale=locale)


def condition_words(
    uow: UnitOfWork, surroundings: Surroundings, stored: Sequence[Condition], *, locale: Locale
) -> list[Words]:
    """Return stored conditions in words, also those that name what is gone."""
    return questions.condition_words(uow, surroundings, stored, locale=locale)


def describe(uow: UnitOfWork, surroundings: Surroundings, condition: Condition, *, locale: Locale) -> str:
    """Return a condition as a sentence."""
    return questions.condition_words(uow, surroundings, [condition], locale=locale)[0].sentence


def preview(
    database: Database,
    surroundings: Surroundings,
    data: object,
    *,
    zone: str | None = None,
    sample: int = 20,
    editor: str | None = None,
    locale: Locale,
) -> Preview:
    """Count the people a condition fits now. A newer preview of the same `editor` ends this one.

    Takes the database and not a transaction: none is open while the warehouse counts.

    Raises: ConditionInvalid, ZoneUnknown, PreviewSuperseded, PreviewsBusy, PreviewTooSlow, WarehouseAway.
    """
    return questions.preview(
        database, surroundings, data, zone=zone, sample=sample, editor=editor, locale=locale
    )


def explain(
    uow: UnitOfWork,
    surroundings: Surroundings,
    data: object,
    person_id: PersonId,
    *,
    zone: str | None = None,
    locale: Locale,
) -> Explained:
    """Return why a person fits a condition, or not, with actual values; a merged record answers for whom it belongs to.

    Raises: ConditionInvalid, PersonNotFound, ZoneUnknown, WarehouseAway.
    """
    condition = parse_condition(data)
    return questions.explain(uow, surroundings, condition, person_id, zone=zone, locale=locale)


def explain_segment(
    uow: UnitOfWork,
    surroundings: Surroundings,
    segment_id: SegmentId,
    person_id: PersonId,
    *,
    locale: Locale,
) -> Explained:
    """Return why a person is in a segment, or not; also for paused ones.

    Raises: SegmentNotFound, ConditionInvalid (the condition names what is gone), PersonNotFound, WarehouseAway.
    """
    segment = definitions.get_segment(uow, segment_id)
    return questions.explain(
        uow,
        surroundings,
        segment.condition,
        person_id,
        zone=segment.zone,
        locale=locale,
        definition_id=segment.status.definition_id if segment.status.size is not None else None,
    )


def list_values(
    uow: UnitOfWork, surroundings: Surroundings, wanted: ValueQuery, *, locale: Locale
) -> list[Suggestion]:
    """Return values that occur, most frequent first; of fields with options those.

    Raises: ValuesNotListed, WarehouseAway.
    """
    return questions.list_values(uow, surroundings, wanted, locale=locale)


def read_quantiles(
    uow: UnitOfWork, surroundings: Surroundings, measures: Sequence[MeasureOperand], *, parts: int
) -> Quantiles:
    """Cut everybody who has a value of the first measure into equal parts, for each measure.

    Of n values in order, limit k is the one at place floor(k · (n - 1) / parts), counted from 0. Raises: ConditionInvalid,
    WarehouseAway.
    """
    return figures.read_quantiles(
        surroundings.warehouse(),
        measures,
        parts,
        catalogue.load_catalogue(uow, surroundings),
        questions.evaluation_now(uow, surroundings, None),
    )


def tabulate(
    uow: UnitOfWork,
    surroundings: Surroundings,
    measures: Sequence[MeasureOperand],
    limits: Sequence[Sequence[Decimal]],
) -> list[FigureCell]:
    """Count everybody who has a value of the first measure by where their values lie between ascending limits.

    `limits` belong to the first measures; further ones are only added up. Raises: ConditionInvalid, WarehouseAway.
    """
    return figures.tabulate(
        surroundings.warehouse(),
        measures,
        limits,
        catalogue.load_catalogue(uow, surroundings),
        questions.evaluation_now(uow, surroundings, None),
    )


# --- definitions ------------------------------------------------------------------------------------------------------


def list_segments(
    uow: UnitOfWork, wanted: SegmentFilter, *, offset: int = 0, limit: int = 50
) -> tuple[list[Segment], int]:
    """Return a page of segments by name, and how many there are."""
    return store_definitions.list_segments(uow, wanted, offset=offset, limit=limit)


def get_segment(uow: UnitOfWork, segment_id: SegmentId) -> Segment:
    """Return a segment. Raises: SegmentNotFound."""
    return definitions.get_segment(uow, segment_id)


def get_segment_by_key(uow: UnitOfWork, key: str) -> Segment:
    """Return a segment by its key. Raises: SegmentNotFound."""
    found = store_definitions.find_segment_by_key(uow, key)
    if found is None:
        raise SegmentNotFound(f"no segment {key!r}", segment=key)
    return found


def create_segment(uow: UnitOfWork, surroundings: Surroundings, draft: SegmentDraft) -> Segment:
    """Make a segment. Its members are computed within seconds; those who fit at once are a baseline, not entries.

    Raises: SegmentKeyInvalid, SegmentKeyTaken, SegmentNameInvalid, ZoneUnknown, TooManySegments, ConditionMissing,
    ConditionNotWanted, ConditionInvalid.
    """
    return definitions.create_segment(uow, surroundings, draft)


def change_segment(
    uow: UnitOfWork, surroundings: Surroundings, segment_id: SegmentId, edit: SegmentEdit
) -> Segment:
    """Change a segment. Another condition becomes a new version; who then fits or not is no entry or exit.

    Raises: SegmentNotFound, SegmentNameInvalid, ZoneUnknown, SegmentInUse (archiving), ConditionNotWanted, ConditionInvalid.
    """
    return definitions.change_segment(uow, surroundings, segment_id, edit)


def delete_segment(uow: UnitOfWork, segment_id: SegmentId) -> None:
    """Delete a segment with memberships and history; audiences taken from it stay. Raises: SegmentNotFound, SegmentInUse."""
    definitions.delete_segment(uow, segment_id)


def list_versions(uow: UnitOfWork, segment_id: SegmentId) -> list[SegmentVersion]:
    """Return every version of a condition, newest first. Raises: SegmentNotFound."""
    definitions.get_segment(uow, segment_id)
    return store_definitions.list_versions(uow, segment_id)


def restore_version(
    uow: UnitOfWork, surroundings: Surroundings, segment_id: SegmentId, version: int
) -> Segment:
    """Make an earlier condition hold again, as a new version. Raises: SegmentVersionNotFound, and as `change_segment`."""
    return definitions.restore_version(uow, surroundings, segment_id, version)


def list_references(uow: UnitOfWork, segment: Segment) -> list[Reference]:
    """Return the segments that a segment's condition names."""
    return definitions.list_references(uow, segment)


def list_uses(uow: UnitOfWork, key: str) -> list[Reference]:
    """Return what names a segment in its condition."""
    return store_definitions.list_uses(uow, key)


def list_referable(uow: UnitOfWork) -> list[Reference]:
    """Return what conditions may refer to by key: segments that are not archived, and values of computed tags."""
    return store_definitions.list_referable(uow)


def list_field_uses(uow: UnitOfWork, name: str) -> list[Reference]:
    """Return what names a field in its condition, e.g. before it is archived."""
    return store_definitions.list_field_uses(uow, name)


def export_definitions(uow: UnitOfWork, segment_ids: Sequence[SegmentId] = ()) -> list[dict[str, object]]:
    """Return definitions for a file: key, name, description, zone, condition. None named: all that are not archived.

    Raises: SegmentNotFound.
    """
    return definitions.export_definitions(uow, segment_ids)


def import_definitions(
    uow: UnitOfWork,
    surroundings: Surroundings,
    entries: Sequence[Mapping[str, object]],
    *,
    is_applied: bool,
) -> list[ImportedDefinition]:
    """Tell what a file's definitions would change, by key, and with `is_applied` take in the new and changed ones.

    They may refer to each other. Invalid ones are left out, and those that refer to them are invalid too.
    """
    return definitions.import_definitions(uow, surroundings, entries, is_applied=is_applied)


# --- memberships ------------------------------------------------------------------------------------------------------


def list_members(
    uow: UnitOfWork,
    segment_id: SegmentId,
    *,
    after: PersonId | None = None,
    limit: int = 50,
) -> MemberPage:
    """Return members after an id, in the order of ids; none before the first computation. Raises: SegmentNotFound."""
    return members.list_members(uow, segment_id, after=after or PersonId(0), limit=limit)


def is_member(uow: UnitOfWork, segment_id: SegmentId, person_id: PersonId) -> bool:
    """Tell whether a person, given by any of their records, is a member. Raises: SegmentNotFound."""
    return members.is_member(uow, segment_id, person_id)


def list_memberships(uow: UnitOfWork, person_id: PersonId) -> list[Membership]:
    """Return the segments a person is in, archived ones left out, by key."""
    return members.list_memberships(uow, person_id)


def list_changes(
    uow: UnitOfWork,
    segment_id: SegmentId,
    *,
    person_id: PersonId | None = None,
    before: int | None = None,
    limit: int = 50,
) -> tuple[list[Change], int | None]:
    """Return entries and exits, newest first, and where the next page begins. Raises: SegmentNotFound."""
    return members.list_changes(uow, segment_id, person_id=person_id, before=before, limit=limit)


def get_trend(
    uow: UnitOfWork, surroundings: Surroundings, segment_id: SegmentId, *, days: int
) -> list[TrendDay]:
    """Return size, entries and exits of the last days, oldest first; days without a change keep the last known size.

    Raises: SegmentNotFound.
    """
    return members.get_trend(uow, segment_id, days=days, zone=surroundings.zone)


def compare_segments(uow: UnitOfWork, segment_ids: Sequence[SegmentId]) -> Overlap:
    """Return sizes and pairwise intersections. Raises: SegmentNotFound, NotComputedYet."""
    return members.compare_segments(uow, list(segment_ids))


def combine_segments(
    uow: UnitOfWork, expression: SetExpression, *, sample: int
) -> tuple[int, list[PersonId]]:
    """Count the people of a set expression, and return some. Raises: SegmentNotFound, AudienceNotFound, NotComputedYet."""
    people = members.people_of(uow, expression)
    return len(people), members.sample_of(people, sample)


def profile_segment(
    uow: UnitOfWork,
    surroundings: Surroundings,
    segment_id: SegmentId,
    fields: Sequence[str],
    *,
    locale: Locale,
) -> list[Distribution]:
    """Return how values of fields are spread among members, against everybody.

    Raises: SegmentNotFound, NotComputedYet, FieldNotProfiled, WarehouseAway.
    """
    return profiling.distributions(
        surroundings.warehouse(),
        fields,
        catalogue.load_catalogue(uow, surroundings),
        questions.evaluation_now(uow, surroundings, None),
        members.members_of(uow, definitions.get_segment(uow, segment_id)),
        locale=locale,
    )


def change_members(
    uow: UnitOfWork,
    segment_id: SegmentId,
    *,
    add: Sequence[PersonId] = (),
    remove: Sequence[PersonId] = (),
) -> MembersChanged:
    """Put people into a static segment or take them out, by any of their records. Memberships follow within seconds.

    Idempotent. Locks the segment's list. Raises: SegmentNotFound, SegmentNotStatic.
    """
    segment = definitions.get_segment(uow, segment_id)
    return audiences.change_members(uow, segment, add=add, remove=remove)


def iterate_members(uow: UnitOfWork, segment_id: SegmentId) -> Iterator[PersonId]:
    """Yield every member in the order of ids. Raises: SegmentNotFound, NotComputedYet."""
    for person_id in members.members_of(uow, definitions.get_segment(uow, segment_id)):
        yield PersonId(person_id)


# --- audiences and exports --------------------------------------------------------------------------------------------


def freeze_segment(uow: UnitOfWork, segment_id: SegmentId, *, name: str) -> Audience:
    """Freeze the members of a segment as they are now. Raises: SegmentNotFound, NotComputedYet, SegmentNameInvalid."""
    return audiences.freeze_segment(uow, definitions.get_segment(uow, segment_id), name=name)


def freeze_combination(uow: UnitOfWork, expression: SetExpression, *, name: str) -> Audience:
    """Freeze the people of a set expression. Raises: as `combine_segments`, SegmentNameInvalid."""
    return audiences.freeze(uow, members.people_of(uow, expression), name=name, segment=None)


def list_audiences(
    uow: UnitOfWork, segment_id: SegmentId | None, *, offset: int = 0, limit: int = 50
) -> tuple[list[Audience], int]:
    """Return a page of audiences, newest first, and how many there are."""
    return store_audiences.list_audiences(uow, segment_id, offset=offset, limit=limit)


def get_audience(uow: UnitOfWork, audience_id: AudienceId) -> Audience:
    """Return an audience. Raises: AudienceNotFound."""
    return audiences.get_audience(uow, audience_id)


def delete_audience(uow: UnitOfWork, audience_id: AudienceId) -> None:
    """Delete an audience that no condition names. Raises: AudienceNotFound, AudienceInUse."""
    audiences.delete_audience(uow, audience_id)


def list_audience_members(
    uow: UnitOfWork, audience_id: AudienceId, *, after: PersonId, limit: int
) -> MemberPage:
    """Return people of an audience after an id, as whom they belong to today. Raises: AudienceNotFound."""
    audience = audiences.get_audience(uow, audience_id)
    return audiences.members_page(uow, audience, after=after, limit=limit)


def begin_segment_export(
    uow: UnitOfWork,
    segment_id: SegmentId,
    *,
    reason: str,
    columns: Sequence[str],
    export_format: ExportFormat,
    reveal: bool,
) -> ExportRecord:
    """Record that members are exported, before any row leaves. No columns named: all.

    Raises: SegmentNotFound, NotComputedYet, ReasonTooShort, ExportColumnUnknown.
    """
    return exporting.begin(
        uow,
        MembersOf(segment_id),
        reason=reason,
        columns=columns,
        export_format=export_format,
        reveal=reveal,
    )


def begin_audience_export(
    uow: UnitOfWork,
    audience_id: AudienceId,
    *,
    reason: str,
    columns: Sequence[str],
    export_format: ExportFormat,
    reveal: bool,
) -> ExportRecord:
    """Record that the people of an audience are exported. Raises: AudienceNotFound, ReasonTooShort, ExportColumnUnknown."""
    return exporting.begin(
        uow,
        AudienceOf(audience_id),
        reason=reason,
        columns=columns,
        export_format=export_format,
        reveal=reveal,
    )


def write_export(
    uow: UnitOfWork, record: ExportRecord, path: Path, *, locale: Locale, zone: ZoneInfo, reveal: bool
) -> None:
    """Write the file of a recorded export; at most 200,000 people."""
    exporting.write(uow, record, path, locale=locale, zone=zone, reveal=reveal)


def list_exports(uow: UnitOfWork, *, offset: int = 0, limit: int = 50) -> tuple[list[ExportRecord], int]:
    """Return who exported whom, why and when, newest first, and how many there are."""
    return store_audiences.list_exports(uow, offset=offset, limit=limit)


# --- computed tags ----------------------------------------------------------------------------------------------------


def set_tag_values(
    uow: UnitOfWork,
    surroundings: Surroundings,
    tag_id: TagId,
    tag_key: str,
    rules: Sequence[TagValueRule],
    *,
    is_exclusive: bool,
) -> list[ComputedTagValue]:
    """Set who carries which value of a computed tag; without rules nobody does. Replaces all rules.

    With `is_exclusive` a person carries the first value whose condition holds. Idempotent. Paths of problems lead into
    `/rules/PLACE/condition`.

    Raises: TagRulesInvalid, ConditionInvalid.
    """
    return tag_values.set_tag_values(uow, surroundings, tag_id, tag_key, rules, is_exclusive=is_exclusive)


def list_tag_values(uow: UnitOfWork, tag_id: TagId) -> list[ComputedTagValue]:
    """Return the rules of a computed tag in their order, with how their evaluation stands."""
    return tag_values.list_tag_values(uow, tag_id)


def count_tag_people(uow: UnitOfWork, tag_id: TagId | None = None) -> dict[TagId, TagPeople]:
    """Return how many people carry each computed tag that has rules, by value and together; archived ones left out."""
    return tag_values.count_people(uow, tag_id)


def list_carried_values(uow: UnitOfWork, person_id: PersonId) -> list[CarriedValue]:
    """Return the computed tags that a person carries, with their values and since when."""
    return tag_values.carried_values(uow, person_id)


def tag_members(
    uow: UnitOfWork, tag_id: TagId, value: str | None, *, after: PersonId, limit: int
) -> MemberPage:
    """Return people who carry a computed tag, after an id; None for any value. Nobody for an unknown value."""
    return tag_values.tag_members(uow, tag_id, value, after=after, limit=limit)


def values_of_people(
    uow: UnitOfWork, tag_id: TagId, person_ids: Sequence[PersonId]
) -> dict[PersonId, list[str]]:
    """Return the values of a computed tag that people, given by root, carry, in the order of its rules."""
    return tag_values.values_of(uow, tag_id, person_ids)


def list_tag_changes(
    uow: UnitOfWork,
    tag_id: TagId,
    *,
    value: str | None = None,
    person_id: PersonId | None = None,
    before: int | None = None,
    limit: int = 50,
) -> tuple[list[TagValueChange], int | None]:
    """Return who came to carry values of a computed tag and who does not any more, newest first, and where to go on."""
    return tag_values.list_changes(uow, tag_id, value=value, person_id=person_id, before=before, limit=limit)


def explain_tag_value(
    uow: UnitOfWork,
    surroundings: Surroundings,
    tag_id: TagId,
    value: str,
    person_id: PersonId,
    *,
    locale: Locale,
) -> Explained:
    """Return why a person carries a value of a computed tag, or not; earlier values that come first are part of it.

    Raises: TagValueUnknown, ConditionInvalid (the condition names what is gone), PersonNotFound, WarehouseAway.
    """
    return tag_values.explain_value(uow, surroundings, tag_id, value, person_id, locale=locale)


# --- the evaluator ----------------------------------------------------------------------------------------------------


def get_evaluator_status(uow: UnitOfWork) -> EvaluatorStatus:
    """Return how the evaluator stands."""
    return store_memberships.evaluator_status(uow)
