"""Makes `<repo>/.venv` and keeps it equal to the locks in requirements/.

Each lock that was installed leaves its hash in the stamp; an equal hash means nothing to do. A marker stands while an
install runs: found at the next start it means the last one was cut off, and the environment is made anew.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tools.launcher.words import CACHE, ROOT, Refusal, excerpt, home_is_writable, say

VENV: Final = ROOT / ".venv"
PYTHON: Final = VENV / "bin" / "python"
_STAMP: Final = VENV / "feilun-installed.json"
_UNFINISHED: Final = VENV / "feilun-unfinished"
_COVERS: Final = {"base": ("base", "dev"), "dev": ("dev",), "node": ("node",)}
"""A lock counts as installed when one of these is: dev.txt repeats base.txt exactly."""

_CONTENTS: Final = {
    "base": "what the program needs",
    "dev": "what checks and tests need",
    "node": "Node, because this machine has none that is new enough",
}


held_locks: Final[list[int]] = []
"""Handed on to whatever prepares: if this launcher is killed, its pip or npm keeps the lock until it has ended too."""


def require(lock: str) -> None:
    """Have requirements/<lock>.txt installed in the environment, making that first when it is missing.

    Raises: Refusal when it cannot be done, with the reason in words.
    """
    if _is_installed(lock):
        return
    with only_launch():
        if not _is_installed(lock):
            _install(lock)


def child_variables() -> dict[str, str]:
    """Return the environment for programs started from `.venv`: nothing of the caller's Python leaks in."""
    variables = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")
    }
    variables["PYTHONUTF8"] = "1"  # files and pipes are UTF-8 even where the locale says otherwise
    variables["VIRTUAL_ENV"] = str(VENV)
    if not home_is_writable():
        variables.setdefault("PIP_CACHE_DIR", str(CACHE / "pip"))
        variables.setdefault("npm_config_cache", str(CACHE / "npm"))
    return variables


def _is_installed(lock: str) -> bool:
    if _UNFINISHED.exists() or not PYTHON.exists():
        return False
    installed = _stamp()
    # A machine's python3 may become another version under the same name; its packages then lie in the wrong folder.
    if installed.get("interpreter") != os.path.realpath(PYTHON):
        return False
    return any(installed.get(name) == _hash(name) for name in _COVERS[lock])


def _stamp() -> dict[str, str]:
    try:
        stamp: dict[str, str] = json.loads(_STAMP.read_bytes())
    except (OSError, ValueError):
        return {}
    return stamp


def _hash(lock: str) -> str:
    return hashlib.sha256((ROOT / "requirements" / f"{lock}.txt").read_bytes()).hexdigest()


@contextmanager
def only_launch() -> Iterator[None]:
    """Keep other launches of this checkout from preparing at the same time. Raises: Refusal when it is not writable."""
    try:
        CACHE.mkdir(exist_ok=True)
        lock = (CACHE / "prepare.lock").open("w")
    except OSError as error:
        raise Refusal(
            f"{ROOT} must be writable while Feilun prepares itself ({error.strerror}: {error.filename}). "
            "Copy it to a folder of yours, or run this once as its owner."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another launch is preparing; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        held_locks.append(lock.fileno())
        try:
            yield
        finally:
            held_locks.remove(lock.fileno())


def _install(lock: str) -> None:
    if _UNFINISHED.exists():
        say("the last preparation did not end; starting it again")
    if _UNFINISHED.exists() or not PYTHON.exists() or _stamp().get("interpreter") != os.path.realpath(PYTHON):
        _make_venv()
    stamp = _stamp()
    _UNFINISHED.touch()
    _pip_install(lock)
    _write_path_file()
    stamp |= {"interpreter": os.path.realpath(PYTHON), lock: _hash(lock)}
    _STAMP.write_text(json.dumps(stamp), encoding="utf-8")
    _UNFINISHED.unlink()


def _make_venv() -> None:
    """Make `.venv` with nothing in it, clearing what is there."""
    say(f"making a Python environment in {VENV.name} (Python {sys.version.split()[0]})")
    log = CACHE / "venv.log"
    make = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if _run(make, log) == 0:
        return
    # Debian and Ubuntu ship `venv` without `ensurepip`; the machine's own pip can fill the environment instead.
    if _run([*make, "--without-pip"], log) != 0:
        raise Refusal(
            f"Python cannot make an environment:\n{excerpt(log)}\n  On Debian, Ubuntu: apt install python3-venv"
        )
    if _run([*_host_pip(), "--version"], log) != 0:
        raise Refusal(
            "this Python has neither ensurepip nor pip, so nothing can be installed. "
            "On Debian, Ubuntu: apt install python3-venv; then run this again."
        )


def _host_pip() -> list[str]:
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def _pip() -> list[str]:
    own = any(VENV.glob("lib/python*/site-packages/pip/__main__.py"))
    return [str(PYTHON), "-m", "pip"] if own else _host_pip()


def _pip_install(lock: str) -> None:
    locked = ROOT / "requirements" / f"{lock}.txt"
    total = sum(1 for line in locked.read_text(encoding="utf-8").splitlines() if "==" in line)
    say(f"installing {_CONTENTS[lock]} (requirements/{lock}.txt); the first time this takes a minute or two")
    log = CACHE / "install.log"
    # The lock is complete, so there is nothing to resolve; hashes make sure that it is what was tested.
    command = [
        *_pip(),
        "install",
        "--require-hashes",
        "--no-deps",
        "--no-input",
        "--disable-pip-version-check",
    ]
    command += ["--no-warn-script-location", "--progress-bar", "off", "-r", str(locked)]
    with (
        log.open("w", encoding="utf-8") as copy,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=child_variables(),
            encoding="utf-8",
            errors="replace",
            pass_fds=held_locks,
        ) as pip,
    ):
        assert pip.stdout is not None
        for line in pip.stdout:
            copy.write(line)
            _tell_progress(line, total)
    if pip.returncode:
        raise Refusal(
            f"pip could not install requirements/{lock}.txt:\n{excerpt(log)}\n"
            f"  The whole output is in {log}. Check the network and pip's settings (pip config list), then run this again."
        )


_seen: set[str] = set()


def _tell_progress(line: str, total: int) -> None:
    """Turn pip's chatter into a line per twenty packages, one per large download, and one before unpacking."""
    if line.startswith("Collecting "):
        _seen.add(line)
        if len(_seen) % 20 == 0:
            say(f"  {len(_seen)} of {total} packages found")
    elif line.lstrip().startswith("Downloading ") and line.rstrip().endswith(" MB)"):
        name, _, size = line.strip().removeprefix("Downloading ").rpartition(" (")
        if float(size.split()[0]) >= 20:
            say(f"  downloading {name.rpartition('/')[2].split('-')[0]} ({size.rstrip(')')})")
    elif line.startswith("Installing collected packages"):
        say("  unpacking")


def _write_path_file() -> None:
    """Put `src` on the environment's path, relative to the environment so that the folder may be moved."""
    (site_packages,) = VENV.glob("lib/python*/site-packages")
    relative = os.path.relpath(ROOT / "src", site_packages)
    (site_packages / "feilun.pth").write_text(f"{relative}\n", encoding="utf-8")


def _run(command: list[str], log: Path) -> int:
    with log.open("a", encoding="utf-8") as output:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=child_variables(),
            pass_fds=held_locks,
            check=False,
        )
    return done.returncode
