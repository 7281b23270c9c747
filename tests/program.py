"""The whole program on a throw-away data directory, as a person starts it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError

from feilun.platform.i18n import translate

ROOT: Final = Path(__file__).resolve().parents[1]
_READY_SECONDS: Final = 90.0
_STOP_SECONDS: Final = 30.0
USERNAME: Final = "admin"
PASSWORD: Final = "飞轮-测试-2026"


@dataclass(frozen=True, slots=True)
class Program:
    """A running `feilun up`."""

    address: str
    data_dir: Path
    one_time_password: str
    """The first administrator's, as it was printed."""
    pid: int

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        cookie: str = "",
        content_type: str = "application/json",
    ) -> tuple[int, str, bytes]:
        """Send one request as the page would; return status, the session cookie it set (if any), and the body."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        headers = {"X-Feilun-Request": "1", "Content-Type": content_type, "Cookie": cookie}
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return (
                    answer.status,
                    (answer.headers.get("Set-Cookie") or "").partition(";")[0],
                    answer.read(),
                )
        except HTTPError as error:
            with error:
                return error.code, "", error.read()


@contextmanager
def running_program(data_dir: Path, *arguments: str, is_new: bool = True) -> Iterator[Program]:
    """Start `feilun up` on a free port, wait until it is ready, stop it at the end as Ctrl-C would.

    `is_new` tells whether the data directory is empty, so that a one-time password is announced.
    """
    port = free_port()
    variables = {name: value for name, value in os.environ.items() if not name.startswith("FEILUN_")}
    variables |= {"LC_ALL": "C.UTF-8", "PYTHONSAFEPATH": "1"}
    command = [
        sys.executable,
        "-m",
        "feilun.entrypoints.cli",
        "up",
        "--data",
        str(data_dir),
        "--port",
        str(port),
    ]
    log = data_dir.with_name(f"{data_dir.name}.log")
    with (
        log.open("wb") as output,
        subprocess.Popen([*command, *arguments], stdout=output, stderr=output, env=variables) as process,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            password = _wait_until_ready(process, log, address, is_new=is_new)
            yield Program(address, data_dir, password, process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path, address: str, *, is_new: bool) -> str:
    """Return the one-time password once the first page can be opened."""
    template = translate("up.first_password", "en", {"username": USERNAME, "password": "\0"})
    announced = re.compile(re.escape(template).replace("\0", r"(\S+)"))
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until and process.poll() is None:
        told = announced.search(log.read_text(encoding="utf-8"))
        if (told or not is_new) and _is_ready(address):
            return told[1] if told else ""
        time.sleep(0.1)
    raise AssertionError(f"the program did not start:\n{log.read_text(encoding='utf-8')}")


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, TimeoutError, ConnectionError):
        return False
