"""Numbers of everybody at once: cut into equal parts, and counted by where several of them lie. All of it in the warehouse."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from feilun.conditions import api as conditions
from feilun.conditions.contracts import (
    BoundCompare,
    BoundValue,
    Catalogue,
    Compare,
    Condition,
    Evaluation,
    Everybody,
    MeasureOperand,
    Operator,
)
from feilun.platform.warehouse import Warehouse
from feilun.segments.contracts import FigureCell, Quantiles

_MILLION: Final = Decimal(1_000_000)


def read_quantiles(
    warehouse: Warehouse,
    measures: Sequence[MeasureOperand],
    parts: int,
    catalogue: Catalogue,
    evaluation: Evaluation,
) -> Quantiles:
    """See `feilun.segments.api.read_quantiles`."""
    limits = ", ".join(
        f"arrayMap(k -> s{n}[intDiv(k * (length(s{n}) - 1), {parts}) + 1], range(1, {parts}))"
        for n in range(len(measures))
    )
    sorted_values = ", ".join(f"arraySort(groupArray(v{n})) AS s{n}" for n in range(len(measures)))
    source, settings = _figures(measures, catalogue, evaluation)
    ((people, *found),) = warehouse.rows(
        f"SELECT people, {limits} FROM (SELECT count() AS people, {sorted_values} FROM ({source}) WHERE isNotNull(v0))",
        settings=settings,
    )
    return Quantiles(
        people=int(people),
        limits=tuple(tuple(_number(value) for value in values) if people else () for values in found),
    )


def tabulate(
    warehouse: Warehouse,
    measures: Sequence[MeasureOperand],
    limits: Sequence[Sequence[Decimal]],
    catalogue: Catalogue,
    evaluation: Evaluation,
) -> list[FigureCell]:
    """See `feilun.segments.api.tabulate`."""
    source, settings = _figures(measures, catalogue, evaluation)
    places = ", ".join(f"{_place(f'v{n}', cuts)} AS p{n}" for n, cuts in enumerate(limits))
    keys = ", ".join(f"p{n}" for n in range(len(limits)))
    totals = ", ".join(f"sum(v{n}), count(v{n})" for n in range(len(measures)))
    rows = warehouse.rows(
        f"SELECT {keys}, count(), {totals} FROM (SELECT *, {places} FROM ({source}) WHERE isNotNull(v0))"
        f" GROUP BY {keys} ORDER BY {keys}",
        settings=settings,
    )
    width = len(limits)
    return [
        FigureCell(
            places=tuple(int(place) for place in row[:width]),
            people=int(row[width]),
            totals=tuple(
                (_number(total), int(count)) if count else (Decimal(0), 0)
                for total, count in zip(row[width + 1 :: 2], row[width + 2 :: 2], strict=True)
            ),
        )
        for row in rows
    ]


def _figures(
    measures: Sequence[MeasureOperand], catalogue: Catalogue, evaluation: Evaluation
) -> tuple[str, dict[str, object]]:
    values = [_bound_value(measure, catalogue, evaluation) for measure in measures]
    query = conditions.figures_query(values, catalogue, evaluation, Everybody())
    return query.sql, dict(query.settings)


def _bound_value(measure: MeasureOperand, catalogue: Catalogue, evaluation: Evaluation) -> BoundValue:
    """Return the value a measure stands for; it is bound as part of the condition that there is one."""
    there_is_one = Condition(Compare(measure, Operator.IS_NOT_EMPTY))
    bound = conditions.bind_condition(there_is_one, catalogue, evaluation, segments={})
    assert isinstance(bound, BoundCompare), "presence of a value is one comparison"
    return bound.value


def _place(column: str, limits: Sequence[Decimal]) -> str:
    """Return how many limits a value lies above; a missing one lies above none."""
    cuts = " + ".join(f"ifNull({column} > toInt128('{int(limit * _MILLION)}'), 0)" for limit in limits)
    return f"toUInt8({cuts or '0'})"


def _number(millionths: object) -> Decimal:
    assert isinstance(millionths, int)
    return Decimal(millionths) / _MILLION
