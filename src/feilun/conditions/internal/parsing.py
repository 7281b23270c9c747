"""Conditions out of JSON. Depth and size are limited before anything is descended into, so that no input is too much."""

import re
from collections.abc import Callable
from typing import Final

from feilun.conditions.contracts import (
    DEPTH_MAX,
    LANGUAGE_VERSION,
    NODES_MAX,
    SEQUENCE_STEPS_MAX,
    AllOf,
    AnyOf,
    Change,
    Compare,
    Condition,
    DatePeriod,
    FieldOperand,
    Filter,
    LastPeriod,
    MeasureOperand,
    Node,
    Not,
    Operand,
    Operator,
    Period,
    SegmentReference,
    Sequence,
    Span,
    Step,
)
from feilun.conditions.errors import ConditionInvalid
from feilun.conditions.internal.reading_values import (
    FORMS,
    Form,
    make_span,
    read_date,
    read_span,
    read_text,
    read_value,
)
from feilun.conditions.internal.reporting import Problems, pointer, shown

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,119}", re.ASCII)
_NOWHERE: Final[Node] = AllOf(())
"""Stands for what could not be read; never leaves this module, for there is a problem then."""


def parse(data: object) -> Condition:
    """Return the condition, or raise with all problems."""
    reader = _Reader()
    where = reader.condition(data)
    if reader.problems.found:
        raise ConditionInvalid(reader.problems.found)
    return Condition(where)


