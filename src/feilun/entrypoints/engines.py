"""Finds the engines of an installation: external ones by setting, embedded ones by what they noted in the data directory."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from feilun.platform import processes
from feilun.platform.config import Settings
from feilun.platform.engine_errors import EngineInUse, EngineNotRunning
from feilun.platform.locks import FileLock
from feilun.platform.postgres import EmbeddedPostgres
from feilun.platform.progress import Tell, silent

_WAREHOUSE_DATABASE: Final = "default"


def connect_info(settings: Settings) -> tuple[str, str]:
    """Return the addresses of the record of truth and of the warehouse.

    Cheap; a process whose connection broke asks again, because a restarted warehouse may have another address.
    Raises: EngineNotRunning when an embedded engine is not running.
    """
    return database_address(settings), warehouse_address(settings)


def database_address(settings: Settings) -> str:
    """Return `postgresql://…` of the record of truth. Raises: EngineNotRunning."""
    if settings.database_url:
        return settings.database_url
    postgres = embedded_postgres(settings)
    if not postgres.is_running():
        raise _not_running(settings)
    return postgres.url


def warehouse_address(settings: Settings) -> str:
    """Return `http://…` of the warehouse, with its token as the password. Raises: EngineNotRunning."""
    if settings.warehouse_url:
        return settings.warehouse_url
    try:
        noted = json.loads(warehouse_file(settings).read_text())
        scheme, _, place = str(noted["url"]).partition("://")
        pid, token = int(noted["pid"]), str(noted["token"])
    except (OSError, ValueError, KeyError):
        raise _not_running(settings) from None
    if processes.birth(pid) is None:
        raise _not_running(settings)
    return f"{scheme}://default:{quote(token, safe='')}@{place.rstrip('/')}/{_WAREHOUSE_DATABASE}"


def embedded_postgres(settings: Settings, *, tell: Tell = silent) -> EmbeddedPostgres:
    """Return the launcher of this installation's embedded PostgreSQL; nothing is started."""
    return EmbeddedPostgres(
        settings.data_dir / "postgres",
        settings.run_dir,
        log_file=settings.data_dir / "logs" / "postgres.log",
        tell=tell,
    )


def installation_lock(settings: Settings) -> FileLock:
    """Return the lock that `up`, `restore` and `upgrade` hold: one of them at a time on a data directory."""
    return FileLock(settings.data_dir / "feilun.lock")


def warehouse_file(settings: Settings) -> Path:
    """Return where the warehouse process notes its address and token."""
    return settings.run_dir / "warehouse.json"


@contextmanager
def open_engine(settings: Settings, *, tell: Tell, alone: bool) -> Iterator[str]:
    """Yield the address of the record of truth, starting the embedded server for the time when it does not run.

    Args:
        settings: Which installation.
        tell: Hears of the start.
        alone: Refuse while `up` or another command that changes everything works on this data directory.

    Raises: EngineInUse, and what `EmbeddedPostgres.start` raises.
    """
    lock = installation_lock(settings)
    try:
        lock.acquire()
    except EngineInUse:
        if alone:
            raise
        yield database_address(settings)
        return
    try:
        if settings.database_url:
            yield settings.database_url
        else:
            with embedded_postgres(settings, tell=tell) as postgres:
                yield postgres.url
    finally:
        lock.release()


def _not_running(settings: Settings) -> EngineNotRunning:
    return EngineNotRunning(
        f"nothing runs on {settings.data_dir}; start it with ./feilun up", path=str(settings.data_dir)
    )
