"""Everything that can be said about the code without running it as a program: `./feilun check`.

All checks run, whatever the first ones say; each failing one prints its whole output. Ends non-zero when any failed.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.launcher import environment, node
from tools.launcher.words import CACHE, ROOT, Refusal

_PYTHON: Final = str(environment.PYTHON)
_PYTHON_FILES: Final = ("src", "tests", "tools", "benchmarks", "migrations", "feilun")
_IMPORTS: Final = "import sys; from importlinter.cli import lint_imports_command; sys.argv[0] = 'lint-imports'; lint_imports_command()"
_PARALLEL: Final = 2


@dataclass(frozen=True, slots=True)
class Check:
    """One command; `prepare` makes what it needs and may refuse."""

    name: str
    command: tuple[str, ...]
    folder: Path = ROOT
    variables: Callable[[], dict[str, str]] = environment.child_variables


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check said."""

    check: Check
    is_passed: bool
    seconds: float
    output: str


def all_checks() -> Iterator[Check]:
    """Yield every check, the slowest first so that two lanes end together."""
    yield Check("types (mypy)", (_PYTHON, "-m", "mypy"))
    yield from _web_checks()
    yield Check(
        "boundaries (import-linter)",
        (_PYTHON, "-c", _IMPORTS, "--cache-dir", str(CACHE / "imports"), "--no-logo"),
    )
    yield Check("house rules (tools/lint)", (_PYTHON, "-m", "tools.lint"))
    yield Check("lint (ruff)", (_PYTHON, "-m", "ruff", "check", *_present()))
    yield Check("format (ruff)", (_PYTHON, "-m", "ruff", "format", "--check", *_present()))
    yield Check("OpenAPI file and client types are fresh", (_PYTHON, "-m", "tools.openapi", "--check"))
    yield Check("reference pages are fresh", (_PYTHON, "-m", "tools.docs", "--check"))


def main() -> int:
    """Run the checks and print one line for each, with the output of those that fail."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="run the checks whose name contains this")
    options = parser.parse_args()
    chosen = [check for check in all_checks() if options.only in check.name]
    return 0 if run(chosen) else 1


def run(checks: list[Check]) -> bool:
    """Run checks two at a time, printing each outcome as it comes; tells whether all passed."""
    began = time.monotonic()
    CACHE.mkdir(exist_ok=True)
    failed = []
    with ThreadPoolExecutor(_PARALLEL) as lanes:
        for outcome in lanes.map(_run, checks):
            print(
                f"{'ok  ' if outcome.is_passed else 'FAIL'} {outcome.check.name} ({outcome.seconds:.1f} s)",
                flush=True,
            )
            if not outcome.is_passed:
                failed.append(outcome.check.name)
                print(outcome.output.rstrip(), flush=True)
    summary = f"failed: {', '.join(failed)}" if failed else "all fine"
    print(f"{len(checks)} checks in {time.monotonic() - began:.0f} s; {summary}", flush=True)
    return not failed


def _run(check: Check) -> Outcome:
    began = time.monotonic()
    try:
        variables = check.variables() | {"NO_COLOR": "1"}
        program = shutil.which(check.command[0], path=variables["PATH"]) or check.command[0]
        done = subprocess.run(
            [program, *check.command[1:]],
            cwd=check.folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except (Refusal, OSError) as error:
        return Outcome(check, is_passed=False, seconds=time.monotonic() - began, output=str(error))
    return Outcome(check, done.returncode == 0, time.monotonic() - began, done.stdout)


def _present() -> list[str]:
    return [name for name in _PYTHON_FILES if (ROOT / name).exists()]


def _web_checks() -> Iterator[Check]:
    if not (node.WEB / "package.json").exists():
        return
    yield Check("web: tests (vitest)", ("npm", "run", "--silent", "test"), node.WEB, _web_variables)
    yield Check(
        "web: types and lint (tsc, biome)", ("npm", "run", "--silent", "check"), node.WEB, _web_variables
    )


def _web_variables() -> dict[str, str]:
    variables = node.node_variables()
    node.install_packages(variables)
    return variables


if __name__ == "__main__":
    sys.exit(main())
