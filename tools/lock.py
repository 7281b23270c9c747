"""Writes requirements/*.txt from requirements/*.in: pinned, hashed, for all platforms, naming no registry.

Needs `uv` (`pip install uv`). Releases younger than a week are not taken, so that a bad upload is seen by others first.
"""

import argparse
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
QUARANTINE = timedelta(days=7)


def main() -> int:
    """Compile every lock; `--upgrade` also moves unchanged requirements to newer releases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take newer releases of everything")
    parser.add_argument(
        "--until", default=f"{datetime.now(UTC) - QUARANTINE:%Y-%m-%d}", help="ignore later releases"
    )
    options = parser.parse_args()
    for source in ("base.in", "dev.in", "node.in"):
        target = source.replace(".in", ".txt")
        command = [
            "uv",
            "pip",
            "compile",
            "--quiet",
            "--generate-hashes",
            "--universal",
            "--python-version",
            "3.11",
        ]
        command += ["--no-emit-index-url", "--exclude-newer", options.until]
        command += ["--custom-compile-command", "python -m tools.lock"]
        command += ["--upgrade"] if options.upgrade else []
        # dev repeats base exactly, so that installing dev alone gives a program that runs.
        command += ["--constraint", "base.txt"] if source == "dev.in" else []
        done = subprocess.run([*command, source, "--output-file", target], cwd=REQUIREMENTS, check=False)
        if done.returncode:
            return done.returncode
        print(f"requirements/{target} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
