"""From batches of cells to mapped rows: evidence about columns, parsing, required fields, the handler's own check."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from feilun.ingestion.contracts import (
    FieldBinding,
    FieldType,
    ImportMapping,
    MappedRow,
    RecordKind,
    Rejection,
)
from feilun.ingestion.internal.cells import VALUE_CHARACTERS_MAX, CellParser, plain_text
from feilun.ingestion.internal.files import NUMBER, PART, PROBLEM, column_texts
from feilun.ingestion.internal.mapping import bound_specs, zone_of
from feilun.ingestion.internal.numbers_and_dates import ColumnEvidence

_DATES = (FieldType.DATE, FieldType.DATETIME)
_NUMBERS = (FieldType.DECIMAL, FieldType.INTEGER)

Check = Callable[[MappedRow], Rejection | None]


class EvidenceGatherer:
    """Watches the mapped text columns go by and settles how their dates and numbers are read."""

    def __init__(self, mapping: ImportMapping, kind: RecordKind) -> None:
        self._mapping = mapping
        self._watched = [
            (spec.type in _DATES, binding)
            for spec, binding in bound_specs(mapping, kind)
            if spec.type in _DATES or spec.type in _NUMBERS
        ]
        self._evidence: dict[str, ColumnEvidence] = {
            binding.field: ColumnEvidence() for _, binding in self._watched
        }

    def observe(self, batch: pa.RecordBatch) -> None:
        """Look at one batch of the file."""
        for is_date, binding in self._watched:
            array = batch.column(binding.column)
            if not pa.types.is_string(array.type):
                continue
            evidence = self._evidence[binding.field]
            if is_date:
                evidence.observe_dates(array)
            else:
                evidence.observe_numbers(array)

    def settled(self) -> ImportMapping:
        """Return the mapping with the reading that the cells seen so far prove; its own choice where they prove nothing."""
        return replace(
            self._mapping, bindings=tuple(self._settle(binding) for binding in self._mapping.bindings)
        )

    def _settle(self, binding: FieldBinding) -> FieldBinding:
        evidence = self._evidence.get(binding.field)
        if evidence is None:
            return binding
        return replace(
            binding,
            date_order=evidence.date_order(binding.date_order),
            decimal_mark=evidence.decimal_mark(binding.decimal_mark),
        )


@dataclass(frozen=True, slots=True)
class ParsedRows:
    """The rows of one batch, in order, and what stands against them, by index."""

    rows: Sequence[MappedRow]
    rejections: Mapping[int, Sequence[Rejection]]


class RowParser:
    """Maps and parses rows under one mapping; keeps parsed cells between batches."""

    def __init__(self, mapping: ImportMapping, kind: RecordKind) -> None:
        zone = zone_of(mapping)
        self._mapping = mapping
        self._bound = [
            (spec.name, binding.column, CellParser(spec, binding, zone))
            for spec, binding in bound_specs(mapping, kind)
        ]
        self._parsers = {
            spec.name: CellParser(spec, FieldBinding(field=spec.name, column=""), zone)
            for spec in kind.fields
        } | {name: parser for name, _, parser in self._bound}
        self._required = [spec.name for spec in kind.fields if spec.required]
        self._keys = [spec.name for spec in kind.fields if spec.is_key]
        self._constants = {
            name: self._parsers[name].parse_text(text) for name, text in mapping.constants.items()
        }

    def parse(self, batch: pa.RecordBatch, check: Check) -> ParsedRows:
        """Map, parse and check a batch."""
        rejections: defaultdict[int, list[Rejection]] = defaultdict(list)
        for row, code in enumerate(batch.column(PROBLEM).to_pylist()):
            if code is not None:
                rejections[row].append(Rejection(code, None, ""))
        rows = list(self._assemble(batch, self._parse_columns(batch, rejections)))
        for index, mapped in enumerate(rows):
            if index not in rejections:
                refused = check(mapped)
                if refused is not None:
                    rejections[index].append(_shortened(refused))
        return ParsedRows(rows, dict(rejections))

    def _parse_columns(
        self, batch: pa.RecordBatch, rejections: defaultdict[int, list[Rejection]]
    ) -> list[tuple[str, Sequence[object]]]:
        columns: list[tuple[str, Sequence[object]]] = []
        for name, column, parser in self._bound:
            parsed = parser.parse_column(batch.column(column))
            columns.append((name, parsed.values))
            for row, rejection in parsed.rejections.items():
                rejections[row].append(rejection)
            if name in self._required and None in parsed.values:
                for row, value in enumerate(parsed.values):
                    if value is None and row not in parsed.rejections:
                        rejections[row].append(Rejection("ingestion.required", name, ""))
        return columns

    def keys_of(self, batch: pa.RecordBatch) -> list[tuple[object, ...] | None]:
        """Return each row's record key; None where a key cell is empty or unreadable (the row stands alone)."""
        bound = {name: (column, parser) for name, column, parser in self._bound}
        columns: list[Sequence[object]] = []
        for name in self._keys:
            if name in bound:
                column, parser = bound[name]
                columns.append(parser.parse_column(batch.column(column)).values)
            else:
                columns.append([self._constants.get(name)] * batch.num_rows)
        if not columns:
            return [None] * batch.num_rows
        return [key if None not in key else None for key in zip(*columns, strict=True)]

    def key_of(self, row: MappedRow) -> tuple[object, ...] | None:
        """Return one mapped row's record key, None when it has none."""
        key = tuple(row.values.get(name) for name in self._keys)
        return key if key and None not in key else None

    def field_texts(self, raw: Mapping[str, str]) -> dict[str, str]:
        """Return the bound fields' cells of a raw row, as they came."""
        return {name: raw[column] for name, column, _ in self._bound if column in raw}

    def compose(
        self, *, number: int, part: str, texts: Mapping[str, str]
    ) -> tuple[MappedRow, list[Rejection]]:
        """Map one row from texts by field (a dead letter's cells with its mended values)."""
        values = {name: value for name, value in self._constants.items() if value is not None}
        rejections = []
        for name, text in texts.items():
            value = self._parsers[name].parse_text(text) if name in self._parsers else None
            if isinstance(value, Rejection):
                rejections.append(value)
            elif value is not None:
                values[name] = value
        refused = {rejection.field for rejection in rejections}
        rejections += [
            Rejection("ingestion.required", name, "")
            for name in self._required
            if name not in values and name not in refused
        ]
        return MappedRow(number, part, values), rejections

    def _assemble(
        self, batch: pa.RecordBatch, columns: Sequence[tuple[str, Sequence[object]]]
    ) -> Iterator[MappedRow]:
        numbers: list[Any] = batch.column(NUMBER).to_pylist()
        part_column = self._mapping.part_column or PART
        parts = column_texts(batch.column(part_column))
        constants = {name: value for name, value in self._constants.items() if value is not None}
        names = [name for name, _ in columns]
        if not columns:
            for number, part in zip(numbers, parts, strict=True):
                yield MappedRow(number, part or "", dict(constants))
            return
        cells = zip(*(values for _, values in columns), strict=True)
        for number, part, row in zip(numbers, parts, cells, strict=True):
            values = {name: value for name, value in zip(names, row, strict=True) if value is not None}
            yield MappedRow(number, part or "", constants | values if constants else values)


def _shortened(rejection: Rejection) -> Rejection:
    if len(rejection.value) <= VALUE_CHARACTERS_MAX:
        return rejection
    return replace(rejection, value=rejection.value[:VALUE_CHARACTERS_MAX])


def value_texts(row: MappedRow) -> dict[str, str]:
    """Return a mapped row's values as text for pages: moments in ISO form, numbers plain."""
    return {
        name: format(value, "f") if hasattr(value, "as_tuple") else plain_text(value)
        for name, value in row.values.items()
    }
