"""Backup and restore over real databases: what comes back is what was there, and nothing half restored looks whole."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from feilun.entrypoints.backup import (
    BackupFailed,
    BackupNoRoom,
    BackupNotFresh,
    BackupTargetInside,
    NothingToBackUp,
    RestoreTargetNotEmpty,
    backup,
    restore,
    upgrade,
)
from feilun.entrypoints.backup_set import BackupDamaged, BackupUnreadable, Manifest
from feilun.entrypoints.engines import connect_info, embedded_postgres, installation_lock
from feilun.entrypoints.installation import (
    KeyMismatch,
    RestoreUnfinished,
    ensure_whole,
    migrate,
    prepare_keys,
)
from feilun.kernel.ids import PersonId
from feilun.platform import erasures
from feilun.platform.config import Settings
from feilun.platform.engine_errors import EngineInUse, EngineNotRunning
from feilun.platform.erasures import Erasure
from feilun.platform.keys import KeyMissing
from tests import databases

pytestmark = pytest.mark.timeout(120)
ROOT = Path(__file__).parents[2]

_RESTORE = """
import sys
from pathlib import Path
from feilun.entrypoints.backup import restore
from feilun.platform.config import load_settings
restore(load_settings(data_dir=Path(sys.argv[1])), Path(sys.argv[2]), reapply=lambda url, erased: None)
"""


def settings_in(folder: Path, url: str | None) -> Settings:
    return Settings(
        data_dir=folder / "data",
        keys_dir=folder / "data.keys",
        database_url=url,
        warehouse_url=None,
        host="127.0.0.1",
        port=8320,
        base_zone="Asia/Shanghai",
        currency="CNY",
    )


def run(url: str, statement: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None  # type: ignore[index]


def nobody(url: str, erased: Sequence[Erasure]) -> None:
    assert not erased


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Settings]:
    """An installation with a fact, a file and keys."""
    with databases.cloned_database() as url:
        settings = settings_in(tmp_path / "source", url)
        prepare_keys(settings, url)
        run(url, "INSERT INTO installation VALUES ('kept', '王小明')")
        run(url, "UPDATE log_head SET position = 42")
        (settings.files_dir / "3").mkdir(parents=True)
        (settings.files_dir / "3" / "orders.csv").write_text("order,amount\n1,2.50\n")
        yield settings


@pytest.fixture
def target(tmp_path: Path, source: Settings) -> Iterator[Settings]:
    """Another, empty installation whose operator brought the keys."""
    with databases.empty_database() as url:
        settings = settings_in(tmp_path / "target", url)
        shutil.copytree(source.keys_dir, settings.keys_dir)
        yield settings


@pytest.fixture
def made(source: Settings, tmp_path: Path) -> Path:
    """A backup of `source`."""
    return backup(source, tmp_path / "backups").path


def url_of(settings: Settings) -> str:
    assert settings.database_url
    return settings.database_url


def test_a_restored_installation_holds_what_was_backed_up(
    made: Path, source: Settings, target: Settings
) -> None:
    report = restore(target, made, reapply=nobody)

    assert run(url_of(target), "SELECT value FROM installation WHERE key = 'kept'") == "王小明"
    assert run(url_of(target), "SELECT position FROM log_head") == 42
    assert run(url_of(target), "SELECT value FROM installation WHERE key = 'warehouse_rebuild'") == "1"
    assert (target.files_dir / "3" / "orders.csv").read_text() == "order,amount\n1,2.50\n"
    assert report.manifest.log_position == 42
    assert report.revision == report.manifest.revision
    ensure_whole(url_of(target))


def test_a_backup_holds_no_keys_and_is_closed_to_others(made: Path, source: Settings) -> None:
    key = (source.keys_dir / "keyring.json").read_bytes()
    secret = json.loads(key)["index"].encode()

    for path in made.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0
        assert path.is_dir() or secret not in path.read_bytes()
    assert Manifest.read(made).key_fingerprint
    assert made.stat().st_mode & 0o077 == 0


def test_persons_erased_since_the_backup_are_erased_again(made: Path, target: Settings) -> None:
    moment = Manifest.read(made).created_at
    erasures.append(target.keys_dir, PersonId(1), moment - timedelta(days=1))
    erasures.append(target.keys_dir, PersonId(2), moment - timedelta(seconds=1))
    erasures.append(target.keys_dir, PersonId(3), moment + timedelta(days=1))
    again: list[PersonId] = []

    def reapply(url: str, erased: Sequence[Erasure]) -> None:
        assert run(url, "SELECT count(*) FROM installation WHERE key = 'kept'") == 1
        again.extend(erasure.person_id for erasure in erased)

    report = restore(target, made, reapply=reapply)

    assert again == [2, 3]
    assert report.erased_again == 2


@pytest.mark.parametrize("point", ["restore.after_files", "restore.after_data", "restore.after_erasures"])
def test_a_restore_killed_anywhere_is_refused_as_unfinished_and_can_be_repeated(
    point: str, made: Path, target: Settings
) -> None:
    variables = {**os.environ, "FEILUN_TESTING": "1", "FEILUN_CRASH_AT": point}
    variables |= {"FEILUN_DATABASE_URL": url_of(target), "FEILUN_KEYS": str(target.keys_dir)}
    killed = subprocess.run(
        [sys.executable, "-c", _RESTORE, str(target.data_dir), str(made)],
        env=variables,
        cwd=ROOT,
        check=False,
    )

    assert killed.returncode == -9
    with pytest.raises(RestoreUnfinished):
        ensure_whole(url_of(target))
    with pytest.raises(RestoreUnfinished):
        backup(target, made.parent)
    with pytest.raises(RestoreUnfinished):
        upgrade(target)

    restore(target, made, reapply=nobody)

    assert run(url_of(target), "SELECT value FROM installation WHERE key = 'kept'") == "王小明"
    ensure_whole(url_of(target))


def test_an_installation_with_data_is_never_overwritten(made: Path, source: Settings) -> None:
    with pytest.raises(RestoreTargetNotEmpty):
        restore(source, made, reapply=nobody)

    assert run(url_of(source), "SELECT value FROM installation WHERE key = 'kept'") == "王小明"


def test_a_backup_with_one_changed_byte_is_refused_before_anything_is_written(
    made: Path, target: Settings
) -> None:
    dump = made / "database.dump"
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)

    with pytest.raises(BackupDamaged) as refused:
        restore(target, made, reapply=nobody)

    assert refused.value.detail["file"] == "database.dump"
    assert run(url_of(target), "SELECT to_regclass('restore_unfinished')::text") is None


def test_a_backup_without_one_of_its_files_is_refused(made: Path, target: Settings) -> None:
    (made / "files" / "3" / "orders.csv").unlink()

    with pytest.raises(BackupDamaged, match=r"orders\.csv"):
        restore(target, made, reapply=nobody)


def test_a_changed_manifest_and_a_folder_that_is_no_backup_are_refused(made: Path, target: Settings) -> None:
    manifest = made / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"log_position": 42', '"log_position": 43'))

    for folder in (made, made.parent):
        with pytest.raises(BackupUnreadable):
            restore(target, folder, reapply=nobody)


def test_a_restore_without_the_right_keys_is_refused(made: Path, target: Settings, tmp_path: Path) -> None:
    with databases.cloned_database() as url:
        stranger = settings_in(tmp_path / "stranger", url)
        prepare_keys(stranger, url)

    with pytest.raises(KeyMismatch):
        restore(replace(target, keys_dir=stranger.keys_dir), made, reapply=nobody)
    with pytest.raises(KeyMissing):
        restore(replace(target, keys_dir=tmp_path / "none"), made, reapply=nobody)


def test_a_failing_dump_leaves_nothing_that_looks_like_a_backup(
    source: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, line in {
        "postgres": "echo 'postgres (PostgreSQL) 18.0'",
        "pg_dump": "echo 'pg_dump: error: broken' >&2; exit 1",
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{line}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("FEILUN_PG_BIN", str(programs))

    with pytest.raises(BackupFailed, match="broken"):
        backup(source, tmp_path / "backups")

    assert list((tmp_path / "backups").iterdir()) == []


def test_a_backup_is_not_put_where_it_would_be_lost_with_the_data(source: Settings) -> None:
    for place in (source.data_dir / "backups", source.keys_dir):
        with pytest.raises(BackupTargetInside):
            backup(source, place)


def test_too_little_room_is_told_before_anything_is_written(
    source: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: real._replace(free=1000))

    with pytest.raises(BackupNoRoom):
        backup(source, tmp_path / "backups")

    assert list((tmp_path / "backups").iterdir()) == []


def test_a_database_that_was_never_set_up_has_nothing_to_back_up(target: Settings, tmp_path: Path) -> None:
    with pytest.raises(NothingToBackUp):
        backup(target, tmp_path / "backups")


def test_an_upgrade_wants_a_fresh_backup_unless_forced_or_nothing_is_to_be_done(
    source: Settings, tmp_path: Path
) -> None:
    assert upgrade(source).applied == ()
    newest = migrate(url_of(source))
    # As before the newest version: its revision is not there yet, and its statements do nothing here.
    run(url_of(source), "DELETE FROM alembic_version")
    run(url_of(source), "DROP SCHEMA public CASCADE")
    run(url_of(source), "CREATE SCHEMA public")
    run(url_of(source), "CREATE TABLE installation (key text PRIMARY KEY, value text NOT NULL)")

    with pytest.raises(BackupNotFresh):
        upgrade(source)
    old = datetime.now(UTC) - timedelta(hours=25)
    run(url_of(source), f"INSERT INTO installation VALUES ('backup_at', '{old.isoformat()}')")
    with pytest.raises(BackupNotFresh):
        upgrade(source)
    run(url_of(source), "DROP TABLE installation")
    report = upgrade(source)

    assert report.revision == newest
    assert report.applied[-1] == newest


def test_restore_and_upgrade_are_refused_while_the_program_runs(made: Path, target: Settings) -> None:
    lock = installation_lock(target)
    lock.acquire()

    with pytest.raises(EngineInUse):
        restore(target, made, reapply=nobody)
    with pytest.raises(EngineInUse):
        upgrade(target)

    lock.release()


@pytest.mark.long
def test_an_external_installation_is_restored_into_an_embedded_one_with_or_without_the_program_running(
    made: Path, source: Settings, tmp_path: Path
) -> None:
    target = settings_in(tmp_path / "embedded", None)
    shutil.copytree(source.keys_dir, target.keys_dir)

    restore(target, made, reapply=nobody)
    with pytest.raises(EngineNotRunning):
        connect_info(target)
    again = backup(target, tmp_path / "backups2")
    with embedded_postgres(target) as postgres:
        assert run(postgres.url, "SELECT value FROM installation WHERE key = 'kept'") == "王小明"

    assert again.manifest.log_position == 42
