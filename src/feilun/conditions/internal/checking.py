"""Is a condition sound: do its names exist, do its comparisons fit, do its references end somewhere?"""

from collections.abc import Mapping

from feilun.conditions.contracts import (
    DEPTH_MAX,
    EXPANDED_DEPTH_MAX,
    EXPANDED_NODES_MAX,
    NODES_MAX,
    SEQUENCE_STEPS_MAX,
    Catalogue,
    Column,
    Compare,
    Condition,
    FieldOperand,
    Filter,
    LastPeriod,
    MeasureDef,
    MeasureOperand,
    Node,
    Problem,
    SegmentReference,
    Sequence,
    Source,
    Step,
    ValueKind,
)
from feilun.conditions.internal.checking_values import check_test
from feilun.conditions.internal.expressions import (
    find_column,
    is_timed,
    shared_column,
    source_names,
)
from feilun.conditions.internal.reporting import Problems, shown
from feilun.conditions.internal.walking import size_of, walk


class Checker:
    """Checks conditions over one catalogue. What it finds about segments it remembers, so that one serves many conditions."""

    def __init__(self, catalogue: Catalogue, segments: Mapping[str, Condition]) -> None:
        self._catalogue = catalogue
        self._segments = segments
        self._sizes: dict[str, tuple[int, int]] = {}

    def check(self, condition: Condition) -> list[Problem]:
        """Return all problems."""
        problems = Problems()
        size = self._check_tree(condition, problems)
        for path, node, depth in walk(condition.where) if not problems.found else ():
            if not isinstance(node, SegmentReference):
                continue
            try:
                size += self._expanded(node.key, (), depth)[0]
            except _UnsoundReference as error:
                problems.add(error.code, f"{path}/segment", **error.detail)
        if size > EXPANDED_NODES_MAX:
            problems.add("conditions.expands_too_large", "/where", limit=EXPANDED_NODES_MAX)
        return problems.found

    def _check_tree(self, condition: Condition, problems: Problems) -> int:
        """Check everything but references; return the size."""
        size = 0
        for path, node, depth in walk(condition.where):
            size += size_of(node)
            if depth > DEPTH_MAX:
                problems.add("conditions.too_deep", path, limit=DEPTH_MAX)
                break
            if size > NODES_MAX:
                problems.add("conditions.too_large", path, limit=NODES_MAX)
                break
            self._check_node(node, path, problems)
        return size

    def _expanded(self, key: str, chain: tuple[str, ...], depth: int) -> tuple[int, int]:
        """Return size and depth of a segment with what it refers to written in; a segment met twice is measured once."""
        if key in chain:
            circle = (*chain[chain.index(key) :], key)
            raise _UnsoundReference("conditions.circle", circle=" → ".join(circle))
        if key not in self._segments:
            raise _UnsoundReference("conditions.segment_unknown", key=shown(key))
        size, deepest = self._sizes.get(key, (0, 0))
        if depth + deepest > EXPANDED_DEPTH_MAX:
            raise _UnsoundReference("conditions.expands_too_deep", limit=EXPANDED_DEPTH_MAX)
        if size:
            return size, deepest
        own = Problems()
        size = self._check_tree(self._segments[key], own)
        if own.found:
            raise _UnsoundReference("conditions.segment_broken", key=key, problem=own.found[0].code)
        for _, node, at in walk(self._segments[key].where):
            below = 0
            if isinstance(node, SegmentReference):
                more, below = self._expanded(node.key, (*chain, key), depth + at)
                size += more
            deepest = max(deepest, at + below)
        self._sizes[key] = size, deepest
        return size, deepest

    def _check_node(self, node: Node, path: str, problems: Problems) -> None:
        match node:
            case Compare(FieldOperand(name)):
                field = self._catalogue.fields.get(name)
                if field is None:
                    problems.add("conditions.field_unknown", f"{path}/field", field=shown(name))
                else:
                    check_test(field.kind, node, path, problems)
            case Compare(MeasureOperand() as operand):
                measure = self._catalogue.measures.get(operand.name)
                if measure is None:
                    at = f"{path}/measure/name"
                    problems.add("conditions.measure_unknown", at, measure=shown(operand.name))
                else:
                    self._check_operand(operand, measure, f"{path}/measure", problems)
                    check_test(measure.kind, node, path, problems)
            case Sequence():
                self._check_sequence(node, path, problems)
            case _:
                pass

    def _check_operand(
        self, operand: MeasureOperand, measure: MeasureDef, path: str, problems: Problems
    ) -> None:
        sources = [self._catalogue.sources[name] for name in source_names(measure.expression)]
        for i, filter_ in enumerate(operand.where):
            at = f"{path}/where/{i}"
            column = shared_column(measure, filter_.column, self._catalogue)
            if column is not None:
                _check_filter(column, filter_, at, problems)
                continue
            known = any(find_column(source, filter_.column) for source in sources)
            code = "conditions.column_not_shared" if known else "conditions.column_unknown"
            problems.add(code, f"{at}/column", column=shown(filter_.column))
        if operand.period is not None and not is_timed(measure, self._catalogue):
            problems.add("conditions.period_not_for_measure", f"{path}/period", measure=operand.name)
        if operand.change is not None and not isinstance(operand.period, LastPeriod):
            problems.add("conditions.change_needs_period", f"{path}/change")
        if operand.change is not None and measure.kind is not ValueKind.NUMBER:
            problems.add("conditions.change_needs_number", f"{path}/change")

    def _check_sequence(self, node: Sequence, path: str, problems: Problems) -> None:
        if not 1 <= len(node.steps) <= SEQUENCE_STEPS_MAX:
            problems.add("conditions.steps_wanted", f"{path}/sequence", limit=SEQUENCE_STEPS_MAX)
        last = len(node.steps) - 1
        for i, step in enumerate(node.steps):
            at = f"{path}/sequence/{i}"
            source = self._catalogue.sources.get(step.source)
            if source is None or source.moment is None:
                code = "conditions.source_unknown" if source is None else "conditions.source_without_moment"
                problems.add(code, f"{at}/source", source=shown(step.source))
            else:
                _check_step_filters(step, source, at, problems)
            if i == 0 and step.within is not None:
                problems.add("conditions.first_step_within", f"{at}/within")
            if step.is_absent and (i == 0 or i < last):
                problems.add("conditions.absent_not_last", f"{at}/absent")
            elif step.is_absent and step.within is None:
                problems.add("conditions.absent_needs_within", f"{at}/absent")


class _UnsoundReference(Exception):
    """A reference leads to something that cannot be evaluated."""

    def __init__(self, code: str, **detail: object) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def _check_step_filters(step: Step, source: Source, path: str, problems: Problems) -> None:
    for i, filter_ in enumerate(step.where):
        at = f"{path}/where/{i}"
        column = find_column(source, filter_.column)
        if column is None:
            problems.add("conditions.column_unknown", f"{at}/column", column=shown(filter_.column))
        else:
            _check_filter(column, filter_, at, problems)


def _check_filter(column: Column, filter_: Filter, path: str, problems: Problems) -> None:
    if column.has_property and filter_.property is None:
        problems.add("conditions.property_wanted", path, column=column.name)
    elif filter_.property is not None and not column.has_property:
        problems.add("conditions.property_not_wanted", f"{path}/property", column=column.name)
    check_test(column.kind, filter_, path, problems)
