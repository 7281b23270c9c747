"""Loads the demo company through the same intake as any file; see `demo_company` for what is real and what is made up."""

import tempfile
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from feilun.entrypoints.cli_import import follow_import
from feilun.entrypoints.demo_company import DemoFile, make_company, shift_orders
from feilun.entrypoints.wiring import Rooms
from feilun.ingestion import api as ingestion
from feilun.ingestion.contracts import ImportState
from feilun.kernel.errors import FeilunError
from feilun.platform.facts import DEMO_LOADED, find_fact, store_fact
from feilun.platform.progress import Tell
from feilun.profiles import api as profiles
from feilun.profiles.contracts import CustomerFilter

ORDERS: Final = Path(__file__).resolve().parents[3] / "examples" / "demo" / "orders.parquet"


class DemoNotLoaded(FeilunError):
    """One of the demo files was not taken in completely; detail: name, reason."""

    code = "demo.failed"
    http_status = 500


def load(rooms: Rooms, *, tell: Tell) -> None:
    """Take in all demo files, in order, waiting for the worker. Safe to repeat: known records stay unchanged.

    Raises: DemoNotLoaded, and what intake raises.
    """
    with rooms.database.transaction() as uow:
        is_loaded = find_fact(uow.connection, DEMO_LOADED) is not None
        today = uow.now.astimezone(ZoneInfo(rooms.settings.base_zone)).date()
    if is_loaded:
        tell("demo.present")
        return
    orders = shift_orders(pq.read_table(ORDERS), today=today)
    with tempfile.TemporaryDirectory(prefix="feilun-demo-") as folder:
        for file in make_company(orders, today=today):
            tell("demo.loading", name=file.name)
            _load_file(rooms, file, Path(folder) / file.name)
    with rooms.database.transaction() as uow:
        store_fact(uow.connection, DEMO_LOADED, today.isoformat())
        customers = profiles.list_customers(uow, CustomerFilter(), page_size=1, reveal=False).total
    tell("demo.loaded", customers=customers)


def _load_file(rooms: Rooms, file: DemoFile, path: Path) -> None:
    if path.suffix == ".parquet":
        pq.write_table(file.table, path)
    else:
        pa_csv.write_csv(file.table, path)
    with rooms.database.transaction(actor="cli") as uow:
        uploaded = ingestion.take_file(uow, rooms.settings, path)
        proposal = ingestion.propose_mapping(
            uow, rooms.settings, rooms.handlers, uploaded.file_id, file.kind, source=file.source
        )
        mapping = file.mapped(proposal.mapping)
        started = ingestion.start_import(uow, rooms.settings, rooms.handlers, uploaded.file_id, mapping)
    ended = follow_import(rooms, started.import_id, title=file.name)
    if ended.state is not ImportState.DONE:
        raise DemoNotLoaded(
            f"{file.name} ended as {ended.state}", name=file.name, reason=ended.error_code or ended.state
        )
