"""Reads CSV, workbooks and Parquet as Arrow batches of bounded size; knows nothing of record kinds or the database.

Every batch has the file's columns (text for CSV and workbooks, stored types for Parquet) and three of our own, whose
names start with a control character that headings cannot hold: row number, part, and what is wrong with the row itself.
"""

import csv
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from feilun.ingestion.contracts import Column, FileFormat, FileLayout, Note, ReadOptions
from feilun.ingestion.errors import CsvBroken, EncodingWrong, FileBroken, FileEmpty, SheetNotFound
from feilun.ingestion.internal.sniffing import (
    HEAD_ROWS,
    detect_delimiter,
    detect_encoding,
    detect_format,
    detect_header_row,
    parse_head,
    unique_headings,
)
from feilun.ingestion.internal.workbook import Sheet, number_text, open_sheets

NUMBER: Final = "\x1fnumber"
PART: Final = "\x1fpart"
PROBLEM: Final = "\x1fproblem"
"""Null, or the rejection code of a row that is wrong as a whole."""
OWN_COLUMNS: Final = (NUMBER, PART, PROBLEM)

pc: Final[Any] = pyarrow.compute
"""Untyped: the stubs know too few of the overloads."""
BATCH_ROWS: Final = 65_536
_TEXT_BATCH_ROWS: Final = 16_384
_TEXT_BATCH_BYTES: Final = 32 << 20
_HEAD_CHARACTERS: Final = 256 << 10
_LINE_CHARACTERS_MAX: Final = 1 << 20
_SAMPLES: Final = 5
_SAMPLE_CHARACTERS: Final = 200
_ACCEPTED_ENCODINGS: Final = frozenset(
    [
        "utf-8",
        "utf-8-sig",
        "gb18030",
        "gbk",
        "gb2312",
        "big5",
        "big5hkscs",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "cp1252",
        "latin-1",
        "shift_jis",
        "euc_kr",
        "ascii",
    ]
)
csv.field_size_limit(_LINE_CHARACTERS_MAX)


