"""From contracts to the bodies of the segments API, and from outside ids to ours."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request

from feilun.conditions import api as conditions
from feilun.conditions.contracts import (
    DEPTH_MAX,
    LANGUAGE_VERSION,
    NODES_MAX,
    OPERATORS,
    SEQUENCE_STEPS_MAX,
    TEXT_MAX,
    VALUES_MAX,
    Catalogue,
    Column,
    Explanation,
    FieldDef,
    MeasureDef,
    Option,
    Problem,
    Source,
    Unit,
)
from feilun.kernel.ids import PersonId, from_opaque, opaque
from feilun.platform.db import UnitOfWork
from feilun.platform.i18n import Locale, translate
from feilun.segments import api
from feilun.segments.contracts import (
    Audience,
    AudienceId,
    AudienceOf,
    Change,
    DefinitionProblem,
    Distribution,
    Either,
    ExportRecord,
    ImportedDefinition,
    MembersOf,
    Reference,
    Segment,
    SegmentId,
    SetExpression,
    Together,
    Without,
)
from feilun.segments.errors import AudienceNotFound, ExpressionInvalid, SegmentNotFound
from feilun.segments.http_shapes import (
    ActualOut,
    AudienceOut,
    ConditionCatalogueOut,
    ConditionColumnOut,
    ConditionFieldOut,
    ConditionLimitsOut,
    ConditionMeasureOut,
    ConditionOperatorOut,
    ConditionProblemOut,
    ConditionSourceOut,
    DistributionBinOut,
    DistributionOut,
    ExplanationNodeOut,
    ExplanationOut,
    ExportRecordOut,
    GroupOut,
    OptionOut,
    SegmentChangeOut,
    SegmentDetailOut,
    SegmentImportItemOut,
    SegmentImportOut,
    SegmentOut,
    SegmentProblemOut,
    SegmentReferenceOut,
    SetExpressionIn,
)
from feilun.segments.ports import Surroundings

_EXPRESSION_PARTS_MAX: Final = 50


def surroundings_of(request: Request) -> Surroundings:
    """Return what the process gives to this room."""
    surroundings: Surroundings = request.app.state.rooms.segments
    return surroundings


def segment_id_of(text: str) -> SegmentId:
    """Return the segment id behind an outside id. Raises: SegmentNotFound."""
    number = from_opaque("s", text)
    if number is None:
        raise SegmentNotFound(f"no segment {text!r}", segment=text)
    return SegmentId(number)


def audience_id_of(text: str) -> AudienceId:
    """Return the audience id behind an outside id. Raises: AudienceNotFound."""
    number = from_opaque("a", text)
    if number is None:
        raise AudienceNotFound(f"no audience {text!r}", audience=text)
    return AudienceId(number)


def person_ids_of(texts: Sequence[str]) -> list[PersonId]:
    """Return the person ids behind outside ids; what is none becomes 0, which nobody has."""
    return [PersonId(from_opaque("c", text) or 0) for text in texts]


def set_expression_of(body: SetExpressionIn) -> SetExpression:
    """Return the expression a body means. Raises: ExpressionInvalid, SegmentNotFound, AudienceNotFound."""
    left = [_EXPRESSION_PARTS_MAX]

    def read(node: SetExpressionIn) -> SetExpression:
        left[0] -= 1
        given = [name for name in type(node).model_fields if getattr(node, name) is not None]
        if len(given) != 1 or left[0] < 0:
            raise ExpressionInvalid("exactly one of and, or, minus, segment, audience; at most 50 parts")
        if node.segment is not None:
            return MembersOf(segment_id_of(node.segment))
        if node.audience is not None:
            return AudienceOf(audience_id_of(node.audience))
        if node.minus is not None:
            return Without(read(node.minus[0]), read(node.minus[1]))
        if node.all_of is not None:
            return Together(tuple(read(part) for part in node.all_of))
        return Either(tuple(read(part) for part in node.any_of or ()))

    return read(body)


# --- conditions -------------------------------------------------------------------------------------------------------


def catalogue_out(
    catalogue: Catalogue,
    references: Sequence[Reference],
    locale: Locale,
    *,
    zone: str,
    main_currency: str,
) -> ConditionCatalogueOut:
    """Return the catalogue in the caller's language."""
    groups = dict.fromkeys(
        [
            *(field.group for field in catalogue.fields.values()),
            *(measure.group for measure in catalogue.measures.values()),
        ]
    )
    return ConditionCatalogueOut(
        version=LANGUAGE_VERSION,
        groups=[
            GroupOut(name=name, label=translate(f"segments.group.{name}", locale, fallback=name))
            for name in groups
        ],
        fields=[_field_out(field, locale) for field in catalogue.fields.values()],
        measures=[_measure_out(measure, catalogue, locale) for measure in catalogue.measures.values()],
        sources=[_source_out(source, locale) for source in catalogue.sources.values()],
        operators={
            kind.value: [
                ConditionOperatorOut(
                    name=operator.value,
                    label=conditions.operator_label(operator, locale),
                    takes=conditions.operator_takes(operator),
                )
                for operator in operators
            ]
            for kind, operators in OPERATORS.items()
        },
        units=[GroupOut(name=unit.value, label=conditions.unit_label(unit, locale)) for unit in Unit],
        limits=ConditionLimitsOut(
            nodes=NODES_MAX, depth=DEPTH_MAX, values=VALUES_MAX, text=TEXT_MAX, steps=SEQUENCE_STEPS_MAX
        ),
        references=[_reference_out(reference) for reference in references],
        main_currency=main_currency,
        zone=zone,
    )


