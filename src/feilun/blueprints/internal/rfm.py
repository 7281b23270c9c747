"""Keeping the RFM model: checking it, taking quantiles, writing it into computed tags, reading its map."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from feilun.blueprints.contracts import (
    SCORES_MAX,
    SCORES_MIN,
    Binning,
    Dimension,
    HeatCell,
    Heatmap,
    RegionSize,
    RfmModel,
    Words,
)
from feilun.blueprints.errors import NobodyOrdered, RfmChanged, RfmInvalid
from feilun.blueprints.internal import store
from feilun.blueprints.internal.domain import rfm
from feilun.blueprints.internal.making import set_computed_tag
from feilun.conditions.contracts import LastPeriod, MeasureOperand, Span, Unit
from feilun.platform.db import UnitOfWork
from feilun.platform.i18n import Locale
from feilun.segments import api as segments
from feilun.segments.ports import Surroundings

TAG_KEYS: Final[Mapping[Dimension, str]] = {
    Dimension.RECENCY: "rfm_recency",
    Dimension.FREQUENCY: "rfm_frequency",
    Dimension.MONETARY: "rfm_monetary",
}
REGION_TAG: Final = "rfm_region"
_GROUP: Final = Words("RFM 模型", "RFM model")
_REGION_TITLE: Final = Words("RFM 分区", "RFM region")
_DESCRIPTION: Final = Words(
    "由 RFM 设置计算，请在 RFM 页面修改。", "Computed from the RFM model; change it on the RFM page."
)
_CENT: Final = Decimal("0.01")


def get_model(uow: UnitOfWork) -> RfmModel:
    """Return the model that holds, or the one shipped."""
    return store.newest_model(uow) or rfm.DEFAULT_MODEL


def save_model(uow: UnitOfWork, surroundings: Surroundings, model: RfmModel, *, locale: Locale) -> RfmModel:
    """See `feilun.blueprints.api.save_rfm`."""
    store.lock_model(uow)
    present = get_model(uow)
    if model.version != present.version:
        raise RfmChanged(f"version {present.version} is newer", version=present.version)
    check_model(model)
    saved = replace(calibrated(uow, surroundings, model), version=present.version + 1)
    store.insert_model(uow, saved)
    write_tags(uow, surroundings, saved, locale=locale)
    return saved


def recalibrate_when_due(uow: UnitOfWork, surroundings: Surroundings, *, locale: Locale) -> bool:
    """Take quantiles anew when their time has come; tells whether that was done."""
    store.lock_model(uow)
    model = store.newest_model(uow)
    if model is None or all(scale.binning is Binning.THRESHOLDS for scale in model.scales.values()):
        return False
    due = timedelta(days=model.recalibrate_days)
    if model.calibrated_at is not None and uow.now - model.calibrated_at < due:
        return False
    saved = replace(calibrated(uow, surroundings, model), version=model.version + 1)
    store.insert_model(uow, saved)
    write_tags(uow, surroundings, saved, locale=locale)
    return True


def calibrated(uow: UnitOfWork, surroundings: Surroundings, model: RfmModel) -> RfmModel:
    """Return the model with the limits of its quantiles as of now. Raises: NobodyOrdered, WarehouseAway."""
    wanted = [d for d in Dimension if model.scales[d].binning is Binning.QUANTILE]
    if not wanted:
        return replace(model, calibrated_at=uow.now)
    measures = [_operand(model, dimension) for dimension in Dimension]
    found = segments.read_quantiles(uow, surroundings, measures, parts=model.scores)
    if not found.people:
        raise NobodyOrdered("nobody has ordered yet")
    scales = dict(model.scales)
    for dimension, limits in zip(Dimension, found.limits, strict=True):
        if dimension in wanted:
            # Whoever has no value (nothing bought in the period) scores 1 whatever the limits are.
            scales[dimension] = replace(
                scales[dimension], limits=limits or (Decimal(0),) * (model.scores - 1)
            )
    return replace(model, scales=scales, calibrated_at=uow.now, people=found.people)


def write_tags(uow: UnitOfWork, surroundings: Surroundings, model: RfmModel, *, locale: Locale) -> None:
    """Make the tags' rules those of the model; missing tags are made."""
    for dimension, key in TAG_KEYS.items():
        set_computed_tag(
            uow,
            surroundings,
            key=key,
            title=rfm.LABELS[dimension],
            description=_DESCRIPTION,
            group=_GROUP,
            built=rfm.score_tag(model, dimension),
            locale=locale,
        )
    set_computed_tag(
        uow,
        surroundings,
        key=REGION_TAG,
        title=_REGION_TITLE,
        description=_DESCRIPTION,
        group=_GROUP,
        built=rfm.region_tag(model),
        locale=locale,
    )


