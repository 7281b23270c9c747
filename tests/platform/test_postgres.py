"""The embedded PostgreSQL on the real programs: first start, crashes, strangers on its data, machines that are not kind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from feilun.platform import processes
from feilun.platform.engine_errors import (
    EngineBinariesMissing,
    EngineDiskFull,
    EngineInUse,
    EngineNotRunning,
    EnginePathClosed,
    EngineSocketUnsafe,
    EngineStartFailed,
    EngineVersionMismatch,
)
from feilun.platform.postgres import EmbeddedPostgres
from feilun.platform.postgres_setup import choose_socket_dir, find_programs, server_settings, socket_path_fits

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give root up")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="capabilities and /proc are Linux's")

_LAUNCHER = """
import sys, time
from pathlib import Path
from feilun.platform.postgres import EmbeddedPostgres
folder = Path(sys.argv[1])
postgres = EmbeddedPostgres(folder / "data", folder / "run")
postgres.start()
print(postgres.pid, flush=True)
time.sleep(600)
"""


def postgres_in(folder: Path, **options: Any) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder / "data", folder / "run", **options)


def run(url: str, statement: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None  # type: ignore[index]


def kill(pid: int | None) -> None:
    assert pid
    os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped cluster; tests copy it, which is faster than making their own."""
    folder = tmp_path_factory.mktemp("made")
    with postgres_in(folder) as postgres:
        run(postgres.url, "CREATE TABLE kept (value text)")
        run(postgres.url, "INSERT INTO kept VALUES ('before')")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    # Copied by root it belongs to root, as after a move to another machine; the launcher must cope.
    shutil.copytree(made / "data", tmp_path / "data")
    return tmp_path


@pytest.fixture
def postgres(folder: Path) -> Iterator[EmbeddedPostgres]:
    with postgres_in(folder) as postgres:
        yield postgres


def test_a_new_cluster_finds_chinese_by_trigrams_and_checks_its_pages(postgres: EmbeddedPostgres) -> None:
    run(postgres.url, "CREATE EXTENSION pg_trgm")

    assert run(postgres.url, "SELECT array_length(show_trgm('王小明'), 1)") > 0
    assert run(postgres.url, "SHOW data_checksums") == "on"
    assert run(postgres.url, "SHOW server_encoding") == "UTF8"
    assert run(postgres.url, "SELECT datlocprovider::text FROM pg_database WHERE datname = 'feilun'") == "b"
    assert run(postgres.url, "SHOW listen_addresses") == ""


def test_the_socket_asks_for_the_password(postgres: EmbeddedPostgres) -> None:
    password = (postgres.data_dir / "password").read_text()

    assert password in postgres.url
    assert (postgres.data_dir / "password").stat().st_mode & 0o777 == 0o600
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres.url.replace(password, "wrong"))


def test_data_survives_a_clean_restart(folder: Path) -> None:
    with postgres_in(folder) as postgres:
        assert run(postgres.url, "SELECT value FROM kept") == "before"
        assert postgres.is_running()

    assert not postgres_in(folder).is_running()


def test_a_server_killed_with_9_recovers_what_was_committed(folder: Path) -> None:
    postgres = postgres_in(folder)
    postgres.start()
    run(postgres.url, "INSERT INTO kept VALUES ('just before')")
    kill(postgres.pid)
    while postgres.poll() is None:
        time.sleep(0.01)
    postgres.stop()

    with postgres:
        assert run(postgres.url, "SELECT count(*) FROM kept") == 2