class Table(Protocol):
    """A file opened as a table."""

    @property
    def layout(self) -> FileLayout:
        """Columns and how they were found."""
        ...

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order, from the start, as often as asked. Raises: CsvBroken, FileBroken."""
        ...


def open_table(path: Path, reading: ReadOptions, *, encoding: str | None = None) -> Table:
    """Open a file; `encoding` is what an earlier look found, so that large files are scanned once.

    Raises: FileEmpty, FormatUnknown, FileBroken, CsvBroken, EncodingWrong, SheetNotFound, WorkbookTooLarge,
        WorkbookProtected, DiskFull.
    """
    file_format = detect_format(path)
    if file_format is FileFormat.PARQUET:
        return _ParquetTable(path)
    if file_format is FileFormat.WORKBOOK:
        return _open_workbook(path, reading)
    return _open_csv(path, reading, encoding)


def detect_text_encoding(path: Path) -> str | None:
    """Return the encoding of a text file, None for other formats. Raises: FileEmpty, FormatUnknown."""
    return detect_encoding(path) if detect_format(path) is FileFormat.CSV else None


# Text


@dataclass(frozen=True, slots=True)
class _Grid:
    """Which cells of a row are columns: headings, their positions, and the full width a row may have."""

    names: tuple[str, ...]
    positions: tuple[int, ...]
    width: int


def _find_grid(rows: Sequence[Sequence[str]], header_row: int | None) -> tuple[_Grid, int, list[Note]]:
    row = detect_header_row(rows) if header_row is None else min(header_row, len(rows))
    data = [cells for cells in rows[row:] if any(cell.strip() for cell in cells)]
    widths = Counter(len(cells) for cells in data)
    usual = widths.most_common(1)[0][0] if widths else 0
    heading_cells = list(rows[row - 1]) if row else []
    width = max(len(heading_cells), usual)
    heading_cells += [""] * (width - len(heading_cells))
    names, renamed = unique_headings(heading_cells)
    notes = [Note("ingestion.heading_repeated", {"heading": old, "name": new}) for old, new in renamed]
    kept = []
    for position, heading in enumerate(heading_cells):
        if heading.strip() or any(position < len(cells) and cells[position].strip() for cells in data):
            kept.append(position)
        else:
            notes.append(Note("ingestion.column_empty", {"position": position + 1}))
    if row > 1:
        notes.append(Note("ingestion.rows_above_headings", {"rows": row - 1}))
    return _Grid(tuple(names[position] for position in kept), tuple(kept), width), row, notes


def _columns(
    names: Sequence[str], positions: Sequence[int], rows: Sequence[Sequence[str]]
) -> tuple[Column, ...]:
    columns = []
    for name, position in zip(names, positions, strict=True):
        cells = (row[position].strip() for row in rows if position < len(row))
        samples = list(dict.fromkeys(cell[:_SAMPLE_CHARACTERS] for cell in cells if cell))[:_SAMPLES]
        columns.append(Column(name, tuple(samples), "text"))
    return tuple(columns)


@dataclass(frozen=True, slots=True)
class _CsvTable:
    path: Path
    layout: FileLayout
    grid: _Grid

    def batches(self) -> Iterator[pa.RecordBatch]:
        assert self.layout.encoding
        assert self.layout.delimiter
        rows: list[list[str]] = []
        numbers: list[int] = []
        problems: list[str | None] = []
        size = 0
        for number, row in enumerate(
            _csv_rows(self.path, self.layout.encoding, self.layout.delimiter), start=1
        ):
            number_of_data = number - self.layout.header_row
            if number_of_data < 1 or not any(row):
                continue
            problems.append(self._fit(row))
            rows.append(row)
            numbers.append(number_of_data)
            size += sum(map(len, row))
            if len(rows) == _TEXT_BATCH_ROWS or size > _TEXT_BATCH_BYTES:
                yield self._batch(rows, numbers, problems)
                rows, numbers, problems, size = [], [], [], 0
        if rows:
            yield self._batch(rows, numbers, problems)

    def _fit(self, row: list[str]) -> str | None:
        """Bring a row to the table's width; cells beyond it stay visible at the end of the last column."""
        width = self.grid.width
        if len(row) == width:
            return None
        if len(row) < width:
            row.extend([""] * (width - len(row)))
            return None
        beyond = row[width:]
        del row[width:]
        if not any(cell.strip() for cell in beyond):
            return None
        row[-1] = f"{self.layout.delimiter}".join([row[-1], *beyond])
        return "ingestion.row_too_long"

    def _batch(self, rows: list[list[str]], numbers: list[int], problems: list[str | None]) -> pa.RecordBatch:
        cells = list(zip(*rows, strict=True))
        arrays = [pa.array(cells[position], pa.string()) for position in self.grid.positions]
        own = [
            pa.array(numbers, pa.int64()),
            pa.repeat(pa.scalar(""), len(rows)),
            pa.array(problems, pa.string()),
        ]
        return pa.record_batch([*arrays, *own], names=[*self.grid.names, *OWN_COLUMNS])


def _lines(file: TextIO) -> Iterator[str]:
    """Yield lines; a line that does not end within a megabyte is not read on, whatever the file's size."""
    number = 0
    while line := file.readline(_LINE_CHARACTERS_MAX):
        number += 1
        if len(line) == _LINE_CHARACTERS_MAX and not line.endswith(("\n", "\r")):
            raise CsvBroken("a line has no end", line=number)
        yield line


