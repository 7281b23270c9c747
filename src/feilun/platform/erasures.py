"""The journal of erased persons, kept beside the keys: a restore brings erased people back, and this list erases them again.

It lies outside the data directory and its backups on purpose. It holds ids and moments, no personal values.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from feilun.kernel.ids import PersonId

_FILE: Final = "erasures.jsonl"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erased person."""

    person_id: PersonId
    erased_at: datetime


def append(keys_dir: Path, person_id: PersonId, at: datetime) -> None:
    """Note an erasure, durably. Called last before the erasing transaction commits; noting one twice does no harm."""
    keys_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = json.dumps({"person_id": person_id, "erased_at": at.isoformat()}) + "\n"
    descriptor = os.open(keys_dir / _FILE, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        is_cut_off = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, (b"\n" if is_cut_off else b"") + line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(keys_dir: Path) -> list[Erasure]:
    """Return all erasures noted here, oldest first; empty when there never was one."""
    return list(_lines(keys_dir / _FILE))


def _lines(path: Path) -> Iterator[Erasure]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            try:
                noted = json.loads(line)
            except ValueError:  # cut off by a crash, so its transaction never committed
                continue
            yield Erasure(PersonId(noted["person_id"]), datetime.fromisoformat(noted["erased_at"]))
