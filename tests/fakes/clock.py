"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta
from typing import Final

START: Final = datetime(2026, 11, 15, 4, 0, tzinfo=UTC)
"""Sunday noon in Beijing: far from midnight and from a month's end, so that a test which cares says so."""


class FixedClock:
    """Implements `feilun.kernel.clock.Clock`."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the moment last set, in UTC."""
        return self._now

    def set(self, moment: datetime) -> None:
        """Jump to an aware moment."""
        assert moment.tzinfo is not None, "a moment needs a zone"
        self._now = moment.astimezone(UTC)

    def advance(self, duration: timedelta) -> None:
        """Move forward (or back, with a negative duration)."""
        self._now += duration
