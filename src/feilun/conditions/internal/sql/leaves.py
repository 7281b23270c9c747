"""Leaves of bound conditions as SQL: values calculated from aggregates, their tests, and chains of moments.

Calculations are done on whole millionths, so that they are exact and cut towards zero as the language says.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from math import floor

from feilun.conditions.contracts import (
    Arithmetic,
    Bound,
    BoundAggregate,
    BoundAll,
    BoundAny,
    BoundCalculated,
    BoundChain,
    BoundCompare,
    BoundNot,
    BoundValue,
    Constant,
)
from feilun.conditions.internal.sql.literals import moment_literal
from feilun.conditions.internal.sql.terms import MILLION, Form, Term, milliseconds, passes

Terms = Mapping[BoundAggregate, Term]
Leaf = BoundCompare | BoundChain
_DAY_MS = 86_400_000


def leaves_of(bound: Bound) -> list[Leaf]:
    """Return the distinct leaves of a condition, in the order they are first met."""
    found: dict[Leaf, None] = {}
    waiting = [bound]
    while waiting:
        match waiting.pop():
            case BoundAll(parts) | BoundAny(parts):
                waiting.extend(reversed(parts))
            case BoundNot(part):
                waiting.append(part)
            case BoundCompare() | BoundChain() as leaf:
                found[leaf] = None
    return list(found)


def aggregates_of_leaf(leaf: Leaf) -> list[BoundAggregate]:
    """Return the aggregates that a leaf needs."""
    if isinstance(leaf, BoundChain):
        return [step.moments for step in leaf.steps]
    return aggregates_of_value(leaf.value)


def aggregates_of_value(value: BoundValue) -> list[BoundAggregate]:
    """Return the aggregates that a value is calculated from."""
    found = []
    waiting = [value]
    while waiting:
        match waiting.pop():
            case BoundCalculated(_, left, right):
                waiting += [right, left]
            case BoundAggregate() as aggregate:
                found.append(aggregate)
            case Constant():
                pass
    return found


def leaf_sql(leaf: Leaf, terms: Terms) -> str:
    """Return a leaf as an expression that is 1 or 0."""
    if isinstance(leaf, BoundChain):
        return _chain(leaf, terms)
    return passes(term_of(leaf.value, terms), leaf.test)


def figure_sql(value: BoundValue, terms: Terms) -> str:
    """Return a number as whole millionths (Int128), NULL when it is missing."""
    return _millionths(term_of(value, terms))


def term_of(value: BoundValue, terms: Terms) -> Term:
    """Return a value as a term."""
    match value:
        case BoundAggregate():
            return terms[value]
        case Constant():
            return _constant(value.value)
        case BoundCalculated(Arithmetic.DAYS_BETWEEN, left, right):
            start, end = _milliseconds(term_of(left, terms)), _milliseconds(term_of(right, terms))
            return Term(f"toInt128(intDiv({end} - {start}, {_DAY_MS})) * {MILLION}", Form.MILLIONTHS)
        case BoundCalculated(Arithmetic.RATIO, left, right):
            divisor = f"ifNull({_millionths(term_of(right, terms))}, 0)"
            dividend = f"ifNull({_millionths(term_of(left, terms))}, 0)"
            # Both branches of an if may be calculated, so the divisor must not be 0 in the one that is thrown away.
            quotient = f"intDiv({dividend} * {MILLION}, if({divisor} > 0, {divisor}, 1))"
            return Term(f"if({divisor} > 0, {quotient}, NULL)", Form.MILLIONTHS)
        case BoundCalculated(how, left, right):
            sign = "+" if how is Arithmetic.PLUS else "-"
            first, second = _millionths(term_of(left, terms)), _millionths(term_of(right, terms))
            total = f"ifNull({first}, 0) {sign} ifNull({second}, 0)"
            return Term(f"if(isNull({first}) AND isNull({second}), NULL, {total})", Form.MILLIONTHS)


def _constant(value: Decimal | datetime) -> Term:
    if isinstance(value, datetime):
        return Term(moment_literal(floor(milliseconds(value))), Form.MOMENT)
    return Term(f"toInt128('{int(value * MILLION)}')", Form.MILLIONTHS)


def _millionths(term: Term) -> str:
    match term.form:
        case Form.MILLIONTHS:
            return f"({term.sql})"
        case Form.COUNT:
            return f"(toInt128({term.sql}) * {MILLION})"
        case _:
            return f"toInt128(toDecimal128({term.sql}, 6) * {MILLION})"


def _milliseconds(term: Term) -> str:
    if term.form is Form.DATE:
        return f"toUnixTimestamp64Milli(toDateTime64({term.sql}, 3, 'UTC'))"
    return f"toUnixTimestamp64Milli({term.sql})"


def _chain(chain: BoundChain, terms: Terms) -> str:
    """Follow the steps: of each step the facts that can be reached from some fact of the step before."""
    first, *others = chain.steps
    reached = terms[first.moments].sql
    for step in others:
        facts = terms[step.moments].sql
        follows = "fact > before" + (
            "" if step.within_ms is None else f" AND fact - before <= {step.within_ms}"
        )
        if step.is_absent:
            is_over = f"before + {step.within_ms} < {chain.now_ms}"
            return (
                f"arrayExists(before -> {is_over} AND NOT arrayExists(fact -> {follows}, {facts}), {reached})"
            )
        reached = f"arrayFilter(fact -> arrayExists(before -> {follows}, {reached}), {facts})"
    return f"notEmpty({reached})"
