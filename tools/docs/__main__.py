"""Writes the reference pages and builds the site; with `--check`, tells which pages are stale and changes nothing."""

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tools.docs import commands_page, decisions_page, errors_page, events_page, operations_page, settings_page

ROOT: Final = Path(__file__).resolve().parents[2]
REFERENCE: Final = ROOT / "docs" / "reference"
_NOTE: Final = "<!-- Written by ./feilun docs from the code; do not edit. -->\n\n"
PAGES: Final[dict[str, Callable[[], str]]] = {
    "settings.md": settings_page.page,
    "errors.md": errors_page.page,
    "events.md": events_page.page,
    "cli.md": commands_page.page,
    "api.md": operations_page.page,
    "../decisions/README.md": decisions_page.page,
}


def main() -> int:
    """Write or check every page."""
    parser = argparse.ArgumentParser(prog="feilun docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only tell what is stale")
    parser.add_argument("--no-site", action="store_true", help="write the reference pages only")
    options = parser.parse_args()
    stale = []
    for name, page in PAGES.items():
        path, text = (REFERENCE / name).resolve(), _NOTE + page()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.relative_to(ROOT))
            if not options.check:
                REFERENCE.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    print(
        *(f"{path} {'is stale: run ./feilun docs' if options.check else 'written'}" for path in stale),
        sep="\n",
        end="",
    )
    if options.check:
        return 1 if stale else 0
    return 0 if options.no_site else _build_site()


def _build_site() -> int:
    """Build site/ from mkdocs.yml."""
    done = subprocess.run([sys.executable, "-m", "zensical", "build", "--clean"], cwd=ROOT, check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
