"""The JSON of conditions, put together by functions that read like the sentence they make."""

from collections.abc import Sequence
from decimal import Decimal

Json = dict[str, object]


def condition(where: Json) -> Json:
    """Return a whole condition."""
    return {"version": 1, "where": where}


def all_of(*parts: Json) -> Json:
    """Every part holds."""
    return {"all": list(parts)}


def any_of(*parts: Json) -> Json:
    """Some part holds."""
    return {"any": list(parts)}


def never(part: Json) -> Json:
    """The part does not hold."""
    return {"not": part}


def field(name: str, op: str, value: object = None) -> Json:
    """Compare a field."""
    return {"field": name, "op": op} | ({} if value is None else {"value": value})


def measure(
    name: str,
    op: str,
    value: object = None,
    *,
    days: int | None = None,
    where: Sequence[Json] = (),
) -> Json:
    """Compare a measure over the last days (None: ever) of the facts chosen."""
    operand: Json = {"name": name}
    if where:
        operand["where"] = list(where)
    if days is not None:
        operand["period"] = {"last": days, "unit": "day"}
    return {"measure": operand, "op": op} | ({} if value is None else {"value": value})


def only(column: str, op: str, *values: str) -> Json:
    """Choose facts by a column."""
    return {"column": column, "op": op, "value": list(values)}


def span(days: int) -> Json:
    """So many days."""
    return {"n": days, "unit": "day"}


def plain(number: Decimal) -> str:
    """Return a number as conditions write it: decimal notation without needless zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
