"""Places of values: instead of a verdict per leaf, one small number per value, from which all its comparisons follow.

The bounds of all leaves that compare a value cut its range into pieces. A value's place is the number of its piece, counted
from 1; a missing value has place 0. A leaf holds in a span of places, whatever the value is exactly.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from feilun.conditions.contracts import Between, BoundAggregate, BoundCompare, BoundValue
from feilun.conditions.internal.sql.aggregating import COUNTING
from feilun.conditions.internal.sql.leaves import Leaf, Terms, term_of
from feilun.conditions.internal.sql.terms import FORM_OF_KIND, SCALES, Form, whole_bounds

Span = tuple[int, int]
"""First and last place; none when the first is greater."""
_NONE: Span = (1, 0)
_COUNTED_MAX: Final = 254
"""Up to here a count has a place for each number, which then needs no comparing."""


@dataclass(frozen=True, slots=True)
class PlacedValue:
    """A value and the leaves that compare it."""

    value: BoundValue
    cuts: tuple[int, ...]
    """Ascending, in whole units of the value's form; each begins a place, the first one place 2."""
    leaves: tuple[BoundCompare, ...]
    spans: tuple[Span, ...]
    """Of each leaf the places in which it holds."""


def placed_values(leaves: Iterable[Leaf]) -> list[PlacedValue]:
    """Return the values that leaves compare with bounds, with those leaves."""
    found: dict[tuple[BoundValue, Form], dict[BoundCompare, Between]] = defaultdict(dict)
    for leaf in leaves:
        if isinstance(leaf, BoundCompare) and isinstance(leaf.test, Between):
            found[leaf.value, _form(leaf)][leaf] = leaf.test
    return [_placed(value, form, tests) for (value, form), tests in found.items()]


def place_sql(placed: PlacedValue, terms: Terms, name: str) -> str:
    """Return the place as an expression; `name` is free to stand for a calculated value within it.

    Planning the expressions costs more than running them, so there is one comparison per cut and nothing else.
    """
    term = term_of(placed.value, terms)
    if not placed.cuts:
        return "1" if term.form is Form.COUNT else f"if(isNull({term.sql}), 0, 1)"
    if term.form is Form.COUNT and len(placed.cuts) == placed.cuts[-1]:
        return f"toUInt8(least({term.sql}, {placed.cuts[-1]}) + 1)"
    is_calculated = not isinstance(placed.value, BoundAggregate)
    first, again = (f"({term.sql} AS {name})", name) if is_calculated else (term.sql, term.sql)
    branches = [
        f"{again} >= {SCALES[term.form].literal(cut)}, {place}"
        for place, cut in reversed(list(enumerate(placed.cuts, 2)))
    ]
    if term.form is Form.COUNT:
        # A count that is calculated does not occur, so nothing has named it yet.
        return f"multiIf({', '.join(branches)}, 1)"
    return f"multiIf(isNull({first}), 0, {', '.join(branches)}, 1)"


def _form(leaf: BoundCompare) -> Form:
    if isinstance(leaf.value, BoundAggregate) and leaf.value.function in COUNTING:
        return Form.COUNT
    return FORM_OF_KIND[leaf.kind]


def _placed(value: BoundValue, form: Form, tests: dict[BoundCompare, Between]) -> PlacedValue:
    bounds = [whole_bounds(form, test) for test in tests.values()]
    cuts = sorted(
        {low for low, high in filter(None, bounds) if low is not None}
        | {high + 1 for low, high in filter(None, bounds) if high is not None}
    )
    if form is Form.COUNT and cuts and cuts[-1] <= _COUNTED_MAX:
        cuts = list(range(1, cuts[-1] + 1))
    spans = [
        _NONE
        if bound is None
        else (
            1 if bound[0] is None else bisect_left(cuts, bound[0]) + 2,
            len(cuts) + 1 if bound[1] is None else bisect_left(cuts, bound[1] + 1) + 1,
        )
        for bound in bounds
    ]
    return PlacedValue(value, tuple(cuts), tuple(tests), tuple(spans))
