"""Worker entry point of blueprints: quantiles of the RFM model are taken anew when it is time."""

import structlog

from feilun.blueprints import api
from feilun.blueprints.errors import NobodyOrdered
from feilun.kernel.errors import Transient
from feilun.platform.db import Database
from feilun.platform.i18n import DEFAULT_LOCALE
from feilun.segments.ports import Surroundings

logger = structlog.get_logger(__name__)


def recalibrate(database: Database, surroundings: Surroundings) -> None:
    """Take the quantiles anew when the model says so; what cannot be done now is tried again with the next upkeep."""
    try:
        if api.recalibrate_rfm(database, surroundings, locale=DEFAULT_LOCALE):
            logger.info("rfm_recalibrated")
    except (Transient, NobodyOrdered) as error:
        logger.warning("rfm_recalibration_postponed", reason=str(error))
