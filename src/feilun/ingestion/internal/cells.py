"""Turns a column of cells into values of a field's type, parsing each distinct cell once."""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from feilun.ingestion.contracts import DecimalMark, FieldBinding, FieldSpec, FieldType, Rejection
from feilun.ingestion.internal.files import column_texts
from feilun.ingestion.internal.numbers_and_dates import (
    CellRefused,
    parse_decimal,
    parse_moment,
    plain_decimal,
    to_moment,
)
from feilun.ingestion.internal.workbook import number_text

VALUE_CHARACTERS_MAX: Final = 200
"""How much of an offending cell a rejection keeps."""
_TEXT_CHARACTERS_MAX: Final = 10_000
_KEY_CHARACTERS_MAX: Final = 200
"""Keys are indexed; PostgreSQL's B-tree takes 2,700 bytes."""
_CACHE_MAX: Final = 200_000

_ERROR_WORDS: Final = frozenset(
    {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#GETTING_DATA", "#SPILL!", "#CALC!"}
)
_ROUNDED_CODE: Final = re.compile(r"^\d(?:\.\d+)?[eE]\+\d{1,2}$")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TRUE: Final = frozenset({"是", "真", "对", "有", "yes", "y", "true", "t", "1", "on", "✓", "√"})
_FALSE: Final = frozenset({"否", "假", "错", "无", "没有", "no", "n", "false", "f", "0", "off", "✗", "×"})


@dataclass(frozen=True, slots=True)
class ParsedColumn:
    """Values in row order (None where empty or refused) and the rejections by row index."""

    values: Sequence[object]
    rejections: Mapping[int, Rejection]


class CellParser:
    """Parses the cells of one field; keeps what it parsed for the next batch."""

    def __init__(self, spec: FieldSpec, binding: FieldBinding, zone: tzinfo) -> None:
        self._spec = spec
        self._zone = zone
        self._table = {_word(key): value for key, value in binding.value_table.items()}
        self._choices = {_word(choice): choice for choice in spec.choices}
        self._order = binding.date_order
        self._mark = binding.decimal_mark or DecimalMark.POINT
        self._readers: dict[FieldType, Callable[[object], object]] = {
            FieldType.TEXT: self._read_text,
            FieldType.DECIMAL: self._read_decimal,
            FieldType.INTEGER: self._read_integer,
            FieldType.DATETIME: self._read_moment,
            FieldType.DATE: self._read_date,
            FieldType.BOOLEAN: self._read_boolean,
            FieldType.CHOICE: self._read_choice,
        }
        self._read = self._readers[spec.type]
        self._seen: dict[object, object] = {}

    def parse_column(self, array: "pa.Array[Any]") -> ParsedColumn:
        """Parse a plain column (see `files.plain_array`)."""
        encoded = array.dictionary_encode(null_encoding="encode")
        words = encoded.dictionary.to_pylist()
        indices: list[Any] = encoded.indices.to_pylist()
        parsed = [self._cached(word) for word in words]
        refused = {index for index, value in enumerate(parsed) if isinstance(value, Rejection)}
        if not refused:
            return ParsedColumn(list(map(parsed.__getitem__, indices)), {})
        rejections: dict[int, Rejection] = {}
        values: list[object] = []
        for row, index in enumerate(indices):
            value = parsed[index]
            if index in refused:
                assert isinstance(value, Rejection)
                rejections[row] = value
                value = None
            values.append(value)
        return ParsedColumn(values, rejections)

    def parse_text(self, text: str | None) -> object:
        """Parse one cell given as text; returns the value, None when empty, or a Rejection."""
        return self._cached(text)

    def _cached(self, word: object) -> object:
        # The type is part of the key: 1, 1.0 and True are equal, and are different cells.
        key = (type(word), word)
        try:
            return self._seen[key]
        except KeyError:
            if len(self._seen) >= _CACHE_MAX:
                self._seen.clear()
            value = self._seen[key] = self._parse(word)
            return value

    def _parse(self, word: object) -> object:
        if word is None or (isinstance(word, float) and math.isnan(word)):
            return None
        if isinstance(word, str):
            word = word.strip()
            if not word:
                return None
            if self._table:
                word = self._table.get(_word(word), word)
            if word in _ERROR_WORDS:
                return self._rejection("ingestion.cell_error", word)
        try:
            return self._read(word)
        except CellRefused as refused:
            return self._rejection(refused.code, word)

    def _rejection(self, code: str, word: object) -> Rejection:
        text = word if isinstance(word, str) else plain_text(word)
        return Rejection(code, self._spec.name, text[:VALUE_CHARACTERS_MAX])

    def _read_text(self, word: object) -> str:
        text = word if isinstance(word, str) else plain_text(word)
        if "\ufffd" in text or _CONTROL.search(text):
            raise CellRefused("ingestion.text_unreadable")
        is_code = self._spec.is_key or self._spec.identifier is not None
        if len(text) > (_KEY_CHARACTERS_MAX if is_code else _TEXT_CHARACTERS_MAX):
            raise CellRefused("ingestion.text_too_long")
        if is_code and _ROUNDED_CODE.match(text):
            # A spreadsheet has rounded a long number: the digits are lost.
            raise CellRefused("ingestion.code_rounded")
        return text

    def _read_decimal(self, word: object) -> Decimal:
        if isinstance(word, bool | datetime | date):
            raise CellRefused("ingestion.number_invalid")
        if isinstance(word, int):
            return plain_decimal(Decimal(word))
        if isinstance(word, float):
            if math.isinf(word):
                raise CellRefused("ingestion.number_invalid")
            return plain_decimal(Decimal(number_text(word)))
        assert isinstance(word, str)
        return parse_decimal(word, self._mark)

    def _read_integer(self, word: object) -> int:
        number = self._read_decimal(word)
        if number != number.to_integral_value():
            raise CellRefused("ingestion.integer_expected")
        if abs(number) >= 1 << 63:
            raise CellRefused("ingestion.number_too_large")
        return int(number)

    def _moment_of(self, word: object) -> datetime | date:
        if isinstance(word, datetime | date):
            if not 1900 <= word.year < 2200:  # noqa: PLR2004 — as for text
                raise CellRefused("ingestion.date_out_of_range")
            return word
        if isinstance(word, bool):
            raise CellRefused("ingestion.date_invalid")
        return parse_moment(word if isinstance(word, str) else plain_text(word), self._order)

    def _read_moment(self, word: object) -> datetime:
        return to_moment(self._moment_of(word), self._zone)

    def _read_date(self, word: object) -> date:
        moment = self._moment_of(word)
        if isinstance(moment, datetime):
            return (moment if moment.tzinfo is None else moment.astimezone(self._zone)).date()
        return moment

    def _read_boolean(self, word: object) -> bool:
        text = _word(word if isinstance(word, str) else plain_text(word))
        if text in _TRUE:
            return True
        if text in _FALSE:
            return False
        raise CellRefused("ingestion.boolean_invalid")

    def _read_choice(self, word: object) -> str:
        choice = self._choices.get(_word(word if isinstance(word, str) else plain_text(word)))
        if choice is None:
            raise CellRefused("ingestion.choice_unknown")
        return choice


def _word(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def plain_text(value: object) -> str:
    """Return a typed cell as text, as `column_texts` does for a column."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value) if math.isfinite(value) else str(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)


def raw_rows(batch: pa.RecordBatch, columns: Sequence[str], indices: Sequence[int]) -> list[dict[str, str]]:
    """Return the cells of some rows as text by column, empty ones left out."""
    taken = batch.select(columns).take(pa.array(indices, pa.int64()))
    texts = [column_texts(column) for column in taken.columns]
    return [
        {name: cell for name, cell in zip(columns, cells, strict=True) if cell}
        for cells in zip(*texts, strict=True)
    ]  # fmt: skip
