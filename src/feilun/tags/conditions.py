"""What conditions can say about static tags. Computed ones are offered by `segments`, which evaluates them.

Every tag is a choice of the field `tags`; a tag with values has a field of its own besides, `tag.<key>`.
"""

from collections import Counter
from typing import Final

from feilun.conditions.contracts import (
    Aggregate,
    CatalogueParts,
    Column,
    FieldDef,
    Filter,
    Function,
    MeasureDef,
    Operator,
    Option,
    Source,
    Span,
    Unit,
    ValueKind,
)
from feilun.platform.db import UnitOfWork
from feilun.tags.contracts import Tag, TagId, ValueMode
from feilun.tags.internal import store, store_dictionary

_GROUP: Final = "tags"
_NEVER: Final = "2200-01-01 00:00:00.000"
_VALIDITY: Final = Span(24 * 365 * 250, Unit.HOUR)
"""Reaches beyond `_NEVER`, which stands for assignments without an end, and not beyond what the warehouse can hold."""
_IS_VALID: Final = Filter("expires_at", Operator.IN_NEXT, span=_VALIDITY)


class TagConditionFields:
    """Offers the dictionary as it is now."""

    def offer(self, uow: UnitOfWork) -> CatalogueParts:
        """Return the source of assignments, the field of all static tags, one of each with values, and measures."""
        # Archived ones too, because conditions that name them still hold for whoever carries them; they come last.
        tags = sorted(
            store_dictionary.select_tags(uow, "t.kind = 'static'"),
            key=lambda tag: tag.archived_at is not None,
        )
        # A condition with a span that moves is evaluated every minute; without anything that ends there is no need to.
        ending = store.ending_tags(uow)
        labels = _labels(tags)
        options = tuple(Option(tag.key, labels[tag.tag_id], labels[tag.tag_id]) for tag in tags)
        return CatalogueParts(
            sources=(_source(options),),
            fields=(
                _all_tags(options, is_ending=bool(ending)),
                *(
                    _values_of(tag, labels[tag.tag_id], is_ending=tag.tag_id in ending)
                    for tag in tags
                    if tag.value_mode is not ValueMode.FLAG
                ),
            ),
            measures=_measures(is_ending=bool(ending)),
        )


def _source(options: tuple[Option, ...]) -> Source:
    return Source(
        name="person_tags",
        table="person_tags",
        label_zh="打标签",
        label_en="tags given",
        moment="assigned_at",
        columns=(
            Column(
                name="tag", kind=ValueKind.CHOICE, sql="toString(tag_key)", label_zh="标签", label_en="tag", options=options
            ),
            Column(
                name="value", kind=ValueKind.TEXT, sql="nullIf(value, '')", label_zh="标签值", label_en="value", suggests=True
            ),
            Column(
                name="assigned_at", kind=ValueKind.MOMENT, sql="assigned_at", label_zh="打标签时间", label_en="time given",
                is_filter=False,
            ),
            Column(
                name="expires_at",
                kind=ValueKind.MOMENT,
                # An assignment does not hold at the moment it ends, and spans include theirs.
                sql=f"coalesce(expires_at, toDateTime64('{_NEVER}', 3, 'UTC')) - toIntervalMillisecond(1)",
                label_zh="到期时间",
                label_en="end of validity",
                is_filter=False,
            ),
        ),
    )  # fmt: skip


def _all_tags(options: tuple[Option, ...], *, is_ending: bool) -> FieldDef:
    return FieldDef(
        name="tags",
        kind=ValueKind.TEXTS,
        expression=Aggregate("person_tags", Function.SET, "tag"),
        where=(_IS_VALID,) if is_ending else (),
        label_zh="标签",
        label_en="tags",
        group=_GROUP,
        options=options,
        description_zh="客户现有的静态标签。",
        description_en="The static tags a customer carries now.",
    )


def _values_of(tag: Tag, label: str, *, is_ending: bool) -> FieldDef:
    is_of_tag = Filter("tag", Operator.IN, (tag.key,))
    return FieldDef(
        name=f"tag.{tag.key}",
        kind=ValueKind.TEXTS,
        expression=Aggregate("person_tags", Function.SET, "value"),
        where=(is_of_tag, _IS_VALID) if is_ending else (is_of_tag,),
        label_zh=label,
        label_en=label,
        group=_GROUP,
        options=tuple(Option(a.value, a.label, a.label) for a in tag.allowed_values),
        suggests=not tag.allowed_values,
        description_zh=tag.description,
        description_en=tag.description,
    )


def _measures(*, is_ending: bool) -> tuple[MeasureDef, ...]:
    where = (_IS_VALID,) if is_ending else ()
    return (
        MeasureDef(
            name="tags_given",
            kind=ValueKind.NUMBER,
            expression=Aggregate("person_tags", Function.COUNT_DISTINCT, "tag"),
            where=where,
            label_zh="现有标签数",
            label_en="number of tags carried",
            group=_GROUP,
            unit_zh="个",
        ),
        MeasureDef(
            name="tagged_at",
            kind=ValueKind.MOMENT,
            expression=Aggregate("person_tags", Function.MAX, "assigned_at"),
            where=where,
            label_zh="最近打标签时间",
            label_en="last time a tag was given",
            group=_GROUP,
        ),
    )


def _labels(tags: list[Tag]) -> dict[TagId, str]:
    """Return what tags are called; with their group where another has the same name."""
    names = Counter(tag.name for tag in tags)
    return {
        tag.tag_id: f"{tag.group.name} · {tag.name}" if names[tag.name] > 1 and tag.group else tag.name
        for tag in tags
    }
