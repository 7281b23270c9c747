"""HTTP of blueprints: ready definitions, the RFM model and its map."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.blueprints import api
from feilun.blueprints.contracts import (
    Binning,
    Blueprint,
    BuiltSegment,
    Dimension,
    Outcome,
    Region,
    RfmModel,
    Scale,
    SettingKind,
    Words,
)
from feilun.kernel.ids import opaque
from feilun.platform.http import LocaleDep, UowDep
from feilun.platform.i18n import Locale
from feilun.segments import api as segments
from feilun.segments.contracts import Segment
from feilun.segments.ports import Surroundings

router = APIRouter(prefix="/api/v1", tags=["blueprints"])

_KEY: Final = r"^[a-z][a-z0-9_]{0,59}$"
Name = Annotated[str, Path(pattern=_KEY)]
Settings = Annotated[dict[str, str], Field(max_length=20)]
Score = Annotated[int, Field(ge=1, le=5)]
Ends = tuple[Score, Score]


class SettingOut(BaseModel):
    """A number or word a ready definition is built with."""

    name: str
    kind: SettingKind
    label: str
    default: str
    low: str | None
    high: str | None


class BlueprintOut(BaseModel):
    """A ready definition."""

    name: str
    outcome: Outcome
    title: str
    description: str
    settings: list[SettingOut]


class BuildIn(BaseModel):
    """Settings that differ from the defaults."""

    settings: Settings = {}


class BuiltValueOut(BaseModel):
    """A value of the tag, or the segment itself (value empty), and who is meant."""

    value: str
    label: str
    condition: dict[str, object]
    sentence: str


class BuiltOut(BaseModel):
    """What a ready definition says with its settings."""

    values: list[BuiltValueOut]
    is_first_match: bool


class MakeIn(BuildIn):
    """What to make; an empty key or name takes that of the definition."""

    key: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]{0,59})?$")] = ""
    name: Annotated[str, Field(max_length=100)] = ""


class MadeOut(BaseModel):
    """What was made."""

    outcome: Outcome
    id: str
    key: str
    name: str


class ScaleModel(BaseModel):
    """How one dimension becomes a score. `limits` of quantiles are those of the last calibration."""

    binning: Binning
    limits: Annotated[list[Decimal], Field(max_length=4)] = []


class RegionModel(BaseModel):
    """A named part of the cube of scores; both ends belong to it."""

    key: Annotated[str, Field(pattern=_KEY)]
    name_zh: Annotated[str, Field(min_length=1, max_length=40)]
    name_en: Annotated[str, Field(min_length=1, max_length=40)]
    recency: Ends
    frequency: Ends
    monetary: Ends


class RfmIn(BaseModel):
    """The RFM model; `version` is the one it was read as."""

    version: Annotated[int, Field(ge=0)]
    scores: Annotated[int, Field(ge=2, le=5)]
    period_days: Annotated[int, Field(ge=1, le=3650)] | None
    recalibrate_days: Annotated[int, Field(ge=1, le=366)]
    scales: dict[Dimension, ScaleModel]
    regions: Annotated[list[RegionModel], Field(min_length=1, max_length=30)]


class RfmOut(RfmIn):
    """The RFM model that holds."""

    calibrated_at: datetime | None
    people: int | None


class HeatCellOut(BaseModel):
    """People of one recency and one frequency score, and the condition that means them."""

    recency: int
    frequency: int
    people: int
    monetary_mean: Decimal | None
    days_mean: Decimal | None
    orders_mean: Decimal | None
    condition: dict[str, object]


class RegionSizeOut(BaseModel):
    """A region, how many people it holds, and the condition that means them."""

    key: str
    name: str
    people: int
    monetary_total: Decimal
    condition: dict[str, object]


class HeatmapOut(BaseModel):
    """The map of recency by frequency."""

    model: RfmOut
    cells: list[HeatCellOut]
    regions: list[RegionSizeOut]
    people: int
    currency: str
    as_of: datetime


@router.get("/blueprints", operation_id="listBlueprints")
def list_blueprints(locale: LocaleDep, caller: Caller = Guard("segments.read")) -> list[BlueprintOut]:
    """Return the ready definitions."""
    return [_blueprint_out(blueprint, locale) for blueprint in api.list_blueprints()]


@router.post("/blueprints/{name}/build", operation_id="buildBlueprint")
def build_blueprint(
    name: Name,
    body: BuildIn,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.read"),
) -> BuiltOut:
    """Show what a ready definition says with these settings; makes nothing."""
    built = api.build_blueprint(name, body.settings)
    surroundings = _surroundings(request)

    def out(value: str, label: str, data: object) -> BuiltValueOut:
        condition = segments.parse_condition(data)
        sentence = segments.describe(uow, surroundings, condition, locale=locale)
        return BuiltValueOut(
            value=value, label=label, condition=segments.condition_json(condition), sentence=sentence
        )

    if isinstance(built, BuiltSegment):
        return BuiltOut(values=[out("", "", built.condition)], is_first_match=False)
    return BuiltOut(
        values=[out(value.value, api.say(value.label, locale), value.condition) for value in built.values],
        is_first_match=built.is_first_match,
    )


@router.post("/blueprints/{name}", operation_id="makeFromBlueprint", status_code=201)
def make_from_blueprint(
    name: Name,
    body: MakeIn,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.write"),
) -> MadeOut:
    """Make the segment or the computed tag of a ready definition."""
    made = api.make_from_blueprint(
        uow, _surroundings(request), name, body.settings, key=body.key, title=body.name, locale=locale
    )
    if isinstance(made, Segment):
        return MadeOut(outcome=Outcome.SEGMENT, id=opaque("s", made.segment_id), key=made.key, name=made.name)
    return MadeOut(outcome=Outcome.TAG, id=opaque("tg", made.tag_id), key=made.key, name=made.name)


@router.get("/rfm", operation_id="getRfm")
def get_rfm(uow: UowDep, caller: Caller = Guard("segments.read")) -> RfmOut:
    """Return the RFM model."""
    return _rfm_out(api.get_rfm(uow))


@router.put("/rfm", operation_id="saveRfm")
def save_rfm(
    body: RfmIn, request: Request, uow: UowDep, locale: LocaleDep, caller: Caller = Guard("segments.write")
) -> RfmOut:
    """Save the RFM model and put it to work."""
    model = RfmModel(
        scores=body.scores,
        period_days=body.period_days,
        scales={
            dimension: Scale(
                binning=body.scales[dimension].binning, limits=tuple(body.scales[dimension].limits)
            )
            if dimension in body.scales
            else Scale(binning=Binning.QUANTILE)
            for dimension in Dimension
        },
        regions=tuple(
            Region(
                key=region.key,
                title=Words(region.name_zh, region.name_en),
                recency=region.recency,
                frequency=region.frequency,
                monetary=region.monetary,
            )
            for region in body.regions
        ),
        recalibrate_days=body.recalibrate_days,
        version=body.version,
    )
    return _rfm_out(api.save_rfm(uow, _surroundings(request), model, locale=locale))


@router.get("/rfm/heatmap", operation_id="getRfmHeatmap")
def get_rfm_heatmap(
    request: Request, uow: UowDep, locale: LocaleDep, caller: Caller = Guard("segments.read")
) -> HeatmapOut:
    """Return the map of recency by frequency as of now."""
    surroundings = _surroundings(request)
    heatmap = api.read_heatmap(uow, surroundings)
    titles = {region.key: api.say(region.title, locale) for region in heatmap.model.regions}
    return HeatmapOut(
        model=_rfm_out(heatmap.model),
        cells=[
            HeatCellOut(
                recency=cell.recency,
                frequency=cell.frequency,
                people=cell.people,
                monetary_mean=cell.monetary_mean,
                days_mean=cell.days_mean,
                orders_mean=cell.orders_mean,
                condition=api.cell_condition(heatmap.model, recency=cell.recency, frequency=cell.frequency),
            )
            for cell in heatmap.cells
        ],
        regions=[
            RegionSizeOut(
                key=region.key,
                name=titles[region.key],
                people=region.people,
                monetary_total=region.monetary_total,
                condition=api.region_condition(heatmap.model, region.key),
            )
            for region in heatmap.regions
        ],
        people=heatmap.people,
        currency=segments.main_currency(uow, surroundings),
        as_of=heatmap.as_of,
    )


def _surroundings(request: Request) -> Surroundings:
    surroundings: Surroundings = request.app.state.rooms.segments
    return surroundings


def _blueprint_out(blueprint: Blueprint, locale: Locale) -> BlueprintOut:
    return BlueprintOut(
        name=blueprint.name,
        outcome=blueprint.outcome,
        title=api.say(blueprint.title, locale),
        description=api.say(blueprint.description, locale),
        settings=[
            SettingOut(
                name=setting.name,
                kind=setting.kind,
                label=api.say(setting.label, locale),
                default=setting.default,
                low=None if setting.low is None else f"{setting.low:f}",
                high=None if setting.high is None else f"{setting.high:f}",
            )
            for setting in blueprint.settings
        ],
    )


def _rfm_out(model: RfmModel) -> RfmOut:
    return RfmOut(
        version=model.version,
        scores=model.scores,
        period_days=model.period_days,
        recalibrate_days=model.recalibrate_days,
        scales={
            dimension: ScaleModel(binning=scale.binning, limits=list(scale.limits))
            for dimension, scale in model.scales.items()
        },
        regions=[
            RegionModel(
                key=region.key,
                name_zh=region.title.zh,
                name_en=region.title.en,
                recency=region.recency,
                frequency=region.frequency,
                monetary=region.monetary,
            )
            for region in model.regions
        ],
        calibrated_at=model.calibrated_at,
        people=model.people,
    )
