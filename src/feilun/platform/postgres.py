"""The embedded PostgreSQL: one cluster in one directory, run by one launcher, reached over a private socket.

`data_dir/cluster` is made whole by initdb under another name and then renamed, so a cluster that exists is complete. The
server is a child of ours and gets a fast shutdown when we end, however we end; what survives even that (macOS has no such
tie) is stopped by the next start.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from feilun.platform import processes
from feilun.platform.engine_errors import (
    EngineDiskFull,
    EngineInUse,
    EngineNotRunning,
    EnginePathClosed,
    EngineStartFailed,
    EngineVersionMismatch,
)
from feilun.platform.launch import EXIT_PATH_CLOSED
from feilun.platform.locks import FileLock
from feilun.platform.postgres_setup import (
    PORT,
    Account,
    choose_account,
    choose_character_type,
    choose_socket_dir,
    find_programs,
    give_tree,
    make_socket_dir,
    program_version,
    read_postmaster_file,
    server_settings,
)
from feilun.platform.progress import Tell, silent

ROLE: Final = "feilun"
DATABASE: Final = "feilun"

_FREE_BYTES_MIN: Final = 64 << 20
"""Four WAL segments: below this a start ends in a PANIC that explains nothing."""
_POLL_SECONDS: Final = 0.02
_FIRST_WORD_SECONDS: Final = 3.0
_WORD_EVERY_SECONDS: Final = 5.0
_FAST_STOP_SECONDS: Final = 60.0
_HARD_STOP_SECONDS: Final = 15.0


class EmbeddedPostgres:
    """Owns one cluster. Use as a context manager, or `start` and `stop`; start it from a thread that outlives it."""

    def __init__(
        self,
        data_dir: Path,
        run_dir: Path,
        *,
        log_file: Path | None = None,
        tell: Tell = silent,
        tcp_port: int | None = None,
        is_durable: bool = True,
    ) -> None:
        """Describe a cluster; nothing is touched yet. `is_durable=False` trades safety for speed in throw-away clusters."""
        self.data_dir = data_dir.resolve()
        self.cluster = self.data_dir / "cluster"
        self.log_file = log_file or self.data_dir / "postgres.log"
        self._run_dir = run_dir.resolve()
        self._tell = tell
        self._tcp_port = tcp_port
        self._is_durable = is_durable
        self._server: subprocess.Popen[bytes] | None = None
        self._lock = FileLock(self.data_dir / "launcher.lock")
        self._log_offset = 0
        self._began = 0.0
        self._next_word = 0.0

    @property
    def url(self) -> str:
        """`postgresql://…` over the socket, for psycopg and SQLAlchemy. Raises: EngineNotRunning before the first start."""
        return self._url(DATABASE)

    @property
    def pid(self) -> int | None:
        """The server's pid while it is our child."""
        return self._server.pid if self._server else None

    @property
    def socket_dir(self) -> Path:
        """Where the socket is, or will be."""
        noted = read_postmaster_file(self.cluster)
        return (noted.socket_dir if noted else None) or choose_socket_dir(self._run_dir, self.data_dir)

    def is_running(self) -> bool:
        """Tell whether a server (ours or another process's) has this cluster open and takes connections."""
        noted = read_postmaster_file(self.cluster)
        return noted is not None and noted.is_ready and self._is_server(noted.pid)

    def start(self) -> None:
        """Start and wait until connections are taken; crash recovery may take as long as it needs, told in words.

        Raises: EngineInUse, EngineBinariesMissing, EngineVersionMismatch, EngineDiskFull, EnginePathClosed,
            EngineAccountMissing, EngineDataForeign, EngineSocketUnsafe, EngineStartFailed.
        """
        self.spawn()
        try:
            while not self.is_ready():
                time.sleep(_POLL_SECONDS)
        except BaseException:
            self.stop()
            raise

    def spawn(self) -> None:
        """Start without waiting; ask `is_ready` afterwards. Raises: as `start`."""
        programs = find_programs()
        version = program_version(programs)
        self._lock.acquire()
        try:
            self._end_leftovers()
            self._check_space()
            account = choose_account(self.cluster)
            if self.cluster.exists():
                self._check_version(version)
                if account and self.cluster.stat().st_uid == 0:
                    give_tree(self.cluster, account)
            else:
                self._make_cluster(programs, account)
            self._began = time.monotonic()
            self._next_word = self._began + _FIRST_WORD_SECONDS
            self._server = self._launch_server(programs, account)
        except BaseException:
            self._lock.release()
            raise

    def is_ready(self) -> bool:
        """Tell whether the server we spawned takes connections. Raises: as `start`, when it ended instead."""
        assert self._server is not None
        if self._server.poll() is not None:
            code, self._server = self._server.returncode, None
            self._lock.release()
            self._raise_why(code)
        noted = read_postmaster_file(self.cluster)
        if noted is None or noted.pid != self.pid or not noted.is_ready:
            self._tell_waiting()
            return False
        try:
            self._ensure_database()
        except psycopg.OperationalError:  # it ended, or all connections are taken: the next question tells
            return False
        return True

    def _tell_waiting(self) -> None:
        if time.monotonic() > self._next_word:
            waited = round(time.monotonic() - self._began)
            self._tell("engines.recovering", seconds=waited, log=self._last_log_line())
            self._next_word = time.monotonic() + _WORD_EVERY_SECONDS

    def poll(self) -> int | None:
        """Return the server's exit code, or None while it runs."""
        return self._server.poll() if self._server else 0

    def stop(self, *, fast_seconds: float = _FAST_STOP_SECONDS) -> None:
        """Stop the server we spawned: fast (sessions are ended, data is written), then immediately, then by force."""
        server, self._server = self._server, None
        try:
            if server is None or server.poll() is not None:
                return
            for number, patience in (
                (signal.SIGINT, fast_seconds),
                (signal.SIGQUIT, _HARD_STOP_SECONDS),
                (signal.SIGKILL, _HARD_STOP_SECONDS),
            ):
                server.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    server.wait(patience)
                    return
        finally:
            self._lock.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- preparing -----------------------------------------------------------------------------------------------------

    def _end_leftovers(self) -> None:
        """Stop what a killed launcher left: we hold the lock, so no living launcher wants it."""
        noted = read_postmaster_file(self.cluster)
        if noted and self._is_server(noted.pid):
            self._tell("engines.ending_leftover", pid=noted.pid)
            ending = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
            born = processes.birth(noted.pid)
            if not processes.end_process(
                noted.pid, born, signals=ending, patience_seconds=_FAST_STOP_SECONDS
            ):
                raise EngineInUse(
                    f"process {noted.pid} keeps {self.cluster} open", path=str(self.data_dir), pid=noted.pid
                )
        elif noted and processes.birth(noted.pid):
            # The pid was given to some other program since; the server would take that one for itself and refuse.
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        for pid in processes.all_pids():  # sessions that outlive a killed server still hold its memory
            if processes.folder_of(pid) == self.cluster:
                born, at_once = processes.birth(pid), (signal.SIGQUIT, signal.SIGKILL)
                processes.end_process(pid, born, signals=at_once, patience_seconds=_HARD_STOP_SECONDS)

    def _is_server(self, pid: int) -> bool:
        if processes.HAS_PROC:
            return processes.birth(pid) is not None and processes.folder_of(pid) == self.cluster
        command = processes.command_of(pid) or ""
        return "postgres" in command and str(self.cluster) in command

    def _check_space(self) -> None:
        free = shutil.disk_usage(self.data_dir).free
        if free < _FREE_BYTES_MIN:
            raise self._disk_full(free)

    def _disk_full(self, free_bytes: int) -> EngineDiskFull:
        megabytes = free_bytes >> 20
        return EngineDiskFull(
            f"only {megabytes} MB are free under {self.data_dir}", path=str(self.data_dir), free_mb=megabytes
        )

    def _check_version(self, version: str) -> None:
        data_version = (self.cluster / "PG_VERSION").read_text().strip()
        if version.partition(".")[0] != data_version:
            raise EngineVersionMismatch(
                f"{self.cluster} was written by PostgreSQL {data_version}, the programs are {version}",
                data_version=data_version,
                program_version=version,
                path=str(self.cluster),
            )

    def _make_cluster(self, programs: Path, account: Account | None) -> None:
        self._tell("engines.making_cluster")
        unfinished = self.data_dir / "cluster.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password_copy = self.data_dir / "password.new"
        self._write_private(self.data_dir / "password", self._password() or secrets.token_urlsafe(24))
        self._write_private(password_copy, self._password())
        if account:
            for path in (unfinished, password_copy):
                os.chown(path, account.uid, account.gid)
        command = [
            str(programs / "initdb"),
            "--pgdata",
            str(unfinished),
            "--username",
            ROLE,
            "--encoding",
            "UTF8",
        ]
        # Sorting and case do not depend on the machine: ICU may not be there, and its libraries change how they sort.
        command += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
        command += ["--locale", "C", "--lc-ctype", choose_character_type()]
        command += ["--data-checksums", "--auth", "scram-sha-256", "--pwfile", str(password_copy)]
        command += [] if self._is_durable else ["--no-sync"]
        try:
            code = self._launch(command, account, end_with=signal.SIGTERM).wait()
        finally:
            password_copy.unlink(missing_ok=True)
        if code != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            self._raise_why(code)
        unfinished.rename(self.cluster)

    def _password(self) -> str:
        try:
            return (self.data_dir / "password").read_text()
        except FileNotFoundError:
            return ""

    @staticmethod
    def _write_private(path: Path, text: str) -> None:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    # -- running -------------------------------------------------------------------------------------------------------

    def _launch_server(self, programs: Path, account: Account | None) -> subprocess.Popen[bytes]:
        socket_dir = choose_socket_dir(self._run_dir, self.data_dir)
        make_socket_dir(socket_dir, account)
        settings = server_settings(
            processes.total_memory_bytes(), socket_dir, tcp_port=self._tcp_port, is_durable=self._is_durable
        )
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(programs / "postgres"), "-D", str(self.cluster), *options]
        return self._launch(command, account, end_with=signal.SIGINT, reach=(socket_dir,))

    def _launch(
        self,
        command: list[str],
        account: Account | None,
        *,
        end_with: signal.Signals,
        reach: tuple[Path, ...] = (),
    ) -> subprocess.Popen[bytes]:
        launch = processes.python_command(
            "feilun.platform.launch", "--parent", str(os.getpid()), "--end-with", str(int(end_with))
        )
        if account:
            launch += ["--user", f"{account.uid}:{account.gid}"]
            for path in (self.data_dir, *reach):
                launch += ["--reach", str(path)]
        # PGDATA, PGOPTIONS and the like are meant for the caller's own servers.
        variables = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self._log_offset = log.tell()
            return subprocess.Popen(
                [*launch, "--", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**variables, "LC_ALL": "C"},
                start_new_session=True,  # Ctrl-C reaches the supervisor only; it decides the order of stopping
            )

    def _ensure_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _url(self, database: str) -> str:
        password = self._password()
        if not password:
            raise EngineNotRunning(f"there is no cluster in {self.data_dir} yet", path=str(self.data_dir))
        host = quote(str(self.socket_dir), safe="")
        return f"postgresql://{ROLE}:{password}@/{database}?host={host}&port={self._tcp_port or PORT}"

    # -- explaining ----------------------------------------------------------------------------------------------------

    def _recent_log(self) -> str:
        with self.log_file.open("rb") as log:
            log.seek(self._log_offset)
            return log.read().decode(errors="replace")

    def _last_log_line(self) -> str:
        lines = self._recent_log().strip().splitlines()
        return lines[-1].partition("] ")[2] or lines[-1] if lines else ""

    def _raise_why(self, code: int) -> None:
        """Turn the end of a start into the error that says what to do."""
        log = self._recent_log()
        lines = log.strip().splitlines() or [f"exit code {code}"]
        if code == EXIT_PATH_CLOSED:
            account = choose_account(self.cluster)
            user = account.name if account else "?"
            raise EnginePathClosed(f"{user} cannot reach {lines[-1]}", path=lines[-1], user=user)
        if "No space left on device" in log:
            raise self._disk_full(shutil.disk_usage(self.data_dir).free)
        if ("postmaster.pid" in log and "already exists" in log) or "is still in use" in log:
            raise EngineInUse(f"another server has {self.cluster} open", path=str(self.data_dir), pid="?")
        complaints = ("PANIC", "FATAL", "error:", "Error:")
        found = next(
            (n for n, line in enumerate(lines) if any(word in line for word in complaints)), len(lines) - 1
        )
        # This summary is preceded by the setting that is wrong.
        is_summary = (
            found > 0 and "configuration file" in lines[found] and lines[found].endswith("contains errors")
        )
        reason = lines[found - 1 if is_summary else found]
        raise EngineStartFailed(
            f"PostgreSQL ended while starting: {reason}",
            reason=reason.partition("] ")[2] or reason,
            log=str(self.log_file),
        )
