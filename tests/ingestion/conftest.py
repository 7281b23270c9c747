"""What the tests of intake share: settings on a temporary directory, a registry with the sales handler."""

from pathlib import Path

import pytest

from feilun.ingestion.api import HandlerRegistry
from feilun.platform.config import Settings
from feilun.platform.db import Database
from tests.fakes.sales import SalesHandler


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path / "data",
        keys_dir=tmp_path / "keys",
        database_url=None,
        warehouse_url=None,
        host="127.0.0.1",
        port=0,
        base_zone="Asia/Shanghai",
        currency="CNY",
    )


@pytest.fixture
def registry(database: Database) -> HandlerRegistry:
    with database.transaction() as uow:
        SalesHandler.create_table(uow)
    return HandlerRegistry([SalesHandler()])
