"""The doctor explains a bad machine: each thing that can be wrong is made wrong for real and must be named."""

import json
import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from feilun.entrypoints.doctor import Finding, FindingState, diagnose
from feilun.entrypoints.engines import embedded_postgres, installation_lock
from feilun.entrypoints.installation import prepare_keys
from feilun.platform.config import Settings, load_settings
from feilun.platform.i18n import LOCALES, catalogue
from tests import databases
from tests.fakes.clock import FixedClock


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with databases.cloned_database() as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    settings = load_settings(data_dir=tmp_path / "data", host="127.0.0.1", port=port)
    return replace(settings, database_url=None, warehouse_url=None, keys_dir=tmp_path / "keys")


@pytest.fixture
def external(settings: Settings, url: str) -> Settings:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM installation WHERE key = 'key_fingerprint'")
    external = replace(settings, database_url=url)
    prepare_keys(external, url)
    return external


def look(settings: Settings, code: str, **options: Any) -> Finding:
    """Return the one finding about `code`; every finding must have words in both languages."""
    findings = diagnose(settings, **options)
    for finding in findings:
        for locale in LOCALES:
            assert finding.message[locale] != f"{finding.code}.{finding.kind}", finding
            assert "?" not in finding.message[locale], finding
            has_remedy = f"{finding.code}.{finding.kind}.remedy" in catalogue(locale)
            assert has_remedy == (finding.state is not FindingState.OK), finding
    (found,) = [finding for finding in findings if finding.code == f"doctor.{code}"]
    return found


def test_a_machine_before_the_first_start_is_well(settings: Settings) -> None:
    findings = diagnose(settings)

    assert [finding for finding in findings if finding.state is FindingState.ERROR] == []
    assert look(settings, "keys").kind == "to_be_made"
    assert look(settings, "database").kind == "idle"
    assert not settings.data_dir.exists()


def test_a_running_installation_is_well(external: Settings) -> None:
    assert look(external, "keys").kind == "ok"
    assert look(external, "schema").kind == "ok"
    assert look(external, "database").kind == "ok"
    assert look(external, "clock").kind == "ok"


def test_a_taken_port_is_told_with_who_has_it(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        found = look(replace(settings, port=taken.getsockname()[1]), "port")

    assert found.kind == "taken"
    assert f"pid {os.getpid()}" in found.message["en"]


def test_a_running_program_is_told_with_its_pid(settings: Settings) -> None:
    lock = installation_lock(settings)
    lock.acquire()

    assert look(settings, "processes").detail["pid"] == str(os.getpid())

    lock.release()
    assert look(settings, "processes").kind == "idle"


def test_lost_keys_are_told(external: Settings) -> None:
    shutil.rmtree(external.keys_dir)

    assert (look(external, "keys").kind, look(external, "keys").state) == ("lost", FindingState.ERROR)


def test_keys_of_another_installation_are_told(
    external: Settings, settings: Settings, tmp_path: Path
) -> None:
    with databases.cloned_database() as other:
        stranger = replace(settings, keys_dir=tmp_path / "stranger")
        prepare_keys(stranger, other)

    assert look(replace(external, keys_dir=stranger.keys_dir), "keys").kind == "mismatch"


def test_damaged_open_and_misplaced_keys_are_told(external: Settings) -> None:
    keyring = external.keys_dir / "keyring.json"
    keyring.chmod(0o644)
    assert look(external, "keys").kind == "open"

    keyring.chmod(0o600)
    inside = replace(external, keys_dir=external.data_dir / "keys")
    inside.data_dir.mkdir()
    shutil.copytree(external.keys_dir, inside.keys_dir)
    assert look(inside, "keys").kind == "inside"

    keyring.write_text(json.dumps({"masters": {}}))
    assert look(external, "keys").kind == "broken"


def test_missing_programs_and_data_of_another_version_are_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = embedded_postgres(settings).cluster
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("16\n")
    assert look(settings, "data_version").detail["data_version"] == "16"

    monkeypatch.setenv("FEILUN_PG_BIN", str(settings.data_dir))
    assert look(settings, "programs").state is FindingState.ERROR
    assert (
        look(replace(settings, database_url="postgresql://127.0.0.1:1/x"), "programs").state
        is FindingState.WARNING
    )


def test_a_database_and_a_warehouse_that_do_not_answer_are_told_without_passwords(settings: Settings) -> None:
    away = replace(
        settings,
        database_url="postgresql://feilun:secret@127.0.0.1:1/feilun",
        warehouse_url="http://feilun:secret@127.0.0.1:1/feilun",
    )

    for code in ("database", "warehouse"):
        found = look(away, code)
        assert (found.kind, found.state) == ("unreachable", FindingState.ERROR)
        assert "secret" not in found.message["en"]


def test_an_unfinished_restore_and_a_schema_that_is_behind_are_told(settings: Settings) -> None:
    with databases.empty_database() as empty:
        assert look(replace(settings, database_url=empty), "schema").kind == "behind"
        with psycopg.connect(empty, autocommit=True) as connection:
            connection.execute("CREATE TABLE restore_unfinished (started_at timestamptz)")
        assert look(replace(settings, database_url=empty), "restore").kind == "unfinished"


def test_a_schema_of_a_newer_version_is_told(settings: Settings) -> None:
    with databases.cloned_database() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999_future'")
        assert look(replace(settings, database_url=url), "schema").kind == "newer"


def test_a_look_that_cannot_see_does_not_stop_the_others(settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "feilun.lock").symlink_to("feilun.lock")

    found = look(settings, "look")

    assert found.detail["what"] == "processes"
    assert look(settings, "port").kind == "free"


def test_a_clock_that_is_wrong_is_told(external: Settings) -> None:
    clock = FixedClock()
    clock.set(datetime(2001, 1, 1, tzinfo=UTC))
    assert look(external, "clock", clock=clock).kind == "past"

    clock.set(datetime.now(UTC) + timedelta(hours=3))
    assert look(external, "clock", clock=clock).kind == "differs"

    clock.set(datetime.now(UTC) - timedelta(hours=3))
    assert look(external, "clock", clock=clock).kind in ("went_back", "differs")


def test_a_path_no_socket_can_have_is_told_to_go_elsewhere(settings: Settings) -> None:
    assert look(replace(settings, data_dir=settings.data_dir / ("d" * 120)), "socket").kind == "short"


def test_a_nearly_full_disk_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.disk_usage(settings.data_dir.parent)
    monkeypatch.setattr("shutil.disk_usage", lambda _: real._replace(free=500 << 20))

    assert look(settings, "disk").kind == "full"


def test_a_data_directory_that_is_a_file_is_told(settings: Settings) -> None:
    settings.data_dir.write_text("")

    assert look(settings, "data").kind == "not_writable"
