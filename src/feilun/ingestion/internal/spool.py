"""Sorts a file's rows into partitions by record key, so that all rows of a record lie together, in bounded memory.

The spool is disposable: it is complete when `done.json` exists, and is made again from the file otherwise. Partition and
order of a row depend only on file, mapping and number of partitions, so checkpoints outlive a remade spool. ADR-0005.
"""

import errno
import json
import os
import shutil
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute

from feilun.ingestion.contracts import ImportMapping, RecordKind
from feilun.ingestion.errors import DiskFull
from feilun.ingestion.internal.cells import raw_rows
from feilun.ingestion.internal.files import OWN_COLUMNS, Table
from feilun.ingestion.internal.mapping import from_document, to_document
from feilun.ingestion.internal.rows import EvidenceGatherer, RowParser
from feilun.platform.crashpoints import crash_here

ROWS_PER_PARTITION: Final = 50_000
_PARTITIONS_MAX: Final = 256
_ROW_BYTES_GUESS: Final = 80
_BUFFER_BYTES: Final = 64 << 20

pc: Final[Any] = pyarrow.compute


@dataclass(frozen=True, slots=True)
class Spool:
    """A complete spool."""

    folder: Path
    partitions: int
    rows: int
    mapping: ImportMapping
    """The mapping with the reading of dates and numbers that the whole file proves."""


class SpoolStopped(Exception):
    """Sorting was broken off because a stop was asked for."""


def partition_count(rows: int | None, size_bytes: int) -> int:
    """Return into how many partitions to sort; fixed when an import starts."""
    expected = rows if rows is not None else size_bytes // _ROW_BYTES_GUESS
    return max(1, min(_PARTITIONS_MAX, -(-expected // ROWS_PER_PARTITION)))


def find_spool(folder: Path) -> Spool | None:
    """Return the spool when it is complete."""
    try:
        done = json.loads((folder / "done.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return Spool(folder, done["partitions"], done["rows"], from_document(done["mapping"]))


def remove_spool(folder: Path) -> None:
    """Remove a spool, complete or not."""
    shutil.rmtree(folder, ignore_errors=True)


def write_spool(
    table: Table,
    mapping: ImportMapping,
    kind: RecordKind,
    folder: Path,
    *,
    partitions: int,
    on_rows: Callable[[int], bool],
) -> Spool:
    """Sort the table's rows into `folder`. `on_rows` hears how many rows were read and answers whether to go on.

    Raises: SpoolStopped, DiskFull (nothing is left behind), and what reading the table raises.
    """
    remove_spool(folder)
    try:
        folder.mkdir(parents=True)
        return _write(table, mapping, kind, folder, partitions, on_rows)
    except OSError as error:
        remove_spool(folder)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull("no space to sort the file's rows") from None
        raise
    except SpoolStopped:
        remove_spool(folder)
        raise


def _write(
    table: Table,
    mapping: ImportMapping,
    kind: RecordKind,
    folder: Path,
    partitions: int,
    on_rows: Callable[[int], bool],
) -> Spool:
    names = [column.name for column in table.layout.columns]
    parser = RowParser(mapping, kind)
    gatherer = EvidenceGatherer(mapping, kind)
    writers = _Writers(folder, partitions)
    rows = 0
    try:
        for batch in table.batches():
            gatherer.observe(batch)
            writers.add(batch, _partitions_of(batch, names, parser, partitions))
            rows += batch.num_rows
            crash_here("import.spool_half")
            if not on_rows(rows):
                raise SpoolStopped
        writers.finish()
    finally:
        writers.close()
    settled = gatherer.settled()
    document = {"partitions": partitions, "rows": rows, "mapping": to_document(settled)}
    temporary = folder / "done.new"
    temporary.write_text(json.dumps(document), encoding="utf-8")
    _sync(temporary)
    temporary.rename(folder / "done.json")
    _sync(folder)
    crash_here("import.after_spool")
    return Spool(folder, partitions, rows, settled)


def _partitions_of(
    batch: pa.RecordBatch, names: Sequence[str], parser: RowParser, partitions: int
) -> list[int]:
    """Choose by key; rows without one by content, so that identical rows still lie together and can be counted."""
    if partitions == 1:
        return [0] * batch.num_rows
    chosen: dict[tuple[object, ...], int] = {}
    result = []
    keyless = []
    for row, key in enumerate(parser.keys_of(batch)):
        if key is None:
            keyless.append(row)
            result.append(0)
            continue
        partition = chosen.get(key)
        if partition is None:
            partition = chosen[key] = _hash("\x1f".join(map(str, key)), partitions)
        result.append(partition)
    for row, raw in zip(keyless, raw_rows(batch, names, keyless) if keyless else (), strict=True):
        result[row] = _hash("\x1f".join(f"{name}\x1e{cell}" for name, cell in raw.items()), partitions)
    return result


def _hash(text: str, partitions: int) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) % partitions


class _Writers:
    """One Arrow stream per partition; small pieces are gathered so that files hold few, larger batches."""

    def __init__(self, folder: Path, partitions: int) -> None:
        self._folder = folder
        self._pieces: list[list[pa.RecordBatch]] = [[] for _ in range(partitions)]
        self._bytes = 0
        self._open: dict[int, tuple[pa.OSFile, Any]] = {}

    def add(self, batch: pa.RecordBatch, partitions: Sequence[int]) -> None:
        chosen = pa.array(partitions, pa.int32())
        order = pc.sort_indices(chosen)
        # sort_indices is stable, so rows keep the file's order within their partition.
        ordered = batch.take(order)
        counts = {item["values"]: item["counts"] for item in pc.value_counts(chosen).to_pylist()}
        start = 0
        for partition in sorted(counts):
            self._pieces[partition].append(ordered.slice(start, counts[partition]))
            start += counts[partition]
        self._bytes += batch.nbytes
        if self._bytes > _BUFFER_BYTES:
            self._flush()

    def finish(self) -> None:
        """Write what is left and make it durable."""
        self._flush()
        self.close()
        for path in self._folder.glob("*.arrows"):
            _sync(path)

    def close(self) -> None:
        for sink, writer in self._open.values():
            writer.close()
            sink.close()
        self._open.clear()

    def _flush(self) -> None:
        for partition, pieces in enumerate(self._pieces):
            if pieces:
                whole = pa.Table.from_batches(pieces).combine_chunks().to_batches()
                for batch in whole:
                    self._writer(partition, batch.schema).write_batch(batch)
                pieces.clear()
        self._bytes = 0

    def _writer(self, partition: int, schema: pa.Schema) -> Any:
        if partition not in self._open:
            sink = pa.OSFile(str(_path(self._folder, partition)), "wb")
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._open[partition] = (sink, pa.ipc.new_stream(sink, schema, options=options))
        return self._open[partition][1]


def _path(folder: Path, partition: int) -> Path:
    return folder / f"{partition:04d}.arrows"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_partition(spool: Spool, partition: int) -> pa.RecordBatch | None:
    """Return all rows of a partition in the file's order, None when it has none."""
    path = _path(spool.folder, partition)
    if not path.exists():
        return None
    with pa.OSFile(str(path), "rb") as source:
        table = pa.ipc.open_stream(source).read_all().combine_chunks()
    batches = table.to_batches()
    assert len(batches) == 1, "a partition fits into one batch"
    return batches[0]


def data_columns(batch: pa.RecordBatch) -> list[str]:
    """Return the names of the file's own columns."""
    return [name for name in batch.schema.names if name not in OWN_COLUMNS]
