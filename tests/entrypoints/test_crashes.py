"""Goal: whatever process dies, and wherever, an import ends as if nothing had happened.

Method: workers as real processes on external engines (a PostgreSQL of its own and a warehouse process), killed with SIGKILL at
every named point of import, sequencing and forwarding, or at any moment; then other workers, and a comparison with a calm run.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from feilun.entrypoints.wiring import Rooms, handlers, projectors
from feilun.ingestion import api as ingestion
from feilun.ingestion.contracts import ImportState
from feilun.kernel.ids import ImportId
from feilun.platform.config import Settings
from feilun.platform.db import Database
from feilun.platform.keys import load_keyring
from feilun.platform.warehouse import (
    Warehouse,
    connect_warehouse,
    content_digest,
    rebuild_warehouse,
)
from tests import databases

ORDERS = Path(__file__).resolve().parents[2] / "examples" / "demo" / "orders.parquet"
POINTS = (
    "import.spool_half",
    "import.after_spool",
    "import.before_taking",
    "import.after_apply",
    "import.before_commit",
    "import.after_commit",
    "import.before_finish",
    "import.after_finish",
    "sequencer.after_move",
    "warehouse.after_insert",
    "warehouse.after_marker",
)
_PATIENCE_SECONDS = 80.0

pytestmark = pytest.mark.timeout(200)


@dataclass
class Site:
    """Engines, settings and the workers that were started on them."""

    settings: Settings
    database: Database
    warehouse: Warehouse
    workers: list[subprocess.Popen[bytes]]

    @property
    def rooms(self) -> Rooms:
        return Rooms(self.settings, self.database, handlers())

    def start_worker(self, crash_at: str = "") -> subprocess.Popen[bytes]:
        """Start one more worker process; `crash_at` names the point at which it kills itself."""
        variables = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FEILUN_")},
            "FEILUN_DATA": str(self.settings.data_dir),
            "FEILUN_KEYS": str(self.settings.keys_dir),
            "FEILUN_DATABASE_URL": str(self.settings.database_url),
            "FEILUN_WAREHOUSE_URL": str(self.settings.warehouse_url),
            "FEILUN_TESTING": "1",
            "FEILUN_CRASH_AT": crash_at,
        }
        log = (self.settings.data_dir / "worker.log").open("ab")
        command = [sys.executable, "-m", "feilun.entrypoints.cli", "worker"]
        self.workers.append(subprocess.Popen(command, env=variables, stderr=log, stdout=log))
        log.close()
        return self.workers[-1]

    def start_import(self) -> ImportId:
        """Queue the file."""
        with self.database.transaction() as uow:
            file = ingestion.take_file(uow, self.settings, self.settings.data_dir / "orders.parquet")
            registry = handlers()
            proposal = ingestion.propose_mapping(
                uow, self.settings, registry, file.file_id, "orders", source="erp"
            )
            return ingestion.start_import(
                uow, self.settings, registry, file.file_id, proposal.mapping
            ).import_id

    def wait_for(self, import_id: ImportId) -> None:
        """Wait until the import has ended and every consumer has read the whole log."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            with self.database.transaction() as uow:
                state = ingestion.get_import(uow, import_id).state
                waiting = uow.connection.execute(
                    text(
                        "SELECT (SELECT count(*) FROM event_inbox) + coalesce(sum(h.position - c.position), 0)"
                        " FROM log_head h, consumers c"
                    )
                ).scalar_one()
            if state is ImportState.DONE and waiting == 0:
                return
            assert state is not ImportState.FAILED
            time.sleep(0.1)
        raise AssertionError(f"not done: {(self.settings.data_dir / 'worker.log').read_text()[-3000:]}")

    def content(self) -> dict[str, object]:
        """Return everything that a calm run and any other must agree on."""
        queries = {
            "orders": "SELECT count(*), sum(hashtext(number || coalesce(state, ''))::bigint), count(person_id) FROM orders",
            "lines": "SELECT count(*), sum(quantity * unit_price) FROM order_lines WHERE removed_at IS NULL",
            "refunds": "SELECT count(*), sum(quantity * unit_price) FROM refund_lines WHERE removed_at IS NULL",
            "persons": "SELECT count(*) FROM persons",
            "events": "SELECT type, count(*) FROM events GROUP BY type ORDER BY type",
            "gapless": "SELECT count(*) = max(position) FROM events",
        }
        with self.database.engine.connect() as connection:
            found: dict[str, object] = {
                name: [tuple(row) for row in connection.execute(text(query))]
                for name, query in queries.items()
            }
        warehouse = self.warehouse
        found["warehouse"] = warehouse.rows(
            "SELECT count(), sum(quantity * unit_price), uniqExact(person_id) FROM order_lines FINAL"
        )
        return found