def test_the_server_ends_with_a_launcher_that_is_killed_with_9_and_the_next_start_recovers(
    folder: Path,
) -> None:
    launcher = subprocess.Popen(
        [sys.executable, "-c", _LAUNCHER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert launcher.stdout
    server = int(launcher.stdout.readline())
    run(postgres_in(folder).url, "INSERT INTO kept VALUES ('orphaned')")

    launcher.kill()
    launcher.wait()
    launcher.stdout.close()

    with postgres_in(folder) as postgres:
        assert run(postgres.url, "SELECT count(*) FROM kept") == 2
        assert processes.birth(server) is None


def test_a_server_left_running_is_stopped_by_the_next_start(folder: Path) -> None:
    left = postgres_in(folder)
    left.start()
    server = left.pid
    left._lock.release()  # as if its launcher had died where nothing ties the two together
    told: list[str] = []

    with postgres_in(folder, tell=lambda code, /, **_: told.append(code)) as postgres:
        assert postgres.pid != server
        assert left.poll() is not None
        assert run(postgres.url, "SELECT value FROM kept") == "before"

    assert "engines.ending_leftover" in told


@needs_linux
def test_sessions_of_a_killed_server_do_not_keep_the_next_one_from_starting(folder: Path) -> None:
    postgres = postgres_in(folder)
    postgres.start()
    busy = psycopg.connect(postgres.url)
    query = "SELECT count(*) FROM generate_series(1, 1e9)"  # too busy to notice the server's end
    busy.pgconn.send_query(query.encode())
    kill(postgres.pid)
    while postgres.poll() is None:
        time.sleep(0.01)
    postgres.stop()

    with postgres:
        assert run(postgres.url, "SELECT value FROM kept") == "before"
    busy.close()


def test_a_pid_file_whose_pid_now_belongs_to_another_program_is_no_obstacle(folder: Path) -> None:
    pid_file = folder / "data" / "cluster" / "postmaster.pid"
    pid_file.write_text(
        f"{os.getpid()}\n{folder / 'data' / 'cluster'}\n0\n5432\n/nowhere\n\n  1  1\nready   \n"
    )

    assert not postgres_in(folder).is_running()
    with postgres_in(folder) as postgres:
        assert run(postgres.url, "SELECT value FROM kept") == "before"


def test_a_second_launcher_on_the_same_data_is_refused_with_the_pid_of_the_first(
    postgres: EmbeddedPostgres,
) -> None:
    with pytest.raises(EngineInUse) as refused:
        EmbeddedPostgres(postgres.data_dir, postgres.data_dir.parent / "other").start()

    assert refused.value.detail["pid"] == str(os.getpid())
    assert run(postgres.url, "SELECT value FROM kept") == "before"


def test_a_first_start_cut_off_is_begun_anew(tmp_path: Path) -> None:
    half = tmp_path / "data" / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")

    with postgres_in(tmp_path, is_durable=False) as postgres:
        assert run(postgres.url, "SELECT 1") == 1


def test_data_of_another_major_version_is_refused_before_it_is_touched(folder: Path) -> None:
    (folder / "data" / "cluster" / "PG_VERSION").write_text("17\n")

    with pytest.raises(EngineVersionMismatch) as refused:
        postgres_in(folder).start()

    assert refused.value.detail["data_version"] == "17"


def test_a_setting_that_prevents_the_start_is_told_with_the_servers_own_reason(folder: Path) -> None:
    with (folder / "data" / "cluster" / "postgresql.conf").open("a") as settings:
        settings.write("autovacuum = perhaps\n")

    with pytest.raises(EngineStartFailed, match="autovacuum"):
        postgres_in(folder).start()


def test_missing_programs_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEILUN_PG_BIN", str(folder / "nowhere"))

    with pytest.raises(EngineBinariesMissing):
        postgres_in(folder).start()


def test_there_is_no_address_before_the_first_start(tmp_path: Path) -> None:
    with pytest.raises(EngineNotRunning):
        _ = postgres_in(tmp_path).url


@pytest.mark.parametrize("name", ["路径 with 'odd', signs", "d" * 120])
def test_a_path_no_socket_can_have_gets_a_short_private_one(name: str, folder: Path) -> None:
    place = folder / name
    place.mkdir()
    (folder / "data").rename(place / "data")

    with postgres_in(place) as postgres:
        assert run(postgres.url, "SELECT value FROM kept") == "before"
        assert socket_path_fits(postgres.socket_dir)
        assert postgres.socket_dir.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(postgres.socket_dir)


def test_a_socket_directory_planted_by_someone_else_is_refused(folder: Path, tmp_path: Path) -> None:
    run_dir = folder / ("r" * 120)
    socket_dir = choose_socket_dir(run_dir, (folder / "data").resolve())
    socket_dir.symlink_to(tmp_path)

    with pytest.raises(EngineSocketUnsafe):
        EmbeddedPostgres(folder / "data", run_dir).start()

    socket_dir.unlink()


def test_settings_fit_small_and_large_machines(tmp_path: Path) -> None:
    small = server_settings(1 << 30, tmp_path, tcp_port=None, is_durable=True)
    large = server_settings(64 << 30, tmp_path, tcp_port=None, is_durable=True)

    assert (small["shared_buffers"], large["shared_buffers"]) == ("128MB", "1024MB")
    assert small["listen_addresses"] == ""
    assert server_settings(1 << 30, tmp_path, tcp_port=5, is_durable=True)["listen_addresses"] == "127.0.0.1"


@needs_linux
@needs_root
def test_root_is_given_up_and_no_capability_kept_when_the_path_is_open(folder: Path) -> None:
    place = Path("/tmp") / f"feilun-open-{os.getpid()}"
    place.mkdir(mode=0o755)
    try:
        (folder / "data").rename(place / "data")
        with postgres_in(place) as postgres:
            status = Path(f"/proc/{postgres.pid}/status").read_text()
            assert "Uid:\t0" not in status
            assert "CapEff:\t0000000000000000" in status
    finally:
        shutil.rmtree(place)


@needs_linux
@needs_root
def test_a_closed_parent_directory_is_passed_by_one_capability_and_left_as_it_was(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    (folder / "data").rename(closed / "data")

    with postgres_in(closed) as postgres:
        status = Path(f"/proc/{postgres.pid}/status").read_text()
        assert run(postgres.url, "SELECT value FROM kept") == "before"

    assert "Uid:\t0" not in status
    assert "CapEff:\t0000000000000004" in status  # CAP_DAC_READ_SEARCH and nothing else
    assert closed.stat().st_mode & 0o777 == 0o700


@needs_linux
@needs_root
def test_a_closed_path_is_told_in_words_when_the_machine_withholds_the_capability(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from feilun.platform.postgres import EmbeddedPostgres;"
        "from feilun.platform.engine_errors import EnginePathClosed\n"
        "try: EmbeddedPostgres(Path(sys.argv[1]) / 'data', Path(sys.argv[1]) / 'run').start()\n"
        "except EnginePathClosed as error: print(error.detail['path'])"
    )
    folder.chmod(0o700)

    told = subprocess.run(
        ["setpriv", "--bounding-set=-dac_read_search,-dac_override", sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert told.strip() == str(folder / "data")
    assert EnginePathClosed.code == "engines.path_closed"


@needs_linux
@needs_root
def test_programs_below_a_closed_directory_are_reached(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = folder / "root"
    private.mkdir(mode=0o700)
    programs = shutil.copytree(find_programs().parent, private / "pginstall", symlinks=True) / "bin"
    monkeypatch.setenv("FEILUN_PG_BIN", str(programs))

    with postgres_in(folder) as postgres:
        assert run(postgres.url, "SELECT value FROM kept") == "before"


@needs_linux
@needs_root
def test_programs_that_only_root_may_execute_are_reached_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = (
        shutil.copytree(find_programs().parent, folder / "private" / "pginstall", symlinks=True) / "bin"
    )
    for path in (folder / "private").rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
    monkeypatch.setenv("FEILUN_PG_BIN", str(programs))

    with postgres_in(folder) as postgres:
        assert run(postgres.url, "SELECT value FROM kept") == "before"


@needs_linux
@needs_root
def test_a_full_disk_is_told_in_words_and_harms_nothing(folder: Path) -> None:
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=260m", "none", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        shutil.copytree(folder / "data", disk / "data")
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(disk).free - (1 << 20)))

        with pytest.raises(EngineDiskFull) as refused:
            postgres_in(disk).start()
        ballast.unlink()

        assert refused.value.detail["free_mb"] == 1
        with postgres_in(disk) as postgres:
            assert run(postgres.url, "SELECT value FROM kept") == "before"
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.long
def test_a_long_recovery_is_waited_for_and_told(folder: Path) -> None:
    postgres = postgres_in(folder)
    postgres.start()
    run(
        postgres.url,
        "CREATE TABLE big AS SELECT n, repeat(md5(n::text), 8) AS filler FROM generate_series(1, 1500000) n",
    )
    kill(postgres.pid)
    while postgres.poll() is None:
        time.sleep(0.01)
    postgres.stop()
    told: list[str] = []

    with postgres_in(folder, tell=lambda code, /, **_: told.append(code)) as recovered:
        assert run(recovered.url, "SELECT count(*) FROM big") == 1_500_000

    assert set(told) <= {"engines.recovering"}
