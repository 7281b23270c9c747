"""`./feilun COMMAND`: prepares what the command needs, then becomes it."""

import os
import sys
from pathlib import Path
from typing import Final, NoReturn

from tools.launcher import environment
from tools.launcher.words import ROOT, Refusal, say

_ENGINEERING: Final = {
    "test": "tools.run_tests",
    "check": "tools.checks",
    "bench": "benchmarks.run",
    "docs": "tools.docs",
}
_HELP: Final = """\
For engineers: ./feilun check         formatting, types, boundaries, web checks, fresh reference pages
               ./feilun test [--long] every check, then every test, browsers included
               ./feilun bench [NAME]  list benchmarks, or run one
               ./feilun docs          write the reference pages and build the documentation
"""
_BROWSERLESS: Final = ("--help", "-h")


def main(arguments: list[str]) -> int:
    """Run one command; returns only when it could not be started."""
    try:
        _start(arguments)
    except Refusal as refusal:
        say(str(refusal))
        return 1
    except KeyboardInterrupt:
        say("stopped; the next run goes on from here")
        return 130


def _start(arguments: list[str]) -> NoReturn:
    if os.name != "posix":
        raise Refusal("Feilun runs on Linux and macOS; on Windows use it inside WSL 2.")
    command = arguments[0] if arguments else "--help"
    if command in _ENGINEERING:
        environment.require("dev")
        _become(["-m", _ENGINEERING[command], *arguments[1:]], folder=ROOT)
    environment.require("base")
    if command == "up" and not set(_BROWSERLESS) & set(arguments):
        from tools import build_web  # costs time that only `up` should pay

        build_web.ensure_built()
    if command in ("--help", "-h", "help"):
        print(_HELP, flush=True)
        arguments = ["--help"]
    _become(["-m", "feilun.entrypoints.cli", *arguments], folder=None)


def _become(arguments: list[str], *, folder: Path | None) -> NoReturn:
    variables = environment.child_variables()
    if folder:
        os.chdir(folder)
    else:
        # `-m` would put the caller's folder first on the path: a json.py lying there must not become ours.
        variables["PYTHONSAFEPATH"] = "1"
    sys.stdout.flush()
    os.execve(environment.PYTHON, [str(environment.PYTHON), *arguments], variables)
