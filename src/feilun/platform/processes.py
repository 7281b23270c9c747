"""Facts about this machine's processes and memory, from /proc where there is one and from `ps` elsewhere.

A pid alone names nothing for long: the kernel gives it out again. A process is named by its pid and its birth.
"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
HAS_PROC: Final = (_PROC / "self" / "stat").exists()
_POLL_SECONDS: Final = 0.05
_UNLIMITED_BYTES: Final = 1 << 50
_LISTENING: Final = "0A"


def birth(pid: int) -> str | None:
    """Return a mark of when the process was born, or None when there is no such process (zombies count as gone)."""
    if not HAS_PROC:
        told = _ask_ps(pid, "stat=,lstart=")
        return None if told is None or told.startswith("Z") else told.partition(" ")[2].strip()
    try:
        # The name in parentheses may hold spaces and parentheses of its own; fields count from the last one.
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def command_of(pid: int) -> str | None:
    """Return the command line of a process, or None when it is gone or not ours to see."""
    if not HAS_PROC:
        return _ask_ps(pid, "command=")
    try:
        line = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return None
    return line.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace") or None


def folder_of(pid: int) -> Path | None:
    """Return the working directory of a process; None when it is gone, not ours to see, or there is no /proc."""
    try:
        return (_PROC / str(pid) / "cwd").readlink()
    except OSError:
        return None


def all_pids() -> list[int]:
    """Return the pids of all processes; empty without /proc."""
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()] if HAS_PROC else []


def wait_until_gone(pid: int, born: str | None, *, timeout_seconds: float) -> bool:
    """Wait for the end of a process that is not our child; tells whether it ended in time."""
    deadline = time.monotonic() + timeout_seconds
    while birth(pid) is not None and (born is None or birth(pid) == born):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def end_process(
    pid: int, born: str | None, *, signals: tuple[signal.Signals, ...], patience_seconds: float
) -> bool:
    """Send the signals one after the other until the process ends; tells whether it did. A reused pid is left alone."""
    for number in signals:
        if birth(pid) is None or (born is not None and birth(pid) != born):
            return True
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        if wait_until_gone(pid, born, timeout_seconds=patience_seconds):
            return True
    return False


def port_holder(port: int) -> tuple[int, str] | None:
    """Return pid and command line of the process that listens on a TCP port, when that can be seen."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    if not inodes:
        return None
    for pid in all_pids():
        try:
            if any(str(entry.readlink()) in inodes for entry in (_PROC / str(pid) / "fd").iterdir()):
                return pid, command_of(pid) or "?"
        except OSError:
            continue
    return None


def total_memory_bytes() -> int:
    """Return the memory this program may use: the machine's, or less when a container limits it."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            limits.append(int(Path(path).read_text()))
        except (OSError, ValueError):  # no such file, or 'max'
            continue
    return min(limit for limit in limits if 0 < limit < _UNLIMITED_BYTES)


def available_memory_bytes() -> int | None:
    """Return the memory that is free or can be freed at once, or None where the machine does not tell."""
    try:
        found = re.search(r"^MemAvailable:\s+(\d+) kB", (_PROC / "meminfo").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _ask_ps(pid: int, columns: str) -> str | None:
    told = subprocess.run(
        ["ps", "-o", columns, "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    return told.stdout.strip() or None


def python_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs one of our modules with this Python, whatever folder it starts in."""
    return [sys.executable, "-m", module, *arguments]