def _label(zh: str, en: str, locale: Locale) -> str:
    return zh if locale == "zh-CN" else en


def _options_out(options: Sequence[Option], locale: Locale) -> list[OptionOut]:
    return [OptionOut(value=o.value, label=_label(o.label_zh, o.label_en, locale)) for o in options]


def _field_out(field: FieldDef, locale: Locale) -> ConditionFieldOut:
    return ConditionFieldOut(
        name=field.name,
        kind=field.kind.value,
        label=_label(field.label_zh, field.label_en, locale),
        group=field.group,
        description=_label(field.description_zh, field.description_en, locale),
        options=_options_out(field.options, locale),
        suggests=field.suggests,
    )


def _measure_out(measure: MeasureDef, catalogue: Catalogue, locale: Locale) -> ConditionMeasureOut:
    return ConditionMeasureOut(
        name=measure.name,
        kind=measure.kind.value,
        label=_label(measure.label_zh, measure.label_en, locale),
        group=measure.group,
        unit=_label(measure.unit_zh, measure.unit_en, locale),
        description=_label(measure.description_zh, measure.description_en, locale),
        sources=list(conditions.measure_sources(measure)),
        columns=[column.name for column in conditions.filter_columns(measure, catalogue) if column.is_filter],
        has_period=conditions.has_period(measure, catalogue),
    )


def _source_out(source: Source, locale: Locale) -> ConditionSourceOut:
    return ConditionSourceOut(
        name=source.name,
        label=_label(source.label_zh, source.label_en, locale),
        has_moment=source.moment is not None,
        columns=[_column_out(column, locale) for column in source.columns if column.is_filter],
    )


def _column_out(column: Column, locale: Locale) -> ConditionColumnOut:
    return ConditionColumnOut(
        name=column.name,
        kind=column.kind.value,
        label=_label(column.label_zh, column.label_en, locale),
        options=_options_out(column.options, locale),
        suggests=column.suggests,
        has_property=column.has_property,
    )


def problem_out(problem: Problem, locale: Locale) -> ConditionProblemOut:
    """Return a problem with its message."""
    return ConditionProblemOut(
        code=problem.code, path=problem.path, message=translate(problem.code, locale, problem.detail)
    )


def explanation_out(explained: api.Explained) -> ExplanationOut:
    """Return an explanation."""
    return ExplanationOut(
        person_id=opaque("c", explained.person_id),
        holds=explained.tree.holds,
        is_member=explained.is_member,
        sentence=explained.sentence,
        as_of=explained.as_of,
        tree=_node_out(explained.tree),
    )


def _node_out(node: Explanation) -> ExplanationNodeOut:
    return ExplanationNodeOut(
        path=node.path,
        kind=node.kind,
        sentence=node.sentence,
        holds=node.holds,
        is_decisive=node.is_decisive,
        actual=[ActualOut(label=actual.label, value=actual.value) for actual in node.actual],
        parts=[_node_out(part) for part in node.parts],
    )


# --- segments ---------------------------------------------------------------------------------------------------------


