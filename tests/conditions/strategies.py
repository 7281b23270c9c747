"""Random conditions over a catalogue: every node, operator, period and kind of value, with values that data can meet."""

from collections.abc import Mapping
from collections.abc import Sequence as ListOf
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from feilun.conditions import api
from feilun.conditions.contracts import (
    OPERATORS,
    AllOf,
    AnyOf,
    Catalogue,
    Change,
    Column,
    Compare,
    Condition,
    DatePeriod,
    Evaluation,
    FieldDef,
    FieldOperand,
    Filter,
    LastPeriod,
    MeasureDef,
    MeasureOperand,
    Node,
    Not,
    Operand,
    Operator,
    Period,
    Scalar,
    SegmentReference,
    Sequence,
    Source,
    Span,
    Step,
    Unit,
    ValueKind,
)

ZONES: Final = (
    "Asia/Shanghai",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "UTC",
)
DAY: Final = date(2026, 3, 1)
"""Data and conditions gather around it; it is the day after 28 February of a common year."""
MOMENTS: Final = (
    datetime(2026, 3, 1, 4, 0, tzinfo=UTC),
    datetime(2026, 2, 28, 16, 0, tzinfo=UTC),  # midnight in Shanghai
    datetime(2026, 2, 28, 15, 59, 59, 999_000, tzinfo=UTC),
    datetime(2026, 3, 8, 7, 0, tzinfo=UTC),  # New York's clocks go forward
    datetime(2018, 11, 4, 3, 0, tzinfo=UTC),  # São Paulo has no midnight
    datetime(2018, 2, 18, 2, 30, tzinfo=UTC),  # and had one twice
    datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
    datetime(2027, 3, 31, 12, 0, tzinfo=UTC),  # months back end on shorter ones
)
ODD_TEXTS: Final = (
    "'",
    '"',
    "\\",
    "%",
    "_",
    "{zone}",
    "a/b",
    "Ä",
    "ß",
    "👩‍👩‍👧",
    "\u00a0",
    "x" * 200,
    "--",
    "?",
)
TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "city": ("上海", "杭州", "Bern", "bern"),
    "gender": ("f", "m"),
    "sources": ("erp", "shop", "pos"),
    "order": ("1", "2", "3"),
    "sku": ("A1", "A2", "B1"),
    "category": ("女装", "女装/裙", "女装/裙/长", "女装裙", "男装"),
    "last_category": ("女装", "女装/裙", "女装/裙/长", "女装裙", "男装"),
    "store": ("S1", "S2"),
    "first_store": ("S1", "S2"),
    "products": ("A1", "A2", "B1"),
    "kind": ("browse", "cart", "consult"),
    "text_property": ("home", "item"),
    "tag": ("gold", "new", "style"),
    "tags": ("gold", "new", "style"),
    "value": ("cool", "warm"),
    "style": ("cool", "warm"),
}
PROPERTIES: Final = ("page", "seconds", "o'clock")
NUMBERS: Final = tuple(
    Decimal(text)
    for text in ("0", "1", "2", "3", "-1", "0.5", "0.333333", "10", "99.9999", "1.234567", "1000")
)

_spans: Final = st.builds(Span, st.integers(1, 40), st.sampled_from(Unit))
_long_spans: Final = st.builds(Span, st.integers(1, 40), st.sampled_from((Unit.DAY, Unit.WEEK, Unit.MONTH)))
_few_days: Final = st.one_of(
    st.builds(Span, st.integers(0, 366), st.just(Unit.DAY)),
    st.builds(Span, st.integers(0, 52), st.just(Unit.WEEK)),
)
dates: Final = st.integers(-800, 800).map(lambda days: DAY + timedelta(days=days))
moments: Final = st.one_of(
    st.sampled_from(MOMENTS),
    st.builds(
        lambda moment, ms: moment + timedelta(milliseconds=ms),
        st.sampled_from(MOMENTS),
        st.sampled_from((-86_400_000, -3_600_000, -1, 0, 1, 3_600_000, 86_400_000))
        | st.integers(-(10**11), 10**11),
    ),
)
numbers: Final = st.one_of(
    st.sampled_from(NUMBERS),
    st.decimals(-10_000, 10_000, places=4, allow_nan=False, allow_infinity=False),
)