def read_heatmap(uow: UnitOfWork, surroundings: Surroundings) -> Heatmap:
    """See `feilun.blueprints.api.read_heatmap`."""
    model = get_model(uow)
    if any(not model.scales[dimension].limits for dimension in Dimension):
        model = calibrated(uow, surroundings, model)
    measures = [_operand(model, dimension) for dimension in Dimension]
    limits = [model.scales[dimension].limits for dimension in Dimension]
    cells: dict[tuple[int, int], list[tuple[Decimal, int]]] = defaultdict(lambda: [(Decimal(0), 0)] * 3)
    people: dict[tuple[int, int], int] = defaultdict(int)
    regions: dict[str, tuple[int, Decimal]] = {region.key: (0, Decimal(0)) for region in model.regions}
    for found in segments.tabulate(uow, surroundings, measures, limits):
        recency, frequency, monetary = found.places
        scores = (model.scores - recency, frequency + 1, monetary + 1)
        people[scores[:2]] += found.people
        cells[scores[:2]] = [
            (total + more, count + further)
            for (total, count), (more, further) in zip(cells[scores[:2]], found.totals, strict=True)
        ]
        if (key := rfm.region_of(model, scores)) is not None:
            size, total = regions[key]
            regions[key] = size + found.people, total + found.totals[2][0]
    return Heatmap(
        model=model,
        cells=tuple(
            HeatCell(
                recency,
                frequency,
                people[recency, frequency],
                _mean(cells[recency, frequency][2]),
                _mean(cells[recency, frequency][0]),
                _mean(cells[recency, frequency][1]),
            )
            for recency in range(1, model.scores + 1)
            for frequency in range(1, model.scores + 1)
        ),
        regions=tuple(RegionSize(key, size, total) for key, (size, total) in regions.items()),
        people=sum(people.values()),
        as_of=uow.now,
    )


def check_model(model: RfmModel) -> None:
    """Raises: RfmInvalid."""
    if not SCORES_MIN <= model.scores <= SCORES_MAX:
        raise RfmInvalid("scores", reason=f"{SCORES_MIN} ≤ scores ≤ {SCORES_MAX}")
    for dimension in Dimension:
        scale = model.scales[dimension]
        is_ascending = all(a < b for a, b in zip(scale.limits, scale.limits[1:], strict=False))
        if scale.binning is Binning.THRESHOLDS and (
            len(scale.limits) != model.scores - 1 or not is_ascending
        ):
            raise RfmInvalid("limits", reason=f"{dimension.value}: {model.scores - 1} ascending limits")
    keys = [region.key for region in model.regions]
    if len(set(keys)) != len(keys) or not keys:
        raise RfmInvalid("regions", reason="regions need distinct keys")
    for region in model.regions:
        for low, high in (region.recency, region.frequency, region.monetary):
            if not 1 <= low <= high <= model.scores:
                raise RfmInvalid("region", reason=f"{region.key}: 1 ≤ from ≤ to ≤ {model.scores}")


def _operand(model: RfmModel, dimension: Dimension) -> MeasureOperand:
    has_period = dimension is not Dimension.RECENCY and model.period_days is not None
    period = LastPeriod(Span(model.period_days or 0, Unit.DAY)) if has_period else None
    return MeasureOperand(rfm.MEASURES[dimension], period=period)


def _mean(total: tuple[Decimal, int]) -> Decimal | None:
    value, count = total
    return (value / count).quantize(_CENT, ROUND_HALF_UP) if count else None
