"""Facade of blueprints: the ready definitions, and the RFM model."""

from collections.abc import Mapping

from feilun.blueprints.contracts import (
    Blueprint,
    BuiltSegment,
    BuiltTag,
    Heatmap,
    RfmModel,
    Words,
)
from feilun.blueprints.internal import making, rfm
from feilun.blueprints.internal.domain import rfm as model_rules
from feilun.blueprints.internal.domain.ready import READY
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.i18n import Locale
from feilun.segments.contracts import Segment
from feilun.segments.ports import Surroundings
from feilun.tags.contracts import Tag


def list_blueprints() -> list[Blueprint]:
    """Return the ready definitions, segments first."""
    return [ready.blueprint for ready in READY.values()]


def say(words: Words, locale: Locale) -> str:
    """Return a text in a language."""
    return making.say(words, locale)


def build_blueprint(name: str, settings: Mapping[str, str]) -> BuiltSegment | BuiltTag:
    """Return the conditions a blueprint stands for, without making anything. Raises: BlueprintNotFound, SettingInvalid."""
    return making.build(name, settings)


def make_from_blueprint(
    uow: UnitOfWork,
    surroundings: Surroundings,
    name: str,
    settings: Mapping[str, str],
    *,
    key: str = "",
    title: str = "",
    locale: Locale,
) -> Segment | Tag:
    """Make the segment or the computed tag of a blueprint; from then on it is edited like any other.

    A tag that was made before gets the rules of the new settings; a segment needs a key of its own.

    Raises: BlueprintNotFound, SettingInvalid, KeyInUse, SegmentKeyTaken, ConditionInvalid.
    """
    blueprint = making.find_blueprint(name)
    built = making.build(name, settings)
    wanted = {"key": key or name, "name": title or making.say(blueprint.title, locale)}
    if isinstance(built, BuiltSegment):
        return making.make_segment(uow, surroundings, blueprint, built, **wanted, locale=locale)
    return making.make_tag(uow, surroundings, blueprint, built, **wanted, locale=locale)


def get_rfm(uow: UnitOfWork) -> RfmModel:
    """Return the RFM model that holds; version 0 is the one shipped, which has not been put to work yet."""
    return rfm.get_model(uow)


def save_rfm(uow: UnitOfWork, surroundings: Surroundings, model: RfmModel, *, locale: Locale) -> RfmModel:
    """Save the model as a further version and make the computed tags rfm_recency, rfm_frequency, rfm_monetary and rfm_region
    follow it. Limits of quantiles are taken now.

    The change of everybody's tags is a change of definition: nothing is triggered by it.

    Raises: RfmInvalid, RfmChanged (`model.version` is not the newest), NobodyOrdered, KeyInUse, WarehouseAway.
    """
    return rfm.save_model(uow, surroundings, model, locale=locale)


def recalibrate_rfm(database: Database, surroundings: Surroundings, *, locale: Locale) -> bool:
    """Take the quantiles anew when the model says it is time; tells whether that was done. Raises: WarehouseAway."""
    with database.transaction(actor="system") as uow:
        return rfm.recalibrate_when_due(uow, surroundings, locale=locale)


def read_heatmap(uow: UnitOfWork, surroundings: Surroundings) -> Heatmap:
    """Return the map of recency by frequency and the sizes of regions, as of now.

    Before the model was first saved its quantiles are taken for this reading. Raises: NobodyOrdered, WarehouseAway.
    """
    return rfm.read_heatmap(uow, surroundings)


def cell_condition(model: RfmModel, *, recency: int, frequency: int) -> dict[str, object]:
    """Return the condition of a cell of the map, e.g. to make a segment from it."""
    return model_rules.cell(model, recency, frequency)


def region_condition(model: RfmModel, key: str) -> dict[str, object]:
    """Return the condition of a region. Raises: KeyError."""
    return model_rules.region_condition(model, key)
