"""`feilun backup`, `restore` and `upgrade`: a consistent logical copy of the record of truth and the files, and its way back.

Logical, because it restores into any cluster: another major version, an external server, another machine. Keys are never in
it, the warehouse is not either (it is rebuilt), and persons erased since are erased again. A backup gets its final name
when it is whole; a database into which a restore was cut off carries a mark that keeps everything else from using it.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

from feilun import __version__
from feilun.entrypoints.backup_set import DUMP, FILES, Manifest, copy_files, describe, verify
from feilun.entrypoints.engines import open_engine
from feilun.entrypoints.installation import (
    BACKUP_AT,
    KEY_FINGERPRINT,
    WAREHOUSE_REBUILD,
    KeyMismatch,
    ensure_whole,
    has_table,
    migrate,
    open_engine_for_upkeep,
    pending,
    prepare_keys,
    unreachable,
)
from feilun.kernel.clock import SystemClock
from feilun.kernel.errors import Conflict, FeilunError, Invalid
from feilun.platform import erasures
from feilun.platform.config import Settings
from feilun.platform.crashpoints import crash_here
from feilun.platform.erasures import Erasure
from feilun.platform.facts import find_fact, store_fact
from feilun.platform.keys import load_keyring
from feilun.platform.postgres_setup import find_programs
from feilun.platform.progress import Tell, silent

_FRESH: Final = timedelta(hours=24)
_ERASURE_MARGIN: Final = timedelta(minutes=10)
"""An erasure noted just before the backup's moment may have committed after it; erasing twice changes nothing."""
_WORD_EVERY_SECONDS: Final = 2.0
_MEGABYTE: Final = 1 << 20


Reapply = Callable[[str, Sequence[Erasure]], None]
"""Erases persons anew in the database at an address."""


class BackupTargetInside(Invalid):
    """The backup would lie inside the data or key directory and be lost with it; detail: path."""

    code = "backup.target_inside"


class BackupNoRoom(FeilunError):
    """The disk of the backup has too little room; detail: path, free_mb, needed_mb."""

    code = "backup.no_room"


class BackupFailed(FeilunError):
    """Dump or restore of the database ended with an error; detail: program, reason."""

    code = "backup.failed"
    http_status = 500


class NothingToBackUp(Conflict):
    """The database has never been set up."""

    code = "backup.nothing"


class RestoreTargetNotEmpty(Conflict):
    """The installation to restore into holds data; detail: path."""

    code = "restore.not_empty"


class BackupNotFresh(Conflict):
    """An upgrade wants a backup of the last day; detail: last."""

    code = "upgrade.backup_not_fresh"


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What was backed up."""

    path: Path
    manifest: Manifest
    size_bytes: int


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was restored."""

    manifest: Manifest
    revision: str
    """Schema revision after the restore, when newer than the backup's."""
    erased_again: int
    """Erasures noted since the backup, which were carried out again."""


@dataclass(frozen=True, slots=True)
class UpgradeReport:
    """What an upgrade did."""

    applied: tuple[str, ...]
    revision: str


