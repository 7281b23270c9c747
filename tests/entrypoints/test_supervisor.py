"""The supervisor over real engines: what dies comes back, what stops stops in order, what is left over is cleared away."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from feilun.entrypoints.children import StateFile, rotate_logs
from feilun.entrypoints.engines import connect_info, embedded_postgres
from feilun.platform import processes
from feilun.platform.config import Settings
from feilun.platform.engine_errors import EngineNotRunning

pytestmark = pytest.mark.timeout(180)
_PATIENCE_SECONDS = 60.0
_NAMES = ["api", "worker", "warehouse", "postgres"]


def wait_until(condition: Callable[[], object], *, what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@dataclass
class Up:
    """A supervisor in a process of its own."""

    settings: Settings
    process: subprocess.Popen[str]
    output: Path

    def states(self) -> dict[str, dict[str, object]]:
        try:
            noted = json.loads((self.settings.run_dir / "processes.json").read_text())
        except FileNotFoundError:
            return {}
        return {item["name"]: item for item in noted}

    def pid(self, name: str) -> int:
        pid = self.states()[name]["pid"]
        assert isinstance(pid, int)
        return pid

    def pids(self) -> list[int]:
        return [self.pid(name) for name in _NAMES]

    def is_ready(self) -> bool:
        states = self.states()
        return set(states) == set(_NAMES) and all(item["state"] == "running" for item in states.values())

    def wait_until_ready(self) -> None:
        wait_until(lambda: self.process.poll() is not None or "ready:" in self.text(), what="readiness")
        assert self.process.poll() is None, self.text()

    def text(self) -> str:
        return self.output.read_text()

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(_PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a database, so that each test is a second start."""
    folder = tmp_path_factory.mktemp("made")
    postgres = embedded_postgres(settings_in(folder))
    postgres.start()
    postgres.stop()
    return folder


def settings_in(folder: Path, port: int = 0) -> Settings:
    return Settings(
        data_dir=folder / "data",
        keys_dir=folder / "data.keys",
        database_url=None,
        warehouse_url=None,
        host="127.0.0.1",
        port=port,
        base_zone="Asia/Shanghai",
        currency="CNY",
    )


@pytest.fixture
def start(made: Path, tmp_path: Path) -> Iterator[Callable[..., Up]]:
    shutil.copytree(made / "data", tmp_path / "data")
    begun: list[Up] = []

    def start_up(*arguments: str, fails: str = "", port: int = 0) -> Up:
        settings = settings_in(tmp_path, port or free_port())
        output = tmp_path / f"output{len(begun)}"
        variables = {
            **os.environ,
            "LANG": "en_US.UTF-8",
            "LC_ALL": "",
            "STAND_IN_NOTES": str(tmp_path),
            "STAND_IN_FAILS": fails,
        }
        variables = {name: value for name, value in variables.items() if not name.startswith("FEILUN_")}
        with output.open("w") as file:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.entrypoints.supervised",
                    str(settings.data_dir),
                    str(settings.port),
                    *arguments,
                ],
                stdout=file,
                stderr=file,
                env=variables,
                cwd=Path(__file__).parents[2],
                text=True,
            )
        begun.append(Up(settings, process, output))
        return begun[-1]

    yield start_up
    for up in begun:
        if up.process.poll() is None:
            up.end(signal.SIGTERM)


def test_it_starts_tells_the_address_and_stops_everything_in_order(
    start: Callable[..., Up], tmp_path: Path
) -> None:
    up = start("--demo")
    up.wait_until_ready()
    pids = up.pids()
    database_url, warehouse_url = connect_info(up.settings)
    with psycopg.connect(database_url) as connection:
        revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    wait_until((tmp_path / "demo").exists, what="the demo company")

    code = up.end(signal.SIGTERM)

    assert code == 0
    assert revision is not None
    assert warehouse_url.startswith("http://default:")
    assert f"password for http://127.0.0.1:{up.settings.port}" in up.text()
    assert (tmp_path / "stopped").read_text().split() == ["api", "worker"]
    assert [pid for pid in pids if processes.birth(pid)] == []
    with pytest.raises(EngineNotRunning):
        connect_info(up.settings)


