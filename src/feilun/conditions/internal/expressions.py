"""What expressions of the catalogue are made of, and of which kind their values are."""

from collections.abc import Iterator
from datetime import datetime

from feilun.conditions.contracts import (
    Aggregate,
    Arithmetic,
    Calculated,
    Catalogue,
    Column,
    Constant,
    Expression,
    Function,
    MeasureDef,
    Now,
    Source,
    ValueKind,
)

_ORDERED = (ValueKind.NUMBER, ValueKind.DATE, ValueKind.MOMENT)
_TEXTUAL = (ValueKind.TEXT, ValueKind.CHOICE, ValueKind.PATH)


def aggregates_in(expression: Expression) -> Iterator[Aggregate]:
    """Yield the aggregates of an expression, from left to right."""
    match expression:
        case Aggregate():
            yield expression
        case Calculated(_, left, right):
            yield from aggregates_in(left)
            yield from aggregates_in(right)
        case Constant() | Now():
            pass


def has_now(expression: Expression) -> bool:
    """Tell whether the value changes with every moment."""
    match expression:
        case Now():
            return True
        case Calculated(_, left, right):
            return has_now(left) or has_now(right)
        case Aggregate() | Constant():
            return False


def source_names(expression: Expression) -> tuple[str, ...]:
    """Return the sources an expression is taken from, each once."""
    return tuple(dict.fromkeys(aggregate.source for aggregate in aggregates_in(expression)))


def find_column(source: Source, name: str) -> Column | None:
    """Return a column of a source, or None."""
    return next((column for column in source.columns if column.name == name), None)


def shared_column(measure: MeasureDef, name: str, catalogue: Catalogue) -> Column | None:
    """Return a column that all sources of a measure have, of one kind, or None."""
    found = [find_column(catalogue.sources[source], name) for source in source_names(measure.expression)]
    first = found[0] if found else None
    if first is None or any(column is None or column.kind is not first.kind for column in found):
        return None
    return first


def shared_columns(measure: MeasureDef, catalogue: Catalogue) -> tuple[Column, ...]:
    """Return the columns that facts of a measure can be chosen by, as its first source words them."""
    sources = source_names(measure.expression)
    names = [column.name for column in catalogue.sources[sources[0]].columns] if sources else []
    found = [shared_column(measure, name, catalogue) for name in names]
    return tuple(column for column in found if column is not None)


def is_timed(measure: MeasureDef, catalogue: Catalogue) -> bool:
    """Tell whether all facts of a measure have a moment."""
    sources = source_names(measure.expression)
    return bool(sources) and all(catalogue.sources[name].moment is not None for name in sources)


def kind_of(expression: Expression, sources: dict[str, Source]) -> ValueKind:
    """Return the kind of an expression's value.

    Raises:
        ValueError: it cannot be computed.
    """
    match expression:
        case Aggregate():
            return _kind_of_aggregate(expression, sources)
        case Constant(value):
            return ValueKind.MOMENT if isinstance(value, datetime) else ValueKind.NUMBER
        case Now():
            return ValueKind.MOMENT
        case Calculated(how, left, right):
            wanted = ValueKind.MOMENT if how is Arithmetic.DAYS_BETWEEN else ValueKind.NUMBER
            kinds = {kind_of(left, sources), kind_of(right, sources)}
            if kinds != {wanted}:
                raise ValueError(f"{how.value} is of {wanted.value} values, not of {sorted(kinds)}")
            return ValueKind.NUMBER


def fits(declared: ValueKind, found: ValueKind) -> bool:
    """Tell whether values of a kind may be offered as another: texts may be called choices or paths."""
    return declared is found or (declared in _TEXTUAL and found in _TEXTUAL)


def _kind_of_aggregate(aggregate: Aggregate, sources: dict[str, Source]) -> ValueKind:
    source = sources.get(aggregate.source)
    if source is None:
        raise ValueError(f"there is no source {aggregate.source!r}")
    if aggregate.function in (Function.COUNT, Function.MOMENTS):
        if aggregate.column is not None or aggregate.function is Function.MOMENTS:
            raise ValueError(f"{aggregate.function.value} of {source.name} cannot be asked for so")
        return ValueKind.NUMBER
    column = find_column(source, aggregate.column or "")
    if column is None:
        raise ValueError(f"source {source.name} has no column {aggregate.column!r}")
    if column.has_property != (aggregate.property is not None):
        raise ValueError(
            f"{source.name}.{column.name}: a property has to be named exactly where columns have them"
        )
    return _kind_of_column(aggregate.function, column, source)


def _kind_of_column(function: Function, column: Column, source: Source) -> ValueKind:
    kind = column.kind
    is_possible = {
        Function.VALUE: source.is_per_person,
        Function.COUNT_DISTINCT: kind is not ValueKind.TEXTS,
        Function.SUM: kind is ValueKind.NUMBER,
        Function.MIN: kind in _ORDERED,
        Function.MAX: kind in _ORDERED,
        Function.FIRST: source.moment is not None and kind is not ValueKind.TEXTS,
        Function.LAST: source.moment is not None and kind is not ValueKind.TEXTS,
        Function.SET: kind in _TEXTUAL,
    }
    if not is_possible[function]:
        raise ValueError(f"{function.value} cannot be taken of {source.name}.{column.name}")
    if function is Function.COUNT_DISTINCT:
        return ValueKind.NUMBER
    return ValueKind.TEXTS if function is Function.SET else kind
