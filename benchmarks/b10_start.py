"""B10: from `feilun up` on an installation that exists to its first page, and memory of all processes at rest.

The floor is PostgreSQL alone: starting its server on the same data until it answers.
"""

import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Final

import psutil

from benchmarks.result import Result
from feilun.platform.postgres import EmbeddedPostgres
from tests.program import Program, running_program

NAME: Final = "B10"
BAR: Final = "start to first page in at most 10 s, installed; all processes at rest in at most 1.5 GB"
describe: Final = "start to first page, and idle memory"

_SECONDS_MAX: Final = 10.0
_MEGABYTES_MAX: Final = 1_500.0
_REST_SECONDS: Final = 15.0
"""Long enough for the warehouse to give memory back after its start."""


def run() -> Result:
    """Start once to make the installation, then measure the second start."""
    with tempfile.TemporaryDirectory(prefix="feilun-b10-") as folder:
        data = Path(folder) / "data"
        with running_program(data):
            pass
        floor = _postgres_alone(data)
        started = time.perf_counter()
        with running_program(data, is_new=False) as program:
            with urllib.request.urlopen(program.address) as page:
                page.read()
            seconds = time.perf_counter() - started
            time.sleep(_REST_SECONDS)
            memory = _megabytes_by_process(program)
    total = sum(memory.values())
    return Result(
        value=round(seconds, 2),
        unit="s to the first page",
        is_ok=seconds <= _SECONDS_MAX and total <= _MEGABYTES_MAX,
        floor=round(floor, 2),
        floor_unit="s for PostgreSQL alone",
        detail={
            "idle_megabytes": round(total),
            "by_process": {name: round(size) for name, size in memory.items()},
        },
    )


def _postgres_alone(data: Path) -> float:
    server = EmbeddedPostgres(data / "postgres", data / "run")
    started = time.perf_counter()
    server.start()
    seconds = time.perf_counter() - started
    server.stop()
    return seconds


def _megabytes_by_process(program: Program) -> dict[str, float]:
    """Proportional set size, so that memory shared by PostgreSQL's processes counts once."""
    parent = psutil.Process(program.pid)
    found: dict[str, float] = {}
    for process in [parent, *parent.children(recursive=True)]:
        line = " ".join(process.cmdline())
        name = next(
            (n for n in ("warehouse_server", "cli api", "cli worker", "cli up") if n in line), "postgres"
        )
        found[name] = found.get(name, 0.0) + process.memory_full_info().pss / 1e6
    return found
