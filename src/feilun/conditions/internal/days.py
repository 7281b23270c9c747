"""Dates of a zone as moments. A day begins at the first moment of its date, whatever the clocks did to midnight."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from feilun.conditions.contracts import Evaluation, Span, Unit

MILLISECOND: Final = timedelta(milliseconds=1)
_MONTHS: Final = {Unit.MONTH: 1, Unit.YEAR: 12}
_DAYS: Final = {Unit.DAY: 1, Unit.WEEK: 7}
_EXACT: Final = {
    Unit.MINUTE: timedelta(minutes=1),
    Unit.HOUR: timedelta(hours=1),
    Unit.DAY: timedelta(days=1),
    Unit.WEEK: timedelta(weeks=1),
    Unit.MONTH: timedelta(days=30),
    Unit.YEAR: timedelta(days=365),
}
_LEAP_DAY: Final = 229
_DAYS_IN_YEAR_MAX: Final = 366


def now_of(evaluation: Evaluation) -> datetime:
    """Return the evaluation's moment in UTC, cut to milliseconds, as moments are stored."""
    now = evaluation.now.astimezone(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def today_of(evaluation: Evaluation) -> date:
    """Return the date of the evaluation's moment in its zone."""
    return evaluation.now.astimezone(evaluation.zone).date()


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of a date in UTC.

    Where clocks go forward over midnight, that is the moment they do so; where midnight comes twice, the first time.
    """
    naive = datetime.combine(day, time.min)
    first = naive.replace(tzinfo=zone, fold=0)
    moment = first.astimezone(UTC)
    if moment.astimezone(zone).date() >= day and moment.astimezone(zone).replace(tzinfo=None) == naive:
        return moment
    return _end_of_gap(naive, zone)


def _end_of_gap(naive: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment at which clocks jump over a wall time: the offset before it read as the one in force."""
    before = naive.replace(tzinfo=zone, fold=0).utcoffset()
    after = naive.replace(tzinfo=zone, fold=1).utcoffset()
    assert before is not None
    assert after is not None
    low = (naive - max(before, after)).replace(tzinfo=UTC)
    high = (naive - min(before, after)).replace(tzinfo=UTC)
    # Offsets change on whole seconds; the jump lies between the two readings of the wall time.
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def add_span(day: date, span: Span, sign: int) -> date:
    """Return the date so many calendar units away; of a month too short, its last day."""
    if span.unit in _DAYS:
        return day + timedelta(days=sign * span.n * _DAYS[span.unit])
    year, month = divmod(day.year * 12 + day.month - 1 + sign * span.n * _MONTHS[span.unit], 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def exact_span(span: Span) -> timedelta:
    """Return a span as elapsed time: a day is 24 hours, a month 30 days, a year 365."""
    return span.n * _EXACT[span.unit]


def month_days(first: date, days: int) -> frozenset[int]:
    """Return the days of the year from a date on, as month * 100 + day; 29 February stands beside 28 in common years."""
    found: set[int] = set()
    for offset in range(min(days, _DAYS_IN_YEAR_MAX) + 1):
        day = first + timedelta(days=offset)
        found.add(day.month * 100 + day.day)
        if (day + timedelta(days=1)).day == 1 and day.month == 2:  # noqa: PLR2004
            found.add(_LEAP_DAY)
    return frozenset(found)


def days_of_months(months: frozenset[int]) -> frozenset[int]:
    """Return all days of months, as month * 100 + day."""
    return frozenset(month * 100 + day for month in months for day in range(1, 32))
