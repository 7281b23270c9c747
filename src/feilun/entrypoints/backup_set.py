"""A backup on disk: a directory with the dump, the files and a manifest that says what is in it and how to tell it is whole."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from feilun.kernel.errors import FeilunError

DUMP: Final = "database.dump"
FILES: Final = "files"
_MANIFEST: Final = "manifest.json"
_FORMAT: Final = 1
_CHUNK_BYTES: Final = 1 << 20


class BackupUnreadable(FeilunError):
    """There is no backup at that place, or its manifest cannot be understood; detail: path, reason."""

    code = "backup.unreadable"


class BackupDamaged(FeilunError):
    """A part of the backup is missing or differs from what was written; detail: file."""

    code = "backup.damaged"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a backup."""

    path: str
    """Relative to the backup, with slashes."""
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds; written last, so a backup with a manifest is complete."""

    version: str
    """Version of the program that wrote it."""
    created_at: datetime
    """The moment whose state it holds."""
    postgres_version: str
    revision: str
    """Schema revision of the dump."""
    log_position: int
    log_id: str
    key_fingerprint: str
    """Which keys open it; the keys themselves are never in a backup."""
    parts: tuple[Part, ...]

    def write(self, folder: Path) -> None:
        """Store it in `folder`, sealed with a digest of itself."""
        content = {**asdict(self), "format": _FORMAT, "created_at": self.created_at.isoformat()}
        text = json.dumps({**content, "digest": _digest(content)}, indent=1)
        descriptor = os.open(folder / _MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the manifest of a backup. Raises: BackupUnreadable."""
        try:
            content = json.loads((folder / _MANIFEST).read_text())
            digest, written_format = content.pop("digest"), content.pop("format")
            if digest != _digest({**content, "format": written_format}):
                raise BackupUnreadable(
                    f"the manifest in {folder} was changed", path=str(folder), reason="digest"
                )
            if written_format != _FORMAT:
                raise BackupUnreadable(
                    f"unknown format {written_format}", path=str(folder), reason=f"format {written_format}"
                )
            parts = tuple(Part(**part) for part in content.pop("parts"))
            return cls(
                **{**content, "parts": parts, "created_at": datetime.fromisoformat(content["created_at"])}
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = type(error).__name__
            raise BackupUnreadable(
                f"no readable backup in {folder}: {error}", path=str(folder), reason=reason
            ) from error


def _digest(content: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def describe(folder: Path, path: str) -> Part:
    """Return size and digest of a file in a backup."""
    digest, size = hashlib.sha256(), 0
    with (folder / path).open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return Part(path, size, digest.hexdigest())


def verify(folder: Path, manifest: Manifest) -> None:
    """Read every part and compare. Raises: BackupDamaged, naming the first part that is not as it was."""
    for part in manifest.parts:
        try:
            found = describe(folder, part.path)
        except OSError:
            raise BackupDamaged(f"{part.path} cannot be read", file=part.path) from None
        if found != part:
            raise BackupDamaged(f"{part.path} is not what was written", file=part.path)


def copy_files(source: Path, target: Path) -> Iterator[Path]:
    """Copy every plain file below `source`, durably; yields paths relative to it. Files that vanish meanwhile are left out."""
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in sorted(source.rglob("*")) if source.exists() else ():
        if path.is_symlink() or not path.is_file():
            continue
        relative = path.relative_to(source)
        copy = target / relative
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with path.open("rb") as reading, copy.open("wb") as writing:
                copy.chmod(0o600)
                shutil.copyfileobj(reading, writing, _CHUNK_BYTES)
                writing.flush()
                os.fsync(writing.fileno())
        except FileNotFoundError:
            copy.unlink(missing_ok=True)
            continue
        yield relative
