"""The processes a supervisor keeps alive: how each starts, when it is ready, how it stops; and what is told of them."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from feilun.kernel.clock import SystemClock
from feilun.kernel.errors import FeilunError
from feilun.platform import processes
from feilun.platform.postgres import EmbeddedPostgres

_LOG_BYTES_MAX: Final = 16 << 20
_LOGS_KEPT: Final = 3
_PROBE_SECONDS: Final = 1.0
_BACK_OFF_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_GOOD_RUN_SECONDS: Final = 60.0
"""A process that lived this long starts its next back-off from the beginning."""


class ProcessState(StrEnum):
    """What a supervised process does now."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    STOPPED = "stopped"


class Program(Protocol):
    """Something that can be started, watched and stopped."""

    @property
    def pid(self) -> int | None:
        """Its pid, or None while it does not run."""
        ...

    def spawn(self) -> None:
        """Start without waiting."""
        ...

    def is_ready(self) -> bool:
        """Tell whether it does its work. Raises: FeilunError when it ended instead and knows why."""
        ...

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs."""
        ...

    def stop(self) -> None:
        """End it, politely first; returns when it is gone."""
        ...


class OwnProgram:
    """One of our Python modules as a child process, tied to our life, its output in a log file."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log_file: Path,
        environment: Mapping[str, str],
        is_ready: Callable[[int], bool],
        patience_seconds: float = 20.0,
        settle_seconds: float = 0.0,
    ) -> None:
        """Describe the program; `is_ready` is asked with its pid, once it has lived for `settle_seconds`, until it says yes."""
        self._command = list(command)
        self.log_file = log_file
        self._environment = dict(environment)
        self._is_ready = is_ready
        self._patience_seconds = patience_seconds
        self._settle_seconds = settle_seconds
        self._spawned = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its pid, or None while it does not run."""
        return self._process.pid if self._process else None

    def spawn(self) -> None:
        """Start without waiting."""
        tie = processes.python_command("feilun.platform.launch", "--parent", str(os.getpid()), "--end-with")
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        self._spawned = time.monotonic()
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [*tie, str(int(signal.SIGTERM)), "--", *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,  # Ctrl-C reaches the supervisor only; it decides the order of stopping
            )

    def is_ready(self) -> bool:
        """Tell whether it does its work."""
        has_settled = time.monotonic() - self._spawned >= self._settle_seconds
        return (
            self._process is not None
            and self._process.poll() is None
            and has_settled
            and self._is_ready(self._process.pid)
        )

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs."""
        return self._process.poll() if self._process else 0

    def stop(self) -> None:
        """Ask it to end, then force it and whatever it started. Also called right after it ended by itself."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self._patience_seconds)
        with contextlib.suppress(
            ProcessLookupError, PermissionError
        ):  # its own session: nobody else is in the group
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Child:
    """A program with its history: restarts, back-off, state."""

    def __init__(self, name: str, program: Program | EmbeddedPostgres) -> None:
        self.name = name
        self.program = program
        self.state = ProcessState.STOPPED
        self.restarts = 0
        self.started_at: datetime | None = None
        self.failures = 0
        """Ends since the last good run."""
        self._born: str | None = None
        self._started = 0.0
        self._retry = 0.0

    def start(self) -> None:
        """Spawn the program. Raises: FeilunError when it cannot be."""
        self._started = time.monotonic()
        self.started_at = SystemClock().now()
        self.state = ProcessState.STARTING
        self.program.spawn()
        self._born = processes.birth(self.program.pid) if self.program.pid else None

    def notice_end(self) -> float:
        """Count an end and plan the next start; returns the seconds until then."""
        if time.monotonic() - self._started > _GOOD_RUN_SECONDS:
            self.failures = 0
        wait = _BACK_OFF_SECONDS[min(self.failures, len(_BACK_OFF_SECONDS) - 1)]
        self.failures += 1
        self.state = ProcessState.WAITING
        self._retry = time.monotonic() + wait
        return wait

    def is_due(self) -> bool:
        """Tell whether a waiting child should be started now."""
        return self.state is ProcessState.WAITING and time.monotonic() >= self._retry

    def notice_ready(self) -> None:
        """Note that it does its work."""
        self.state = ProcessState.RUNNING

    def stop(self) -> None:
        """End the program."""
        self.program.stop()
        self.state = ProcessState.STOPPED

    def as_json(self) -> dict[str, object]:
        """Return what `processes.json` says of it."""
        return {
            "name": self.name,
            "pid": self.program.pid if self.state in (ProcessState.STARTING, ProcessState.RUNNING) else None,
            "birth": self._born,
            "started_at": self.started_at.isoformat() if self.started_at else None,
            "restarts": self.restarts,
            "state": self.state.value,
        }


class StateFile:
    """`processes.json`: read by the health page, and by the next supervisor when this one was killed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = ""

    def write(self, children: Sequence[Child]) -> None:
        """Store the present states when they changed, replacing the file in one step."""
        text = json.dumps([child.as_json() for child in children], indent=1)
        if text != self._written:
            temporary = self._path.with_suffix(".new")
            temporary.write_text(text)
            temporary.replace(self._path)
            self._written = text

    def leftovers(self) -> list[tuple[str, int, str]]:
        """Return name, pid and birth of processes that a killed supervisor left running, other than PostgreSQL."""
        try:
            noted = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return []
        found = [
            (str(item["name"]), int(item["pid"]), str(item["birth"])) for item in noted if item.get("pid")
        ]
        return [item for item in found if item[0] != "postgres" and processes.birth(item[1]) == item[2]]

    def remove(self) -> None:
        """Forget everything after a clean stop."""
        self._path.unlink(missing_ok=True)


def answers(host: str, port: int, path: str, *, token: str | None = None) -> bool:
    """Tell whether an HTTP GET on this machine gives 200."""
    place = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 — compared, not bound
    connection = http.client.HTTPConnection(place, port, timeout=_PROBE_SECONDS)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def rotate_logs(folder: Path, *, bytes_max: int = _LOG_BYTES_MAX) -> None:
    """Move the content of grown logs aside. Children keep writing to the same open file, which is emptied in place:
    what they write between copy and cut is lost, a price for logs that never block or end with the supervisor.
    """
    for log in folder.glob("*.log"):
        if log.stat().st_size < bytes_max:
            continue
        for number in range(_LOGS_KEPT - 1, 0, -1):
            older = log.with_name(f"{log.name}.{number}")
            if older.exists():
                older.replace(log.with_name(f"{log.name}.{number + 1}"))
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)


def last_lines(log: Path, count: int = 8) -> str:
    """Return the end of a log, indented, for a message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 16_384))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in lines[-count:])


def describe_end(code: int) -> str:
    """Return an exit code in words: 'exit code 1', 'SIGKILL'."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


class ChildFailed(FeilunError):
    """A process ended again and again while the program started; detail: name, end, log, lines."""

    code = "up.child_failed"
    http_status = 500
