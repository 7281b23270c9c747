"""Builds the web app into web/dist when its sources changed since the last build.

The stamp is a hash of the sources' content, so a checkout or a touched file costs no build. The new build takes the
place of the old one only when it is complete.
"""

import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(os.path.realpath(__file__)).parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tools.launcher import node  # noqa: E402 — the path must be set first when this file is run by itself
from tools.launcher.environment import only_launch  # noqa: E402
from tools.launcher.words import CACHE, Refusal, say  # noqa: E402

DIST: Final = node.WEB / "dist"
_STAMP_NAME: Final = ".feilun-build"
_NOT_SOURCES: Final = {"node_modules", "dist", "dist.new", "dist.old", "coverage", ".vite"}


def ensure_built() -> None:
    """Build web/dist unless it is what the sources give. Raises: Refusal when the build fails."""
    if not (node.WEB / "package.json").exists():
        return
    wanted = sources_hash()
    if _built() == wanted:
        return
    variables = node.node_variables()
    node.install_packages(variables)
    with only_launch():
        if _built() != wanted:
            _build(wanted, variables)


def sources_hash() -> str:
    """Return a hash of every file that can influence the build."""
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(node.WEB):
        folders[:] = sorted(name for name in folders if name not in _NOT_SOURCES)
        for name in sorted(files):
            path = Path(folder, name)
            content = path.read_bytes()
            digest.update(f"{path.relative_to(node.WEB)}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _built() -> str:
    try:
        return (DIST / _STAMP_NAME).read_text(encoding="utf-8")
    except OSError:
        return ""


def _build(wanted: str, variables: dict[str, str]) -> None:
    say("building the web app")
    fresh, old = DIST.with_name("dist.new"), DIST.with_name("dist.old")
    vite = str(node.WEB / "node_modules" / "vite" / "bin" / "vite.js")
    command = ["node", vite, "build", "--outDir", str(fresh), "--emptyOutDir", "--logLevel", "warn"]
    node.run(command, variables, CACHE / "web-build.log")
    (fresh / _STAMP_NAME).write_text(wanted, encoding="utf-8")
    shutil.rmtree(old, ignore_errors=True)
    if DIST.exists():
        DIST.rename(old)
    fresh.rename(DIST)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    try:
        ensure_built()
    except Refusal as refusal:
        say(str(refusal))
        sys.exit(1)
