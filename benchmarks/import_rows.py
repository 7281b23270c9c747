"""File import: rows/s of an order file from upload to the last committed batch, against raw COPY into the same tables.

`FEILUN_RETAIL_FILE` names the UCI file "Online Retail II" (Parquet, 1,067,370 rows); without it a file of the same shape is
made from a seed. The floor copies what came out (orders, lines, refunds, people, events …) into equal tables with indexes.
"""

import os
import random
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql
from sqlalchemy import text

from benchmarks.result import Result
from feilun.entrypoints.wiring import handlers
from feilun.ingestion import api
from feilun.ingestion.contracts import Import, ImportState
from feilun.platform.config import load_settings
from feilun.platform.db import Database
from feilun.platform.keys import Keyring
from tests import databases

NAME: Final = "import"
BAR: Final = "at least 10 % of COPY of the resulting rows into the same tables; a repetition changes nothing"
describe: Final = "rows/s of an order file, from upload to the last commit"

_ROWS: Final = 300_000
_LINES_PER_ORDER: Final = 20
_SHARE_MIN: Final = 0.10
_EXCLUDED: Final = frozenset(
    {"alembic_version", "uploaded_files", "imports", "import_progress", "log_head", "installation"}
)


def run() -> Result:
    """Import once, import again, and copy the result."""
    rng = random.Random(6)
    with (
        tempfile.TemporaryDirectory(prefix="feilun-import-") as folder,
        databases.server(),
        databases.cloned_database() as url,
    ):
        database = Database(url, Keyring({1: rng.randbytes(32)}, rng.randbytes(32)))
        named = os.environ.get("FEILUN_RETAIL_FILE")
        path = Path(named) if named else _made_file(Path(folder), rng)
        try:
            first, seconds = _import(database, Path(folder), path)
            second, seconds_again = _import(database, Path(folder), path)
            floor_seconds, rows_out = _floor(database)
        finally:
            database.close()
    rows = first.rows_total or 0
    is_same = second.state is ImportState.DONE and second.rows.taken == second.rows.changed == 0
    return Result(
        value=rows / seconds,
        unit="rows of the file/s",
        is_ok=first.state is ImportState.DONE and is_same and floor_seconds / seconds >= _SHARE_MIN,
        floor=rows / floor_seconds,
        floor_unit="rows of the file/s, copying what came of them",
        detail={
            "rows": rows,
            "share_of_floor": round(floor_seconds / seconds, 3),
            "rows_per_second_repeated": round(rows / seconds_again),
            "rows_out": rows_out,
            "records": first.records.taken,
            "rejected_rows": first.rows.rejected,
            "file": "online_retail_II" if named else "made",
        },
    )


def _import(database: Database, folder: Path, path: Path) -> tuple[Import, float]:
    settings = replace(load_settings(data_dir=folder / "data"), base_zone="Europe/London")
    registry = handlers()
    started = time.perf_counter()
    with database.transaction(actor="benchmark") as uow:
        uploaded = api.take_file(uow, settings, path)
        mapping = api.propose_mapping(uow, settings, registry, uploaded.file_id, "orders").mapping
        import_id = api.start_import(
            uow, settings, registry, uploaded.file_id, replace(mapping, is_whole=True)
        ).import_id
    api.run_import(database, settings, import_id, registry)
    seconds = time.perf_counter() - started
    with database.transaction() as uow:
        return api.get_import(uow, import_id), seconds


def _floor(database: Database) -> tuple[float, int]:
    """Seconds to COPY what the import left into equal, empty tables, and how many rows that is."""
    seconds, rows_out = 0.0, 0
    with database.transaction() as uow:
        tables = uow.connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
            )
        ).scalars()
        for table in [name for name in tables if name not in _EXCLUDED]:
            uow.connection.execute(text(f'CREATE TABLE "floor_{table}" (LIKE "{table}" INCLUDING INDEXES)'))
            with uow.driver.cursor() as cursor:
                with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
                    rows = b"".join(copy)
                started = time.perf_counter()
                with cursor.copy(
                    sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(f"floor_{table}"))
                ) as copy:
                    source = BytesIO(rows)
                    while chunk := source.read(1 << 20):
                        copy.write(chunk)
                seconds += time.perf_counter() - started
                rows_out += cursor.rowcount
    return seconds, rows_out


def _made_file(folder: Path, rng: random.Random) -> Path:
    start = datetime(2024, 1, 1)  # noqa: DTZ001 — the file's own wall clock
    skus = [(f"{number:05d}", f"ITEM {number}", rng.randrange(50, 5000) / 100) for number in range(4_000)]
    columns: dict[str, list[object]] = {
        name: [] for name in ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
    }  # fmt: skip
    for order in range(_ROWS // _LINES_PER_ORDER):
        customer = rng.randrange(10_000, 16_000) if rng.random() < 0.77 else None
        moment = start + timedelta(minutes=order * 30)
        for _ in range(_LINES_PER_ORDER):
            code, title, price = rng.choice(skus)
            for name, value in zip(
                columns,
                (
                    str(500_000 + order),
                    code,
                    title,
                    rng.randrange(1, 25),
                    moment,
                    price,
                    customer,
                    "United Kingdom",
                ),
                strict=True,
            ):
                columns[name].append(value)
    path = folder / "made.parquet"
    pq.write_table(pa.table(columns), path)
    return path
