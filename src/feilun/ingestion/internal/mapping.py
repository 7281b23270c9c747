"""Import mappings: their JSON form (version 1), their validation, and the digest by which a later file finds them."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from feilun.ingestion.contracts import (
    DateOrder,
    DecimalMark,
    FieldBinding,
    FieldSpec,
    ImportMapping,
    ReadOptions,
    RecordKind,
    Rejection,
)
from feilun.ingestion.errors import (
    MappingColumnMissing,
    MappingConstantInvalid,
    MappingFieldRequired,
    MappingFieldTwice,
    MappingFieldUnknown,
    MappingInvalid,
    MappingOptionInvalid,
    MappingSourceInvalid,
    MappingVersionUnknown,
    MappingZoneUnknown,
)
from feilun.ingestion.internal.cells import CellParser

VERSION: Final = 1
_SOURCE: Final = re.compile(r"^[\w.\-]{1,64}$")


def to_document(mapping: ImportMapping) -> dict[str, Any]:
    """Return the JSON form."""
    return asdict(mapping)


def from_document(document: Mapping[str, Any]) -> ImportMapping:
    """Read the JSON form. Raises: MappingVersionUnknown, MappingInvalid."""
    version = document.get("version", VERSION)
    if version != VERSION:
        raise MappingVersionUnknown(f"mapping version {version} is not known", version=version)
    try:
        reading = document.get("reading") or {}
        return ImportMapping(
            kind=document["kind"],
            bindings=tuple(_binding(item) for item in document["bindings"]),
            constants=dict(document.get("constants") or {}),
            part_column=document.get("part_column"),
            zone=document.get("zone") or "Asia/Shanghai",
            source=document.get("source") or "file",
            is_whole=bool(document.get("is_whole", False)),
            options={name: str(value) for name, value in (document.get("options") or {}).items()},
            reading=ReadOptions(
                encoding=reading.get("encoding"),
                delimiter=reading.get("delimiter"),
                header_row=reading.get("header_row"),
                sheets=tuple(reading.get("sheets") or ()),
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MappingInvalid("the mapping is not well-formed", reason=str(error)[:200]) from None


def _binding(item: Mapping[str, Any]) -> FieldBinding:
    order, mark = item.get("date_order"), item.get("decimal_mark")
    return FieldBinding(
        field=item["field"],
        column=item["column"],
        date_order=DateOrder(order) if order else None,
        decimal_mark=DecimalMark(mark) if mark else None,
        value_table={str(word): str(choice) for word, choice in (item.get("value_table") or {}).items()},
    )


def validate(mapping: ImportMapping, kind: RecordKind, columns: Sequence[str]) -> None:
    """Check a mapping against its record kind and a file's columns.

    Raises: MappingFieldUnknown, MappingFieldTwice, MappingColumnMissing, MappingFieldRequired, MappingConstantInvalid,
        MappingOptionInvalid, MappingZoneUnknown, MappingSourceInvalid.
    """
    specs = {spec.name: spec for spec in kind.fields}
    seen: set[str] = set()
    for name, column in [
        *((b.field, b.column) for b in mapping.bindings),
        *((f, None) for f in mapping.constants),
    ]:
        if name not in specs:
            raise MappingFieldUnknown(f"{kind.name} have no field {name!r}", field=name)
        if name in seen:
            raise MappingFieldTwice(f"field {name!r} is bound twice", field=name, column=column or "")
        seen.add(name)
    for column in [
        *(b.column for b in mapping.bindings),
        *([mapping.part_column] if mapping.part_column else []),
    ]:
        if column not in columns:
            raise MappingColumnMissing(f"the file has no column {column!r}", column=column)
    for spec in kind.fields:
        if spec.required and spec.name not in seen:
            raise MappingFieldRequired(f"field {spec.name!r} is required", field=spec.name)
    _validate_constants(mapping, specs)
    _validate_options(mapping, kind)
    if not _SOURCE.match(mapping.source):
        raise MappingSourceInvalid("the source name is not usable", source=mapping.source)


def _validate_constants(mapping: ImportMapping, specs: Mapping[str, FieldSpec]) -> None:
    zone = zone_of(mapping)
    for name, text in mapping.constants.items():
        value = CellParser(specs[name], FieldBinding(field=name, column=""), zone).parse_text(text)
        if value is None or isinstance(value, Rejection):
            raise MappingConstantInvalid(f"{text!r} is no value of {name!r}", field=name, value=text)


def _validate_options(mapping: ImportMapping, kind: RecordKind) -> None:
    options = {option.name: option for option in kind.options}
    for name, value in mapping.options.items():
        option = options.get(name)
        if option is None or (option.choices and value and value not in option.choices):
            raise MappingOptionInvalid(f"option {name!r} cannot be {value!r}", option=name, value=value)


def zone_of(mapping: ImportMapping) -> ZoneInfo:
    """Return the mapping's zone. Raises: MappingZoneUnknown."""
    try:
        return ZoneInfo(mapping.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MappingZoneUnknown(f"no zone {mapping.zone!r}", zone=mapping.zone) from None


def headings_digest(columns: Iterable[str]) -> bytes:
    """Return a digest of a file's headings, whatever their order and case."""
    return hashlib.sha256("\x1f".join(sorted(squashed(column) for column in columns)).encode()).digest()


def squashed(heading: str) -> str:
    """Return a heading without case, spaces and punctuation, for comparing."""
    return re.sub(r"[\W_]+", "", heading.casefold())


def with_options_filled(mapping: ImportMapping, kind: RecordKind) -> ImportMapping:
    """Return the mapping with the defaults of options it leaves out."""
    return replace(
        mapping, options={option.name: option.default for option in kind.options} | dict(mapping.options)
    )


def bound_specs(mapping: ImportMapping, kind: RecordKind) -> list[tuple[FieldSpec, FieldBinding]]:
    """Return the fields that come from columns, in the kind's order."""
    bindings = {binding.field: binding for binding in mapping.bindings}
    return [(spec, bindings[spec.name]) for spec in kind.fields if spec.name in bindings]
