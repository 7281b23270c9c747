"""Keeps uploaded files: streamed to disk, measured, digested; never half-stored."""

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Final

from feilun.ingestion.contracts import FileFormat
from feilun.ingestion.errors import DiskFull, FileNotKnown, UploadIncomplete
from feilun.ingestion.internal import store
from feilun.ingestion.internal.files import detect_text_encoding
from feilun.ingestion.internal.sniffing import detect_format
from feilun.ingestion.internal.workbook import open_sheets, remove_sheets
from feilun.kernel.errors import FeilunError
from feilun.platform.config import Settings
from feilun.platform.db import UnitOfWork

SPARE_BYTES: Final = 256 << 20
"""What has to stay free besides the file: the databases live on the same disk and must never run out because of an upload."""
_CHECK_BYTES: Final = 64 << 20
"""How often the free space is looked at again while bytes come in."""
_NAME_CHARACTERS_MAX: Final = 255


def check_space(settings: Settings, size_bytes: int) -> None:
    """Refuse what would not fit. Raises: DiskFull."""
    folder = settings.files_dir
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if size_bytes + SPARE_BYTES > free:
        raise DiskFull(
            "not enough free space",
            needed_mb=-(-(size_bytes + SPARE_BYTES) >> 20),
            free_mb=free >> 20,
        )


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """A file on disk that no row names yet."""

    name: str
    stored_name: str
    size_bytes: int
    sha256: str


class Upload:
    """A file being received. Use as a context manager: leaving it without `finish` removes what was written.

    `write` raises DiskFull when the disk fills up meanwhile.
    """

    def __init__(self, settings: Settings, *, name: str, size_bytes: int) -> None:
        check_space(settings, size_bytes)
        self._folder = settings.files_dir
        self._name = PurePosixPath(name.replace("\\", "/")).name[:_NAME_CHARACTERS_MAX] or "file"
        self._stored_name = secrets.token_hex(16)
        self._path = self._folder / f"{self._stored_name}.part"
        self._digest = hashlib.sha256()
        self._size = 0
        self._settings = settings
        self._file = self._path.open("wb")

    def __enter__(self) -> "Upload":
        return self

    def __exit__(self, *_: object) -> None:
        # Closing flushes; on a full disk that fails again, and the file goes anyway.
        with suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)

    def write(self, chunk: bytes) -> None:
        """Append bytes. Raises: DiskFull."""
        if self._size // _CHECK_BYTES != (self._size + len(chunk)) // _CHECK_BYTES:
            # The announced size may be missing or wrong, and others write to the same disk.
            check_space(self._settings, len(chunk))
        self._digest.update(chunk)
        self._size += len(chunk)
        self._guarded(lambda: self._file.write(chunk))

    def finish(self, *, expected_bytes: int | None = None) -> StoredUpload:
        """Make the file durable and give it its name. Raises: UploadIncomplete, DiskFull."""
        if expected_bytes is not None and self._size != expected_bytes:
            raise UploadIncomplete("the upload broke off", received=self._size, expected=expected_bytes)
        self._guarded(self._settle)
        self._path.rename(self._folder / self._stored_name)
        return StoredUpload(self._name, self._stored_name, self._size, self._digest.hexdigest())

    def _settle(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def _guarded(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise DiskFull("the disk is full", needed_mb=self._size >> 20, free_mb=0) from None
            raise


def receive(settings: Settings, chunks: Iterable[bytes], *, name: str, size_bytes: int) -> StoredUpload:
    """Store a stream of known size. Raises: DiskFull, UploadIncomplete."""
    with Upload(settings, name=name, size_bytes=size_bytes) as upload:
        for chunk in chunks:
            upload.write(chunk)
        return upload.finish(expected_bytes=size_bytes)


def examine(settings: Settings, upload: StoredUpload) -> str | None:
    """Look into a stored file; returns its text encoding. One that cannot be read at all is removed again.

    Raises: FileEmpty, FormatUnknown, FileBroken, WorkbookTooLarge, WorkbookProtected, DiskFull.
    """
    path = settings.files_dir / upload.stored_name
    try:
        if detect_format(path) is FileFormat.WORKBOOK:
            open_sheets(path)
        return detect_text_encoding(path)
    except FeilunError:
        remove_content(settings, upload.stored_name)
        raise


def content_path(settings: Settings, stored: store.StoredFile) -> Path:
    """Return where a file's content lies. Raises: FileNotKnown when it is gone."""
    path = settings.files_dir / stored.stored_name
    if not stored.file.is_present or not path.exists():
        raise FileNotKnown("the file's content was removed", file_id=stored.file.file_id)
    return path


def remove_content(settings: Settings, stored_name: str) -> None:
    """Remove a file's content and what was made from it."""
    path = settings.files_dir / stored_name
    path.unlink(missing_ok=True)
    remove_sheets(path)


def delete_old(uow: UnitOfWork, settings: Settings, *, older_than: timedelta) -> int:
    """Remove the content of old files, and of stored files that never got a row (a crash between the two)."""
    before = uow.now - older_than
    old = store.removable_files(uow, before)
    store.mark_files_removed(uow, [file_id for file_id, _ in old])
    for _, stored_name in old:
        remove_content(settings, stored_name)
    known = store.known_stored_names(uow)
    day_ago = (uow.now - timedelta(days=1)).timestamp()
    for path in settings.files_dir.iterdir() if settings.files_dir.is_dir() else ():
        if path.name.split(".")[0] not in known and path.name != "spool" and path.stat().st_mtime < day_ago:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    needed = store.imports_with_work(uow)
    spools = settings.files_dir / "spool"
    for folder in spools.iterdir() if spools.is_dir() else ():
        if folder.name not in needed:
            shutil.rmtree(folder, ignore_errors=True)
    return len(old)
