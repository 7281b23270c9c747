"""Turns a workbook into one Arrow file per sheet, in a process of its own with bounded memory, time and output.

The workbook library builds a dense grid per sheet: one stray cell at XFD1048576 would take hundreds of gigabytes, and
a broken file may abort the process. Here either ends a child, and the parent answers in words.
"""

import json
import re
import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import ParseError, iterparse

import pyarrow as pa
import python_calamine

from feilun.ingestion.errors import DiskFull, FileBroken, WorkbookProtected, WorkbookTooLarge

_MEMORY_BYTES: Final = 4 << 30
"""Address space of the child. A full sheet (1,048,576 rows × 12 columns) took 1.9 GB."""
_OUTPUT_BYTES: Final = 4 << 30
_CPU_SECONDS: Final = 600
_WIDTH_MAX: Final = 2_000
_BATCH_ROWS: Final = 8_192

_EXIT_BROKEN: Final = 3
_EXIT_TOO_LARGE: Final = 4
_EXIT_PROTECTED: Final = 5
_EXIT_DISK_FULL: Final = 6

_ERROR_CELL: Final = re.compile(rb'<c [^>]*?t="e"[^>]*>.{0,4000}?</c>', re.DOTALL)
_CELL_PLACE: Final = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_CELL_VALUE: Final = re.compile(rb"<v>([^<]{1,20})</v>")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One converted sheet: every cell as text, columns c0, c1, …"""

    name: str
    path: Path
    rows: int
    is_visible: bool


def open_sheets(path: Path) -> list[Sheet]:
    """Return the sheets of a workbook, converting it on first use.

    Raises: FileBroken, WorkbookTooLarge, WorkbookProtected, DiskFull.
    """
    folder = path.with_name(path.name + ".sheets")
    index = folder / "sheets.json"
    if not index.exists():
        _convert_in_child(path, folder)
    return [
        Sheet(item["name"], folder / item["file"], item["rows"], item["is_visible"])
        for item in json.loads(index.read_text(encoding="utf-8"))
    ]


def remove_sheets(path: Path) -> None:
    """Remove what `open_sheets` made for a workbook."""
    shutil.rmtree(path.with_name(path.name + ".sheets"), ignore_errors=True)


def _convert_in_child(path: Path, folder: Path) -> None:
    work = folder.with_name(folder.name + ".new")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        child = subprocess.run(
            [sys.executable, "-m", "feilun.ingestion.internal.workbook", str(path), str(work)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=_CPU_SECONDS * 2,
        )
        _raise_for(child.returncode)
        shutil.rmtree(folder, ignore_errors=True)
        work.rename(folder)
    except subprocess.TimeoutExpired:
        raise WorkbookTooLarge("reading the workbook took too long") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _raise_for(code: int) -> None:
    if code == 0:
        return
    if code == _EXIT_PROTECTED:
        raise WorkbookProtected("the workbook is protected by a password")
    if code == _EXIT_DISK_FULL:
        raise DiskFull("no space to read the workbook")
    if code == _EXIT_TOO_LARGE or code < 0:
        raise WorkbookTooLarge("reading the workbook needs more memory or time than allowed")
    raise FileBroken("the workbook cannot be read", format="workbook")


def cell_text(value: object) -> str | None:
    """Return a cell as text: dates in ISO form, numbers as the workbook shows them (15 significant digits), None when empty."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds" if value.microsecond == 0 else "microseconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def number_text(value: float) -> str:
    """Return a double as the decimal a person typed: whole numbers in full, others with at most 15 significant digits."""
    if value.is_integer() and abs(value) < 1e18:  # noqa: PLR2004 — beyond, a double has no exact units anyway
        return str(int(value))
    return format(value, ".15g")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _error_cells(archive: zipfile.ZipFile, member: str) -> dict[int, dict[int, str]]:
    """Return row → column → error word of cells that hold an error; the workbook library reports those as empty."""
    errors: dict[int, dict[int, str]] = {}
    rest = b""
    with archive.open(member) as file:
        while block := file.read(1 << 20):
            data = rest + block
            end = 0
            for match in _ERROR_CELL.finditer(data):
                end = match.end()
                place, value = _CELL_PLACE.search(match[0]), _CELL_VALUE.search(match[0])
                if place:
                    row = errors.setdefault(int(place[2]) - 1, {})
                    row[_column_number(place[1])] = value[1].decode() if value else "#VALUE!"
            rest = data[max(end, len(data) - 8_192) :]
    return errors


