"""The shop that tests of segments look at."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from feilun.access import api as access
from feilun.access.contracts import Role
from feilun.platform.config import load_settings
from feilun.platform.db import Database
from feilun.platform.keys import Keyring
from feilun.platform.warehouse import connect_warehouse, quote_name
from tests import databases
from tests.fakes.clock import FixedClock
from tests.segments.world import World


@pytest.fixture
def world(warehouse_address: str, clock: FixedClock, keyring: Keyring) -> Iterator[World]:
    """A shop of the test's own: events of one test must not show in another's log."""
    name = f"test_{secrets.token_hex(4)}"
    with databases.cloned_database() as url:
        database = Database(url, keyring, clock=clock, pool_size=5)
        warehouse = connect_warehouse(f"{warehouse_address}/{name}")
        yield World(database, warehouse)
        warehouse.command(f"DROP DATABASE {quote_name(name)}")
        warehouse.close()
        database.close()


@pytest.fixture
def page(world: World, tmp_path: Path) -> TestClient:
    """An administrator's page on the shop; asks for English."""
    # Here and not above, so that tests of the room alone do not load the whole program.
    from feilun.entrypoints.http import create_app
    from feilun.entrypoints.wiring import Rooms, handlers

    settings = replace(
        load_settings(data_dir=tmp_path / "data"),
        database_url=world.database.url.render_as_string(hide_password=False),
    )
    rooms = Rooms(settings, world.database, handlers())
    rooms.segments = world.surroundings
    app = create_app(settings, world.database, rooms)
    with world.database.transaction() as uow:
        _, one_time = access.create_operator(uow, username="admin", display_name="A", role=Role.ADMIN)
    return log_in(TestClient(app), "admin", one_time)


def log_in(client: TestClient, username: str, one_time: str) -> TestClient:
    """Return the client with a session and a password of its own."""
    client.headers.update({"X-Feilun-Request": "1", "Accept-Language": "en"})
    client.post("/api/v1/session", json={"username": username, "password": one_time}).raise_for_status()
    change = {"current_password": one_time, "new_password": "a-password-of-tests-2026"}
    client.post("/api/v1/session/password", json=change).raise_for_status()
    return client