def segment_out(segment: Segment, locale: Locale) -> SegmentOut:
    """Return a segment as lists show it."""
    return SegmentOut.model_validate(_segment_values(segment, locale))


def detail_out(
    uow: UnitOfWork, surroundings: Surroundings, segment: Segment, locale: Locale
) -> SegmentDetailOut:
    """Return a segment with its condition in words and what it is tied to."""
    (words,) = api.condition_words(uow, surroundings, [segment.condition], locale=locale)
    return SegmentDetailOut.model_validate(
        {
            **_segment_values(segment, locale),
            "condition": api.condition_json(segment.condition),
            "sentence": words.sentence,
            "finest_unit": words.finest_unit.value if words.finest_unit else None,
            "references": [_reference_out(r) for r in api.list_references(uow, segment)],
            "used_by": [_reference_out(r) for r in api.list_uses(uow, segment.key)],
        }
    )


def _segment_values(segment: Segment, locale: Locale) -> dict[str, object]:
    status = segment.status
    return {
        "id": opaque("s", segment.segment_id),
        "key": segment.key,
        "name": segment.name,
        "description": segment.description,
        "kind": segment.kind,
        "state": segment.state,
        "zone": segment.zone,
        "owner": segment.owner,
        "version": segment.version,
        "health": status.health,
        "problem": definition_problem_out(status.problem, locale) if status.problem else None,
        "size": status.size,
        "computed_at": status.computed_at,
        "cost_ms": status.cost_ms,
        "created_at": segment.created_at,
        "created_by": segment.created_by,
        "updated_at": segment.updated_at,
        "updated_by": segment.updated_by,
    }


def definition_problem_out(problem: DefinitionProblem, locale: Locale) -> SegmentProblemOut:
    """Return why a definition is not evaluated."""
    return SegmentProblemOut(
        code=problem.code,
        message=translate(problem.code, locale, problem.detail),
        since=problem.since,
        retry_at=problem.retry_at,
    )


def _reference_out(reference: Reference) -> SegmentReferenceOut:
    return SegmentReferenceOut(kind=reference.kind, key=reference.key, name=reference.name)


def change_out(change: Change) -> SegmentChangeOut:
    """Return an entry or exit."""
    return SegmentChangeOut(
        id=opaque("sc", change.change_id),
        person_id=opaque("c", change.person_id),
        version=change.version,
        has_entered=change.has_entered,
        cause=change.cause,
        changed_at=change.changed_at,
    )


def distribution_out(item: Distribution) -> DistributionOut:
    """Return the spread of a field."""
    return DistributionOut(
        field=item.field,
        label=item.label,
        kind=item.kind.value,
        members=item.members,
        everybody=item.everybody,
        bins=[
            DistributionBinOut(value=b.value, label=b.label, members=b.members, everybody=b.everybody)
            for b in item.bins
        ],
        members_without=item.members_without,
        everybody_without=item.everybody_without,
        members_mean=item.members_mean,
        everybody_mean=item.everybody_mean,
    )


def import_out(items: Sequence[ImportedDefinition], locale: Locale, *, is_applied: bool) -> SegmentImportOut:
    """Return what importing a file did, or would do."""
    return SegmentImportOut(
        is_applied=is_applied,
        items=[
            SegmentImportItemOut(
                key=item.key,
                name=item.name,
                verdict=item.verdict,
                changes=list(item.changes),
                problems=[problem_out(problem, locale) for problem in item.problems],
            )
            for item in items
        ],
    )


def audience_out(audience: Audience) -> AudienceOut:
    """Return an audience."""
    return AudienceOut(
        id=opaque("a", audience.audience_id),
        key=audience.key,
        name=audience.name,
        segment_id=opaque("s", audience.segment_id) if audience.segment_id else None,
        version=audience.version,
        count=audience.count,
        taken_at=audience.taken_at,
        taken_by=audience.taken_by,
    )


def export_out(record: ExportRecord) -> ExportRecordOut:
    """Return the record of an export."""
    prefix = "s" if record.subject == "segment" else "a"
    return ExportRecordOut(
        id=opaque("x", record.export_id),
        subject=record.subject,
        subject_id=opaque(prefix, record.subject_id),
        name=record.name,
        reason=record.reason,
        columns=list(record.columns),
        format=record.format,
        people=record.people,
        is_masked=record.is_masked,
        exported_at=record.exported_at,
        exported_by=record.exported_by,
    )
