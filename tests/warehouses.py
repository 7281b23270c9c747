"""Warehouse processes for tests: the real server, on a folder of the test's own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from feilun.platform.warehouse import Warehouse, connect_warehouse

_START_SECONDS_MAX: Final = 30.0


class WarehouseProcess:
    """A server process on `folder`; can be killed and started again on the same data."""

    def __init__(self, folder: Path, memory_megabytes: int = 1500) -> None:
        self._folder = folder
        self._memory_megabytes = memory_megabytes
        self._said = (folder / "said.txt").open("a+", encoding="utf-8")
        self._process: subprocess.Popen[str] | None = None

    @property
    def ready_file(self) -> Path:
        """Where the process notes its address when it is ready."""
        return self._folder / "run" / "warehouse.json"

    def spawn(self) -> subprocess.Popen[str]:
        """Start the process and return without waiting for it."""
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "feilun.platform.warehouse_server",
                "--data", str(self._folder / "data"), "--run", str(self._folder / "run"),
                "--memory", str(self._memory_megabytes), "--exit-with-parent",
            ],
            stderr=self._said,
            encoding="utf-8",
        )  # fmt: skip
        return self._process

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        process = self.spawn()
        deadline = time.monotonic() + _START_SECONDS_MAX
        while self.address().get("pid") != process.pid:
            assert process.poll() is None, f"the warehouse ended: {self.said()}"
            assert time.monotonic() < deadline, "the warehouse did not get ready"
            time.sleep(0.02)

    def address(self) -> dict[str, object]:
        """Return what the ready file says, nothing when it is not there."""
        try:
            found: dict[str, object] = json.loads(self.ready_file.read_text())
        except (OSError, ValueError):
            return {}
        return found

    def connect(self, database: str = "default") -> Warehouse:
        """Return a client of the running process."""
        address = self.address()
        return connect_warehouse(f"{address['url']}/{database}", str(address["token"]))

    def kill(self) -> None:
        """End the process as a crash would."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """Ask the process to end; returns its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=20)

    def said(self) -> str:
        """Return what the processes on this folder have written to their error output so far."""
        self._said.seek(0)
        return self._said.read()

    def close(self) -> None:
        """Kill what still runs and let go of everything."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        self._said.close()


@contextmanager
def running_warehouse(folder: Path, memory_megabytes: int = 1500) -> Iterator[WarehouseProcess]:
    """Have a warehouse process for the time of the block."""
    process = WarehouseProcess(folder, memory_megabytes)
    try:
        process.start()
        yield process
        process.stop()
    finally:
        process.close()
