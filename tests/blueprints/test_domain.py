"""Ready definitions build sound conditions, and the RFM conditions mean the scores they stand for."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feilun.blueprints import api
from feilun.blueprints.contracts import (
    Binning,
    BuiltSegment,
    BuiltTag,
    Dimension,
    RfmModel,
    Scale,
    SettingKind,
)
from feilun.blueprints.errors import BlueprintNotFound, RfmInvalid, SettingInvalid
from feilun.blueprints.internal.domain import rfm
from feilun.blueprints.internal.rfm import check_model
from feilun.conditions import api as conditions
from feilun.conditions.contracts import (
    AggregateValue,
    BoundAggregate,
    Catalogue,
    Evaluation,
    Function,
    PeopleValues,
)
from feilun.entrypoints.wiring import condition_fields
from feilun.platform.db import UnitOfWork

_FILLED = {"channels": "wecom\n小程序", "values": "餐厨\n包袋", "asked": "consult\ncart_add"}
_NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
_EVALUATION = Evaluation(_NOW, ZoneInfo("Asia/Shanghai"), "CNY")


@pytest.fixture
def catalogue(uow: UnitOfWork) -> Catalogue:
    """Everything conditions can speak about in this installation."""
    return conditions.join_catalogue(part.offer(uow) for part in condition_fields())


@pytest.mark.parametrize("name", [blueprint.name for blueprint in api.list_blueprints()])
def test_every_ready_definition_is_sound_with_its_defaults_and_at_its_bounds(
    name: str, catalogue: Catalogue
) -> None:
    blueprint = next(b for b in api.list_blueprints() if b.name == name)
    for bound in ("default", "low", "high"):
        settings = {
            setting.name: _FILLED[setting.name]
            if setting.kind is SettingKind.TEXT
            else str(getattr(setting, bound) if getattr(setting, bound) is not None else setting.default)
            for setting in blueprint.settings
        }
        for data in _conditions(api.build_blueprint(name, settings)):
            condition = conditions.parse_condition(data)
            assert conditions.check_condition(condition, catalogue, segments={}) == []
            assert conditions.describe_condition(condition, catalogue, locale="zh-CN", segment_names={})


def _conditions(built: BuiltSegment | BuiltTag) -> list[object]:
    return [built.condition] if isinstance(built, BuiltSegment) else [v.condition for v in built.values]


def test_settings_are_checked() -> None:
    for wrong in ({"days": "0"}, {"days": "1.5"}, {"days": "many"}, {"days": "NaN"}, {"weeks": "3"}):
        with pytest.raises(SettingInvalid):
            api.build_blueprint("dormant", wrong)
    with pytest.raises(BlueprintNotFound):
        api.build_blueprint("nobody", {})


# --- RFM --------------------------------------------------------------------------------------------------------------


def _model(scores: int, limits: dict[Dimension, Sequence[int]]) -> RfmModel:
    return RfmModel(
        scores=scores,
        period_days=365,
        scales={
            dimension: Scale(binning=Binning.THRESHOLDS, limits=tuple(map(Decimal, limits[dimension])))
            for dimension in Dimension
        },
        regions=rfm.classic_regions(scores),
        recalibrate_days=30,
    )


@st.composite
def models(draw: st.DrawFn) -> RfmModel:
    """Models with few small limits, so that values fall on them; quantile limits may be equal, so these may."""
    scores = draw(st.integers(2, 5))
    limits = st.lists(st.integers(0, 8), min_size=scores - 1, max_size=scores - 1).map(sorted)
    return _model(scores, {dimension: draw(limits) for dimension in Dimension})


class _Person:
    """Someone whose last order was whole days ago, with so many orders in the period and ever, and so much spent."""

    def __init__(self, days: int, orders: int, spent: int | None) -> None:
        self.days, self.orders, self.spent = days, orders, spent

    def value(self, aggregate: BoundAggregate) -> AggregateValue:
        if aggregate.function is Function.COUNT_DISTINCT:
            return Decimal(self.orders if aggregate.since else max(1, self.orders))
        if aggregate.function is Function.MAX:
            return _NOW.replace(day=_NOW.day - self.days)
        if aggregate.source == "refund_lines":
            return None
        return None if self.spent is None else Decimal(self.spent)

    def scores(self, model: RfmModel) -> tuple[int, int, int]:
        def above(dimension: Dimension, value: int | None) -> int:
            return sum(value is not None and value > limit for limit in model.scales[dimension].limits)

        return (
            model.scores - above(Dimension.RECENCY, self.days),
            1 + above(Dimension.FREQUENCY, self.orders),
            1 + above(Dimension.MONETARY, self.spent),
        )


people = st.lists(
    st.builds(_Person, st.integers(0, 9), st.integers(0, 9), st.none() | st.integers(-3, 9)),
    min_size=1,
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(model=models(), crowd=people)
def test_conditions_of_scores_and_regions_choose_who_has_them(
    catalogue: Catalogue, model: RfmModel, crowd: list[_Person]
) -> None:
    def chosen(tag: BuiltTag) -> list[str]:
        bounds = {
            value.value: conditions.bind_condition(
                conditions.parse_condition(value.condition), catalogue, _EVALUATION, segments={}
            )
            for value in tag.values
        }
        values = {
            aggregate: [person.value(aggregate) for person in crowd]
            for aggregate in conditions.aggregates_of(bounds.values())
        }
        masks = conditions.evaluate_conditions(bounds, PeopleValues(list(range(len(crowd))), values))
        found = [[key for key, mask in masks.items() if mask >> i & 1] for i in range(len(crowd))]
        assert all(len(keys) == 1 for keys in found), "each person has one score and one region"
        return [keys[0] for keys in found]

    for place, dimension in enumerate(Dimension):
        wanted = [str(person.scores(model)[place]) for person in crowd]
        assert chosen(rfm.score_tag(model, dimension)) == wanted
    assert chosen(rfm.region_tag(model)) == [rfm.region_of(model, person.scores(model)) for person in crowd]


def test_a_model_that_does_not_hold_together_is_refused() -> None:
    sound = _model(3, dict.fromkeys(Dimension, (1, 2)))
    check_model(sound)
    for wrong in (
        _model(3, dict.fromkeys(Dimension, (2, 1))),
        _model(3, dict.fromkeys(Dimension, (1,))),
    ):
        with pytest.raises(RfmInvalid):
            check_model(wrong)
