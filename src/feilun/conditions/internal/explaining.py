"""Why a person is in or out: the verdict of every part with the values it saw.

Each part is bound and evaluated by the same code as membership is, so that the explanation cannot say otherwise.
"""

from collections.abc import Mapping
from collections.abc import Sequence as ListOf
from dataclasses import replace
from datetime import UTC, datetime

from feilun.conditions.contracts import (
    Actual,
    AggregateValue,
    AllOf,
    AnyOf,
    Bound,
    BoundAggregate,
    BoundCalculated,
    BoundChain,
    BoundValue,
    Catalogue,
    Compare,
    Condition,
    Constant,
    Evaluation,
    Explanation,
    Locale,
    MeasureOperand,
    Node,
    Not,
    PeopleValues,
    SegmentReference,
    Sequence,
)
from feilun.conditions.internal.binding import Binder
from feilun.conditions.internal.evaluating import calculate, evaluate
from feilun.conditions.internal.sentences import Speaker


class Explainer:
    """Explains conditions to one reader by the values of one person."""

    def __init__(
        self,
        catalogue: Catalogue,
        evaluation: Evaluation,
        segments: Mapping[str, Condition],
        values: Mapping[BoundAggregate, AggregateValue],
        locale: Locale,
        segment_names: Mapping[str, str],
    ) -> None:
        self._binder = Binder(catalogue, evaluation, segments)
        self._speaker = Speaker(catalogue, locale, segment_names, evaluation.zone)
        self._segments = segments
        self._values = values
        self._person = PeopleValues((0,), {aggregate: (value,) for aggregate, value in values.items()})

    def explain(self, condition: Condition) -> Explanation:
        """Return the tree of the whole condition."""
        return _mark(self._node(condition.where, "/where", is_wanted=True), is_decisive=True)

    def _node(self, node: Node, path: str, *, is_wanted: bool) -> Explanation:
        """`is_wanted`: it has to hold for the person to be in; below an odd number of negations it must not."""
        match node:
            case AllOf(parts):
                return self._group(node, "all", parts, path, is_wanted=is_wanted)
            case AnyOf(parts):
                return self._group(node, "any", parts, path, is_wanted=is_wanted)
            case Not(part):
                found = self._node(part, f"{path}/not", is_wanted=not is_wanted)
                return self._made(
                    path, "not", self._speaker.say("is_not"), holds=not found.holds, parts=(found,)
                )
            case SegmentReference(key):
                inner = f"{path}/segment#{key}/where"
                found = self._node(self._segments[key].where, inner, is_wanted=is_wanted)
                return self._made(
                    path, "segment", self._speaker.clause(node), holds=found.holds, parts=(found,)
                )
            case Sequence():
                return self._sequence(node, path)
            case Compare():
                return self._compare(node, path, is_wanted=is_wanted)

    def _group(
        self, node: Node, kind: str, parts: ListOf[Node], path: str, *, is_wanted: bool
    ) -> Explanation:
        found = tuple(
            self._node(part, f"{path}/{kind}/{i}", is_wanted=is_wanted) for i, part in enumerate(parts)
        )
        held = sum(part.holds for part in found)
        if not parts:
            sentence = self._speaker.clause(node)
        else:
            key = "all_hold" if kind == "all" else "any_holds"
            sentence = self._speaker.say(key, held=held, count=len(found))
        holds = held == len(found) if kind == "all" else held > 0
        return self._made(path, kind, sentence, holds=holds, parts=found)

    def _compare(self, node: Compare, path: str, *, is_wanted: bool) -> Explanation:
        speaker = self._speaker
        value = self._binder.value(node.operand)
        label = speaker.operand(node)
        text = self._words(node, value)
        template = "found" if is_wanted else "found_not_wanted"
        sentence = speaker.say(template, operand=label, actual=text, phrase=speaker.phrase(node))
        actual = [Actual(label, text)]
        operand = node.operand
        if isinstance(operand, MeasureOperand) and operand.change and isinstance(value, BoundCalculated):
            plain = replace(node, operand=replace(operand, change=None))
            actual += [
                Actual(speaker.say("now"), self._words(plain, value.left)),
                Actual(speaker.say("before"), self._words(plain, value.right)),
            ]
        return self._made(
            path, "compare", sentence, holds=self._holds(self._binder.node(node)), actual=tuple(actual)
        )

    def _words(self, node: Compare, value: BoundValue) -> str:
        """Return the value that was compared, with the unit of its measure."""
        definition = self._speaker.definition(node.operand)
        assert definition is not None
        unit = self._speaker.unit(node.operand)
        kind = self._binder.kind(node.operand)
        return self._speaker.actual(self._value(value), kind, self._speaker.options(definition), unit)

    def _sequence(self, node: Sequence, path: str) -> Explanation:
        bound = self._binder.node(node)
        assert isinstance(bound, BoundChain)
        actual = []
        for step, bound_step in zip(node.steps, bound.steps, strict=True):
            moments = self._values[bound_step.moments]
            text = self._speaker.say("none")
            if isinstance(moments, tuple) and moments:
                last = datetime.fromtimestamp(moments[-1] // 1000, UTC)
                text = self._speaker.say("steps_seen", count=len(moments), last=self._speaker.moment(last))
            actual.append(Actual(self._speaker.step_facts(step), text))
        clause = self._speaker.clause(node)
        return self._made(path, "sequence", clause, holds=self._holds(bound), actual=tuple(actual))

    def _made(
        self,
        path: str,
        kind: str,
        sentence: str,
        *,
        holds: bool,
        actual: tuple[Actual, ...] = (),
        parts: tuple[Explanation, ...] = (),
    ) -> Explanation:
        sentence = self._speaker.spaced(sentence)
        return Explanation(path, kind, sentence, holds, is_decisive=False, actual=actual, parts=parts)

    def _holds(self, bound: Bound) -> bool:
        return evaluate({0: bound}, self._person)[0] == 1

    def _value(self, value: BoundValue) -> AggregateValue:
        match value:
            case BoundAggregate():
                return self._values[value]
            case BoundCalculated(how, left, right):
                return calculate(how, self._value(left), self._value(right))
            case Constant(constant):
                return constant


def _mark(found: Explanation, *, is_decisive: bool) -> Explanation:
    """Mark the parts that made the whole what it is: of 'all' that failed those that failed, of 'any' that held those that held."""
    parts = tuple(_mark(part, is_decisive=is_decisive and _decides(found, part)) for part in found.parts)
    return replace(found, is_decisive=is_decisive, parts=parts)


def _decides(whole: Explanation, part: Explanation) -> bool:
    return whole.kind not in ("all", "any") or part.holds == whole.holds
