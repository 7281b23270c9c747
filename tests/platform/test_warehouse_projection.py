"""Goal: the warehouse holds what canonical tables and the log say, however its content came about and whatever failed.

Method: a small shop on real PostgreSQL, the real warehouse process, random histories, and processes killed in between.
"""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from feilun.platform.consumers import read_events
from feilun.platform.db import Database
from feilun.platform.keys import Keyring
from feilun.platform.sequencer import ensure_partitions, sequence_events
from feilun.platform.warehouse import (
    FactTable,
    ProofOutcome,
    WarehouseForwarder,
    WarehouseRebuildNeeded,
    create_alias_dictionary,
    ensure_proved,
    prove_position,
    rebuild_warehouse,
    reload_aliases,
    resolved_person,
)
from feilun.platform.warehouse_projection import MARKER_TABLE, marker_ddl, read_marker
from feilun.platform.warehouse_tables import arrow_type, create_tables
from tests import databases
from tests.fakes.clock import FixedClock
from tests.platform.warehouse_shop import (
    PROJECTORS,
    SALES,
    VISITS,
    Shop,
    VisitsProjector,
    open_shop,
    record_sale,
    remove_sale,
    visit,
)
from tests.warehouses import WarehouseProcess, running_warehouse

ROOT: Final = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarehouseProcess]:
    with running_warehouse(tmp_path_factory.mktemp("warehouse")) as process:
        yield process


@pytest.fixture
def shop(
    process: WarehouseProcess, keyring: Keyring, clock: FixedClock, request: pytest.FixtureRequest
) -> Iterator[Shop]:
    with databases.cloned_database() as url:
        database = Database(url, keyring, clock=clock, pool_size=5)
        ensure_partitions(database)
        open_shop(database)
        warehouse = process.connect(f"shop_{abs(hash(request.node.name))}")
        yield Shop(database, warehouse)
        warehouse.close()
        database.close()


@pytest.fixture
def proved(shop: Shop) -> Shop:
    assert prove_position(shop.database, shop.warehouse, PROJECTORS).outcome is ProofOutcome.FRESH
    return shop


def test_facts_follow_their_canonical_records(proved: Shop) -> None:
    with proved.database.transaction() as uow:
        record_sale(uow, 1, 10, "1.5", note="中文")
        record_sale(uow, 2, 10, "2.25")
        visit(uow, 10, "/home")
    proved.forward()
    with proved.database.transaction() as uow:
        record_sale(uow, 1, 11, "1.75")
        remove_sale(uow, 2)

    proved.forward()

    assert proved.sales() == [(11, 1, Decimal("1.75"), None)]
    row = proved.warehouse.rows("SELECT place, tags, sold_at FROM test_sales FINAL")[0]
    assert row == ("上海", ["a", "乙"], proved.database.clock.now())
    assert proved.warehouse.rows("SELECT person_id, page FROM test_visits FINAL") == [(10, "/home")]


def test_sale_that_leaves_a_person_and_comes_back_within_one_batch_stays(proved: Shop) -> None:
    for person in (10, 11, 10):
        with proved.database.transaction() as uow:
            record_sale(uow, 1, person, "1")

    proved.forward()

    assert proved.sales() == [(10, 1, Decimal(1), None)]


def test_rebuild_ends_in_the_content_that_forwarding_left(proved: Shop) -> None:
    rng = random.Random(7)
    for _ in range(40):
        with proved.database.transaction() as uow:
            record_sale(
                uow,
                rng.randint(1, 30),
                rng.randint(1, 5),
                str(rng.randint(1, 99)),
                note=rng.choice([None, "", "x"]),
            )
            remove_sale(uow, rng.randint(1, 30))
            visit(uow, rng.randint(1, 5), "/p")
    proved.forward()
    forwarded = proved.digest()
    seen: list[tuple[str, int]] = []

    position = rebuild_warehouse(
        proved.database, proved.warehouse, PROJECTORS, lambda name, rows: seen.append((name, rows))
    )

    assert proved.digest() == forwarded
    assert proved.sales() == proved.canonical()
    assert seen[-1] == ("test_visits", 40)
    assert (position, position) == (proved.position(), _marker_position(proved))
    assert prove_position(proved.database, proved.warehouse, PROJECTORS).outcome is ProofOutcome.HELD


