"""Time comes in through a `Clock`, so rules can be tested at any moment."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Gives the current moment as an aware UTC datetime."""

    def now(self) -> datetime:
        """Return the current moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock. The only place in the program that reads it for business time."""

    def now(self) -> datetime:
        """Return the machine's current moment in UTC."""
        return datetime.now(UTC)
