"""`feilun up`: starts the engines, migrates, starts api and worker, restarts what dies, stops everything in order.

One thread and one loop: every child is a small state machine that the loop asks a few times a second. Children are tied to
the supervisor's life, each in a session of its own, so Ctrl-C and even kill -9 leave no orphan behind.
"""

import errno
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final
from urllib.parse import urlsplit

from feilun.entrypoints.children import (
    Child,
    ChildFailed,
    OwnProgram,
    ProcessState,
    StateFile,
    answers,
    describe_end,
    last_lines,
    rotate_logs,
)
from feilun.entrypoints.engines import (
    database_address,
    embedded_postgres,
    installation_lock,
    warehouse_address,
    warehouse_file,
)
from feilun.entrypoints.installation import ensure_whole, migrate, prepare_keys
from feilun.entrypoints.terminal import say, say_error
from feilun.kernel.errors import Conflict, FeilunError, Invalid
from feilun.platform import processes
from feilun.platform.config import Settings

_TICK_SECONDS: Final = 0.05
_ROTATE_EVERY_SECONDS: Final = 60.0
_ENDS_BEFORE_GIVING_UP: Final = 3
_LEFTOVER_PATIENCE_SECONDS: Final = 20.0
_API_PATIENCE_SECONDS: Final = 10.0
_WORKER_SETTLE_SECONDS: Final = 1.5
"""A worker answers nobody, so it counts as running when it lives this long; shorter than the api takes to answer."""
_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class PortTaken(Conflict):
    """Another program listens on the port; detail: port, holder."""

    code = "up.port_taken"


class AddressUnusable(Invalid):
    """This machine cannot listen on that host and port; detail: host, port, reason."""

    code = "up.address_unusable"


class DataNotWritable(FeilunError):
    """The data directory cannot be made or written; detail: path, reason."""

    code = "up.data_not_writable"
    http_status = 500


@dataclass(frozen=True, slots=True)
class Started:
    """What is up when the first page can be opened."""

    address: str
    """Where the pages are, e.g. 'http://127.0.0.1:8320'."""
    database_url: str
    warehouse_url: str


def cli_command(name: str) -> list[str]:
    """Return the command line of `feilun NAME`."""
    return processes.python_command("feilun.entrypoints.cli", name)


Announce = Callable[[Started], Sequence[str]]
"""Called once when everything is ready; returns lines for the person at the terminal, e.g. the first administrator's password."""


def run_up(settings: Settings, *, demo: bool, announce: Announce = lambda _: ()) -> int:
    """Run everything until INT or TERM; returns the exit code: 0 after a clean stop, 1 when it could not start.

    With `demo`, the command `feilun demo` runs once beside it when everything is ready.
    """
    try:
        Supervisor(settings, demo=demo, announce=announce).run()
    except FeilunError as error:
        say_error(error)
        return 1
    return 0