def _marker_position(shop: Shop) -> int:
    marker = read_marker(shop.warehouse)
    assert marker is not None
    return marker.position


COMMAND = st.one_of(
    st.tuples(st.just("sale"), st.integers(1, 6), st.integers(1, 3)),
    st.tuples(st.just("remove"), st.integers(1, 6), st.just(0)),
    st.tuples(st.just("forward"), st.just(0), st.just(0)),
    st.tuples(st.just("set_back"), st.integers(0, 5), st.just(0)),
    st.tuples(st.just("rebuild"), st.just(0), st.just(0)),
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(commands=st.lists(COMMAND, min_size=3, max_size=12))
def test_any_history_ends_in_the_canonical_content(
    proved: Shop, commands: list[tuple[str, int, int]]
) -> None:
    for command, number, person in commands:
        if command == "forward":
            proved.forward()
        elif command == "rebuild":
            rebuild_warehouse(proved.database, proved.warehouse, PROJECTORS)
        elif command == "set_back":
            proved.set_back(max(0, proved.position() - number))
        else:
            with proved.database.transaction() as uow:
                if command == "sale":
                    record_sale(uow, number, person, str(len(commands)))
                else:
                    remove_sale(uow, number)

    proved.forward()

    assert proved.sales() == proved.canonical()


def test_batch_seen_again_changes_nothing(proved: Shop) -> None:
    with proved.database.transaction() as uow:
        for number in range(1, 20):
            record_sale(uow, number, number % 3 + 1, "5")
            visit(uow, 1, "/")
    proved.forward()
    before = proved.digest()

    proved.set_back(0)
    assert prove_position(proved.database, proved.warehouse, PROJECTORS).outcome is ProofOutcome.HELD
    proved.forward()

    assert proved.digest() == before


def test_warehouse_that_holds_less_sets_the_consumer_back(proved: Shop) -> None:
    with proved.database.transaction() as uow:
        record_sale(uow, 1, 1, "5")
    proved.forward()
    held = proved.position()
    with proved.database.transaction() as uow:
        record_sale(uow, 2, 1, "5")
        record_sale(uow, 3, 1, "5")
    while sequence_events(proved.database):
        pass
    proved.set_back(held + 2)

    proof = prove_position(proved.database, proved.warehouse, PROJECTORS)

    assert (proof.outcome, proof.position, proved.position()) == (ProofOutcome.REWOUND, held, held)
    proved.forward()
    assert proved.sales() == proved.canonical()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("marker", "it is empty"),
        ("table", "tables are missing: test_visits"),
        ("log", "another log"),
        ("future", "the log ends at"),
        ("schema", "another version"),
    ],
)
def test_warehouse_that_does_not_fit_the_log_asks_for_a_rebuild(
    proved: Shop, damage: str, reason: str
) -> None:
    with proved.database.transaction() as uow:
        record_sale(uow, 1, 1, "5")
    proved.forward()
    projectors = PROJECTORS
    if damage == "marker":
        proved.warehouse.command(f"DROP TABLE {MARKER_TABLE} SYNC")
    elif damage == "table":
        proved.warehouse.command("DROP TABLE test_visits SYNC")
    elif damage == "schema":
        projectors = (*PROJECTORS, _OtherProjector())
    else:
        with proved.database.transaction() as uow:
            statement = {
                "log": "UPDATE installation SET value = 'another' WHERE key = 'log_id'",
                "future": "UPDATE log_head SET position = 0",
            }[damage]
            uow.connection.execute(text(statement))

    with pytest.raises(WarehouseRebuildNeeded, match=reason):
        ensure_proved(proved.database, proved.warehouse, projectors)

    rebuild_warehouse(proved.database, proved.warehouse, projectors)
    assert prove_position(proved.database, proved.warehouse, projectors).outcome is ProofOutcome.HELD
    assert proved.sales() == proved.canonical()


class _OtherProjector(VisitsProjector):
    tables = (
        FactTable(
            name="test_other", columns={"person_id": "Int64"}, order_by=("person_id",), shard_by="person_id"
        ),
    )
    event_types = frozenset({"test.never"})


