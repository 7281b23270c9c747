"""A lock on a file that one process holds and the kernel frees when it ends, so that it can never be stale."""

import fcntl
import os
from pathlib import Path
from typing import Final

from feilun.platform.engine_errors import EngineInUse

_PID_DIGITS_MAX: Final = 20


class FileLock:
    """Holds `path` for this process; the file names the holder's pid for the message to whoever comes second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock; a no-op when we hold it. Raises: EngineInUse with the holder's pid."""
        if self._descriptor is not None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(descriptor, _PID_DIGITS_MAX, 0).decode().strip() or "?"
            os.close(descriptor)
            folder = str(self._path.parent)
            raise EngineInUse(f"process {pid} already works on {folder}", path=folder, pid=pid) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Let the lock go; a no-op when we do not hold it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> str | None:
        """Return the pid of the process that holds the lock, or None when nobody does; writes nothing."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return os.pread(descriptor, _PID_DIGITS_MAX, 0).decode().strip() or "?"
        else:
            return None
        finally:
            os.close(descriptor)
