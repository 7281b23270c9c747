"""Runs one import in a process that a test kills at a named point. Arguments: database URL, data directory, import id."""

import sys
from pathlib import Path

from feilun.ingestion import api
from feilun.ingestion.internal import taking
from feilun.kernel.ids import ImportId
from feilun.platform.config import Settings
from feilun.platform.db import Database
from feilun.platform.keys import Keyring
from tests.fakes.clock import FixedClock
from tests.fakes.sales import SalesHandler


def main(url: str, data: str, import_id: str) -> None:
    taking.BATCH_RECORDS = 20  # type: ignore[misc]
    settings = Settings(
        data_dir=Path(data),
        keys_dir=Path(data).parent / "keys",
        database_url=None,
        warehouse_url=None,
        host="127.0.0.1",
        port=0,
        base_zone="Asia/Shanghai",
        currency="CNY",
    )
    database = Database(url, Keyring({1: bytes(range(32))}, bytes(range(32, 64))), clock=FixedClock())
    api.run_import(database, settings, ImportId(int(import_id)), api.HandlerRegistry([SalesHandler()]))


if __name__ == "__main__":
    main(*sys.argv[1:])