def evaluations() -> st.SearchStrategy[Evaluation]:
    """Moments around changes of clocks, ends of months and leap days, in zones that differ from each other."""
    return st.builds(Evaluation, moments, st.sampled_from(ZONES).map(ZoneInfo), st.just("CNY"))


@cache
def texts(name: str) -> st.SearchStrategy[str]:
    """Texts that occur under a name, and some that do harm where they are not quoted."""
    return st.sampled_from((*TEXTS.get(name, ()), *ODD_TEXTS))


@cache
def periods() -> st.SearchStrategy[Period]:
    """Both forms, open at either end."""
    return st.one_of(_last_periods(), _date_periods())


@cache
def _last_periods() -> st.SearchStrategy[LastPeriod]:
    return st.builds(LastPeriod, _spans)


@cache
@st.composite
def _date_periods(draw: st.DrawFn) -> DatePeriod:
    first, last = sorted((draw(dates), draw(dates)))
    return draw(st.sampled_from((DatePeriod(first, last), DatePeriod(first, None), DatePeriod(None, last))))


@cache
@st.composite
def _values(  # noqa: PLR0911
    draw: st.DrawFn, kind: ValueKind, op: Operator, name: str
) -> tuple[tuple[Scalar, ...], Span | None]:
    match op:
        case Operator.IS_TRUE | Operator.IS_FALSE | Operator.IS_EMPTY | Operator.IS_NOT_EMPTY:
            return (), None
        case Operator.IN_LAST | Operator.OLDER_THAN | Operator.IN_NEXT:
            return (), draw(_long_spans if kind is ValueKind.DATE else _spans)
        case Operator.ANNIVERSARY_IN_NEXT | Operator.ANNIVERSARY_IN_LAST:
            return (), draw(_few_days)
        case Operator.ANNIVERSARY_IN_MONTHS:
            months = draw(st.lists(st.integers(0, 12), min_size=1, max_size=4, unique=True))
            return tuple(Decimal(month) for month in months), None
        case Operator.CONTAINS | Operator.NOT_CONTAINS | Operator.STARTS_WITH:
            text = draw(texts(name))
            return (text[: draw(st.integers(1, 3))],), None
        case Operator.BETWEEN:
            one = numbers if kind is ValueKind.NUMBER else _days(kind)
            low = draw(one)
            high = draw(one.filter(lambda other: type(other) is type(low)))
            return tuple(sorted((low, high))), None
        case Operator.BEFORE | Operator.ON_OR_AFTER:
            return (draw(_days(kind)),), None
        case _ if kind is ValueKind.NUMBER:
            return (draw(numbers),), None
        case _:
            return tuple(draw(st.lists(texts(name), min_size=1, max_size=4, unique=True))), None


@cache
def _days(kind: ValueKind) -> st.SearchStrategy[Scalar]:
    found: st.SearchStrategy[Scalar] = dates
    return found if kind is ValueKind.DATE else st.one_of(found, moments)


@st.composite
def filters(draw: st.DrawFn, columns: ListOf[Column]) -> Filter:
    """A filter by one of the columns."""
    column = draw(st.sampled_from(columns))
    op = draw(st.sampled_from(OPERATORS[column.kind]))
    values, span = draw(_values(column.kind, op, column.name))
    named = draw(st.sampled_from(PROPERTIES)) if column.has_property else None
    return Filter(column.name, op, values, span, named)


def _where(columns: ListOf[Column]) -> st.SearchStrategy[tuple[Filter, ...]]:
    if not columns:
        return st.just(())
    return st.lists(filters(columns), max_size=2).map(tuple)


@st.composite
def _measures(draw: st.DrawFn, catalogue: Catalogue, measure: MeasureDef) -> MeasureOperand:
    where = draw(_where(api.filter_columns(measure, catalogue)))
    period = draw(st.none() | periods()) if api.has_period(measure, catalogue) else None
    change = None
    if isinstance(period, LastPeriod) and measure.kind is ValueKind.NUMBER:
        change = draw(st.none() | st.sampled_from(Change))
    return MeasureOperand(measure.name, where, period, change)


