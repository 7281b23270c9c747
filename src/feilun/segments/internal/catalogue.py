"""What conditions can speak about in this installation, and in which currency amounts count."""

import threading
import time
from typing import Final

from feilun.conditions import api as conditions
from feilun.conditions.contracts import Catalogue
from feilun.platform.db import UnitOfWork
from feilun.platform.facts import find_fact, store_fact
from feilun.segments.ports import Surroundings

MAIN_CURRENCY_FACT: Final = "main_currency"
_FRESH_SECONDS: Final = 2.0


def load_catalogue(uow: UnitOfWork, surroundings: Surroundings) -> Catalogue:
    """Return the catalogue as rooms offer it now."""
    return conditions.join_catalogue([part.offer(uow) for part in surroundings.fields])


class CatalogueMemory:
    """Keeps the catalogue for a moment: an evaluation five times a second need not ask every room each time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: Catalogue | None = None
        self._until = 0.0

    def load(self, uow: UnitOfWork, surroundings: Surroundings) -> Catalogue:
        """Return the catalogue, at most two seconds old."""
        with self._lock:
            if self._kept is None or time.monotonic() > self._until:
                self._kept = load_catalogue(uow, surroundings)
                self._until = time.monotonic() + _FRESH_SECONDS
            return self._kept

    def forget(self) -> None:
        """Ask the rooms again next time."""
        with self._lock:
            self._kept = None


def main_currency(uow: UnitOfWork, surroundings: Surroundings) -> str:
    """Return the currency whose amounts count."""
    return find_fact(uow.connection, MAIN_CURRENCY_FACT) or surroundings.currency


def settle_main_currency(uow: UnitOfWork, surroundings: Surroundings) -> None:
    """Choose the currency of most order lines for good, once there are orders. A later choice would change every segment."""
    if find_fact(uow.connection, MAIN_CURRENCY_FACT) is None:
        warehouse = surroundings.warehouse()
        rows = warehouse.rows(
            "SELECT currency, count() FROM order_lines FINAL GROUP BY currency ORDER BY 2 DESC, 1 LIMIT 1"
        )
        if rows:
            store_fact(uow.connection, MAIN_CURRENCY_FACT, str(rows[0][0]))
