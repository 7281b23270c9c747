"""Joining the parts of rooms to one catalogue, and refusing what could not be computed: an error of a program, not of a user."""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Protocol, TypeVar

from feilun.conditions.contracts import (
    Catalogue,
    CatalogueParts,
    FieldDef,
    Filter,
    MeasureDef,
    Source,
)
from feilun.conditions.internal.checking_values import check_test
from feilun.conditions.internal.expressions import (
    find_column,
    fits,
    kind_of,
    source_names,
)
from feilun.conditions.internal.reporting import Problems


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Definition = TypeVar("Definition", bound=_Named)


def join(parts: Iterable[CatalogueParts]) -> Catalogue:
    """Return the catalogue of all parts, or raise ValueError."""
    found = list(parts)
    sources = _by_name(source for part in found for source in part.sources)
    fields = _by_name(field for part in found for field in part.fields)
    measures = _by_name(measure for part in found for measure in part.measures)
    for source in sources.values():
        _check_source(source)
    definitions: list[FieldDef | MeasureDef] = [*fields.values(), *measures.values()]
    for definition in definitions:
        try:
            _check_definition(definition, sources)
        except ValueError as error:
            raise ValueError(f"{definition.name}: {error}") from error
    return Catalogue(MappingProxyType(sources), MappingProxyType(fields), MappingProxyType(measures))


def _by_name(definitions: Iterable[Definition]) -> dict[str, Definition]:
    found: dict[str, Definition] = {}
    for definition in definitions:
        if definition.name in found:
            raise ValueError(f"two rooms offer {definition.name!r}")
        found[definition.name] = definition
    return found


def _check_source(source: Source) -> None:
    _by_name(source.columns)
    if source.is_per_person and source.moment is not None:
        raise ValueError(f"{source.name}: what has one row per person has no moment")


def _check_definition(definition: FieldDef | MeasureDef, sources: dict[str, Source]) -> None:
    expression = definition.expression
    found = kind_of(expression, sources)
    if not fits(definition.kind, found):
        raise ValueError(f"it is said to be {definition.kind.value} and is {found.value}")
    if not source_names(expression):
        raise ValueError("it is taken of no facts")
    for filter_ in definition.where:
        _check_fixed_filter(filter_, [sources[name] for name in source_names(expression)])


def _check_fixed_filter(filter_: Filter, sources: list[Source]) -> None:
    columns = [find_column(source, filter_.column) for source in sources]
    problems = Problems()
    for column in columns:
        if column is not None:
            check_test(column.kind, filter_, "", problems)
    if not any(columns) or problems.found:
        raise ValueError(f"it cannot be filtered by {filter_.column} {filter_.op.value}")