@st.composite
def comparisons(draw: st.DrawFn, catalogue: Catalogue) -> Compare:
    """A field or measure with one of the operators of its kind."""
    definitions: list[FieldDef | MeasureDef] = [*catalogue.fields.values(), *catalogue.measures.values()]
    definition = draw(st.sampled_from(definitions))
    operand: Operand
    if isinstance(definition, MeasureDef):
        operand = draw(_measures(catalogue, definition))
    else:
        operand = FieldOperand(definition.name)
    op = draw(st.sampled_from(OPERATORS[definition.kind]))
    values, span = draw(_values(definition.kind, op, definition.name))
    return Compare(operand, op, values, span)


@st.composite
def sequences(draw: st.DrawFn, catalogue: Catalogue) -> Sequence:
    """One to four steps, the last sometimes absent."""
    timed = [source for source in catalogue.sources.values() if source.moment is not None]
    count = draw(st.integers(1, 4))
    is_absent = count > 1 and draw(st.booleans())
    steps = []
    for i in range(count):
        source: Source = draw(st.sampled_from(timed))
        is_last_absent = is_absent and i == count - 1
        within = draw(_spans if is_last_absent else st.none() | _spans) if i else None
        where = draw(st.one_of(st.just(()), st.just(()), _where(source.columns)))
        steps.append(Step(source.name, where, within, is_last_absent))
    return Sequence(tuple(steps), draw(st.one_of(st.none(), st.none(), periods())))


def nodes(catalogue: Catalogue, segments: ListOf[str] = ()) -> st.SearchStrategy[Node]:
    """Trees of up to about a dozen leaves. `segments`: keys that may be referred to."""
    leaves: st.SearchStrategy[Node] = st.one_of(
        comparisons(catalogue), comparisons(catalogue), comparisons(catalogue), sequences(catalogue)
    )
    if segments:
        leaves = st.one_of(leaves, leaves, leaves, st.builds(SegmentReference, st.sampled_from(segments)))
    return st.recursive(
        leaves,
        lambda parts: st.one_of(
            st.builds(AllOf, st.lists(parts, max_size=3).map(tuple)),
            st.builds(AnyOf, st.lists(parts, max_size=3).map(tuple)),
            st.builds(Not, parts),
        ),
        max_leaves=6,
    )


def conditions(catalogue: Catalogue, segments: ListOf[str] = ()) -> st.SearchStrategy[Condition]:
    """Sound conditions over the catalogue."""
    return st.builds(Condition, nodes(catalogue, segments))


def single_leaves(catalogue: Catalogue) -> st.SearchStrategy[Condition]:
    """Conditions of one comparison or sequence, whose verdict nothing else hides."""
    leaves: st.SearchStrategy[Node] = st.one_of(
        comparisons(catalogue), comparisons(catalogue), sequences(catalogue)
    )
    return st.builds(Condition, leaves)


@st.composite
def _fields(draw: st.DrawFn, catalogue: Catalogue, name: str) -> Compare:
    field = catalogue.fields[name]
    op = draw(st.sampled_from(OPERATORS[field.kind]))
    values, span = draw(_values(field.kind, op, name))
    return Compare(FieldOperand(name), op, values, span)


def timed_leaves(catalogue: Catalogue) -> st.SearchStrategy[Condition]:
    """Conditions of the test catalogue that ask for nothing but when: every edge of time decides them."""
    has_bought = st.builds(
        lambda period: Compare(MeasureOperand("line_count", (), period), Operator.GTE, (Decimal(1),)),
        periods(),
    )
    followed = st.builds(
        lambda within, is_absent: Sequence(
            (Step("order_lines"), Step("interactions", (), within, is_absent=is_absent))
        ),
        _spans,
        st.booleans(),
    )
    fields = st.sampled_from(("registered_at", "wedding", "birthday")).flatmap(
        lambda name: _fields(catalogue, name)
    )
    leaves: st.SearchStrategy[Node] = st.one_of(has_bought, followed, fields)
    return st.builds(Condition, leaves)