def _sheet_members(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return sheet name → member of an .xlsx archive; empty for the other zipped formats."""
    try:
        targets = {
            element.get("Id"): element.get("Target", "")
            for _, element in iterparse(archive.open("xl/_rels/workbook.xml.rels"))  # noqa: S314 — in the bounded child
            if element.tag.endswith("}Relationship")
        }
        members = {}
        for _, element in iterparse(archive.open("xl/workbook.xml")):  # noqa: S314 — in the bounded child
            if element.tag.endswith("}sheet"):
                key = next((value for name, value in element.attrib.items() if name.endswith("}id")), None)
                target = (targets.get(key) or "").lstrip("/")
                members[element.get("name", "")] = target if target.startswith("xl/") else f"xl/{target}"
    except (KeyError, ParseError):
        return {}
    names = set(archive.namelist())
    return {name: member for name, member in members.items() if member in names and member.endswith(".xml")}


def _rows(
    sheet: python_calamine.CalamineSheet, errors: dict[int, dict[int, str]]
) -> Iterator[Sequence[str | None]]:
    first_column = sheet.start[1] if sheet.start else 0
    for index, row in enumerate(sheet.iter_rows()):
        cells = [cell_text(value) for value in row]
        for column, word in errors.get(index, {}).items():
            if 0 <= column - first_column < len(cells):
                cells[column - first_column] = word
        yield cells


def _write_sheet(rows: Iterator[Sequence[str | None]], width: int, path: Path) -> int:
    schema = pa.schema([(f"c{index}", pa.string()) for index in range(width)])
    count = 0
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_file(sink, schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer,
    ):
        block: list[Sequence[str | None]] = []

        def flush() -> None:
            columns = list(zip(*block, strict=True)) if block else [()] * width
            writer.write_batch(
                pa.record_batch([pa.array(column, pa.string()) for column in columns], schema=schema)
            )
            block.clear()

        for row in rows:
            block.append(row)
            count += 1
            if len(block) == _BATCH_ROWS:
                flush()
        if block:
            flush()
    return count


def convert(path: Path, folder: Path) -> None:
    """Convert every sheet (the child's work). Hidden ones too: exports hide their real data surprisingly often."""
    workbook = python_calamine.CalamineWorkbook.from_path(str(path))
    archive = zipfile.ZipFile(path) if zipfile.is_zipfile(path) else None
    members = _sheet_members(archive) if archive else {}
    sheets = []
    for number, meta in enumerate(workbook.sheets_metadata):
        if meta.typ != python_calamine.SheetTypeEnum.WorkSheet:
            continue
        sheet = workbook.get_sheet_by_name(meta.name)
        if sheet.width > _WIDTH_MAX:
            raise MemoryError
        errors = _error_cells(archive, members[meta.name]) if archive and meta.name in members else {}
        rows = (
            _write_sheet(_rows(sheet, errors), sheet.width, folder / f"{number}.arrow") if sheet.width else 0
        )
        is_visible = meta.visible == python_calamine.SheetVisibleEnum.Visible
        sheets.append({"name": meta.name, "file": f"{number}.arrow", "rows": rows, "is_visible": is_visible})
    (folder / "sheets.json").write_text(json.dumps(sheets), encoding="utf-8")


def _main(path: Path, folder: Path) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_OUTPUT_BYTES, _OUTPUT_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        convert(path, folder)
    except python_calamine.PasswordError:
        return _EXIT_PROTECTED
    except MemoryError:
        return _EXIT_TOO_LARGE
    except OSError as error:
        return _EXIT_DISK_FULL if error.errno == 28 else _EXIT_BROKEN  # noqa: PLR2004 — ENOSPC
    except (python_calamine.CalamineError, zipfile.BadZipFile, ValueError, UnicodeError):
        return _EXIT_BROKEN
    return 0


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), Path(sys.argv[2])))
