"""`feilun doctor`: looks at machine, data, keys and engines, and says in words what is wrong and what to do.

It starts and changes nothing, and every look is on its own: what one cannot see another still tells.
"""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from feilun.entrypoints.engines import (
    database_address,
    embedded_postgres,
    installation_lock,
    warehouse_address,
)
from feilun.entrypoints.installation import (
    KEY_FINGERPRINT,
    SchemaNewer,
    has_table,
    open_engine_for_upkeep,
    pending,
)
from feilun.entrypoints.supervisor import AddressUnusable, PortTaken, check_port
from feilun.kernel.clock import Clock, SystemClock
from feilun.kernel.errors import FeilunError
from feilun.platform import processes
from feilun.platform.config import Settings
from feilun.platform.engine_errors import EngineNotRunning
from feilun.platform.facts import find_fact
from feilun.platform.i18n import LOCALES, Locale, translate
from feilun.platform.keys import KeyMissing, load_keyring
from feilun.platform.postgres_setup import (
    account_name,
    choose_account,
    choose_socket_dir,
    find_programs,
    program_version,
)

_PYTHON_MIN: Final = (3, 11)
_GIGABYTE: Final = 1 << 30
_DISK_ERROR_BYTES: Final = 1 * _GIGABYTE
_DISK_WARNING_BYTES: Final = 5 * _GIGABYTE
_MEMORY_TOTAL_BYTES: Final = 2 * _GIGABYTE
_MEMORY_AVAILABLE_BYTES: Final = _GIGABYTE // 2
_ORDER_LINE_BYTES: Final = 2_000
"""What one order line takes in all (record of truth with indexes, log, warehouse), rounded up; used while there is too
little data to measure it here."""
_MEASURABLE_EVENTS: Final = 50_000
_PROBE_SECONDS: Final = 3.0
_EARLIEST: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that is right shows a time before the program was written."""
_CLOCK_TOLERANCE: Final = timedelta(minutes=1)


class FindingState(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    code: str
    """What was looked at, e.g. 'doctor.port'."""
    state: FindingState
    kind: str
    """Which of the things that can be said about it, e.g. 'taken'."""
    detail: Mapping[str, object] = field(default_factory=dict)

    @property
    def message(self) -> Mapping[Locale, str]:
        """What was found, in every language."""
        return {locale: translate(self._key, locale, self.detail) for locale in LOCALES}

    @property
    def remedy(self) -> Mapping[Locale, str]:
        """What to do about it, in every language; empty when nothing is to be done."""
        if self.state is FindingState.OK:
            return dict.fromkeys(LOCALES, "")
        return {locale: translate(f"{self._key}.remedy", locale, self.detail) for locale in LOCALES}

    @property
    def _key(self) -> str:
        return f"{self.code}.{self.kind}"


def _ok(code: str, kind: str = "ok", **detail: object) -> Finding:
    return Finding(f"doctor.{code}", FindingState.OK, kind, detail)


def _warning(code: str, kind: str, **detail: object) -> Finding:
    return Finding(f"doctor.{code}", FindingState.WARNING, kind, detail)


def _error(code: str, kind: str, **detail: object) -> Finding:
    return Finding(f"doctor.{code}", FindingState.ERROR, kind, detail)


def diagnose(settings: Settings, *, clock: Clock | None = None) -> list[Finding]:
    """Look at everything and return what was found, in the order in which it would be mended."""
    now = (clock or SystemClock()).now()
    looks: dict[str, Callable[[], Iterator[Finding]]] = {
        "python": _look_at_python,
        "data": lambda: _look_at_data_dir(settings),
        "memory": _look_at_memory,
        "processes": lambda: _look_at_processes(settings),
        "port": lambda: _look_at_port(settings),
        "programs": lambda: _look_at_programs(settings),
        "database": lambda: _look_at_database(settings, now),
        "keys": lambda: _look_at_keys(settings),
        "warehouse": lambda: _look_at_warehouse(settings),
    }
    findings: list[Finding] = []
    for name, look in looks.items():
        try:
            findings += look()
        except (
            OSError,
            DBAPIError,
            FeilunError,
        ) as error:  # what keeps one look from seeing must not stop the others
            findings.append(_error("look", "failed", what=name, reason=str(error).strip().splitlines()[0]))
    return findings


def _look_at_python() -> Iterator[Finding]:
    version = sys.version.split()[0]
    if sys.version_info < _PYTHON_MIN:
        yield _error("python", "old", version=version)
    else:
        yield _ok("python", version=version)


def _look_at_data_dir(settings: Settings) -> Iterator[Finding]:
    path = settings.data_dir
    present = next(folder for folder in (path, *path.parents) if folder.exists())
    if not present.is_dir() or not os.access(present, os.W_OK | os.X_OK):
        yield _error("data", "not_writable", path=str(present), user=account_name(os.geteuid()))
    elif os.statvfs(present).f_flag & os.ST_RDONLY:
        yield _error("data", "read_only", path=str(present))
    else:
        yield _ok("data", path=str(path))
    free = shutil.disk_usage(present).free
    detail = {
        "path": str(path),
        "free_gb": f"{free / _GIGABYTE:.1f}",
        "lines": f"{free // _line_bytes(settings):,}",
    }
    if free < _DISK_ERROR_BYTES:
        yield _error("disk", "full", **detail)
    elif free < _DISK_WARNING_BYTES:
        yield _warning("disk", "low", **detail)
    else:
        yield _ok("disk", **detail)


def _line_bytes(settings: Settings) -> int:
    """Return what an event with its records took so far, or the usual figure while that cannot be told."""
    with _maybe_connect(settings) as connection:
        if connection is None or not has_table(connection, "log_head"):
            return _ORDER_LINE_BYTES
        row = connection.execute(
            text("SELECT position, pg_database_size(current_database()) AS size FROM log_head")
        ).one()
        enough = row.position >= _MEASURABLE_EVENTS
        return max(1, int(row.size // row.position)) if enough else _ORDER_LINE_BYTES


def _look_at_memory() -> Iterator[Finding]:
    total, available = processes.total_memory_bytes(), processes.available_memory_bytes()
    detail = {"total_gb": f"{total / _GIGABYTE:.1f}", "free_gb": f"{(available or 0) / _GIGABYTE:.1f}"}
    if total < _MEMORY_TOTAL_BYTES:
        yield _warning("memory", "small", **detail)
    elif available is not None and available < _MEMORY_AVAILABLE_BYTES:
        yield _warning("memory", "low", **detail)
    else:
        yield _ok("memory", total_gb=detail["total_gb"])


def _look_at_processes(settings: Settings) -> Iterator[Finding]:
    holder = installation_lock(settings).holder() if settings.data_dir.exists() else None
    if holder:
        yield _ok("processes", "running", pid=holder, path=str(settings.data_dir))
    elif settings.database_url is None and embedded_postgres(settings).is_running():
        yield _warning("processes", "leftover", path=str(settings.data_dir))
    else:
        yield _ok("processes", "idle", path=str(settings.data_dir))


def _look_at_port(settings: Settings) -> Iterator[Finding]:
    detail = {"host": settings.host, "port": settings.port}
    try:
        check_port(settings.host, settings.port)
        yield _ok("port", "free", **detail)
    except PortTaken as error:
        answer = _health(settings)
        if answer is not None:
            yield _ok("port", "ours", state=answer, **detail)
        else:
            yield _error("port", "taken", holder=error.detail["holder"], **detail)
    except AddressUnusable as error:
        yield _error("port", "unusable", reason=error.detail["reason"], **detail)


def _health(settings: Settings) -> str | None:
    """Return what our api says of itself on the port, or None when something else answers there."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 — compared, not bound
    try:
        answer = httpx.get(
            f"http://{host}:{settings.port}/healthz", timeout=_PROBE_SECONDS, trust_env=False
        ).json()
        return str(answer["status"]) if "status" in answer else None
    except (httpx.HTTPError, ValueError, TypeError):
        return None


