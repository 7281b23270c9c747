"""Uploads: bounded by the disk alone, refused in words when they do not fit, nothing half-left; old files go."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from feilun.ingestion import api
from feilun.ingestion.api import HandlerRegistry
from feilun.ingestion.contracts import ImportState
from feilun.ingestion.errors import DiskFull, FileBroken, FileNotKnown, UploadIncomplete
from feilun.ingestion.internal import spool, uploads
from feilun.platform.config import Settings
from feilun.platform.db import Database
from tests.fakes.clock import FixedClock
from tests.fakes.sales import total
from tests.ingestion.intake import a_mapping, put, run

GB = 1 << 30


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB; needs the right to mount."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("no right to mount a small file system here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_file_larger_than_the_free_space_is_refused_before_a_byte_is_read(settings: Settings) -> None:
    settings.files_dir.mkdir(parents=True)
    free = shutil.disk_usage(settings.files_dir).free

    chunks = (pytest.fail("nothing may be read") for _ in range(1))

    with pytest.raises(DiskFull) as refused:
        api.receive_file(settings, chunks, name="big.csv", size_bytes=free)

    assert set(refused.value.detail) == {"needed_mb", "free_mb"}
    assert list(settings.files_dir.iterdir()) == []


def test_two_gigabytes_on_a_small_disk_are_refused_in_words(settings: Settings, small_disk: Path) -> None:
    on_small = replace(settings, data_dir=small_disk)
    chunk = b"x" * (1 << 20)

    with pytest.raises(DiskFull):
        api.receive_file(on_small, (chunk for _ in range(2048)), name="big.csv", size_bytes=2 * GB)

    assert list(on_small.files_dir.iterdir()) == []


def test_a_disk_that_fills_up_meanwhile_leaves_nothing_half_stored(
    settings: Settings, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "SPARE_BYTES", 0)
    on_small = replace(settings, data_dir=small_disk)
    chunk = b"x" * (1 << 20)

    with pytest.raises(DiskFull):
        api.receive_file(on_small, (chunk for _ in range(20)), name="big.csv", size_bytes=1)

    assert list(on_small.files_dir.iterdir()) == []


def test_an_import_that_runs_out_of_disk_fails_in_words_and_can_be_resumed(
    database: Database,
    settings: Settings,
    registry: HandlerRegistry,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uploads, "SPARE_BYTES", 0)
    on_small = replace(settings, data_dir=small_disk)
    file_id = put(
        database, on_small, "number,date,price\n" + "".join(f"N{n},2026-03-05,{n}\n" for n in range(2000))
    )
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 4_096))
    monkeypatch.setattr(uploads, "check_space", lambda *_: None)

    failed = run(database, on_small, registry, file_id, a_mapping(source="small"))
    assert (failed.state, failed.error_code) == (ImportState.FAILED, "ingestion.disk_full")
    assert spool.find_spool(on_small.files_dir / "spool" / str(failed.import_id)) is None

    filler.unlink()
    with database.transaction() as uow:
        api.resume_import(uow, failed.import_id)
    api.run_next_import(database, on_small, registry)
    with database.transaction() as uow:
        assert total(uow, "small")[0] == 2000


def test_an_upload_that_breaks_off_is_not_kept(settings: Settings) -> None:
    with pytest.raises(UploadIncomplete):
        api.receive_file(settings, iter([b"a,b\n"]), name="cut.csv", size_bytes=100)
    assert list(settings.files_dir.iterdir()) == []


def test_a_file_that_cannot_be_read_is_removed(settings: Settings) -> None:
    upload = api.receive_file(settings, iter([b"PAR1 nonsense", b""]), name="x.parquet", size_bytes=13)
    assert api.examine_file(settings, upload) is None
    upload = api.receive_file(settings, iter([b"PK\x03\x04junk"]), name="x.xlsx", size_bytes=8)
    with pytest.raises(FileBroken):
        api.examine_file(settings, upload)
    assert len(list(settings.files_dir.iterdir())) == 1


def test_names_with_paths_are_cut_to_the_name(database: Database, settings: Settings) -> None:
    upload = api.receive_file(settings, iter([b"a,b\n1,2\n"]), name="..\\..\\etc/passwd.csv", size_bytes=8)
    assert upload.name == "passwd.csv"


def test_old_files_lose_their_content_but_keep_their_name(
    database: Database, settings: Settings, registry: HandlerRegistry, clock: FixedClock
) -> None:
    file_id = put(database, settings, "number,date,price\nF1,2026-03-05,1\n")
    done = run(database, settings, registry, file_id, a_mapping(source="age"))

    clock.advance(timedelta(days=31))
    with database.transaction() as uow:
        assert api.delete_old_files(uow, settings, older_than=timedelta(days=30)) >= 1

    with database.transaction() as uow:
        assert not api.get_file(uow, file_id).is_present
        assert api.get_import(uow, done.import_id).file_name == "sales.csv"
        with pytest.raises(FileNotKnown):
            api.inspect_file(uow, settings, file_id)
