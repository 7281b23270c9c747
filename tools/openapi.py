"""Writes web/openapi.json from the application and web/src/api/schema.d.ts from that: `python -m tools.openapi [--check]`.

The page's client is typed by these files, so a changed endpoint breaks the web type-check instead of the page.
"""

import argparse
import difflib
import json
import sys
import tempfile
from pathlib import Path
from typing import Final

from feilun.entrypoints.http import create_app
from feilun.entrypoints.wiring import Rooms, handlers
from feilun.platform.config import load_settings
from feilun.platform.db import Database
from feilun.platform.keys import Keyring
from tools.launcher import node
from tools.launcher.words import CACHE, ROOT, Refusal

_DOCUMENT: Final = node.WEB / "openapi.json"
_TYPES: Final = node.WEB / "src" / "api" / "schema.d.ts"
_NOWHERE: Final = "postgresql://nobody@127.0.0.1:1/none"


def document() -> str:
    """Return the OpenAPI description of the application; no engine is opened for it."""
    settings = load_settings(data_dir=Path(tempfile.gettempdir()) / "feilun-openapi")
    database = Database(_NOWHERE, Keyring({1: bytes(32)}, bytes(32)))
    app = create_app(settings, database, Rooms(settings, database, handlers()))
    return json.dumps(app.openapi(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def types(description: Path) -> str:
    """Return the TypeScript types of an OpenAPI file. Raises: Refusal when Node or its packages cannot be had."""
    variables = node.node_variables()
    node.install_packages(variables)
    generator = str(node.WEB / "node_modules" / "openapi-typescript" / "bin" / "cli.js")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "schema.d.ts"
        node.run(
            ["node", generator, str(description), "-o", str(made)], variables, CACHE / "openapi-types.log"
        )
        return made.read_text(encoding="utf-8")


def main() -> int:
    """Write both files, or with `--check` show how they differ from what the code gives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only tell whether they are stale")
    options = parser.parse_args()
    try:
        fresh = document()
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            file.write(fresh)
            file.flush()
            wanted = {_DOCUMENT: fresh, _TYPES: types(Path(file.name))}
    except Refusal as refusal:
        print(refusal)
        return 1
    stale = {
        path: text
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    for path, text in stale.items():
        name = path.relative_to(ROOT)
        if options.check:
            present = path.read_text(encoding="utf-8") if path.exists() else ""
            difference = difflib.unified_diff(
                present.splitlines(), text.splitlines(), "committed", "code", lineterm="", n=1
            )
            print(f"{name} is stale: run .venv/bin/python -m tools.openapi", *list(difference)[:40], sep="\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"{name} written")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
