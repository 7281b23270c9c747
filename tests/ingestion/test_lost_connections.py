"""An import whose database connections are cut at any named point is tried again and ends as a calm one does."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from feilun.ingestion import api
from feilun.ingestion.api import HandlerRegistry
from feilun.ingestion.contracts import DeadLetterFilter, Import, ImportState, OutcomeCounts
from feilun.ingestion.internal import running, spool, taking
from feilun.kernel.ids import ImportId
from feilun.platform.config import Settings
from feilun.platform.db import Database
from tests.fakes.clock import FixedClock
from tests.fakes.sales import total
from tests.ingestion.intake import a_mapping, put, start

POINTS = (
    "import.spool_half",
    "import.after_spool",
    "import.before_taking",
    "import.after_apply",
    "import.before_commit",
    "import.after_commit",
    "import.before_finish",
    "import.after_finish",
)
AMID_A_TRANSACTION = {"import.after_apply", "import.before_commit", "import.after_finish"}
"""Here the loss is noticed for sure; between transactions a fresh connection may take over unnoticed."""
RECORDS = 60
TRIES_MAX = 20


def _content() -> str:
    rows = [f"N{number},2026-03-05 14:02,{number}.25" for number in range(RECORDS) for _ in range(2)]
    rows += [f"N{number},2026-03-05 14:02,broken" for number in range(0, RECORDS, 10)]
    return "number,date,price\n" + "\n".join(rows) + "\n"


class _Cutter:
    """Stands at the named points of an import and cuts every connection of its database at one of them, some times."""

    def __init__(self, database: Database, point: str, times: int) -> None:
        self._address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._point = point
        self._left = times
        self.cuts = 0

    def __call__(self, point: str) -> None:
        if point != self._point or self._left == 0:
            return
        self._left -= 1
        with psycopg.connect(self._address, autocommit=True) as connection:
            ended = connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchall()
        self.cuts += len(ended)


@pytest.fixture
def cut_at(database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], _Cutter]:
    """Return a function that has all connections cut when an import comes to a named point."""

    def prepare(point: str, times: int) -> _Cutter:
        cutter = _Cutter(database, point, times)
        for module in (running, spool, taking):
            monkeypatch.setattr(module, "crash_here", cutter)
        return cutter

    monkeypatch.setattr(spool, "ROWS_PER_PARTITION", 10)
    monkeypatch.setattr(taking, "BATCH_RECORDS", 20)
    return prepare


def _run_to_an_end(
    database: Database, settings: Settings, registry: HandlerRegistry, clock: FixedClock, import_id: ImportId
) -> tuple[Import, int]:
    """Do as a worker does, with the clock past every wait; returns the import and how many tries were cut off."""
    for cut_off in range(TRIES_MAX):
        clock.advance(timedelta(minutes=3))
        api.run_next_import(database, settings, registry)
        with database.transaction() as uow:
            found = api.get_import(uow, import_id)
        if found.state is not ImportState.RUNNING:
            return found, cut_off
    raise AssertionError(f"the import still runs after {TRIES_MAX} tries")


def _left_behind(database: Database, registry: HandlerRegistry, source: str, found: Import) -> object:
    """Return everything that an import leaves, without what names the import itself."""
    with database.transaction() as uow:
        lines = uow.connection.execute(
            text(
                "SELECT number, content, occurrence, price FROM fake_sales WHERE source = :s ORDER BY number, content, occurrence"
            ),
            {"s": source},
        ).all()
        letters, count = api.list_dead_letters(
            uow, registry, DeadLetterFilter(import_id=found.import_id), reveal=True, limit=200
        )
        shown = sorted((letter.number, letter.rejection.code, str(letter.raw)) for letter in letters)
        price = total(uow, source)[1]
    return lines, price, shown, count, found.records, found.rows, found.rows_handled, found.new_dead_letters


def _events(database: Database) -> int:
    with database.transaction() as uow:
        return int(uow.connection.execute(text("SELECT count(*) FROM event_inbox")).scalar_one())


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("point", POINTS)
def test_an_import_that_lost_its_connections_ends_as_a_calm_one(
    database: Database,
    settings: Settings,
    registry: HandlerRegistry,
    clock: FixedClock,
    cut_at: Callable[[str, int], _Cutter],
    point: str,
    times: int,
) -> None:
    source = f"{point.replace('.', '-')}-{times}"
    file_id = put(database, settings, _content())
    before = _events(database)
    calm_id = start(database, settings, registry, file_id, a_mapping(source=f"calm-{source}")).import_id
    calm, _ = _run_to_an_end(database, settings, registry, clock, calm_id)
    between = _events(database)

    cutter = cut_at(point, times)
    import_id = start(database, settings, registry, file_id, a_mapping(source=source)).import_id
    found, cut_off = _run_to_an_end(database, settings, registry, clock, import_id)

    assert cutter.cuts >= 1
    assert cut_off >= 1 or point not in AMID_A_TRANSACTION
    assert found.state is ImportState.DONE
    assert found.records == OutcomeCounts(taken=RECORDS)
    assert _left_behind(database, registry, source, found) == _left_behind(
        database, registry, f"calm-{source}", calm
    )
    assert _events(database) - between == between - before == RECORDS
    assert not list((settings.files_dir / "spool").iterdir())
