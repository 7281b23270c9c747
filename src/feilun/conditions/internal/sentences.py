"""Conditions read back as sentences, and values as words. Brackets stand wherever 'and' and 'or' meet."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from feilun.conditions.contracts import (
    Aggregate,
    AggregateValue,
    AllOf,
    AnyOf,
    Catalogue,
    Change,
    Column,
    Compare,
    Expression,
    FieldDef,
    FieldOperand,
    Filter,
    LastPeriod,
    Locale,
    MeasureDef,
    MeasureOperand,
    Node,
    Not,
    Operand,
    Operator,
    Option,
    Period,
    Scalar,
    SegmentReference,
    Sequence,
    Source,
    Span,
    Step,
    ValueKind,
)
from feilun.conditions.internal.expressions import aggregates_in, find_column, source_names
from feilun.conditions.internal.words import MONTH_NAMES, WORDS

_LISTED_MAX: Final = 5
_QUOTED: Final = re.compile(r"(“[^”]*”)")
_MEETING: Final = re.compile(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=[\u4e00-\u9fff])")
_ANNIVERSARIES: Final = (
    Operator.ANNIVERSARY_IN_NEXT,
    Operator.ANNIVERSARY_IN_LAST,
    Operator.ANNIVERSARY_IN_MONTHS,
)


class Speaker:
    """Words conditions in one language. Names the catalogue does not know are quoted."""

    def __init__(
        self,
        catalogue: Catalogue,
        locale: Locale,
        segment_names: Mapping[str, str],
        zone: ZoneInfo | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._is_chinese = locale == "zh-CN"
        self._segment_names = segment_names
        self._zone = zone
        self._words = WORDS[locale]

    def say(self, key: str, **values: object) -> str:
        """Return a template filled in."""
        return self._words[key].format(**values)

    def sentence(self, node: Node) -> str:
        """Return a whole sentence."""
        text = self.clause(node)
        return self.say("sentence", text=self.spaced(text[:1].upper() + text[1:]))

    def spaced(self, text: str) -> str:
        """Return Chinese with a space where it meets letters or digits; what is quoted stays as it is."""
        if not self._is_chinese:
            return text
        parts = _QUOTED.split(text)
        return "".join(part if i % 2 else _MEETING.sub(" ", part) for i, part in enumerate(parts))

    def clause(self, node: Node) -> str:
        """Return a node in words that can stand in a sentence."""
        match node:
            case AllOf(parts) | AnyOf(parts):
                return self._group(parts, is_all=isinstance(node, AllOf))
            case Not(SegmentReference(key)):
                return self.say("not_in_segment", name=self._segment_names.get(key, key))
            case Not(part):
                return self.say("not", part=self.clause(part))
            case SegmentReference(key):
                return self.say("in_segment", name=self._segment_names.get(key, key))
            case Sequence():
                return self._sequence(node)
            case Compare():
                return self.say("comparison", operand=self.operand(node), phrase=self.phrase(node))

    def _group(self, parts: tuple[Node, ...], *, is_all: bool) -> str:
        if not parts:
            return self.say("everybody" if is_all else "nobody")
        if len(parts) == 1:
            return self.clause(parts[0])
        clauses = [
            self.say("bracket", part=self.clause(part)) if _is_compound(part) else self.clause(part)
            for part in parts
        ]
        return self.say("and" if is_all else "or").join(clauses)

    def operand(self, node: Compare) -> str:
        """Return what is compared."""
        operand = node.operand
        if isinstance(operand, FieldOperand):
            field = self._catalogue.fields.get(operand.name)
            text = self.say("quoted", text=operand.name) if field is None else self.label(field)
        else:
            text = self.measure(operand)
        is_anniversary = node.op in _ANNIVERSARIES and self._kind(operand) is not ValueKind.MONTH_DAY
        return self.say("anniversary_of", operand=text) if is_anniversary else text

    def measure(self, operand: MeasureOperand) -> str:
        """Return a measure with its facts, period and change."""
        measure = self._catalogue.measures.get(operand.name)
        label = self.say("quoted", text=operand.name) if measure is None else self.label(measure)
        sources = () if measure is None else source_names(measure.expression)
        source = self._catalogue.sources[sources[0]] if sources else None
        filters = self._filters(operand.where, source)
        if operand.period is None:
            facts = self.say("facts_of", filters=filters) if filters else ""
            text = self.say("ever", label=label, facts=facts)
        else:
            facts = self.say("facts", filters=filters) if filters else ""
            text = self.say("in_period", label=label, facts=facts, period=self.period(operand.period))
        if operand.change is None:
            return text
        return self.say(f"change.{operand.change.value}", operand=text)

    def phrase(self, node: Compare) -> str:
        """Return what an operand is compared with, operator included."""
        definition = self.definition(node.operand)
        options = () if definition is None else self.options(definition)
        return self._phrase(node, options, self.unit(node.operand))

    def unit(self, operand: Operand) -> str:
        """Return the unit of a measure's values; a ratio of two has none."""
        definition = self.definition(operand)
        if not isinstance(definition, MeasureDef) or not isinstance(operand, MeasureOperand):
            return ""
        if operand.change is Change.RATIO:
            return ""
        return definition.unit_zh if self._is_chinese else definition.unit_en

    def definition(self, operand: Operand) -> FieldDef | MeasureDef | None:
        """Return what the catalogue says of an operand."""
        if isinstance(operand, FieldOperand):
            return self._catalogue.fields.get(operand.name)
        return self._catalogue.measures.get(operand.name)

    def options(self, definition: FieldDef | MeasureDef) -> tuple[Option, ...]:
        """Return the options of a definition, those of its column where it has none of its own."""
        if isinstance(definition, FieldDef) and definition.options:
            return definition.options
        return self._column_options(definition.expression)

    def _column_options(self, expression: Expression) -> tuple[Option, ...]:
        if not isinstance(expression, Aggregate):
            return ()
        for aggregate in aggregates_in(expression):
            column = find_column(self._catalogue.sources[aggregate.source], aggregate.column or "")
            if column is not None:
                return column.options
        return ()

    def _kind(self, operand: Operand) -> ValueKind | None:
        definition = self.definition(operand)
        return None if definition is None else definition.kind

    def _phrase(self, comparison: Compare | Filter, options: Iterable[Option], unit: str) -> str:
        op, span = comparison.op, comparison.span
        if span is not None and span.n == 0:
            return self.say("today")
        if op is Operator.ANNIVERSARY_IN_MONTHS:
            values = [self._month(value) for value in comparison.value]
        else:
            values = [self._scalar(value, options, unit) for value in comparison.value]
        return self.say(
            f"op.{op.value}",
            value=values[0] if values else "",
            low=values[0] if values else "",
            high=values[-1] if values else "",
            any=self._list(values, "or_last"),
            every=self._list(values, "and_last"),
            span="" if span is None else self.span(span),
        )

    def _list(self, values: list[str], last: str) -> str:
        comma = self.say("comma")
        if len(values) > _LISTED_MAX:
            return self.say("more", list=comma.join(values[:_LISTED_MAX]), count=len(values))
        return self.say(last).join(filter(None, (comma.join(values[:-1]), *values[-1:])))

    def _filters(self, filters: tuple[Filter, ...], source: Source | None) -> str:
        return self.say("filter_and").join(self._filter(filter_, source) for filter_ in filters)

    def _filter(self, filter_: Filter, source: Source | None) -> str:
        column = None if source is None else find_column(source, filter_.column)
        label = self.say("quoted", text=filter_.column) if column is None else self.label(column)
        if filter_.property is not None:
            label = self.say("property", column=label, name=filter_.property)
        if filter_.op in _ANNIVERSARIES and (column is None or column.kind is not ValueKind.MONTH_DAY):
            label = self.say("anniversary_of", operand=label)
        phrase = self._phrase(filter_, () if column is None else column.options, "")
        return self.say("comparison", operand=label, phrase=phrase)

    def _sequence(self, node: Sequence) -> str:
        steps = "".join(self._step(step, i, len(node.steps)) for i, step in enumerate(node.steps))
        period = ""
        if node.period is not None:
            period = self.say("sequence.period", period=self.period(node.period))
        return self.say("sequence", period=period, steps=steps)

    def _step(self, step: Step, index: int, count: int) -> str:
        if index == 0:
            key = "sequence.step_only" if count == 1 else "sequence.step_first"
        elif step.within is None:
            key = "sequence.step"
        else:
            key = "sequence.step_absent" if step.is_absent else "sequence.step_within"
        span = "" if step.within is None else self.span(step.within)
        return self.say(key, facts=self.step_facts(step), span=span)

    def step_facts(self, step: Step) -> str:
        """Return which facts a step is about."""
        source = self._catalogue.sources.get(step.source)
        label = self.say("quoted", text=step.source) if source is None else self.label(source)
        filters = self._filters(step.where, source)
        facts = self.say("facts", filters=filters) if filters else ""
        return self.say("sequence.facts", label=label, facts=facts)

    def period(self, period: Period) -> str:
        """Return when."""
        if isinstance(period, LastPeriod):
            return self.say("period.last", span=self.span(period.span))
        if period.first is not None and period.last is not None:
            return self.say("period.between", first=period.first, last=period.last)
        if period.first is not None:
            return self.say("period.from", first=period.first)
        return self.say("period.to", last=period.last)

    def span(self, span: Span) -> str:
        """Return a length of time."""
        text = self.say(f"unit.{span.unit.value}", n=span.n)
        return text.removesuffix("s") if span.n == 1 and not self._is_chinese else text

    def label(self, definition: Source | Column | FieldDef | MeasureDef | Option) -> str:
        """Return a label in the language."""
        return definition.label_zh if self._is_chinese else definition.label_en

    def _month(self, value: Scalar) -> str:
        month = int(value) if isinstance(value, Decimal) else 0
        if not 1 <= month <= len(MONTH_NAMES):
            return self.say("this_month")
        return self.say("month", month=month, name=MONTH_NAMES[month - 1])

    def _scalar(self, value: Scalar, options: Iterable[Option], unit: str) -> str:
        match value:
            case bool() | Decimal() | datetime():
                return self._plain(value, unit)
            case date():
                return value.isoformat()
            case _:
                return self.say("quoted", text=self._option(value, options))

    def _option(self, value: str, options: Iterable[Option]) -> str:
        return next((self.label(option) for option in options if option.value == value), value)

    def _plain(self, value: Decimal | datetime | bool, unit: str) -> str:  # noqa: FBT001
        match value:
            case bool():
                return self.say("yes" if value else "no")
            case datetime():
                return self.moment(value)
            case _:
                number = f"{value:,f}"
                if "." in number:
                    number = number.rstrip("0").rstrip(".")
                return self.say("number_of_unit", number=number, unit=unit) if unit else number

    def moment(self, value: datetime) -> str:
        """Return a moment in the zone, or in UTC, which is then said."""
        if self._zone is None:
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        return f"{value.astimezone(self._zone):%Y-%m-%d %H:%M:%S}"

    def actual(self, value: AggregateValue, kind: ValueKind, options: Iterable[Option], unit: str) -> str:
        """Return the value a person has."""
        match value:
            case None | "":
                return self.say("none")
            case frozenset():
                texts = sorted(self._option(text, options) for text in value)
                return self._list(texts, "and_last") if texts else self.say("none")
            case int() if kind is ValueKind.MONTH_DAY:
                month, day = divmod(value, 100)
                return self.say("month_day", month=month, day=day, name=MONTH_NAMES[month - 1])
            case bool() | Decimal() | datetime():
                return self._plain(value, unit)
            case int():
                return self._plain(Decimal(value), unit)
            case str():
                return self._option(value, options)
            case _:
                return str(value)


def _is_compound(node: Node) -> bool:
    """Tell whether a node has several clauses that brackets have to hold together."""
    match node:
        case AllOf((part,)) | AnyOf((part,)):
            return _is_compound(part)
        case AllOf(parts) | AnyOf(parts):
            return bool(parts)
        case Sequence(steps, period):
            return len(steps) > 1 or period is not None
        case _:
            return False
