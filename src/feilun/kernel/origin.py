"""Where a change comes from; carried by records on the way in and by events in the log."""

from enum import StrEnum


class Origin(StrEnum):
    """Only live changes start journeys, earn points or send anything; history is taken in quietly."""

    LIVE = "live"
    BACKFILL = "backfill"
    REPLAY = "replay"