def test_whatever_is_killed_with_9_is_back_within_seconds(start: Callable[..., Up]) -> None:
    up = start()
    up.wait_until_ready()

    for name in _NAMES:
        killed = up.pid(name)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: up.states()[name]["restarts"] == 1 and up.is_ready(), what=f"{name} to be back")  # noqa: B023
        assert up.pid(name) != killed
        assert f"{name} ended unexpectedly (SIGKILL)" in up.text()

    connect_info(up.settings)


def test_nothing_outlives_a_supervisor_killed_with_9_and_the_next_start_is_clean(
    start: Callable[..., Up],
) -> None:
    up = start()
    up.wait_until_ready()
    left = up.pids()

    up.end(signal.SIGKILL)
    again = start(port=up.settings.port)
    again.wait_until_ready()

    assert [pid for pid in left if processes.birth(pid)] == []


def test_what_a_killed_supervisor_left_running_is_ended_by_the_next(start: Callable[..., Up]) -> None:
    up = start()
    up.settings.run_dir.mkdir(parents=True, exist_ok=True)
    up.wait_until_ready()
    up.end(signal.SIGTERM)
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    noted = [{"name": "worker", "pid": left.pid, "birth": processes.birth(left.pid)}]
    (up.settings.run_dir / "processes.json").write_text(json.dumps(noted))

    again = start()
    wait_until(lambda: left.poll() is not None, what="the leftover to end")
    again.wait_until_ready()

    assert "stopping worker" in again.text()


def test_a_pid_given_out_again_is_no_leftover(tmp_path: Path) -> None:
    (tmp_path / "processes.json").write_text(
        json.dumps([{"name": "worker", "pid": os.getpid(), "birth": "1"}])
    )

    assert StateFile(tmp_path / "processes.json").leftovers() == []


def test_a_second_start_on_the_same_data_is_refused_with_the_pid_of_the_first(
    start: Callable[..., Up],
) -> None:
    up = start()
    up.wait_until_ready()

    second = start()

    assert second.process.wait(_PATIENCE_SECONDS) == 1
    assert f"Process {up.process.pid} is already using" in second.text()
    assert up.is_ready()


def test_a_taken_port_is_told_before_anything_is_started(start: Callable[..., Up]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        up = start(port=taken.getsockname()[1])

        assert up.process.wait(_PATIENCE_SECONDS) == 1

    assert "[up.port_taken]" in up.text()
    assert f"pid {os.getpid()}" in up.text()
    assert up.states() == {}


def test_a_part_that_cannot_start_ends_everything_with_the_end_of_its_log(start: Callable[..., Up]) -> None:
    up = start(fails="api")

    assert up.process.wait(_PATIENCE_SECONDS) == 1
    assert "[up.child_failed]" in up.text()
    assert "the stand-in was told to fail" in up.text()
    assert not embedded_postgres(up.settings).is_running()


def test_a_host_that_is_not_this_machines_is_unusable() -> None:
    check = "from feilun.entrypoints.supervisor import check_port; check_port('192.0.2.1', 8320)"  # kept for documentation

    told = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False).stderr

    assert "AddressUnusable" in told


def test_a_grown_log_is_moved_aside_while_it_is_written(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    with log.open("ab", buffering=0) as writing:
        for number in range(5):
            writing.write(b"%d" % number * 100)
            rotate_logs(tmp_path, bytes_max=100)
            writing.write(b"after")

    assert log.read_bytes() == b"after"
    assert (tmp_path / "api.log.1").read_bytes() == b"after" + b"4" * 100
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "api.log",
        "api.log.1",
        "api.log.2",
        "api.log.3",
    ]