class Supervisor:
    """Owns the processes of one data directory for as long as `run` lasts."""

    def __init__(
        self,
        settings: Settings,
        *,
        demo: bool,
        announce: Announce,
        command: Callable[[str], list[str]] = cli_command,
    ) -> None:
        """Describe what to run; nothing is touched yet. `command` gives the command line of 'api', 'worker' and 'demo'."""
        self._settings = settings
        self._command = command
        self._demo = demo
        self._announce = announce
        self._children: list[Child] = []
        self._state = StateFile(settings.run_dir / "processes.json")
        self._must_stop = False
        self._is_up = False
        self._next_rotation = 0.0
        self._demo_loader: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Start, keep alive, stop. Raises: what keeps the program from starting, as an expected error."""
        self._make_folders()
        lock = installation_lock(self._settings)
        lock.acquire()
        try:
            with self._stop_on_signals():
                self._end_leftovers()
                check_port(self._settings.host, self._settings.port)
                try:
                    self._start_all()
                    self._keep_alive()
                finally:
                    self._stop_all()
        finally:
            lock.release()

    # -- starting ------------------------------------------------------------------------------------------------------

    def _make_folders(self) -> None:
        # PostgreSQL, which must not be root, passes through `run` to its socket; the files in it are private one by one.
        modes = {"run": 0o711 if os.geteuid() == 0 else 0o700, "logs": 0o700, "files": 0o700}
        try:
            for name, mode in modes.items():
                folder = self._settings.data_dir / name
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(mode)
        except OSError as error:
            reason = error.strerror or str(error)
            path = str(error.filename or self._settings.data_dir)
            raise DataNotWritable(f"cannot write {path}: {reason}", path=path, reason=reason) from error

    def _end_leftovers(self) -> None:
        for name, pid, born in self._state.leftovers():
            say("up.ending_leftover", name=name, pid=pid)
            ending = (signal.SIGTERM, signal.SIGKILL)
            processes.end_process(pid, born, signals=ending, patience_seconds=_LEFTOVER_PATIENCE_SECONDS)

    def _start_all(self) -> None:
        say("up.starting", path=self._settings.data_dir)
        if (
            self._settings.warehouse_url is None
        ):  # first: it needs nothing, and its library takes longest to load
            self._start(self._warehouse())
        if self._settings.database_url is None:
            self._start(Child("postgres", embedded_postgres(self._settings, tell=say)))
            self._wait_for("postgres")
        if self._must_stop:
            return
        url = database_address(self._settings)
        ensure_whole(url)
        migrate(url)
        prepare_keys(self._settings, url)
        self._start(self._own("api", patience_seconds=_API_PATIENCE_SECONDS))
        self._start(self._own("worker", settle_seconds=_WORKER_SETTLE_SECONDS))
        self._wait_for(*(child.name for child in self._children))
        if not self._must_stop:
            self._is_up = True
            self._tell_ready(url)

    def _tell_ready(self, url: str) -> None:
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        address = f"http://{host}:{self._settings.port}"
        lines = self._announce(Started(address, url, warehouse_address(self._settings)))
        say("up.ready", address=address)
        for line in lines:
            print(line, flush=True)  # noqa: T201
        if self._demo:
            self._demo_loader = subprocess.Popen(
                self._command("demo"), env=self._environment(), start_new_session=True
            )

    def _start(self, child: Child) -> None:
        # In the order of stopping: those that use others before those they use.
        self._children.insert(0, child)
        self._children.sort(key=lambda known: ("api", "worker", "warehouse", "postgres").index(known.name))
        child.start()
        self._state.write(self._children)

    def _wait_for(self, *names: str) -> None:
        waited = [child for child in self._children if child.name in names]
        while not self._must_stop and any(child.state is not ProcessState.RUNNING for child in waited):
            self._tick()
            time.sleep(_TICK_SECONDS)

    def _environment(self) -> dict[str, str]:
        settings = self._settings
        variables = {
            **os.environ,
            "FEILUN_DATA": str(settings.data_dir),
            "FEILUN_KEYS": str(settings.keys_dir),
            "FEILUN_HOST": settings.host,
            "FEILUN_PORT": str(settings.port),
            "FEILUN_ZONE": settings.base_zone,
            "FEILUN_CURRENCY": settings.currency,
            "PYTHONUNBUFFERED": "1",
            "PYTHONSAFEPATH": "1",
        }
        if settings.database_url:
            variables["FEILUN_DATABASE_URL"] = settings.database_url
        if settings.warehouse_url:
            variables["FEILUN_WAREHOUSE_URL"] = settings.warehouse_url
        return variables

    def _own(self, name: str, *, patience_seconds: float = 20.0, settle_seconds: float = 0.0) -> Child:
        settings = self._settings

        def is_ready(_: int) -> bool:
            return name != "api" or answers(settings.host, settings.port, "/healthz")

        program = OwnProgram(
            self._command(name),
            log_file=settings.data_dir / "logs" / f"{name}.log",
            environment=self._environment(),
            is_ready=is_ready,
            patience_seconds=patience_seconds,
            settle_seconds=settle_seconds,
        )
        return Child(name, program)

    def _warehouse(self) -> Child:
        settings = self._settings
        folder, run_dir = str(settings.data_dir / "warehouse"), str(settings.run_dir)

        def is_ready(pid: int) -> bool:
            try:
                noted = json.loads(warehouse_file(settings).read_text())
                place = urlsplit(noted["url"])
                return bool(noted["pid"] == pid) and answers(
                    place.hostname or "", place.port or 0, "/ping", token=noted["token"]
                )
            except (OSError, ValueError, KeyError):
                return False

        program = OwnProgram(
            processes.python_command("feilun.platform.warehouse_server", "--data", folder, "--run", run_dir),
            log_file=settings.data_dir / "logs" / "warehouse.log",
            environment=self._environment(),
            is_ready=is_ready,
        )
        return Child("warehouse", program)

    # -- keeping alive -------------------------------------------------------------------------------------------------

    def _keep_alive(self) -> None:
        while not self._must_stop:
            self._tick()
            self._watch_demo()
            if time.monotonic() > self._next_rotation:
                rotate_logs(self._settings.data_dir / "logs")
                self._next_rotation = time.monotonic() + _ROTATE_EVERY_SECONDS
            time.sleep(_TICK_SECONDS)

    def _tick(self) -> None:
        for child in self._children:
            try:
                if child.is_due():
                    child.restarts += 1
                    child.start()
                elif child.state in (ProcessState.STARTING, ProcessState.RUNNING):
                    self._watch(child)
            except FeilunError as error:  # a start that failed for a known reason
                if not self._is_up:
                    raise
                say_error(error)
                self._handle_end(child, error.code)
        self._state.write(self._children)

    def _watch(self, child: Child) -> None:
        if child.state is ProcessState.STARTING and child.program.is_ready():
            child.notice_ready()
            if child.restarts:
                say("up.back", name=child.name)
        code = child.program.poll()
        if code is not None:
            self._handle_end(child, describe_end(code))

    def _handle_end(self, child: Child, end: str) -> None:
        child.program.stop()
        seconds = child.notice_end()
        log = self._settings.data_dir / "logs" / f"{child.name}.log"
        if not self._is_up and child.failures >= _ENDS_BEFORE_GIVING_UP:
            raise ChildFailed(
                f"{child.name} ended {child.failures} times while starting ({end})",
                name=child.name,
                end=end,
                log=str(log),
                lines=last_lines(log),
            )
        say("up.ended", name=child.name, end=end, seconds=seconds, log=log)

    def _watch_demo(self) -> None:
        if self._demo_loader and self._demo_loader.poll() is not None:
            if self._demo_loader.returncode:
                say("up.demo_failed", end=describe_end(self._demo_loader.returncode))
            self._demo_loader = None

    # -- stopping ------------------------------------------------------------------------------------------------------

    def _stop_all(self) -> None:
        if self._children:
            say("up.stopping")
        if self._demo_loader and self._demo_loader.poll() is None:
            self._demo_loader.terminate()
            self._demo_loader.wait()
        for child in self._children:
            child.stop()
        self._state.remove()
        say("up.stopped")

    @contextmanager
    def _stop_on_signals(self) -> Iterator[None]:
        def stop(_number: int, _frame: FrameType | None) -> None:
            self._must_stop = True

        # Started under nohup, a hang-up is meant to be ignored.
        heeded = [number for number in _STOP_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        previous = {number: signal.signal(number, stop) for number in heeded}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def check_port(host: str, port: int) -> None:
    """Make sure that the api can listen. Raises: PortTaken with whoever has it when that can be seen, AddressUnusable."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(place)
            trial.listen(1)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            reason = error.strerror or str(error)
            raise AddressUnusable(
                f"cannot listen on {host}:{port}: {reason}", host=host, port=port, reason=reason
            ) from error
        found = processes.port_holder(port)
        holder = f"pid {found[0]}, {found[1][:80]}" if found else "?"
        raise PortTaken(f"port {port} is taken by {holder}", port=port, holder=holder) from error
