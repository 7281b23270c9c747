"""How the launcher speaks: progress on standard error, so that a command's own output stays clean."""

import os
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(os.path.realpath(__file__)).parents[2]
CACHE: Final = ROOT / ".cache"


class Refusal(Exception):
    """Something the launcher cannot do; the message says what happened and what to do about it."""


def say(text: str) -> None:
    """Print one line of progress."""
    print(f"feilun: {text}", file=sys.stderr, flush=True)


def home_is_writable() -> bool:
    """Tell whether caches may go where tools put them by default (`~/.cache`, `~/.npm`)."""
    home = Path.home()
    if not home.is_dir() or not os.access(home, os.W_OK | os.X_OK):
        return False
    return all(os.access(home / name, os.W_OK) for name in (".cache", ".npm") if (home / name).exists())


def excerpt(path: Path, lines_each: int = 8) -> str:
    """Return the beginning and the end of a log, indented: some tools name the cause first, some last."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    if len(lines) > 2 * lines_each:
        lines = [*lines[:lines_each], "…", *lines[-lines_each:]]
    return "\n".join(f"    {line}" for line in lines)
