"""An installation knows its keys, and a database half restored is known as such."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from feilun.entrypoints.engines import connect_info
from feilun.entrypoints.installation import (
    DatabaseUnreachable,
    KeyMismatch,
    RestoreUnfinished,
    SchemaNewer,
    ensure_whole,
    migrate,
    prepare_keys,
)
from feilun.platform.config import Settings, load_settings
from feilun.platform.engine_errors import EngineNotRunning
from feilun.platform.keys import KeyMissing
from tests import databases


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with databases.cloned_database() as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path, url: str) -> Settings:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM installation WHERE key = 'key_fingerprint'")
    return replace(load_settings(data_dir=tmp_path / "data"), database_url=url, keys_dir=tmp_path / "keys")


def test_the_first_start_makes_the_keys_and_later_ones_find_them(settings: Settings, url: str) -> None:
    made = prepare_keys(settings, url)

    assert prepare_keys(settings, url).fingerprint() == made.fingerprint()


def test_lost_keys_are_told_and_never_made_anew(settings: Settings, url: str) -> None:
    prepare_keys(settings, url)
    shutil.rmtree(settings.keys_dir)

    with pytest.raises(KeyMissing):
        prepare_keys(settings, url)

    assert not settings.keys_dir.exists()


def test_keys_of_another_installation_are_refused(settings: Settings, url: str) -> None:
    with databases.cloned_database() as other:
        prepare_keys(settings, url)
        stranger = replace(settings, keys_dir=settings.keys_dir.with_name("stranger"))
        prepare_keys(stranger, other)

    with pytest.raises(KeyMismatch):
        prepare_keys(stranger, url)


def test_a_database_marked_by_an_unfinished_restore_is_refused() -> None:
    with databases.cloned_database() as url:
        ensure_whole(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE restore_unfinished (started_at timestamptz)")

        with pytest.raises(RestoreUnfinished):
            ensure_whole(url)


def test_a_database_of_a_newer_version_is_left_alone() -> None:
    with databases.cloned_database() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999_future'")

        with pytest.raises(SchemaNewer):
            migrate(url)


def test_a_database_that_does_not_answer_is_told_without_its_password() -> None:
    url = "postgresql://feilun:secret@127.0.0.1:1/nothing"

    for question in (ensure_whole, migrate):
        with pytest.raises(DatabaseUnreachable) as refused:
            question(url)
        assert "secret" not in refused.value.message + str(refused.value.detail)


def test_engines_that_do_not_run_are_told_with_what_to_do(tmp_path: Path) -> None:
    settings = replace(load_settings(data_dir=tmp_path), database_url=None, warehouse_url=None)

    with pytest.raises(EngineNotRunning):
        connect_info(settings)
    with pytest.raises(EngineNotRunning):
        connect_info(replace(settings, database_url="postgresql://elsewhere/feilun"))


def test_external_engines_are_taken_from_the_settings(tmp_path: Path) -> None:
    database, warehouse = "postgresql://elsewhere/feilun", "http://elsewhere:8123/feilun"

    settings = replace(load_settings(data_dir=tmp_path), database_url=database, warehouse_url=warehouse)

    assert connect_info(settings) == (database, warehouse)
