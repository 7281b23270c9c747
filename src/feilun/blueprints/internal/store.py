"""SQL of blueprints: the versions of the RFM model."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text

from feilun.blueprints.contracts import Binning, Dimension, Region, RfmModel, Scale, Words
from feilun.platform.db import UnitOfWork, lock_key


def lock_model(uow: UnitOfWork) -> None:
    """Wait until nobody else changes the model."""
    uow.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock_key("blueprints:rfm")})


def newest_model(uow: UnitOfWork) -> RfmModel | None:
    """Return the model that holds, None before the first was saved."""
    row = uow.connection.execute(text("SELECT * FROM rfm_models ORDER BY version DESC LIMIT 1")).one_or_none()
    return None if row is None else _model(row)


def insert_model(uow: UnitOfWork, model: RfmModel) -> None:
    """Store a further version."""
    uow.connection.execute(
        text(
            "INSERT INTO rfm_models (version, model, calibrated_at, people, saved_at, saved_by)"
            " VALUES (:version, CAST(:model AS jsonb), :calibrated_at, :people, :now, :actor)"
        ),
        {
            "version": model.version,
            "model": json.dumps(_data(model)),
            "calibrated_at": model.calibrated_at,
            "people": model.people,
            "now": uow.now,
            "actor": uow.actor,
        },
    )


def _data(model: RfmModel) -> dict[str, object]:
    return {
        "scores": model.scores,
        "period_days": model.period_days,
        "recalibrate_days": model.recalibrate_days,
        "scales": {
            dimension.value: {
                "binning": scale.binning.value,
                "limits": [f"{limit:f}" for limit in scale.limits],
            }
            for dimension, scale in model.scales.items()
        },
        "regions": [
            {
                "key": region.key,
                "zh": region.title.zh,
                "en": region.title.en,
                "recency": region.recency,
                "frequency": region.frequency,
                "monetary": region.monetary,
            }
            for region in model.regions
        ],
    }


def _model(row: Row[Any]) -> RfmModel:
    data: Mapping[str, Any] = row.model
    return RfmModel(
        scores=data["scores"],
        period_days=data["period_days"],
        recalibrate_days=data["recalibrate_days"],
        scales={
            Dimension(name): Scale(
                binning=Binning(scale["binning"]), limits=tuple(Decimal(limit) for limit in scale["limits"])
            )
            for name, scale in data["scales"].items()
        },
        regions=tuple(
            Region(
                key=region["key"],
                title=Words(region["zh"], region["en"]),
                recency=_ends(region["recency"]),
                frequency=_ends(region["frequency"]),
                monetary=_ends(region["monetary"]),
            )
            for region in data["regions"]
        ),
        calibrated_at=row.calibrated_at,
        people=row.people,
        version=row.version,
    )


def _ends(pair: list[int]) -> tuple[int, int]:
    low, high = pair
    return low, high