def test_rebuild_that_breaks_off_is_noticed(proved: Shop) -> None:
    with proved.database.transaction() as uow:
        for number in range(1, 30):
            record_sale(uow, number, 1, "5")
    proved.forward()

    def break_off(_name: str, rows: int) -> None:
        if rows > 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild_warehouse(proved.database, proved.warehouse, PROJECTORS, break_off)

    assert (
        prove_position(proved.database, proved.warehouse, PROJECTORS).outcome is ProofOutcome.REBUILD_NEEDED
    )
    rebuild_warehouse(proved.database, proved.warehouse, PROJECTORS)
    assert proved.sales() == proved.canonical()


def test_forwarding_beside_a_rebuild_loses_nothing(proved: Shop) -> None:
    with proved.database.transaction() as uow:
        for number in range(1, 60):
            record_sale(uow, number, 1, "5")
    proved.forward(steps=0)
    moving = threading.Event()

    def move_on(_name: str, rows: int) -> None:
        # In the midst of the rebuild a sale that it has read moves on, and the forwarder's turn comes.
        if not moving.is_set():
            moving.set()
            with proved.database.transaction() as uow:
                record_sale(uow, 1, 2, "6")
                remove_sale(uow, 50)
            forwarding.start()

    forwarding = threading.Thread(target=proved.forward)
    rebuild_warehouse(proved.database, proved.warehouse, PROJECTORS, move_on)
    forwarding.join()
    proved.forward()

    assert proved.sales() == proved.canonical()


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("point", "task"),
    [
        ("warehouse.after_insert", "forward"),
        ("warehouse.after_marker", "forward"),
        ("warehouse.rebuild_page", "rebuild"),
        ("warehouse.rebuild_filled", "rebuild"),
    ],
)
def test_process_killed_at_a_point_leaves_nothing_wrong(
    proved: Shop, process: WarehouseProcess, point: str, task: str
) -> None:
    with proved.database.transaction() as uow:
        for number in range(1, 20):
            record_sale(uow, number, number % 3 + 1, "5")
            visit(uow, 1, "/")
    proved.forward()
    with proved.database.transaction() as uow:
        record_sale(uow, 1, 5, "7")
        visit(uow, 2, "/")

    killed = _run_elsewhere(proved, process, task, point)

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    if prove_position(proved.database, proved.warehouse, PROJECTORS).outcome is ProofOutcome.REBUILD_NEEDED:
        assert task == "rebuild"
        rebuild_warehouse(proved.database, proved.warehouse, PROJECTORS)
    proved.forward()
    assert proved.sales() == proved.canonical()
    assert proved.warehouse.value("SELECT count() FROM test_visits FINAL") == 20


