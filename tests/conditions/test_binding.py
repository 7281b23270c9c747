"""Dates become moments: clocks that jump, leap days, short months; and equal parts become equal values."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from feilun.conditions import api
from feilun.conditions.contracts import (
    Arithmetic,
    Between,
    Bound,
    BoundAggregate,
    BoundCalculated,
    BoundChain,
    BoundCompare,
    BoundNot,
    Evaluation,
    OnDays,
    OneOf,
    Unit,
)
from tests.conditions.catalogue import CATALOGUE

SHANGHAI: Final = "Asia/Shanghai"
NOON: Final = "2026-03-01T12:00:00.123456+08:00"
MS: Final = timedelta(milliseconds=1)


def bind(where: dict[str, object], now: str = NOON, zone: str = SHANGHAI) -> Bound:
    condition = api.parse_condition({"version": 1, "where": where})
    evaluation = Evaluation(datetime.fromisoformat(now), ZoneInfo(zone), "CNY")
    return api.bind_condition(condition, CATALOGUE, evaluation, segments={})


def window(period: dict[str, object] | None, now: str = NOON, zone: str = SHANGHAI) -> tuple[str, str]:
    measure: dict[str, object] = {"name": "spend"} if period is None else {"name": "spend", "period": period}
    bound = bind({"measure": measure, "op": "gt", "value": 1}, now, zone)
    assert isinstance(bound, BoundCompare)
    assert isinstance(bound.value, BoundAggregate)
    return _utc(bound.value.since), _utc(bound.value.until)


def _utc(moment: datetime | None) -> str:
    if moment is None:
        return ""
    assert moment.tzinfo is UTC
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00").removesuffix(".000")


@pytest.mark.parametrize(
    ("n", "unit", "since"),
    [
        (1, "minute", "2026-03-01T03:59:00.123"),
        (24, "hour", "2026-02-28T04:00:00.123"),
        (1, "day", "2026-02-27T16:00:00"),
        (2, "week", "2026-02-14T16:00:00"),
        (1, "month", "2026-01-31T16:00:00"),
        (1, "year", "2025-02-28T16:00:00"),
    ],
)
def test_a_last_period_begins_at_midnight_or_exactly(n: int, unit: str, since: str) -> None:
    assert window({"last": n, "unit": unit}) == (since, "2026-03-01T04:00:00.124")


@pytest.mark.parametrize(
    ("now", "n", "unit", "day"),
    [
        ("2027-03-31T12:00:00+08:00", 1, "month", "2027-02-28"),
        ("2028-03-31T12:00:00+08:00", 1, "month", "2028-02-29"),
        ("2028-02-29T12:00:00+08:00", 1, "year", "2027-02-28"),
        ("2028-02-29T12:00:00+08:00", 4, "year", "2024-02-29"),
        ("2026-01-15T12:00:00+08:00", 1, "month", "2025-12-15"),
        ("2026-12-31T12:00:00+08:00", 12, "month", "2025-12-31"),
    ],
)
def test_months_back_end_on_the_last_day_of_shorter_ones(now: str, n: int, unit: str, day: str) -> None:
    start = datetime.combine(date.fromisoformat(day), datetime.min.time(), ZoneInfo(SHANGHAI))

    assert window({"last": n, "unit": unit}, now)[0] == _utc(start.astimezone(UTC))


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("America/New_York", "2026-03-08", "2026-03-08T05:00:00"),
        ("America/New_York", "2026-03-09", "2026-03-09T04:00:00"),
        (
            "America/Sao_Paulo",
            "2018-11-04",
            "2018-11-04T03:00:00",
        ),  # midnight does not exist: the day begins at 1
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00"),  # 23:00 of the day before comes twice
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00"),  # midnight comes twice: the first one
        ("America/Havana", "2026-03-08", "2026-03-08T05:00:00"),  # midnight does not exist
        (
            "Pacific/Apia",
            "2011-12-30",
            "2011-12-30T10:00:00",
        ),  # the day does not exist: where the next begins
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00"),
        ("Asia/Kathmandu", "2026-01-01", "2025-12-31T18:15:00"),
    ],
)
def test_a_day_begins_at_its_first_moment(zone: str, day: str, start: str) -> None:
    assert window({"from": day, "to": day}, zone=zone)[0] == start
    moment = datetime.fromisoformat(start).replace(tzinfo=UTC)
    reached = moment.astimezone(ZoneInfo(zone)).date()
    assert (moment - MS).astimezone(ZoneInfo(zone)).date() < reached
    assert reached >= date.fromisoformat(day)


def test_a_day_of_a_clock_change_is_shorter() -> None:
    since, until = window(
        {"from": "2026-03-08", "to": "2026-03-08"}, "2026-04-01T00:00:00Z", "America/New_York"
    )

    assert datetime.fromisoformat(until) - datetime.fromisoformat(since) == timedelta(hours=23)


def test_dates_end_where_now_is() -> None:
    now = "2026-03-01T04:00:00.124"
    assert window({"from": "2026-02-01", "to": "2026-02-28"}) == (
        "2026-01-31T16:00:00",
        "2026-02-28T16:00:00",
    )
    assert window({"from": "2026-02-01", "to": "2026-03-31"}) == ("2026-01-31T16:00:00", now)
    assert window({"from": "2026-02-01"}) == ("2026-01-31T16:00:00", now)
    assert window({"to": "2026-02-28"}) == ("", "2026-02-28T16:00:00")
    assert window(None) == ("", now)


def test_a_period_from_before_everything_is_open() -> None:
    since, _ = window({"last": 100, "unit": "year"}, "1999-03-01T00:00:00Z")

    assert since == ""


def test_change_is_against_exactly_as_long_before() -> None:
    measure = {"name": "spend", "period": {"last": 30, "unit": "day"}, "change": "ratio"}
    bound = bind({"measure": measure, "op": "lt", "value": "0.5"})

    assert isinstance(bound, BoundCompare)
    assert isinstance(bound.value, BoundCalculated)
    now, before = bound.value.left, bound.value.right
    assert bound.value.how is Arithmetic.RATIO
    assert isinstance(now, BoundAggregate)
    assert isinstance(before, BoundAggregate)
    assert now.since is not None
    assert now.until is not None
    assert before.since is not None
    assert before.until == now.since
    assert before.until - before.since == now.until - now.since


def on_days(op: str, value: object, now: str, name: str = "birthday") -> frozenset[int]:
    bound = bind({"field": name, "op": op, "value": value}, now)
    assert isinstance(bound, BoundCompare)
    assert isinstance(bound.test, OnDays)
    assert (bound.test.zone is None) == (name != "registered_at")
    return bound.test.days


def test_the_leap_day_falls_on_the_28th_in_common_years() -> None:
    one = {"n": 1, "unit": "day"}
    assert on_days("anniversary_in_next", one, "2026-02-27T12:00:00+08:00") == {227, 228, 229}
    assert on_days("anniversary_in_next", one, "2026-02-28T12:00:00+08:00") == {228, 229, 301}
    assert on_days("anniversary_in_last", one, "2026-03-01T12:00:00+08:00") == {228, 229, 301}
    assert on_days("anniversary_in_next", one, "2028-02-27T12:00:00+08:00") == {227, 228}
    assert on_days("anniversary_in_next", {"n": 0, "unit": "day"}, "2028-02-29T12:00:00+08:00") == {229}


def test_anniversaries_go_over_the_year_and_round_it() -> None:
    found = on_days(
        "anniversary_in_next", {"n": 1, "unit": "week"}, "2026-12-29T12:00:00+08:00", "registered_at"
    )
    assert found == {1229, 1230, 1231, 101, 102, 103, 104, 105}
    assert len(on_days("anniversary_in_last", {"n": 366, "unit": "day"}, NOON, "wedding")) == 366


def test_this_month_is_that_of_the_zone() -> None:
    days = on_days("anniversary_in_months", [0, 12], "2026-02-28T16:00:00Z")

    assert {day // 100 for day in days} == {3, 12}


def test_dates_stand_for_their_whole_day_beside_moments() -> None:
    def test_of(op: str, value: object) -> object:
        bound = bind({"field": "registered_at", "op": op, "value": value})
        assert isinstance(bound, BoundCompare)
        return bound.test

    start, end = (datetime(2026, 1, day, 16, tzinfo=UTC) for day in (1, 3))
    assert test_of("between", ["2026-01-02", "2026-01-03"]) == Between(start, end, includes_high=False)
    assert test_of("before", "2026-01-02") == Between(None, start, includes_high=False)
    assert test_of("on_or_after", "2026-01-02") == Between(start, None)
    exact, moment = "2026-01-02T08:00:00+08:00", datetime(2026, 1, 2, tzinfo=UTC)
    assert test_of("between", [exact, exact]) == Between(moment, moment)


def test_equal_parts_are_equal_whoever_asks() -> None:
    def leaf(values: list[str], threshold: object) -> dict[str, object]:
        where = [
            {"column": "sku", "op": "in", "value": values},
            {"column": "amount", "op": "gt", "value": "1.50"},
        ]
        return {"measure": {"name": "order_count", "where": where}, "op": "gte", "value": threshold}

    bounds = [bind({"all": [leaf(["A", "B"], 1), leaf(["B", "A", "B"], 2)]}), bind(leaf(["B", "A"], 3))]

    assert len(api.aggregates_of(bounds)) == 1


def test_negated_operators_are_the_opposite_of_plain_ones() -> None:
    bound = bind({"field": "age", "op": "ne", "value": 3})

    assert isinstance(bound, BoundNot)
    assert isinstance(bound.part, BoundCompare)
    assert bound.part.test == OneOf(frozenset({Decimal(3)}))


def test_later_steps_may_come_after_the_period_of_the_first() -> None:
    steps = [{"source": "order_lines"}, {"source": "refund_lines", "within": {"n": 1, "unit": "month"}}]
    bound = bind({"sequence": steps, "period": {"from": "2026-01-01", "to": "2026-01-31"}})

    assert isinstance(bound, BoundChain)
    first, second = bound.steps
    assert _utc(first.moments.until) == "2026-01-31T16:00:00"
    assert _utc(second.moments.since) == "2025-12-31T16:00:00"
    assert _utc(second.moments.until) == "2026-03-01T04:00:00.124"
    assert second.within_ms == 30 * 86_400_000
    assert bound.now_ms == 1_772_337_600_123


@pytest.mark.parametrize(
    ("where", "unit"),
    [
        ({"field": "city", "op": "is_empty"}, None),
        ({"field": "age", "op": "gt", "value": 30}, Unit.DAY),
        ({"field": "days_since_order", "op": "gt", "value": 30}, Unit.HOUR),
        ({"field": "registered_at", "op": "in_last", "value": {"n": 5, "unit": "minute"}}, Unit.MINUTE),
        ({"field": "registered_at", "op": "in_last", "value": {"n": 5, "unit": "month"}}, Unit.DAY),
        ({"field": "birthday", "op": "anniversary_in_months", "value": [1]}, Unit.DAY),
        ({"not": {"any": [{"segment": "fine"}]}}, Unit.MINUTE),
        (
            {"measure": {"name": "spend", "where": [{"column": "ordered_at", "op": "in_last", "value": {"n": 1, "unit": "day"}}]},
             "op": "gt", "value": 1},
            Unit.DAY,
        ),
        ({"measure": {"name": "spend", "period": {"from": "2026-01-01"}}, "op": "gt", "value": 1}, None),
    ],
)  # fmt: skip
def test_what_time_alone_changes(where: dict[str, object], unit: Unit | None) -> None:
    fine = api.parse_condition(
        {
            "version": 1,
            "where": {
                "measure": {"name": "spend", "period": {"last": 5, "unit": "minute"}},
                "op": "gt",
                "value": 1,
            },
        }
    )
    condition = api.parse_condition({"version": 1, "where": where})

    assert api.finest_unit(condition, CATALOGUE, segments={"fine": fine}) is unit
