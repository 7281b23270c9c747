"""`python -m feilun.platform.launch [options] -- PROGRAM …`: become another program, tied to its parent's life, without root.

On Linux the program gets a signal when its parent ends, however that ends. Run as root with `--user`, it gives root up for
good. Paths it must `--reach` may lie below directories closed to that account (a checkout under /root, a directory of mode
0700): it then keeps exactly the capability that opens them, and no directory is ever changed for it.
Standard library only: this runs before every start of an engine.
"""

import argparse
import ctypes
import os
import signal
import sys
from typing import Final, NoReturn

EXIT_PATH_CLOSED: Final = 77
"""Exit code when a path cannot be reached and no capability can open it; its last line on standard error is the path."""

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_KEEPCAPS: Final = 8
_PR_CAPBSET_READ: Final = 23
_PR_SET_SECUREBITS: Final = 28
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_RAISE: Final = 2
_CAP_DAC_OVERRIDE: Final = 1
_CAP_DAC_READ_SEARCH: Final = 2
_CAPABILITY_VERSION_3: Final = 0x20080522
_SECBIT_NO_SETUID_FIXUP: Final = 1 << 2
_CHOICES: Final[tuple[tuple[int, ...], ...]] = (
    (),
    (_CAP_DAC_READ_SEARCH,),
    # The stronger one: containers are usually refused the first, and a program file may lack the x bit for others.
    (_CAP_DAC_OVERRIDE,),
)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def main() -> NoReturn:
    """Do as the command line says; returns never."""
    arguments = _parse_arguments()
    program: list[str] = arguments.program
    if arguments.user:
        uid, gid = (int(part) for part in arguments.user.split(":"))
        _drop_root(uid, gid, _capabilities_needed(uid, gid, arguments.reach, program[0]))
    if arguments.end_with:
        _tie_to_parent(arguments.end_with, arguments.parent)
    os.execv(program[0], program)  # noqa: S606 — becoming that program is the purpose


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="feilun.platform.launch", description=__doc__)
    parser.add_argument("--user", help="UID:GID to become; needs root")
    parser.add_argument(
        "--reach", action="append", default=[], help="directory that the account must be able to enter"
    )
    parser.add_argument("--end-with", type=int, help="signal to get when the parent ends")
    parser.add_argument("--parent", type=int, required=True, help="pid of the parent")
    parser.add_argument("program", nargs="+")
    return parser.parse_args()


def _tie_to_parent(number: int, parent: int) -> None:
    """Linux only; elsewhere the next start finds what was left behind. After dropping root: that clears the setting."""
    if sys.platform != "linux":
        return
    _prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it ended between our start and here
        os.kill(os.getpid(), signal.SIGKILL)


def _capabilities_needed(uid: int, gid: int, paths: list[str], program: str) -> tuple[int, ...]:
    """Return the smallest choice with which a trial process reaches every path and starts the program."""
    closed = program
    for choice in _CHOICES:
        if not all(_is_grantable(capability) for capability in choice):
            continue
        answer, answering = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(answer)
            _try_paths(uid, gid, choice, paths, program, answering)
        os.close(answering)
        with os.fdopen(answer, "rb") as pipe:
            told = pipe.read().decode()
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == 0:
            return choice
        closed = told or program
    sys.stderr.write(f"{closed}\n")
    sys.exit(EXIT_PATH_CLOSED)


def _try_paths(
    uid: int, gid: int, choice: tuple[int, ...], paths: list[str], program: str, answering: int
) -> NoReturn:
    try:
        _drop_root(uid, gid, choice)
    except OSError:
        os._exit(1)
    for path in paths:
        try:
            os.stat(os.path.join(path, "."))  # noqa: PTH116, PTH118 — Path would drop the final dot, which is the trial
        except OSError:
            os.write(answering, path.encode())
            os._exit(1)
    if not os.access(program, os.R_OK | os.X_OK):  # PostgreSQL asks this of itself
        os._exit(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        os.execv(program, [program, "--version"])  # noqa: S606 — the trial is whether this can be executed
    except OSError:
        os._exit(1)


def _is_grantable(capability: int) -> bool:
    return sys.platform == "linux" and _prctl(_PR_CAPBSET_READ, capability, must_succeed=False) == 1


def _drop_root(uid: int, gid: int, capabilities: tuple[int, ...]) -> None:
    if capabilities:
        _prctl(_PR_SET_KEEPCAPS, 1)
        # Without this bit access(2), by which PostgreSQL checks its own programs, would ignore the capabilities.
        _prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if not capabilities:
        return
    # Permitted survived the change of user; everything but the choice goes now. Ambient ones survive the exec that follows.
    mask = sum(1 << capability for capability in capabilities)
    header = _Header(_CAPABILITY_VERSION_3, 0)
    data = (_Data * 2)(_Data(mask, mask, mask), _Data(0, 0, 0))
    if ctypes.CDLL(None, use_errno=True).capset(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    for capability in capabilities:
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)


def _prctl(option: int, *values: int, must_succeed: bool = True) -> int:
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    result = int(ctypes.CDLL(None, use_errno=True).prctl(option, *padded))
    if result < 0 and must_succeed:
        raise OSError(ctypes.get_errno(), f"prctl({option})")
    return result


if __name__ == "__main__":
    main()
