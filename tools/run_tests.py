"""`./feilun test`: every check, then every test. Pytest's closing line is the last output, whatever happened before.

Options that are not ours go to pytest; naming files or a pattern skips the checks, because then one thing is being tried.
"""

import argparse
import os
import subprocess
import sys
from typing import Final

from tools import build_web, checks
from tools.launcher import chromium, environment
from tools.launcher.words import ROOT, Refusal, say

_WORKERS: Final = 2
"""The suite is tuned for two cores; more workers mean more copies of the engines than they save."""


def main() -> int:
    """Run checks and tests; returns non-zero when either failed."""
    parser = argparse.ArgumentParser(prog="feilun test", description=__doc__)
    parser.add_argument("--no-checks", action="store_true", help="run tests only")
    options, for_pytest = parser.parse_known_args()
    is_whole = not any(not argument.startswith("-") or argument == "-k" for argument in for_pytest)
    are_checks_fine = True
    try:
        build_web.ensure_built()
    except Refusal as refusal:
        say(str(refusal))
        are_checks_fine = False
    chromium.ensure_installed()
    if is_whole and not options.no_checks:
        are_checks_fine = checks.run(list(checks.all_checks())) and are_checks_fine
    if not are_checks_fine:
        print("Checks failed (see above); the tests follow all the same.", flush=True)
    tests = _run_pytest(for_pytest, is_parallel=is_whole)
    return tests or (0 if are_checks_fine else 1)


def _run_pytest(arguments: list[str], *, is_parallel: bool) -> int:
    parallel = ["-n", str(_WORKERS), "--dist", "loadfile"] if is_parallel else []
    command = [str(environment.PYTHON), "-m", "pytest", *parallel, "--durations=10", *arguments]
    sys.stdout.flush()
    return subprocess.run(
        command, cwd=ROOT, env=environment.child_variables(), stdin=subprocess.DEVNULL, check=False
    ).returncode


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
