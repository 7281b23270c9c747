"""`python stand_in.py api|worker|demo`: a process that behaves like ours at its edges, for tests of who keeps it alive."""

import http.server
import os
import signal
import sys
import time
from pathlib import Path

from feilun.entrypoints.engines import database_address
from feilun.platform.config import load_settings


class _Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def main(name: str) -> None:
    settings = load_settings()
    note = Path(os.environ["STAND_IN_NOTES"])
    database_address(settings)  # as in every real process: the database must be up before it is started
    if name == "demo":
        note.joinpath("demo").touch()
        return
    if os.environ.get("STAND_IN_FAILS") == name:
        sys.exit("the stand-in was told to fail")
    signal.signal(signal.SIGTERM, lambda *_: _stop(note, name))
    if name == "api":
        http.server.HTTPServer((settings.host, settings.port), _Ready).serve_forever()
    while True:
        time.sleep(60)


def _stop(note: Path, name: str) -> None:
    with (note / "stopped").open("a") as file:
        file.write(f"{name}\n")
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
