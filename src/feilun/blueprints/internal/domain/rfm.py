"""The RFM model as conditions: scores, regions, the default model."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from feilun.blueprints.contracts import (
    Binning,
    BuiltTag,
    BuiltValue,
    Dimension,
    Region,
    RfmModel,
    Scale,
    Words,
)
from feilun.blueprints.internal.domain.phrases import Json, all_of, any_of, condition, measure, never, plain

MEASURES: Final[Mapping[Dimension, str]] = {
    Dimension.RECENCY: "days_since_last_order",
    Dimension.FREQUENCY: "order_count",
    Dimension.MONETARY: "net_spend",
}
LABELS: Final[Mapping[Dimension, Words]] = {
    Dimension.RECENCY: Words("R 最近购买", "R recency"),
    Dimension.FREQUENCY: Words("F 购买频次", "F frequency"),
    Dimension.MONETARY: Words("M 消费金额", "M monetary"),
}


def _region(key: str, zh: str, en: str, *, high: str, scores: int) -> Region:
    """Return one of the eight classic regions; `high` names the dimensions in the upper part of the scores."""
    upper, lower = (scores // 2 + 1, scores), (1, scores // 2)
    return Region(
        key=key,
        title=Words(zh, en),
        recency=upper if "R" in high else lower,
        frequency=upper if "F" in high else lower,
        monetary=upper if "M" in high else lower,
    )


def classic_regions(scores: int) -> tuple[Region, ...]:
    """Return the eight regions of high and low; an uneven number of scores puts the middle one into the upper part."""
    return (
        _region("champions", "重要价值客户", "Important: keep", high="RFM", scores=scores),
        _region("growing", "重要发展客户", "Important: develop", high="RM", scores=scores),
        _region("retain", "重要保持客户", "Important: hold", high="FM", scores=scores),
        _region("win_back", "重要挽留客户", "Important: win back", high="M", scores=scores),
        _region("regular", "一般价值客户", "Regular: keep", high="RF", scores=scores),
        _region("fresh", "一般发展客户", "Regular: develop", high="R", scores=scores),
        _region("fading", "一般保持客户", "Regular: hold", high="F", scores=scores),
        _region("lost", "一般挽留客户", "Regular: win back", high="", scores=scores),
    )


DEFAULT_MODEL: Final = RfmModel(
    scores=5,
    period_days=365,
    scales={dimension: Scale(binning=Binning.QUANTILE) for dimension in Dimension},
    regions=classic_regions(5),
    recalibrate_days=30,
)


def above(model: RfmModel, dimension: Dimension, limit: Decimal) -> Json:
    """Return 'the value lies above the limit'."""
    days = None if dimension is Dimension.RECENCY else model.period_days
    return measure(MEASURES[dimension], "gt", plain(limit), days=days)


def has_score(model: RfmModel, dimension: Dimension, low: int, high: int) -> Json:
    """Return 'the score lies between low and high', for somebody who ever ordered."""
    limits = model.scales[dimension].limits
    if dimension is Dimension.RECENCY:
        low, high = model.scores + 1 - high, model.scores + 1 - low
    parts = []
    if low > 1:
        parts.append(above(model, dimension, limits[low - 2]))
    if high < model.scores:
        parts.append(never(above(model, dimension, limits[high - 1])))
    return all_of(*parts) if len(parts) != 1 else parts[0]


def ever_ordered() -> Json:
    """Return 'ordered at least once': whom the model is about."""
    return measure("order_count", "gte", 1)


def cell(model: RfmModel, recency: int, frequency: int) -> Json:
    """Return the condition of one cell of the heat map."""
    return condition(
        all_of(
            ever_ordered(),
            has_score(model, Dimension.RECENCY, recency, recency),
            has_score(model, Dimension.FREQUENCY, frequency, frequency),
        )
    )


def region_condition(model: RfmModel, key: str) -> Json:
    """Return the condition of a region: in its part of the cube, and in none of the regions before it."""
    before: list[Json] = []
    for region in model.regions:
        inside = all_of(
            *(
                has_score(model, dimension, low, high)
                for dimension, (low, high) in _parts(region)
                if (low, high) != (1, model.scores)
            )
        )
        if region.key == key:
            return condition(all_of(ever_ordered(), inside, *([never(any_of(*before))] if before else [])))
        if _overlap(region, next(r for r in model.regions if r.key == key)):
            before.append(inside)
    raise KeyError(key)


def _parts(region: Region) -> Sequence[tuple[Dimension, tuple[int, int]]]:
    return (
        (Dimension.RECENCY, region.recency),
        (Dimension.FREQUENCY, region.frequency),
        (Dimension.MONETARY, region.monetary),
    )


def _overlap(left: Region, right: Region) -> bool:
    return all(
        a[0] <= b[1] and b[0] <= a[1] for (_, a), (_, b) in zip(_parts(left), _parts(right), strict=True)
    )


def score_tag(model: RfmModel, dimension: Dimension) -> BuiltTag:
    """Return the tag of one dimension's scores."""
    return BuiltTag(
        tuple(
            BuiltValue(
                str(score),
                Words(f"{score} 分", f"Score {score}"),
                condition(all_of(ever_ordered(), has_score(model, dimension, score, score))),
            )
            for score in range(1, model.scores + 1)
        ),
        is_first_match=True,
    )


def region_tag(model: RfmModel) -> BuiltTag:
    """Return the tag of regions."""
    return BuiltTag(
        tuple(
            BuiltValue(region.key, region.title, region_condition(model, region.key))
            for region in model.regions
        ),
        is_first_match=True,
    )


def region_of(model: RfmModel, scores: tuple[int, int, int]) -> str | None:
    """Return the region of a person by their scores."""
    for region in model.regions:
        if all(low <= score <= high for score, (_, (low, high)) in zip(scores, _parts(region), strict=True)):
            return region.key
    return None
