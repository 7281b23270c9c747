"""Reads conditions from the warehouse: aggregates of chosen people, and the members of many conditions at once.

Leaves come as places of values or as verdicts, eight in a byte, and are put together here on bit sets of all people: a bit
operation on a million people takes microseconds, so a thousand conditions cost little more than the leaves they share.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyroaring import BitMap64

from feilun.conditions import api as conditions
from feilun.conditions.api import Records
from feilun.conditions.contracts import (
    AggregateValue,
    Bound,
    BoundAggregate,
    BoundAll,
    BoundAny,
    BoundChain,
    BoundCompare,
    BoundNot,
    Catalogue,
    Evaluation,
    Everybody,
    Function,
    PeopleRange,
    PeopleScope,
    PeopleValues,
    QueryText,
    ThesePeople,
    ValueKind,
)
from feilun.platform.warehouse import Warehouse
from feilun.segments.internal.bit_sets import Bits, Ids, PeopleIndex

Key = TypeVar("Key", bound=str)


@dataclass(frozen=True, slots=True)
class Preview:
    """How many people a condition chooses, and some of them."""

    count: int
    total: int
    """All people there are."""
    sample: tuple[int, ...]
    """Ids of some members, spread over all of them."""


GROUPING_BYTES = 3 << 29
"""What one grouping query may take in the warehouse, roughly; two run at a time. With 1 GB each the whole process of the
embedded warehouse peaked at 2.4 GB (measured, B1); every further range costs the planning of its query."""
_QUERIES_AT_ONCE: Final = 2
_Pass = tuple[PeopleScope, Records]


def read_values(
    warehouse: Warehouse,
    aggregates: Sequence[BoundAggregate],
    catalogue: Catalogue,
    evaluation: Evaluation,
    person_ids: Sequence[int],
) -> PeopleValues:
    """Return aggregates of people, given by the ids of their roots; ids that are no customers are left out.

    Raises: WarehouseAway, WarehouseRefused.
    """
    query = conditions.values_query(aggregates, catalogue, evaluation, ThesePeople(tuple(person_ids)))
    table = warehouse.arrow(query.sql, settings=query.settings)
    values = {
        aggregate: _decoded(table.column(f"c{number}"), conditions.value_kind(aggregate, catalogue))
        for number, aggregate in enumerate(aggregates)
    }
    return PeopleValues(_numbers(table.column("person_id")).tolist(), values)


def read_members(
    warehouse: Warehouse,
    bounds: Mapping[Key, Bound],
    catalogue: Catalogue,
    evaluation: Evaluation,
    *,
    among: range | None = None,
) -> dict[Key, BitMap64]:
    """Return the members of each condition by the ids of their roots, all conditions read together.

    `among` limits them to people whose root's id lies in a range with step 1. Raises: WarehouseAway, WarehouseRefused.
    """
    scope = Everybody() if among is None else PeopleRange(among.start, among.stop - 1)
    index, members = _member_bits(warehouse, bounds, catalogue, evaluation, scope)
    return {key: index.bitmap(bits) for key, bits in members}


def read_preview(
    warehouse: Warehouse, bound: Bound, catalogue: Catalogue, evaluation: Evaluation, *, sample: int
) -> Preview:
    """Return how many people a condition chooses and up to `sample` of them. Raises: WarehouseAway, WarehouseRefused."""
    index, members = _member_bits(warehouse, {"": bound}, catalogue, evaluation, Everybody())
    ((_, bits),) = members
    found = index.person_ids(bits)
    chosen = found[:: max(1, len(found) // sample)][:sample] if sample else found[:0]
    return Preview(len(found), index.count, tuple(chosen.tolist()))


def _member_bits(
    warehouse: Warehouse,
    bounds: Mapping[Key, Bound],
    catalogue: Catalogue,
    evaluation: Evaluation,
    scope: PeopleScope,
) -> tuple[PeopleIndex, Iterator[tuple[Key, Bits]]]:
    index = PeopleIndex(_ids(warehouse, conditions.people_query(scope)))
    merged: Ids | None = None
    masks: dict[Bound, Bits] = {}
    for group in conditions.leaf_groups(bounds.values()):
        parts = -(-index.count * group.bytes_per_person // GROUPING_BYTES)
        passes: Sequence[_Pass] = [(scope, Records.ANY)]
        if parts > 1:
            if merged is None:
                merged = _ids(warehouse, conditions.merged_people_query())
            passes = _passes(index.ids, np.intersect1d(merged, index.ids), parts)
        answer = index.answer(
            _verdicts_without_facts(group.leaves), len(group.others), [value.spans for value in group.placed]
        )
        queries = [conditions.verdict_query(group, catalogue, evaluation, *one) for one in passes]
        for table in _tables(warehouse, queries):
            columns = [_numbers(column) for column in table.columns[1:]]
            answer.take(_numbers(table.column("person_id")), columns)
        masks.update(zip(group.leaves, answer.bits(), strict=True))
    return index, ((key, _combined(bound, masks, index.everybody)) for key, bound in bounds.items())


def _tables(warehouse: Warehouse, queries: Sequence[QueryText]) -> Iterator[pa.Table]:
    """Run queries, several two at a time and on one core each: planning a large one keeps a core busy for a second."""
    if len(queries) == 1:
        yield warehouse.arrow(queries[0].sql, settings=queries[0].settings)
        return
    with ThreadPoolExecutor(_QUERIES_AT_ONCE) as pool:
        yield from pool.map(
            lambda query: warehouse.arrow(query.sql, settings={**query.settings, "max_threads": 1}), queries
        )


def _passes(people: Ids, merged: Ids, parts: int) -> list[_Pass]:
    """Cut everybody into ranges that are grouped one at a time; people with several records go by themselves."""
    size = -(-len(people) // parts)
    alone = np.setdiff1d(people, merged, assume_unique=True)
    return [
        *((_range(ids), Records.ALONE) for ids in _cut(alone, size)),
        *((_range(ids), Records.MERGED) for ids in _cut(merged, size)),
    ]


def _cut(ids: Ids, size: int) -> list[Ids]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _range(ids: Ids) -> PeopleRange:
    return PeopleRange(int(ids[0]), int(ids[-1]))


def _ids(warehouse: Warehouse, query: QueryText) -> Ids:
    ids: Ids = _numbers(warehouse.arrow(query.sql, settings=query.settings).column("person_id"))
    return ids


def _combined(bound: Bound, known: dict[Bound, Bits], everybody: Bits) -> Bits:
    """Return the bits of a condition, and remember those of its parts: conditions share them."""
    if bound in known:
        return known[bound]
    bits = everybody
    match bound:
        case BoundAll(parts):
            for part in parts:
                bits = bits & _combined(part, known, everybody)
        case BoundAny(parts):
            bits = np.zeros_like(everybody)
            for part in parts:
                bits = bits | _combined(part, known, everybody)
        case BoundNot(part):
            bits = everybody ^ _combined(part, known, everybody)
        case BoundCompare() | BoundChain():
            raise AssertionError("every leaf has been read")
    known[bound] = bits
    return bits


def _verdicts_without_facts(leaves: Sequence[Bound]) -> int:
    """Return the verdicts of someone without facts, a bit per leaf."""
    nothing = {aggregate: [_nothing(aggregate)] for aggregate in conditions.aggregates_of(leaves)}
    verdicts = conditions.evaluate_conditions(dict(enumerate(leaves)), PeopleValues([0], nothing))
    return sum(verdict << number for number, verdict in verdicts.items())


def _nothing(aggregate: BoundAggregate) -> AggregateValue:
    if aggregate.function in (Function.COUNT, Function.COUNT_DISTINCT):
        return Decimal(0)
    return () if aggregate.function is Function.MOMENTS else None


def _numbers(column: "pa.ChunkedArray[Any]") -> npt.NDArray[Any]:
    return np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False))


def _decoded(column: "pa.ChunkedArray[Any]", kind: ValueKind | None) -> list[AggregateValue]:
    raw: list[Any] = column.to_pylist()
    match kind:
        case None:
            return [tuple(value) for value in raw]
        case ValueKind.NUMBER:
            return [None if value is None else Decimal(value) for value in raw]
        case ValueKind.TEXTS:
            return [frozenset(value) if value else None for value in raw]
        case ValueKind.BOOLEAN:
            return [None if value is None else bool(value) for value in raw]
        case ValueKind.TEXT | ValueKind.CHOICE | ValueKind.PATH:
            return [value or None for value in raw]
        case _:
            return list(raw)