def _run_elsewhere(
    shop: Shop, process: WarehouseProcess, task: str, point: str
) -> subprocess.CompletedProcess[str]:
    address: dict[str, Any] = process.address()
    place = (
        address["url"].replace("http://", f"http://feilun:{address['token']}@")
        + f"/{shop.warehouse.database}"
    )
    url = shop.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    program = (
        "import sys; from tests.platform.warehouse_shop import run_in_this_process as run; run(*sys.argv[1:])"
    )
    return subprocess.run(
        [sys.executable, "-c", program, url, place, task],
        cwd=ROOT,
        env={
            **os.environ,
            "FEILUN_TESTING": "1",
            "FEILUN_CRASH_AT": point,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def test_warehouse_that_lost_its_data_is_noticed_while_forwarding(proved: Shop) -> None:
    forwarder = WarehouseForwarder(proved.warehouse, PROJECTORS)
    with proved.database.transaction() as uow:
        record_sale(uow, 1, 1, "5")
    proved.forward()
    with proved.database.transaction() as uow:
        record_sale(uow, 2, 1, "5")
    while sequence_events(proved.database):
        pass
    with proved.database.engine.connect() as connection:
        events = read_events(connection, after=proved.position(), limit=10)
    proved.warehouse.command(f"DROP DATABASE `{proved.warehouse.database}` SYNC")
    proved.warehouse.command(
        f"CREATE DATABASE `{proved.warehouse.database}`", settings={"database": "default"}
    )

    with pytest.raises(WarehouseRebuildNeeded):
        forwarder.handle(proved.database, events)


@pytest.mark.timeout(180)
def test_forwarder_goes_on_after_the_warehouse_was_killed(
    keyring: Keyring, clock: FixedClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    process = WarehouseProcess(tmp_path_factory.mktemp("killed"))
    process.start()
    with databases.cloned_database() as url:
        database = Database(url, keyring, clock=clock, pool_size=5)
        ensure_partitions(database)
        open_shop(database)
        shop = Shop(database, process.connect())
        prove_position(database, shop.warehouse, PROJECTORS)
        for number in range(1, 4):
            with database.transaction() as uow:
                record_sale(uow, number, 1, "5")
                record_sale(uow, 1, number, "6")
            shop.forward()
            process.kill()
            process.start()
            assert prove_position(database, shop.warehouse, PROJECTORS).outcome is ProofOutcome.HELD

        assert shop.sales() == shop.canonical()
        shop.warehouse.close()
        database.close()
    process.close()


def test_aliases_map_facts_to_the_person_of_today(shop: Shop) -> None:
    aliases = FactTable(
        name="person_aliases",
        columns={"alias_id": "Int64", "person_id": "Int64"},
        order_by=("alias_id",),
        shard_by="alias_id",
    )
    create_tables(shop.warehouse, [aliases])
    create_alias_dictionary(shop.warehouse, table=aliases.name)
    shop.warehouse.insert(
        aliases.name, aliases.arrow_rows({"alias_id": [5, 6], "person_id": [2, 2], "version": [1, 1]})
    )
    shop.warehouse.insert(
        aliases.name, aliases.arrow_rows({"alias_id": [6], "version": [2], "is_deleted": [1]})
    )
    reload_aliases(shop.warehouse)

    found = shop.warehouse.rows(
        f"SELECT {resolved_person(shop.warehouse)} AS p FROM (SELECT arrayJoin([5, 6, 7])::Int64 AS person_id)"
    )

    assert found == [(2,), (6,), (7,)]


def test_cluster_ddl_replicates_and_spreads_by_person() -> None:
    local, spread = SALES.ddl(database="feilun", cluster="main")

    assert local.startswith(
        "CREATE TABLE IF NOT EXISTS `feilun`.`test_sales_local` ON CLUSTER `main` (`person_id` Int64, "
    )
    assert (
        "ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', version, is_deleted)"
        in local
    )
    assert spread.endswith(
        "ENGINE = Distributed('main', 'feilun', 'test_sales_local', intHash64(`person_id`))"
    )
    assert (
        SALES.drop(database="feilun", cluster="main")[1]
        == "DROP TABLE IF EXISTS `feilun`.`test_sales_local` ON CLUSTER `main` SYNC"
    )
    assert "/clickhouse/tables/all/" in marker_ddl(database="feilun", cluster="main")


@pytest.mark.parametrize(
    "wrong",
    [
        {"order_by": ("nowhere",)},
        {"order_by": ()},
        {"shard_by": "amount"},
        {"partition_by": "toYYYYMM(sold_at)"},
        {"columns": {"person_id": "Nullable(Int64)", "sold_at": "Date", "amount": "Int8"}},
        {"columns": {"person_id": "Int64", "sold_at": "Date", "amount": "Int8", "version": "Int8"}},
        {"columns": {"person_id": "AggregateFunction(sum, Int8)", "sold_at": "Date", "amount": "Int8"}},
        {"name": "bad name"},
    ],
)
def test_table_that_could_not_hold_its_promise_is_refused(wrong: dict[str, object]) -> None:
    right: dict[str, object] = {
        "name": "t",
        "columns": {"person_id": "Int64", "sold_at": "Date", "amount": "Int8"},
        "order_by": ("person_id",),
        "shard_by": "person_id",
    }
    FactTable(**right)  # type: ignore[arg-type]

    with pytest.raises(ValueError, match=r"\w"):
        FactTable(**{**right, **wrong})  # type: ignore[arg-type]


def test_rows_are_checked_against_their_table() -> None:
    with pytest.raises(ValueError, match="no columns"):
        VISITS.arrow_rows({"person_id": [1], "visit_id": [1], "version": [1], "nonsense": [1]})
    with pytest.raises(ValueError, match="lack"):
        VISITS.arrow_rows({"person_id": [1], "visit_id": [1]})


def test_arrow_types_follow_clickhouses() -> None:
    assert arrow_type("LowCardinality(Nullable(String))") == pa.string()
    assert arrow_type("Array(Decimal(18, 4))") == pa.list_(pa.decimal128(18, 4))
    assert arrow_type("DateTime('UTC')") == pa.timestamp("s", tz="UTC")
