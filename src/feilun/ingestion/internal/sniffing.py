"""Guesses what a file is from its bytes: format, text encoding, delimiter, heading row. Every guess can be overruled."""

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from feilun.ingestion.contracts import FileFormat
from feilun.ingestion.errors import FileEmpty, FormatUnknown

_SCAN_BYTES: Final = 4 << 20
_SAMPLE_BYTES: Final = 1 << 20
HEAD_ROWS: Final = 200
"""Rows looked at for delimiter, heading row and samples."""
DELIMITERS: Final = (",", ";", "\t", "|")
ENCODINGS: Final = ("utf-8", "utf-8-sig", "gb18030", "big5", "utf-16-le", "utf-16-be", "cp1252")
"""Encodings that pages offer; others of Python's are accepted when named."""

_MAGIC: Final = (
    (b"PAR1", FileFormat.PARQUET),
    (b"PK\x03\x04", FileFormat.WORKBOOK),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileFormat.WORKBOOK),
)
_OTHER_FORMATS: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"),
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"SQLite format 3", "SQLite"),
)
_NUMBER_OR_DATE: Final = re.compile(r"^[\s¥￥$€£]*[-+(]?[\d.,/:\-\s年月日]*\d[\d.,/:\-\s年月日TZ%)]*$")


def detect_format(path: Path) -> FileFormat:
    """Tell the format by the first bytes. Raises: FileEmpty, FormatUnknown."""
    with path.open("rb") as file:
        head = file.read(16)
    if not head.strip():
        raise FileEmpty("the file is empty")
    for magic, file_format in _MAGIC:
        if head.startswith(magic):
            return file_format
    for magic, name in _OTHER_FORMATS:
        if head.startswith(magic):
            raise FormatUnknown(f"the file is of the format {name}", format=name)
    return FileFormat.CSV


def detect_encoding(path: Path) -> str:
    """Tell the encoding of a text file: byte-order mark, zero bytes, valid UTF-8 throughout, else the best-fitting legacy one.

    Raises: FormatUnknown when the bytes are no text.
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
        if sample.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if sample.startswith(codecs.BOM_UTF16_LE):
            return "utf-16-le"
        if sample.startswith(codecs.BOM_UTF16_BE):
            return "utf-16-be"
        if b"\x00" in sample:
            return _wide_encoding(sample)
        file.seek(0)
        odd_bytes = _first_bytes_outside_utf8(file)
    if odd_bytes is None:
        return "utf-8"
    return _legacy_encoding(odd_bytes)


def _wide_encoding(sample: bytes) -> str:
    """Tell the byte order of UTF-16 without a mark: line ends and Latin letters have a zero as their high byte."""
    even = sample[: len(sample) // 2 * 2]
    zeros_high_first = even[0::2].count(0)
    zeros_high_last = even[1::2].count(0)
    encoding = "utf-16-be" if zeros_high_first > zeros_high_last else "utf-16-le"
    text = even.decode(encoding, errors="replace")
    odd = sum(
        1
        for character in text
        if character == "\ufffd" or unicodedata.category(character) in ("Cn", "Co", "Cc")
    )
    breaks = sum(text.count(character) for character in "\r\n\t")
    if odd - breaks > len(text) * 0.02:
        raise FormatUnknown("the file holds bytes that are no text", format="binary")
    return encoding


def _first_bytes_outside_utf8(file: BinaryIO) -> bytes | None:
    """Return the block of the file that is not UTF-8, or None. Reads everything: the first such byte may come late."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    while True:
        block = file.read(_SCAN_BYTES)
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            return (bytes(error.object)[max(0, error.start - 64) :] + file.read(_SAMPLE_BYTES))[
                :_SAMPLE_BYTES
            ]
        if not block:
            return None


def _legacy_encoding(sample: bytes) -> str:
    """Choose between GB18030, Big5 and Windows Latin by how usual the double bytes would be in each."""
    scores = {
        "gb18030": _usual_share(sample, "gb18030", lead=(0xB0, 0xD7), trails=((0xA1, 0xFE),)),
        "big5": _usual_share(sample, "big5", lead=(0xA4, 0xC6), trails=((0x40, 0x7E), (0xA1, 0xFE))),
    }
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > 0.4 else "cp1252"  # noqa: PLR2004 — prose in either scores above 0.8


def _usual_share(
    sample: bytes, encoding: str, *, lead: tuple[int, int], trails: tuple[tuple[int, int], ...]
) -> float:
    """Return which share of the non-ASCII characters lies in the encoding's rows of frequent characters."""
    text = sample.decode(encoding, errors="replace")
    usual = total = 0
    for character, count in Counter(text).items():
        if character < "\x80":
            continue
        total += count
        raw = character.encode(encoding, errors="replace")
        is_usual = len(raw) == 2 and lead[0] <= raw[0] <= lead[1] and any(a <= raw[1] <= b for a, b in trails)  # noqa: PLR2004
        usual += count * (1 if is_usual else -1 if character == "\ufffd" else 0)
    return usual / total if total else 0.0


def detect_delimiter(head: str) -> str:
    """Return the delimiter under which most lines have the same, largest number of cells; a comma when none splits."""
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        rows = [row for row in parse_head(head, delimiter) if any(row)]
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if not widths:
            continue
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        score = count / len(rows) * (1 + min(width, 50) / 100)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def parse_head(head: str, delimiter: str) -> list[list[str]]:
    """Take the first lines apart; an unclosed quote at the cut is no error here."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter):
            rows.append(row)
            if len(rows) > HEAD_ROWS:
                break
    except csv.Error:
        pass
    return rows


def detect_header_row(rows: Sequence[Sequence[str]]) -> int:
    """Return the row of the headings, 1 for the first; 0 when the first full row is data already.

    Titles above the table ("Orders, March 2024") are passed over: they fill far fewer cells than the table's rows.
    """
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    widths = Counter(count for count in filled if count)
    if not widths:
        return 0
    width = max(widths.items(), key=lambda item: (item[1], item[0]))[0]
    least = max(1, -(-width * 3 // 5))
    for index, row in enumerate(rows[:20]):
        if filled[index] < least:
            continue
        cells = [cell.strip() for cell in row if cell.strip()]
        has_data = any(_NUMBER_OR_DATE.match(cell) for cell in cells)
        return (
            0
            if has_data and sum(1 for cell in cells if _NUMBER_OR_DATE.match(cell)) * 5 > len(cells)
            else index + 1
        )
    return 0


def unique_headings(cells: Sequence[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Return headings without control characters, named where empty and made unique; and (heading, new name) of repeated ones."""
    names: list[str] = []
    renamed: list[tuple[str, str]] = []
    seen: set[str] = set()
    for position, cell in enumerate(cells, start=1):
        heading = re.sub(r"[\x00-\x1f\x7f\ufeff\s]+", " ", cell).strip()[:200] or f"Column {position}"
        name, copy = heading, 1
        while name in seen:
            copy += 1
            name = f"{heading} ({copy})"
        if name != heading:
            renamed.append((heading, name))
        seen.add(name)
        names.append(name)
    return names, renamed
