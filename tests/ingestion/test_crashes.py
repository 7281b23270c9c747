"""An import killed with SIGKILL at any named point and run again takes everything exactly once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from feilun.ingestion import api
from feilun.ingestion.api import HandlerRegistry
from feilun.ingestion.contracts import DeadLetterFilter, ImportState, OutcomeCounts
from feilun.ingestion.internal import spool
from feilun.kernel.ids import ImportId
from feilun.platform.config import Settings
from feilun.platform.db import Database
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
RECORDS = 60


def _content() -> str:
    rows = [f"N{number},2026-03-05 14:02,{number}.25" for number in range(RECORDS) for _ in range(2)]
    rows += [f"N{number},2026-03-05 14:02,broken" for number in range(0, RECORDS, 10)]
    return "number,date,price\n" + "\n".join(rows) + "\n"


def _run_in_child(database: Database, settings: Settings, import_id: ImportId, point: str | None) -> int:
    environment = os.environ | {"FEILUN_TESTING": "1"}
    if point is not None:
        environment["FEILUN_CRASH_AT"] = point
    url = database.url.render_as_string(hide_password=False)
    root = Path(__file__).resolve().parents[2]
    command = [
        sys.executable,
        "-m",
        "tests.ingestion.crash_runner",
        url,
        str(settings.data_dir),
        str(import_id),
    ]
    return subprocess.run(command, env=environment, cwd=root, check=False, timeout=50).returncode


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_named_point_and_run_again_imports_once(
    database: Database,
    settings: Settings,
    registry: HandlerRegistry,
    point: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = point.replace(".", "-")
    monkeypatch.setattr(spool, "ROWS_PER_PARTITION", 10)
    import_id = start(
        database, settings, registry, put(database, settings, _content()), a_mapping(source=source)
    ).import_id
    with database.transaction() as uow:
        events_before = uow.connection.execute(text("SELECT count(*) FROM event_inbox")).scalar_one()

    assert _run_in_child(database, settings, import_id, point) == -signal.SIGKILL
    with database.transaction() as uow:
        assert api.get_import(uow, import_id).state is not ImportState.DONE
    assert _run_in_child(database, settings, import_id, None) == 0

    with database.transaction() as uow:
        done = api.get_import(uow, import_id)
        events = uow.connection.execute(text("SELECT count(*) FROM event_inbox")).scalar_one() - events_before
        letters = api.list_dead_letters(uow, registry, DeadLetterFilter(import_id=import_id), reveal=True)[1]
        lines = total(uow, source)[0]
    assert done.state is ImportState.DONE
    assert done.records == OutcomeCounts(taken=RECORDS)
    assert (done.rows_handled, done.rows.rejected) == (RECORDS * 2 + RECORDS // 10, RECORDS // 10)
    assert (lines, events, letters) == (RECORDS * 2, RECORDS, RECORDS // 10)
    assert not list((settings.files_dir / "spool").iterdir())


def test_killed_at_a_point_that_comes_every_time_still_ends(
    database: Database, settings: Settings, registry: HandlerRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "ROWS_PER_PARTITION", 100)
    import_id = start(
        database, settings, registry, put(database, settings, _content()), a_mapping(source="again")
    ).import_id

    kills = 0
    while _run_in_child(database, settings, import_id, "import.after_commit") != 0:
        kills += 1

    with database.transaction() as uow:
        assert api.get_import(uow, import_id).records == OutcomeCounts(taken=RECORDS)
        assert total(uow, "again")[0] == RECORDS * 2
    assert kills >= 3