def _csv_rows(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        if file.read(1) != "\ufeff":
            file.seek(0)
        reader = csv.reader(_lines(file), delimiter=delimiter)
        try:
            yield from reader
        except csv.Error:
            raise CsvBroken("a quoted cell does not end", line=reader.line_num) from None


def _open_csv(path: Path, reading: ReadOptions, encoding: str | None) -> Table:
    chosen = reading.encoding or encoding or detect_encoding(path)
    if (
        chosen.lower().replace("_", "-") not in _ACCEPTED_ENCODINGS
        and chosen.lower() not in _ACCEPTED_ENCODINGS
    ):
        raise EncodingWrong(f"encoding {chosen!r} is not supported", encoding=chosen)
    with path.open(encoding=chosen, errors="replace", newline="") as file:
        head = file.read(_HEAD_CHARACTERS)
    head = head.removeprefix("\ufeff")
    if not head.strip():
        raise FileEmpty("the file holds no text")
    delimiter = reading.delimiter or detect_delimiter(head)
    if len(delimiter) != 1 or delimiter in '\r\n"':
        raise FileBroken("a delimiter is one character", format="csv")
    rows = parse_head(head, delimiter)
    if len(head) == _HEAD_CHARACTERS and len(rows) > 1:
        rows.pop()
    grid, header_row, notes = _find_grid(rows, reading.header_row)
    layout = FileLayout(
        format=FileFormat.CSV,
        encoding=chosen,
        delimiter=delimiter,
        header_row=header_row,
        sheets=(),
        read_sheets=(),
        columns=_columns(grid.names, grid.positions, rows[header_row:]),
        rows=None,
        notes=tuple(notes),
    )
    return _CsvTable(path, layout, grid)


# Workbooks


@dataclass(frozen=True, slots=True)
class _SheetGrid:
    sheet: Sheet
    grid: _Grid
    header_row: int
    notes: tuple[Note, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class _WorkbookTable:
    layout: FileLayout
    grids: tuple[_SheetGrid, ...]

    def batches(self) -> Iterator[pa.RecordBatch]:
        names = [column.name for column in self.layout.columns]
        before = 0
        for grid in self.grids:
            place = dict(zip(grid.grid.names, grid.grid.positions, strict=True))
            row = 0
            with pa.memory_map(str(grid.sheet.path)) as source:
                for batch in _ipc_batches(source):
                    numbers = pa.array(
                        range(
                            before + row + 1 - grid.header_row,
                            before + row + 1 - grid.header_row + batch.num_rows,
                        )
                    )
                    skip = max(0, grid.header_row - row)
                    row += batch.num_rows
                    nothing = pa.nulls(batch.num_rows, pa.string())
                    arrays = [batch.column(place[name]) if name in place else nothing for name in names]
                    part = pa.repeat(pa.scalar(grid.sheet.name), batch.num_rows)
                    full = pa.record_batch([*arrays, numbers, part, nothing], names=[*names, *OWN_COLUMNS])
                    full = full.slice(skip)
                    kept = full.filter(_is_filled(full, names))
                    if kept.num_rows:
                        yield kept
            before += max(0, grid.sheet.rows - grid.header_row)


def _is_filled(batch: pa.RecordBatch, names: Sequence[str]) -> "pa.Array[Any]":
    filled = pa.repeat(pa.scalar(False), batch.num_rows)  # noqa: FBT003 — the value of a scalar
    for name in names:
        filled = pc.or_(filled, pc.greater(pc.fill_null(pc.binary_length(batch.column(name)), 0), 0))
    return filled


def _ipc_batches(source: pa.NativeFile) -> Iterator[pa.RecordBatch]:
    reader = pa.ipc.open_file(source)
    for index in range(reader.num_record_batches):
        yield reader.get_batch(index)


def _sheet_grid(sheet: Sheet, header_row: int | None) -> _SheetGrid | None:
    if sheet.rows == 0:
        return None
    with pa.memory_map(str(sheet.path)) as source:
        head = next(_ipc_batches(source)).slice(0, HEAD_ROWS)
        rows = [["" if cell is None else cell for cell in row.values()] for row in head.to_pylist()]
    grid, row, notes = _find_grid(rows, header_row)
    if not grid.names:
        return None
    return _SheetGrid(sheet, grid, row, tuple(notes), _columns(grid.names, grid.positions, rows[row:]))


def _open_workbook(path: Path, reading: ReadOptions) -> Table:
    sheets = open_sheets(path)
    known = {sheet.name for sheet in sheets}
    for name in reading.sheets:
        if name not in known:
            raise SheetNotFound(f"no sheet {name!r}", sheet=name)
    wanted = [
        sheet for sheet in sheets if (sheet.name in reading.sheets if reading.sheets else sheet.is_visible)
    ]
    grids = [grid for grid in (_sheet_grid(sheet, reading.header_row) for sheet in wanted) if grid]
    if not grids:
        raise FileEmpty("the workbook holds no table")
    first = grids[0]
    notes = list(first.notes)
    if not reading.sheets:
        alike = [grid for grid in grids if set(grid.grid.names) == set(first.grid.names)]
        read = {grid.sheet.name for grid in alike}
        left_out = [sheet.name for sheet in sheets if sheet.name not in read and sheet.rows]
        if left_out:
            notes.append(Note("ingestion.sheets_left_out", {"sheets": ", ".join(left_out)}))
        grids = alike
    layout = FileLayout(
        format=FileFormat.WORKBOOK,
        encoding=None,
        delimiter=None,
        header_row=first.header_row,
        sheets=tuple(sheet.name for sheet in sheets),
        read_sheets=tuple(grid.sheet.name for grid in grids),
        columns=first.columns,
        rows=sum(max(0, grid.sheet.rows - grid.header_row) for grid in grids),
        notes=tuple(notes),
    )
    return _WorkbookTable(layout, tuple(grids))


# Parquet


class _ParquetTable:
    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with pq.ParquetFile(path) as file:
                schema = file.schema_arrow
                head = next(file.iter_batches(batch_size=HEAD_ROWS), None)
                rows = file.metadata.num_rows
        except (pa.ArrowException, OSError) as error:
            raise FileBroken("the Parquet file cannot be read", format="Parquet") from error
        names, renamed = unique_headings(schema.names)
        self._kept = [
            (index, name) for index, name in enumerate(names) if not pa.types.is_nested(schema.types[index])
        ]
        notes = [Note("ingestion.heading_repeated", {"heading": old, "name": new}) for old, new in renamed]
        notes += [
            Note("ingestion.column_nested", {"column": name})
            for index, name in enumerate(names)
            if pa.types.is_nested(schema.types[index])
        ]
        if not self._kept:
            raise FileEmpty("the Parquet file has no plain column")
        columns = []
        for index, name in self._kept:
            texts = column_texts(plain_array(head.column(index))) if head is not None else []
            samples = tuple(dict.fromkeys(text[:_SAMPLE_CHARACTERS] for text in texts if text))[:_SAMPLES]
            columns.append(Column(name, samples, str(schema.types[index])))
        self.layout = FileLayout(
            format=FileFormat.PARQUET,
            encoding=None,
            delimiter=None,
            header_row=1,
            sheets=(),
            read_sheets=(),
            columns=tuple(columns),
            rows=rows,
            notes=tuple(notes),
        )

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Stream pages of the row groups; a group of a million rows is never whole in memory."""
        before = 0
        try:
            with pq.ParquetFile(self._path) as file:
                for batch in file.iter_batches(batch_size=BATCH_ROWS):
                    count = batch.num_rows
                    own = [
                        pa.array(range(before + 1, before + count + 1), pa.int64()),
                        pa.repeat(pa.scalar(""), count),
                        pa.nulls(count, pa.string()),
                    ]
                    arrays = [plain_array(batch.column(index)) for index, _ in self._kept]
                    yield pa.record_batch(
                        [*arrays, *own], names=[*(name for _, name in self._kept), *OWN_COLUMNS]
                    )
                    before += count
        except (pa.ArrowException, OSError) as error:
            raise FileBroken("the Parquet file cannot be read", format="Parquet") from error


def plain_array(array: "pa.Array[Any]") -> "pa.Array[Any]":
    """Return a column in one of the types that cells are parsed from: text, int64, double, bool, timestamp[us], date32."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return plain_array(array.cast(kind.value_type))
    if pa.types.is_timestamp(kind):
        return array.cast(pa.timestamp("us", kind.tz), safe=False)
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        return array.cast(pa.int64())
    if pa.types.is_floating(kind):
        return array.cast(pa.float64())
    if pa.types.is_date(kind):
        return array.cast(pa.date32(), safe=False)
    if pa.types.is_boolean(kind) or pa.types.is_string(kind):
        return array
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.array(
            [None if v is None else v.decode("utf-8", "replace") for v in array.to_pylist()], pa.string()
        )
    return array.cast(pa.string())


def column_texts(array: "pa.Array[Any]") -> list[str | None]:
    """Return the cells of a plain column as a person would write them; distinct doubles and times are written once."""
    kind = array.type
    if pa.types.is_string(kind):
        texts: list[str | None] = array.to_pylist()
        return texts
    if pa.types.is_floating(kind):
        encoded = array.dictionary_encode()
        words = [_double_text(value) for value in encoded.dictionary.to_pylist()]
        return [None if index is None else words[index] for index in encoded.indices.to_pylist()]
    if pa.types.is_timestamp(kind):
        return _timestamp_texts(array)
    written: list[str | None] = array.cast(pa.string()).to_pylist()
    return written


def _double_text(value: float | None) -> str | None:
    """A cell without a number ("not a number") is an empty cell in files written by data tools."""
    if value is None or math.isnan(value):
        return None
    return number_text(value) if math.isfinite(value) else str(value)


def _timestamp_texts(array: "pa.Array[Any]") -> list[str | None]:
    encoded = array.dictionary_encode()
    words = [None if value is None else value.isoformat(sep=" ") for value in encoded.dictionary.to_pylist()]
    return [None if index is None else words[index] for index in encoded.indices.to_pylist()]


def with_samples_hidden(layout: FileLayout) -> FileLayout:
    """Return the layout without sample cells, for those who may not see personal data."""
    return replace(layout, columns=tuple(replace(column, samples=()) for column in layout.columns))
