"""Finds Chromium for the browser tests; installs Debian's where that is allowed."""

import os
import shutil
import subprocess
from typing import Final

from tools.launcher.words import CACHE, excerpt, say

VARIABLE: Final = "FEILUN_CHROMIUM"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PACKAGES: Final = ("chromium", "fonts-noto-cjk")


def find() -> str | None:
    """Return the browser's executable: the one named by `FEILUN_CHROMIUM`, else the first on PATH."""
    named = os.environ.get(VARIABLE)
    if named:
        return named if os.access(named, os.X_OK) else None
    return next(filter(None, map(shutil.which, _NAMES)), None)


def ensure_installed() -> None:
    """Install Chromium with apt when there is none and we are root; otherwise leave it: the tests say why they skip."""
    if find() or os.environ.get(VARIABLE) or not shutil.which("apt-get"):
        return
    if os.geteuid() != 0:
        say(
            "no Chromium found and not root: browser tests will be skipped (apt install chromium fonts-noto-cjk)"
        )
        return
    say("installing Chromium for the browser tests (apt-get)")
    log = CACHE / "chromium.log"
    variables = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    steps = (["update"], ["install", "-y", "--no-install-recommends", *_PACKAGES])
    with log.open("w", encoding="utf-8") as output:
        codes = [
            subprocess.run(
                ["apt-get", "-q", *step],
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            ).returncode
            for step in steps
        ]
    # A failed update may mean one unreachable source of many; what counts is whether the packages came.
    if codes[-1]:
        say(f"apt-get could not install it, browser tests will be skipped:\n{excerpt(log)}")