def _look_at_programs(settings: Settings) -> Iterator[Finding]:
    try:
        programs = find_programs()
        version = program_version(programs)
    except FeilunError as error:
        # Backup and restore need the programs even when the database is elsewhere.
        kind = _error if settings.database_url is None else _warning
        yield kind("programs", "missing", path=error.detail.get("path"))
        return
    yield _ok("programs", version=version, path=str(programs))
    if settings.database_url:
        return
    postgres = embedded_postgres(settings)
    noted = postgres.cluster / "PG_VERSION"
    try:
        data_version = noted.read_text().strip() if noted.exists() else None
        if data_version and data_version != version.partition(".")[0]:
            yield _error(
                "data_version",
                "differs",
                data_version=data_version,
                version=version,
                path=str(postgres.cluster),
            )
        yield from _look_at_reach(settings, programs)
    except PermissionError:
        yield _error("data", "not_writable", path=str(postgres.data_dir), user=account_name(os.geteuid()))
    socket_dir = choose_socket_dir(settings.run_dir, postgres.data_dir)
    is_below = socket_dir.is_relative_to(settings.run_dir)
    yield _ok("socket", "ok" if is_below else "short", path=str(socket_dir))


def _look_at_reach(settings: Settings, programs: Path) -> Iterator[Finding]:
    """As root: try whether the account that PostgreSQL gets can enter the data directory, with what rights it may keep."""
    try:
        account = choose_account(settings.data_dir / "postgres" / "cluster")
    except FeilunError as error:
        yield _error("account", "unusable", reason=error.message)
        return
    if account is None:
        return
    present = next(folder for folder in (settings.data_dir, *settings.data_dir.parents) if folder.exists())
    trial = processes.python_command("feilun.platform.launch", "--parent", str(os.getpid()))
    trial += [
        "--end-with",
        str(int(signal.SIGKILL)),
        "--user",
        f"{account.uid}:{account.gid}",
        "--reach",
        str(present),
    ]
    done = subprocess.run(
        [*trial, "--", str(programs / "postgres"), "--version"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        told = done.stderr.strip().splitlines() or ["?"]
        yield _error("account", "closed", user=account.name, path=told[-1])
    else:
        yield _ok("account", user=account.name)


@contextmanager
def _maybe_connect(settings: Settings) -> Iterator[Connection | None]:
    """Yield a connection to the record of truth, or None when it does not run or answer."""
    try:
        engine = open_engine_for_upkeep(database_address(settings))
    except EngineNotRunning:
        yield None
        return
    try:
        try:
            connection = engine.connect()
        except OperationalError:
            yield None
            return
        with connection:
            yield connection
    finally:
        engine.dispose()


def _look_at_database(settings: Settings, now: datetime) -> Iterator[Finding]:
    if now < _EARLIEST:
        yield _error("clock", "past", now=f"{now:%Y-%m-%d %H:%M} UTC")
    with _maybe_connect(settings) as connection:
        if connection is None:
            if settings.database_url:
                yield _error("database", "unreachable", place=_without_password(settings.database_url))
            else:
                yield _ok("database", "idle")
            return
        version = connection.execute(text("SELECT current_setting('server_version')")).scalar_one()
        yield _ok("database", version=version)
        if has_table(connection, "restore_unfinished"):
            yield _error("restore", "unfinished")
            return
        yield from _look_at_clock(connection, now)
    try:
        missing = pending(database_address(settings))
    except SchemaNewer:
        yield _error("schema", "newer")
        return
    if missing:
        yield _warning("schema", "behind", count=len(missing), revisions=", ".join(missing))
    else:
        yield _ok("schema")


def _look_at_clock(connection: Connection, now: datetime) -> Iterator[Finding]:
    if not has_table(connection, "log_head") or now < _EARLIEST:
        return
    row = connection.execute(
        text("SELECT sequenced_at AS newest, extract(epoch FROM now() - :now) AS ahead FROM log_head"),
        {"now": now},
    ).one()
    if row.newest > now + _CLOCK_TOLERANCE:
        yield _warning(
            "clock", "went_back", now=f"{now:%Y-%m-%d %H:%M} UTC", newest=f"{row.newest:%Y-%m-%d %H:%M} UTC"
        )
    elif abs(row.ahead) > _CLOCK_TOLERANCE.total_seconds():
        yield _warning("clock", "differs", seconds=round(row.ahead))
    else:
        yield _ok("clock")


def _look_at_keys(settings: Settings) -> Iterator[Finding]:
    path = settings.keys_dir / "keyring.json"
    expected = None
    with _maybe_connect(settings) as connection:
        if connection is not None and has_table(connection, "installation"):
            expected = find_fact(connection, KEY_FINGERPRINT)
    try:
        found = load_keyring(settings.keys_dir).fingerprint()
    except KeyMissing:
        if expected or (settings.data_dir / "postgres" / "cluster").exists():
            yield _error("keys", "lost", path=str(path))
        else:
            yield _ok("keys", "to_be_made", path=str(path))
        return
    except PermissionError:
        yield _error("keys", "unreadable", path=str(path), user=account_name(os.geteuid()))
        return
    except (ValueError, KeyError):
        yield _error("keys", "broken", path=str(path))
        return
    if expected and expected != found:
        yield _error("keys", "mismatch", path=str(path), expected=expected, found=found)
    elif stat.S_IMODE(path.stat().st_mode) & 0o077 or stat.S_IMODE(settings.keys_dir.stat().st_mode) & 0o077:
        yield _warning("keys", "open", path=str(settings.keys_dir))
    elif settings.keys_dir.is_relative_to(settings.data_dir):
        yield _warning("keys", "inside", path=str(settings.keys_dir))
    else:
        yield _ok("keys", "ok" if expected else "unproven", path=str(settings.keys_dir))


def _look_at_warehouse(settings: Settings) -> Iterator[Finding]:
    try:
        place = urlsplit(warehouse_address(settings))
    except EngineNotRunning:
        yield _ok("warehouse", "idle")
        return
    address = f"{place.scheme}://{place.hostname}:{place.port or 8123}"
    try:
        answer = httpx.get(f"{address}/ping", timeout=_PROBE_SECONDS, trust_env=False)
        is_up = answer.status_code == HTTPStatus.OK
    except httpx.HTTPError:
        is_up = False
    yield _ok("warehouse", address=address) if is_up else _error("warehouse", "unreachable", address=address)


def _without_password(url: str) -> str:
    place = urlsplit(url)
    return f"{place.hostname or ''}{f':{place.port}' if place.port else ''}{place.path}"
