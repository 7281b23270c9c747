"""Checks the named files, or all of `src/feilun`; exits 1 when something is found."""

import sys
from pathlib import Path, PurePosixPath

from tools.lint.rules import check

ROOT = Path(__file__).resolve().parents[2]


def main(names: list[str]) -> int:
    """Print every finding."""
    paths = [Path(name).resolve() for name in names] or sorted((ROOT / "src" / "feilun").rglob("*.py"))
    findings = [
        finding
        for path in paths
        if path.is_relative_to(ROOT / "src" / "feilun")
        for finding in check(PurePosixPath(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    ]
    print(*findings, sep="\n", end="\n" if findings else "")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
