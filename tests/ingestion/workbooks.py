"""Writes the smallest workbooks of the formats that no library here writes: .xls (BIFF8), .xlsb (BIFF12), .ods.

Cells are None, text, number, bool, `datetime.date`, or `FormulaError`; each file holds one sheet.
"""

import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell with a formula and the number that was stored with it."""

    value: float


@dataclass(frozen=True, slots=True)
class FormulaError:
    """A cell whose formula divides by zero."""


Cell = str | float | bool | date | Formula | FormulaError | None
Rows = Sequence[Sequence[Cell]]
Writer = Callable[[Path, str, Rows], None]

_DIVISION_BY_ZERO = 0x07
_SECTOR = 512
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_THREE = b"\x1e\x03\x00"
"""The parsed formula "=3": the reader takes the stored value."""


def write_xls(path: Path, sheet: str, rows: Rows) -> None:
    """Write Excel 97's format: a BIFF8 stream in a compound file."""
    begin = _biff8(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    place = len(begin) + 4 + 8 + 2 * len(sheet) + 4
    named = struct.pack("<IBBBB", place, 0, 0, len(sheet), 1) + sheet.encode("utf-16-le")
    cells = b"".join(
        _xls_cell(struct.pack("<HHH", row, column, 0), cell)
        for row, line in enumerate(rows)
        for column, cell in enumerate(line)
    )
    size = struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0)
    content = _biff8(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0)) + _biff8(0x200, size) + cells
    stream = begin + _biff8(0x85, named) + _biff8(0x0A) + content + _biff8(0x0A)
    path.write_bytes(_compound_file(stream))


def _biff8(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _xls_cell(place: bytes, cell: Cell) -> bytes:
    match cell:
        case None:
            return b""
        case str():
            text = struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le")
            return _biff8(0x204, place + text)
        case bool():
            return _biff8(0x205, place + bytes([cell, 0]))
        case FormulaError():
            result = struct.pack("<BBBBBBH", 2, 0, _DIVISION_BY_ZERO, 0, 0, 0, 0xFFFF)
            return _biff8(0x06, place + result + struct.pack("<HIH", 0, 0, len(_THREE)) + _THREE)
        case Formula(value):
            formula = struct.pack("<dHIH", value, 0, 0, len(_THREE)) + _THREE
            return _biff8(0x06, place + formula)
        case date():
            raise TypeError("a date needs a number format, which this writer has none of")
        case _:
            return _biff8(0x203, place + struct.pack("<d", cell))


def _compound_file(stream: bytes) -> bytes:
    """Wrap a stream: one sector of allocation table, one of directory, then the stream itself."""
    count = max(8, -(-len(stream) // _SECTOR))
    stream = stream.ljust(count * _SECTOR, b"\x00")
    table = [_FAT, _END, *range(3, count + 2), _END]
    table += [_FREE] * (_SECTOR // 4 - len(table))
    head = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    head += bytes(6) + struct.pack("<9I", 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    head += struct.pack("<I", 0) + b"\xff" * (4 * 108)
    entries = _entry("Root Entry", 5, 1, _END, 0) + _entry("Workbook", 2, _FREE, 2, len(stream))
    return head + struct.pack("<128I", *table) + entries.ljust(_SECTOR, b"\x00") + stream


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = f"{name}\x00".encode("utf-16-le")
    head = text.ljust(64, b"\x00") + struct.pack("<HBBIII", len(text), kind, 1, _FREE, _FREE, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)


def write_xlsb(path: Path, sheet: str, rows: Rows) -> None:
    """Write Excel's binary format: BIFF12 parts in a zip."""
    relation = (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}"/>'
        "</Relationships>"
    )
    size = struct.pack("<IIII", 0, len(rows) - 1, 0, max(map(len, rows)) - 1)
    content = _biff12(129) + _biff12(148, size) + _biff12(145)
    for number, line in enumerate(rows):
        content += _biff12(0, struct.pack("<IIHHBI", number, 0, 300, 0, 0, 0))
        content += b"".join(
            _xlsb_cell(struct.pack("<II", column, 0), cell) for column, cell in enumerate(line)
        )
    named = _biff12(156, struct.pack("<II", 0, 1) + _wide("rId1") + _wide(sheet))
    book = _biff12(131) + _biff12(143) + named + _biff12(144) + _biff12(132)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>',
        )
        archive.writestr("_rels/.rels", relation.format("officeDocument", "xl/workbook.bin"))
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/_rels/workbook.bin.rels", relation.format("worksheet", "worksheets/sheet1.bin"))
        archive.writestr("xl/worksheets/sheet1.bin", content + _biff12(146) + _biff12(130))


def _biff12(kind: int, data: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, rest = bytearray(), len(data)
    while rest >= 0x80:
        size.append(rest & 0x7F | 0x80)
        rest >>= 7
    return head + bytes([*size, rest]) + data


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _xlsb_cell(place: bytes, cell: Cell) -> bytes:
    formula = struct.pack("<HI", 0, len(_THREE)) + _THREE + struct.pack("<I", 0)
    match cell:
        case None:
            return b""
        case str():
            return _biff12(6, place + _wide(cell))
        case bool():
            return _biff12(4, place + bytes([cell]))
        case FormulaError():
            return _biff12(11, place + bytes([_DIVISION_BY_ZERO]) + formula)
        case Formula(value):
            return _biff12(9, place + struct.pack("<d", value) + formula)
        case date():
            raise TypeError("a date needs a number format, which this writer has none of")
        case _:
            return _biff12(5, place + struct.pack("<d", cell))


def write_ods(path: Path, sheet: str, rows: Rows) -> None:
    """Write OpenDocument's format, as LibreOffice does."""
    spaces = " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"'
        for prefix in ("office", "table", "text")
    )
    spaces += ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    lines = "".join(f"<table:table-row>{''.join(map(_ods_cell, line))}</table:table-row>" for line in rows)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
            f"<table:table table:name={quoteattr(sheet)}>{lines}</table:table>"
            "</office:spreadsheet></office:body></office:document-content>",
        )


def _ods_cell(cell: Cell) -> str:
    match cell:
        case None:
            return "<table:table-cell/>"
        case str():
            return f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
        case bool():
            return (
                f'<table:table-cell office:value-type="boolean" office:boolean-value="{str(cell).lower()}"/>'
            )
        case FormulaError():
            return (
                '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value=""'
                ' calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
            )
        case Formula(value):
            return f'<table:table-cell table:formula="of:=3*0.1" office:value-type="float" office:value="{value!r}"/>'
        case date():
            return f'<table:table-cell office:value-type="date" office:date-value="{cell.isoformat()}"/>'
        case _:
            return f'<table:table-cell office:value-type="float" office:value="{cell!r}"/>'
