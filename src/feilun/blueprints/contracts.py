"""What blueprints tells: ready definitions with their settings, and the RFM model."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

SCORES_MAX: Final = 5
SCORES_MIN: Final = 2


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages."""

    zh: str
    en: str


class Outcome(StrEnum):
    """What a blueprint becomes."""

    SEGMENT = "segment"
    TAG = "tag"
    """A computed tag with one value per stage."""


class SettingKind(StrEnum):
    """What a setting counts."""

    DAYS = "days"
    COUNT = "count"
    AMOUNT = "amount"
    SHARE = "share"
    """A part of 1."""
    TEXT = "text"
    """Values, one a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A number or word a blueprint is built with."""

    name: str
    kind: SettingKind
    label: Words
    default: str
    """As text; numbers in decimal notation."""
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A ready definition."""

    name: str
    """Stable; also the key of what is made unless another is chosen."""
    outcome: Outcome
    title: Words
    description: Words
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class BuiltValue:
    """A value of a computed tag and who carries it."""

    value: str
    label: Words
    condition: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class BuiltSegment:
    """Who is in a segment."""

    condition: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class BuiltTag:
    """The values of a computed tag."""

    values: tuple[BuiltValue, ...]
    is_first_match: bool
    """A person carries only the first value that fits."""


# --- RFM --------------------------------------------------------------------------------------------------------------


class Dimension(StrEnum):
    """The three questions of RFM."""

    RECENCY = "recency"
    """Days since the last order, by exact 24 hours: the fewer, the higher the score."""
    FREQUENCY = "frequency"
    """Orders in the period."""
    MONETARY = "monetary"
    """Orders less refunds in the period, in the main currency."""


class Binning(StrEnum):
    """Where a scale's limits come from."""

    QUANTILE = "quantile"
    """From the values of everybody who ever ordered; taken anew on the days the model is calibrated."""
    THRESHOLDS = "thresholds"
    """Set by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How one dimension becomes a score from 1 to `scores`.

    A value above k of the limits scores k + 1; for recency, the other way round. A missing value scores 1.
    """

    binning: Binning
    limits: tuple[Decimal, ...] = ()
    """Ascending, one fewer than scores. Of quantiles: those of the last calibration, empty before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A named part of the cube of scores; ends belong to it. The first that fits names a person."""

    key: str
    title: Words
    recency: tuple[int, int]
    frequency: tuple[int, int]
    monetary: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RfmModel:
    """The RFM model of the installation."""

    scores: int
    """Highest score, 2 to 5."""
    period_days: int | None
    """Of frequency and monetary; None: ever."""
    scales: Mapping[Dimension, Scale]
    regions: tuple[Region, ...]
    recalibrate_days: int
    """Quantiles are taken anew after so many days."""
    calibrated_at: datetime | None = None
    people: int | None = None
    """How many had ordered at the last calibration."""
    version: int = 0
    """0: never saved."""


@dataclass(frozen=True, slots=True)
class HeatCell:
    """People of one recency and one frequency score."""

    recency: int
    frequency: int
    people: int
    monetary_mean: Decimal | None
    """Of those with a value, 2 decimals."""
    days_mean: Decimal | None
    orders_mean: Decimal | None


@dataclass(frozen=True, slots=True)
class RegionSize:
    """How many people a region holds."""

    key: str
    people: int
    monetary_total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Heatmap:
    """The map of recency by frequency, and the regions beside it."""

    model: RfmModel
    cells: tuple[HeatCell, ...]
    regions: tuple[RegionSize, ...]
    people: int
    """Everybody who ever ordered."""
    as_of: datetime