def backup(settings: Settings, target_dir: Path, *, tell: Tell = silent) -> BackupReport:
    """Write a consistent backup below `target_dir`, beside a running program or without one; returns where.

    Raises: BackupTargetInside, BackupNoRoom, BackupFailed, NothingToBackUp, RestoreUnfinished, DatabaseUnreachable, and
        what starting the embedded server raises.
    """
    target = target_dir.expanduser().resolve()
    for own in (settings.data_dir, settings.keys_dir):
        if target.is_relative_to(own):
            raise BackupTargetInside(f"{target} lies in {own}", path=str(target))
    moment = SystemClock().now()
    final = target / f"feilun-{moment:%Y%m%dT%H%M%SZ}"
    unfinished = final.with_name(final.name + ".unfinished")
    with open_engine(settings, tell=tell, alone=False) as url:
        ensure_whole(url)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True, mode=0o700)
        try:
            manifest = _fill(settings, url, unfinished, moment, tell)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        unfinished.rename(final)
        _note_backup(url, moment)
    size = sum(part.size_bytes for part in manifest.parts)
    tell("backup.done", path=final, mb=size // _MEGABYTE)
    return BackupReport(final, manifest, size)


def _fill(settings: Settings, url: str, folder: Path, moment: datetime, tell: Tell) -> Manifest:
    engine = open_engine_for_upkeep(url)
    try:
        # The snapshot of this transaction is the dump's too: position, fingerprint and rows are of one moment.
        with (
            engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
            connection.begin(),
        ):
            if not has_table(connection, "installation"):
                raise NothingToBackUp("the database has never been set up")
            _check_room(settings, connection, folder)
            snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            manifest = _manifest(connection, moment)
            command = ["--format", "custom", "--compress", "gzip:1", "--no-owner", "--no-privileges"]
            command += ["--snapshot", snapshot, "--file", str(folder / DUMP)]
            _run_tool("pg_dump", url, command, lambda: tell("backup.dumping", mb=_size_mb(folder / DUMP)))
    except OperationalError as error:
        raise unreachable(url, error) from error
    finally:
        engine.dispose()
    (folder / DUMP).chmod(0o600)
    tell("backup.copying_files")
    copied = [f"{FILES}/{path.as_posix()}" for path in copy_files(settings.files_dir, folder / FILES)]
    parts = tuple(describe(folder, path) for path in (DUMP, *copied))
    complete = replace(manifest, parts=parts)
    complete.write(folder)
    return complete


def _manifest(connection: Connection, moment: datetime) -> Manifest:
    row = connection.execute(
        text(
            "SELECT current_setting('server_version') AS postgres_version, (SELECT version_num FROM alembic_version) AS revision,"
            " (SELECT position FROM log_head) AS log_position"
        )
    ).one()
    return Manifest(
        version=__version__,
        created_at=moment,
        postgres_version=row.postgres_version,
        revision=row.revision,
        log_position=row.log_position,
        log_id=find_fact(connection, "log_id") or "",
        key_fingerprint=find_fact(connection, KEY_FINGERPRINT) or "",
        parts=(),
    )


def _check_room(settings: Settings, connection: Connection, folder: Path) -> None:
    """A compressed dump has no indexes and takes about a fifth of the database; a third leaves a margin."""
    database = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    files = sum(path.stat().st_size for path in settings.files_dir.rglob("*") if path.is_file())
    needed, free = database // 3 + files, shutil.disk_usage(folder).free
    if free < needed:
        raise BackupNoRoom(
            f"{folder} has {free} bytes free, the backup may need {needed}",
            path=str(folder.parent),
            free_mb=free // _MEGABYTE,
            needed_mb=needed // _MEGABYTE,
        )


def _note_backup(url: str, moment: datetime) -> None:
    engine = open_engine_for_upkeep(url)
    try:
        with engine.begin() as connection:
            store_fact(connection, BACKUP_AT, moment.isoformat())
    finally:
        engine.dispose()


def restore(settings: Settings, source: Path, *, reapply: Reapply, tell: Tell = silent) -> RestoreReport:
    """Restore a backup into an installation that holds nothing yet; the program must not be running on it.

    Cut off anywhere, it can be run again and begins anew; until it has ended, nothing else accepts the database.

    Args:
        settings: The installation to fill; its key directory must hold the keys of the backup.
        source: The backup's directory.
        reapply: Gets the restored database's address and the erasures noted since the backup, and erases those persons;
            unknown or already erased ones are not an error.
        tell: Hears of the progress.

    Raises: BackupUnreadable, BackupDamaged, KeyMissing, KeyMismatch, RestoreTargetNotEmpty, EngineInUse, BackupFailed,
        SchemaNewer, DatabaseUnreachable, and what starting the embedded server raises.
    """
    source = source.expanduser().resolve()
    manifest = Manifest.read(source)
    found = load_keyring(settings.keys_dir).fingerprint()
    if found != manifest.key_fingerprint:
        raise KeyMismatch(
            f"{settings.keys_dir} holds other keys",
            path=str(settings.keys_dir),
            expected=manifest.key_fingerprint,
            found=found,
        )
    tell("restore.verifying")
    verify(source, manifest)
    with open_engine(settings, tell=tell, alone=True) as url:
        try:
            return _restore_into(settings, url, source, manifest, reapply, tell)
        except OperationalError as error:
            raise unreachable(url, error) from error


def _restore_into(
    settings: Settings,
    url: str,
    source: Path,
    manifest: Manifest,
    reapply: Reapply,
    tell: Tell,
) -> RestoreReport:
    engine = open_engine_for_upkeep(url)
    try:
        with engine.begin() as connection:
            _claim(settings, connection)
        shutil.rmtree(settings.files_dir, ignore_errors=True)
        for _ in copy_files(source / FILES, settings.files_dir):
            pass
        crash_here("restore.after_files")
        command = [
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            "--no-privileges",
            str(source / DUMP),
        ]
        _run_tool("pg_restore", url, command, lambda: tell("restore.loading"))
        crash_here("restore.after_data")
        revision = migrate(url)
        again = _erased_since(settings, manifest)
        if again:
            tell("restore.erasing_again", count=len(again))
            reapply(url, again)
        crash_here("restore.after_erasures")
        tell("restore.finishing")
        with engine.begin() as connection:
            store_fact(connection, WAREHOUSE_REBUILD, "1")
            connection.execute(text("ANALYZE"))
            connection.execute(text("DROP TABLE restore_unfinished"))
    finally:
        engine.dispose()
    tell("restore.done", at=manifest.created_at.isoformat(timespec="seconds"))
    return RestoreReport(manifest, revision, len(again))


def _claim(settings: Settings, connection: Connection) -> None:
    """Make sure that nothing is overwritten, and mark the database as not whole until the restore has ended."""
    if has_table(connection, "restore_unfinished"):
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    else:
        tables = connection.execute(
            text(
                "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')"
            )
        ).scalar_one()
        if tables or any(path.is_file() for path in settings.files_dir.rglob("*")):
            place = (
                settings.data_dir
                if settings.database_url is None
                else connection.engine.url.render_as_string()
            )
            raise RestoreTargetNotEmpty(f"{place} holds data", path=str(place))
    connection.execute(
        text("CREATE TABLE restore_unfinished (started_at timestamptz NOT NULL DEFAULT now())")
    )


def _erased_since(settings: Settings, manifest: Manifest) -> list[Erasure]:
    since = manifest.created_at - _ERASURE_MARGIN
    return [erasure for erasure in erasures.read(settings.keys_dir) if erasure.erased_at >= since]


def upgrade(settings: Settings, *, force: bool = False, tell: Tell = silent) -> UpgradeReport:
    """Bring the database to this version's schema; wants a backup of the last 24 hours unless `force`.

    Also sets up an empty external database, keys included, for processes that run without `up`.

    Raises: BackupNotFresh, KeyMissing, KeyMismatch, EngineInUse while the program runs, RestoreUnfinished, SchemaNewer, DatabaseUnreachable, and
        what starting the embedded server raises.
    """
    with open_engine(settings, tell=tell, alone=True) as url:
        ensure_whole(url)
        applied = pending(url)
        if applied and not force:
            _require_fresh_backup(url)
        if applied:
            tell("upgrade.migrating", count=len(applied))
        revision = migrate(url)
        prepare_keys(settings, url)
    tell("upgrade.done", revision=revision, version=__version__)
    return UpgradeReport(applied, revision)


def _require_fresh_backup(url: str) -> None:
    engine = open_engine_for_upkeep(url)
    try:
        with engine.connect() as connection:
            if not has_table(connection, "installation"):  # an empty database has nothing to lose
                return
            noted = find_fact(connection, BACKUP_AT)
    finally:
        engine.dispose()
    if noted is None or SystemClock().now() - datetime.fromisoformat(noted) > _FRESH:
        raise BackupNotFresh("there is no backup of the last 24 hours", last=noted or "-")


def _run_tool(name: str, url: str, arguments: Sequence[str], tell: Callable[[], None]) -> None:
    """Run pg_dump or pg_restore on a database; its password goes through the environment, never the command line."""
    address = make_url(url).set(drivername="postgresql")
    variables = {
        **os.environ,
        "LC_ALL": "C",
        **({"PGPASSWORD": address.password} if address.password else {}),
    }
    # `set` reads None as unchanged, so the password is taken out by building the address anew.
    bare = URL.create(
        "postgresql", address.username, None, address.host, address.port, address.database, address.query
    ).render_as_string(hide_password=False)
    command = [str(find_programs() / name), "--dbname", bare, "--no-password", *arguments]
    began, told = time.monotonic(), b""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=variables) as tool:
        assert tool.stderr is not None
        try:
            while True:
                try:
                    _, told = tool.communicate(timeout=_WORD_EVERY_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    tell()
        except BaseException:
            tool.kill()
            raise
    if tool.returncode:
        lines = told.decode(errors="replace").strip().splitlines() or [f"exit code {tool.returncode}"]
        reason = next((line for line in lines if "error:" in line), lines[-1])
        raise BackupFailed(
            f"{name} failed after {time.monotonic() - began:.0f} s: {reason}", program=name, reason=reason
        )


def _size_mb(path: Path) -> int:
    return path.stat().st_size // _MEGABYTE if path.exists() else 0