class _Reader:
    def __init__(self) -> None:
        self.problems = Problems()
        self._nodes = 0

    def condition(self, data: object) -> Node:
        if not isinstance(data, dict):
            self.problems.add("conditions.object_wanted", "")
            return _NOWHERE
        self._only_keys(data, {"version", "where"}, "")
        version = data.get("version")
        if version != LANGUAGE_VERSION or not isinstance(version, int) or isinstance(version, bool):
            self.problems.add("conditions.version_unknown", "/version", known=LANGUAGE_VERSION)
            return _NOWHERE
        if "where" not in data:
            self.problems.add("conditions.key_missing", "", key="where")
            return _NOWHERE
        return self.node(data["where"], "/where", 1)

    def node(self, data: object, path: str, depth: int) -> Node:
        if depth > DEPTH_MAX:
            self.problems.add("conditions.too_deep", path, limit=DEPTH_MAX)
            return _NOWHERE
        if not self._counted(path):
            return _NOWHERE
        if not isinstance(data, dict):
            self.problems.add("conditions.object_wanted", path)
            return _NOWHERE
        kinds = data.keys() & _NODES.keys()
        if len(kinds) != 1:
            self.problems.add("conditions.node_unknown", path, known=", ".join(_NODES))
            return _NOWHERE
        return _NODES[kinds.pop()](self, data, path, depth)

    def all_of(self, data: dict[str, object], path: str, depth: int) -> Node:
        return AllOf(self._parts(data, "all", path, depth))

    def any_of(self, data: dict[str, object], path: str, depth: int) -> Node:
        return AnyOf(self._parts(data, "any", path, depth))

    def not_(self, data: dict[str, object], path: str, depth: int) -> Node:
        self._only_keys(data, {"not"}, path)
        return Not(self.node(data["not"], f"{path}/not", depth + 1))

    def segment(self, data: dict[str, object], path: str, depth: int) -> Node:
        del depth
        self._only_keys(data, {"segment"}, path)
        return SegmentReference(self._name(data["segment"], f"{path}/segment"))

    def sequence(self, data: dict[str, object], path: str, depth: int) -> Node:
        del depth
        self._only_keys(data, {"sequence", "period"}, path)
        period = self._period(data.get("period"), f"{path}/period")
        steps = data["sequence"]
        at = f"{path}/sequence"
        if not isinstance(steps, list) or not 1 <= len(steps) <= SEQUENCE_STEPS_MAX:
            self.problems.add("conditions.steps_wanted", at, limit=SEQUENCE_STEPS_MAX)
            return _NOWHERE
        return Sequence(tuple(self._step(step, f"{at}/{i}") for i, step in enumerate(steps)), period)

    def compare(self, data: dict[str, object], path: str, depth: int) -> Node:
        del depth
        key = "field" if "field" in data else "measure"
        self._only_keys(data, {key, "op", "value"}, path)
        operand: Operand
        if key == "field":
            operand = FieldOperand(self._name(data["field"], f"{path}/field"))
        else:
            operand = self._measure(data["measure"], f"{path}/measure")
        op = self._operator(data, path)
        if op is None:
            return _NOWHERE
        values, span = read_value(data.get("value"), FORMS[op], f"{path}/value", self.problems)
        return Compare(operand, op, values, span)

    def _parts(self, data: dict[str, object], key: str, path: str, depth: int) -> tuple[Node, ...]:
        self._only_keys(data, {key}, path)
        parts = data[key]
        if not isinstance(parts, list):
            self.problems.add("conditions.list_of_parts_wanted", f"{path}/{key}")
            return ()
        found = []
        for i, part in enumerate(parts):
            found.append(self.node(part, f"{path}/{key}/{i}", depth + 1))
            if self._nodes > NODES_MAX or self.problems.is_full:
                break
        return tuple(found)

    def _measure(self, data: object, path: str) -> MeasureOperand:
        if not isinstance(data, dict) or "name" not in data:
            self.problems.add("conditions.measure_wanted", path)
            return MeasureOperand("")
        self._only_keys(data, {"name", "where", "period", "change"}, path)
        change = data.get("change")
        if change is not None and change not in list(Change):
            self.problems.add("conditions.change_unknown", f"{path}/change")
            change = None
        return MeasureOperand(
            self._name(data["name"], f"{path}/name"),
            self._filters(data.get("where"), f"{path}/where"),
            self._period(data.get("period"), f"{path}/period"),
            None if change is None else Change(change),
        )

    def _filters(self, data: object, path: str) -> tuple[Filter, ...]:
        if data is None:
            return ()
        if not isinstance(data, list):
            self.problems.add("conditions.list_of_parts_wanted", path)
            return ()
        found = []
        for i, item in enumerate(data):
            if not self._counted(f"{path}/{i}") or self.problems.is_full:
                break
            filter_ = self._filter(item, f"{path}/{i}")
            if filter_ is not None:
                found.append(filter_)
        return tuple(found)

    def _filter(self, data: object, path: str) -> Filter | None:
        if not isinstance(data, dict) or "column" not in data:
            self.problems.add("conditions.filter_wanted", path)
            return None
        self._only_keys(data, {"column", "op", "value", "property"}, path)
        column = self._name(data["column"], f"{path}/column")
        named = data.get("property")
        if named is not None:
            named = read_text(named, f"{path}/property", self.problems)
        op = self._operator(data, path)
        if op is None:
            return None
        values, span = read_value(data.get("value"), FORMS[op], f"{path}/value", self.problems)
        return Filter(column, op, values, span, named)

    def _step(self, data: object, path: str) -> Step:
        if not self._counted(path) or not isinstance(data, dict) or "source" not in data:
            self.problems.add("conditions.step_wanted", path)
            return Step("")
        self._only_keys(data, {"source", "where", "within", "absent"}, path)
        within, is_absent = data.get("within"), data.get("absent", False)
        if not isinstance(is_absent, bool):
            self.problems.add("conditions.yes_or_no_wanted", f"{path}/absent")
        return Step(
            self._name(data["source"], f"{path}/source"),
            self._filters(data.get("where"), f"{path}/where"),
            None if within is None else read_span(within, f"{path}/within", self.problems),
            is_absent is True,
        )

    def _period(self, data: object, path: str) -> Period | None:
        if data is None:
            return None
        if not isinstance(data, dict):
            self.problems.add("conditions.period_wanted", path)
            return None
        if data.keys() == {"last", "unit"}:
            span: Span | None = make_span(data["last"], data["unit"], path, self.problems)
            return None if span is None else LastPeriod(span)
        if not any(data.values()) or not data.keys() <= {"from", "to"}:
            self.problems.add("conditions.period_wanted", path)
            return None
        first, last = (
            None if data.get(key) is None else read_date(data[key], f"{path}/{key}", self.problems)
            for key in ("from", "to")
        )
        if first is not None and last is not None and first > last:
            self.problems.add("conditions.range_reversed", path)
        return DatePeriod(first, last)

    def _operator(self, data: dict[str, object], path: str) -> Operator | None:
        op = data.get("op")
        if not isinstance(op, str) or op not in list(Operator):
            self.problems.add("conditions.operator_unknown", f"{path}/op", op=shown(op))
            return None
        known = Operator(op)
        if FORMS[known] is not Form.NOTHING and "value" not in data:
            self.problems.add("conditions.value_missing", path)
            return None
        return known

    def _name(self, data: object, path: str) -> str:
        if not isinstance(data, str) or not _NAME.fullmatch(data):
            self.problems.add("conditions.name_wanted", path)
            return ""
        return data

    def _only_keys(self, data: dict[str, object], known: set[str], path: str) -> None:
        for key in data:
            if key not in known:
                self.problems.add("conditions.key_unknown", pointer(path, key), key=shown(key))
                if self.problems.is_full:
                    return

    def _counted(self, path: str) -> bool:
        """Count a node, filter or step; say once that there are too many."""
        self._nodes += 1
        if self._nodes == NODES_MAX + 1:
            self.problems.add("conditions.too_large", path, limit=NODES_MAX)
        return self._nodes <= NODES_MAX


_NODES: Final[dict[str, Callable[[_Reader, dict[str, object], str, int], Node]]] = {
    "all": _Reader.all_of,
    "any": _Reader.any_of,
    "not": _Reader.not_,
    "field": _Reader.compare,
    "measure": _Reader.compare,
    "segment": _Reader.segment,
    "sequence": _Reader.sequence,
}
