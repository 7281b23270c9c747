"""Proposes a mapping: which column is which field, by headings first and by what the cells look like second."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

from feilun.identity.contracts import IdentifierKind
from feilun.ingestion.contracts import (
    Column,
    DateOrder,
    FieldBinding,
    FieldSpec,
    FieldType,
    ImportMapping,
    ProposedBinding,
    RecordKind,
    Rejection,
)
from feilun.ingestion.internal.cells import CellParser
from feilun.ingestion.internal.mapping import squashed

_LEAST: Final = 0.5
"""A pair below this is not proposed: a wrong proposal costs more than an empty one."""
_PART_HEADINGS: Final = frozenset(
    squashed(word)
    for word in (
        "sheet",
        "sheet name",
        "工作表",
        "batch",
        "batch no",
        "批次",
        "批次号",
        "part",
        "file",
        "filename",
        "来源文件",
        "文件名",
    )
)
_PHONE: Final = re.compile(r"^(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}$")
_EMAIL: Final = re.compile(r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$")
_UNIONID: Final = re.compile(r"^o[A-Za-z0-9_-]{27}$")
_EXTERNAL: Final = re.compile(r"^wm[A-Za-z0-9_-]{30}$")
_LOOKS: Final[Mapping[IdentifierKind, re.Pattern[str]]] = {
    IdentifierKind.PHONE: _PHONE,
    IdentifierKind.EMAIL: _EMAIL,
    IdentifierKind.UNIONID: _UNIONID,
    IdentifierKind.OPENID: _UNIONID,
    IdentifierKind.EXTERNAL_USERID: _EXTERNAL,
}
_SLASHED_DATE: Final = re.compile(r"^\s*(\d{1,2})[/.\-](\d{1,2})[/.\-]\d{2,4}")


@dataclass(frozen=True, slots=True)
class _Pair:
    spec: FieldSpec
    column: Column
    score: float
    reason: str


def propose_bindings(
    columns: Sequence[Column], kind: RecordKind, zone: str
) -> tuple[list[FieldBinding], list[ProposedBinding]]:
    """Choose the best column for each field; no column serves two fields."""
    pairs = [
        pair
        for spec in kind.fields
        for column in columns
        if (pair := _pair(spec, column, zone)) is not None and pair.score >= _LEAST
    ]
    # Of equal scores the field named first wins: kinds list what matters most first.
    order = {spec.name: place for place, spec in enumerate(kind.fields)}
    place = {column.name: position for position, column in enumerate(columns)}
    pairs.sort(key=lambda pair: (-pair.score, order[pair.spec.name], place[pair.column.name]))
    chosen: dict[str, _Pair] = {}
    used: set[str] = set()
    for pair in pairs:
        if pair.spec.name not in chosen and pair.column.name not in used:
            chosen[pair.spec.name] = pair
            used.add(pair.column.name)
    in_order = [chosen[spec.name] for spec in kind.fields if spec.name in chosen]
    bindings = [_binding(pair) for pair in in_order]
    reasons = [
        ProposedBinding(
            field=pair.spec.name,
            column=pair.column.name,
            confidence=round(min(pair.score, 1.0), 2),
            reason=pair.reason,
        )
        for pair in in_order
    ]
    return bindings, reasons


def propose_part_column(columns: Sequence[Column], bindings: Sequence[FieldBinding]) -> str | None:
    """Return the column that names sheets or batches, if there is one that is no field."""
    used = {binding.column for binding in bindings}
    for column in columns:
        if column.name not in used and squashed(_plain(column.name)) in _PART_HEADINGS and column.samples:
            return column.name
    return None


def with_known_columns(mapping: ImportMapping, columns: Sequence[Column]) -> ImportMapping:
    """Return a saved mapping with its columns named as in this file (case and spaces may differ)."""
    names = {squashed(column.name): column.name for column in columns}
    return replace(
        mapping,
        bindings=tuple(replace(b, column=names.get(squashed(b.column), b.column)) for b in mapping.bindings),
        part_column=names.get(squashed(mapping.part_column), mapping.part_column)
        if mapping.part_column
        else None,
    )


def unknown_words(
    columns: Sequence[Column], bindings: Sequence[FieldBinding], kind: RecordKind, zone: str
) -> dict[str, tuple[str, ...]]:
    """Return sample words of choice columns that fit no choice and stand in no value table."""
    specs = {spec.name: spec for spec in kind.fields}
    samples = {column.name: column.samples for column in columns}
    found = {}
    for binding in bindings:
        spec = specs[binding.field]
        if spec.type in (FieldType.CHOICE, FieldType.BOOLEAN):
            parser = CellParser(spec, binding, ZoneInfo(zone))
            words = tuple(
                word
                for word in samples.get(binding.column, ())
                if isinstance(parser.parse_text(word), Rejection)
            )
            if words:
                found[spec.name] = words
    return found


def _binding(pair: _Pair) -> FieldBinding:
    order = None
    if pair.spec.type in (FieldType.DATE, FieldType.DATETIME) and any(
        map(_SLASHED_DATE.match, pair.column.samples)
    ):
        # Only what the cells leave open is decided here; the world writes the day first more often than the month.
        order = DateOrder.DMY
    return FieldBinding(field=pair.spec.name, column=pair.column.name, date_order=order)


def _pair(spec: FieldSpec, column: Column, zone: str) -> _Pair | None:
    by_heading, reason = _heading_score(spec, column.name)
    fit = _value_fit(spec, column, zone)
    looks = _looks_like(spec, column)
    if fit < 0.5:  # noqa: PLR2004 — most cells cannot be read as this field
        return None
    if by_heading == 0:
        return _Pair(spec, column, 0.6 * looks, "values") if looks >= 0.8 else None  # noqa: PLR2004
    if spec.identifier in _LOOKS and looks < 0.3 and reason != "heading":  # noqa: PLR2004
        return None
    return _Pair(spec, column, by_heading * (0.8 + 0.2 * fit) + 0.1 * looks, reason)


def _heading_score(spec: FieldSpec, heading: str) -> tuple[float, str]:
    plain = squashed(_plain(heading))
    if not plain:
        return 0.0, ""
    names = [spec.label.zh, spec.label.en, spec.name, *spec.synonyms]
    words = [squashed(_plain(name)) for name in names]
    if plain in words:
        # An earlier synonym is the more usual one; it decides between two columns that both are synonyms.
        return 1.0 - 0.001 * words.index(plain), "heading"
    best = 0.0
    for word in words:
        if len(word) < (3 if word.isascii() else 2):  # "id" is part of too many headings
            continue
        if word in plain or (plain in word and len(plain) > 2):  # noqa: PLR2004
            best = max(best, 0.55 + 0.35 * min(len(word), len(plain)) / max(len(word), len(plain)))
    return best, "similar_heading"


def _plain(heading: str) -> str:
    """Return a heading without repeat numbers, units in brackets and full-width letters."""
    plain = unicodedata.normalize("NFKC", heading)
    return re.sub(r"\([^)]*\)\s*$", "", plain) or plain


def _value_fit(spec: FieldSpec, column: Column, zone: str) -> float:
    """Return the share of sample cells that can be read as the field; ambiguous ones can, once the order is chosen."""
    if spec.type in (FieldType.TEXT, FieldType.CHOICE) or not column.samples:
        return 1.0
    parser = CellParser(
        spec, FieldBinding(field=spec.name, column=column.name, date_order=DateOrder.DMY), ZoneInfo(zone)
    )
    good = sum(1 for sample in column.samples if not isinstance(parser.parse_text(sample), Rejection))
    return good / len(column.samples)


def _looks_like(spec: FieldSpec, column: Column) -> float:
    pattern = _LOOKS.get(spec.identifier) if spec.identifier else None
    if pattern is None or not column.samples:
        return 0.0
    return sum(1 for sample in column.samples if pattern.match(sample.strip())) / len(column.samples)
