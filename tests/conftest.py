"""What every test may ask for: a throw-away database, a clock, keys. Nothing here touches another machine."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

from feilun.access import api as access
from feilun.access.contracts import Role
from feilun.platform.config import load_settings
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.keys import Keyring
from feilun.platform.warehouse import Warehouse, connect_warehouse, quote_name
from tests import databases
from tests.fakes.clock import START, FixedClock
from tests.network import forbid_network
from tests.warehouses import running_warehouse

ROOT: Final = Path(__file__).resolve().parents[1]
_BROWSER_TIMEOUT_SECONDS: Final = 180
"""A browser, the whole program and the other tests share two cores."""
_running: Final = pytest.StashKey[ExitStack]()

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "long", deadline=None, max_examples=2_000, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that `./feilun test` passes on."""
    parser.addoption("--long", action="store_true", help="also run what is too long for every change")
    parser.addoption("--pictures", action="store_true", help="save what browser tests see in var/screenshots")
    parser.addoption(
        "--update-golden", action="store_true", help="write what golden tests see as what they expect"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose Hypothesis's profile, close the network, and start the server that all processes of the run share."""
    is_long = config.getoption("--long")
    settings.load_profile("long" if is_long else "ci" if os.environ.get("CI") else "dev")
    is_worker = hasattr(config, "workerinput")
    if not is_worker and not config.option.collectonly:
        config.stash[_running] = ExitStack()
        config.stash[_running].enter_context(databases.server())
    set_hypothesis_home_dir(ROOT / ".cache" / "hypothesis")
    forbid_network()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server."""
    if _running in config.stash:
        config.stash[_running].close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out long tests unless asked for; give browser tests the time a browser takes."""
    if not config.getoption("--long"):
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
    for item in items:
        is_browser = "browser" in item.path.relative_to(ROOT).parts
        if is_browser:
            item.add_marker(pytest.mark.timeout(_BROWSER_TIMEOUT_SECONDS))


@pytest.fixture
def check_golden(pytestconfig: pytest.Config) -> Callable[[Path, str], None]:
    """Return a function that compares a text with a file under tests/golden; with `--update-golden` it writes the file."""

    def check(path: Path, text: str) -> None:
        if pytestconfig.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing: run ./feilun test --update-golden and review it"
        assert text == path.read_text(encoding="utf-8")

    return check


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    """Keys that are the same in every run."""
    return Keyring({1: bytes(range(32))}, bytes(range(32, 64)))


@pytest.fixture(scope="module")
def _clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def clock(_clock: FixedClock) -> Iterator[FixedClock]:
    """The clock that `database` reads too; stands at Sunday noon in Beijing when a test begins."""
    _clock.set(START)
    yield _clock
    _clock.set(START)


@pytest.fixture(scope="module")
def database(_clock: FixedClock, keyring: Keyring) -> Iterator[Database]:
    """A migrated database of the module's own. Tests may commit; none may count on another's rows."""
    with databases.cloned_database() as url:
        database = Database(url, keyring, clock=_clock, pool_size=5)
        yield database
        database.close()


@pytest.fixture
def uow(database: Database, clock: FixedClock, keyring: Keyring) -> Iterator[UnitOfWork]:
    """A transaction that is rolled back when the test ends."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        yield UnitOfWork(connection, clock, keyring, "test")
        transaction.rollback()


@pytest.fixture(scope="module")
def app(database: Database, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """The application on the module's database; its warehouse does not run."""
    # Here and not above, so that a test of one room loads that room and not the whole program.
    from feilun.entrypoints.http import create_app
    from feilun.entrypoints.wiring import Rooms, handlers

    folder = tmp_path_factory.mktemp("app")
    settings = replace(
        load_settings(data_dir=folder / "data"),
        database_url=database.url.render_as_string(hide_password=False),
    )
    return create_app(settings, database, Rooms(settings, database, handlers()))


@pytest.fixture(scope="module")
def client(app: FastAPI, database: Database) -> TestClient:
    """A client of the application as an administrator's page is one; asks for English."""
    with database.transaction() as uow:
        _, one_time = access.create_operator(uow, username="test-admin", display_name="Test", role=Role.ADMIN)
    client = TestClient(app, headers={"X-Feilun-Request": "1", "Accept-Language": "en"})
    client.post("/api/v1/session", json={"username": "test-admin", "password": one_time}).raise_for_status()
    change = {"current_password": one_time, "new_password": "a-password-of-tests-2026"}
    client.post("/api/v1/session/password", json=change).raise_for_status()
    return client


@pytest.fixture(scope="session")
def warehouse_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the run's warehouse process, `http://default:TOKEN@HOST:PORT`; add `/DATABASE`."""
    with running_warehouse(tmp_path_factory.mktemp("warehouse")) as process:
        noted = process.address()
        scheme, _, place = str(noted["url"]).partition("://")
        yield f"{scheme}://default:{noted['token']}@{place.rstrip('/')}"


@pytest.fixture(scope="module")
def warehouse(warehouse_address: str) -> Iterator[Warehouse]:
    """An empty warehouse database of the module's own."""
    name = f"test_{secrets.token_hex(4)}"
    warehouse = connect_warehouse(f"{warehouse_address}/{name}")
    yield warehouse
    warehouse.command(f"DROP DATABASE {quote_name(name)}")
    warehouse.close()