@contextmanager
def _site(folder: Path, warehouse_address: str) -> Iterator[Site]:
    name = f"crash_{secrets.token_hex(4)}"
    data = folder / "data"
    (data / "files").mkdir(parents=True)
    pq.write_table(pq.read_table(ORDERS).slice(0, 4_000), data / "orders.parquet")
    with databases.cloned_database() as url:
        settings = Settings(
            data_dir=data,
            keys_dir=folder / "keys",
            database_url=url,
            warehouse_url=f"{warehouse_address}/{name}",
            host="127.0.0.1",
            port=0,
            base_zone="Asia/Shanghai",
            currency="CNY",
        )
        database = Database(url, load_keyring(settings.keys_dir, create=True))
        warehouse = connect_warehouse(settings.warehouse_url or "")
        site = Site(settings, database, warehouse, [])
        try:
            yield site
        finally:
            for worker in site.workers:
                worker.kill()
                worker.wait()
            database.close()
            warehouse.command(f"DROP DATABASE IF EXISTS {name}")
            warehouse.close()


@pytest.fixture
def site(tmp_path: Path, warehouse_address: str) -> Iterator[Site]:
    """Empty engines of the test's own."""
    with _site(tmp_path, warehouse_address) as site:
        yield site


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, warehouse_address: str) -> Iterator[Site]:
    """A site on which the import ran undisturbed."""
    with _site(tmp_path_factory.mktemp("calm"), warehouse_address) as site:
        import_id = site.start_import()
        site.start_worker()
        site.wait_for(import_id)
        yield site


def test_a_calm_import_and_its_rebuild_agree(calm: Site) -> None:
    tables = [table for projector in projectors() for table in projector.tables]
    before = content_digest(calm.warehouse, tables)

    rebuild_warehouse(calm.database, calm.warehouse, projectors())

    assert content_digest(calm.warehouse, tables) == before
    assert calm.content()["gapless"] == [(True,)]


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_named_point_and_taken_over_the_import_ends_the_same(
    site: Site, calm: Site, point: str
) -> None:
    import_id = site.start_import()
    victim = site.start_worker(point)
    assert victim.wait(_PATIENCE_SECONDS) == -signal.SIGKILL

    site.start_worker()
    site.wait_for(import_id)

    assert site.content() == calm.content()


def test_two_workers_share_the_work_and_one_may_die_at_any_moment(site: Site, calm: Site) -> None:
    import_id = site.start_import()
    workers = [site.start_worker(), site.start_worker()]
    time.sleep(2.5)
    workers[0].kill()
    site.wait_for(import_id)

    assert site.content() == calm.content()


def test_the_same_file_again_changes_nothing(site: Site) -> None:
    site.start_worker()
    site.wait_for(site.start_import())
    events = site.content()["events"]

    again = site.start_import()
    site.wait_for(again)

    assert site.content()["events"] == events
    with site.database.transaction() as uow:
        counts = ingestion.get_import(uow, again).records
    assert (counts.taken, counts.changed, counts.rejected) == (0, 0, 0)
    assert counts.unchanged > 100
