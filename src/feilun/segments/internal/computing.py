"""Evaluating many bound definitions at once, so that one that fails takes no other with it.

When the joint query fails, halves are tried until those that fail stand alone. What fails because the warehouse is away
fails as a whole and is tried again.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import structlog
from pyroaring import BitMap64
from sqlalchemy.exc import DBAPIError

from feilun.conditions import api as conditions
from feilun.conditions.contracts import Bound, Catalogue, Evaluation
from feilun.kernel.errors import FeilunError, Transient
from feilun.platform.warehouse import Warehouse, WarehouseRefused
from feilun.segments.internal.live import BoundSet, Failure
from feilun.segments.internal.reading import read_members, read_values
from feilun.segments.internal.warehouse_state import LimitedWarehouse

logger = structlog.get_logger(__name__)

JOINT_SECONDS_MAX: Final = 120
"""A pass over everybody for all definitions: 1.2–3.3 s were measured for 200 on a million people, 10.6 s for 1,000."""
SINGLE_SECONDS_MAX: Final = 20
"""What one definition may take alone; more and it is put aside."""
_TOO_COSTLY: Final = frozenset({159, 160, 158, 241, 307, 396})
"""ClickHouse's errors for too much time, rows or memory."""
_REASON_MAX: Final = 500
_OF_ONE_DEFINITION: Final = (
    FeilunError, ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip
"""Whatever is wrong with one definition, be it our own fault, must not reach the others."""

T = TypeVar("T")


def failure_of(error: Exception) -> Failure:
    """Return how a failed evaluation is reported on the definition."""
    if isinstance(error, WarehouseRefused):
        number = error.detail.get("number")
        reason = str(error.detail.get("reason", ""))[:_REASON_MAX]
        if number in _TOO_COSTLY or "TIMEOUT_EXCEEDED" in reason or "MEMORY_LIMIT_EXCEEDED" in reason:
            return Failure("segments.too_costly", {"seconds": SINGLE_SECONDS_MAX}, is_too_costly=True)
        return Failure("segments.evaluation_failed", {"reason": reason})
    return Failure("segments.evaluation_failed", {"reason": f"{type(error).__name__}: {error}"[:_REASON_MAX]})


def isolate(
    wanted: Sequence[int], run: Callable[[Sequence[int]], Mapping[int, T]]
) -> tuple[dict[int, T], dict[int, Failure]]:
    """Run for all definitions, or in halves where that fails. Raises: Transient errors of the warehouse, DBAPIError."""
    if not wanted:
        return {}, {}
    try:
        return dict(run(wanted)), {}
    except (Transient, DBAPIError):
        raise
    except _OF_ONE_DEFINITION as error:
        if len(wanted) == 1:
            logger.warning(
                "definition_failed", definition=wanted[0], error=type(error).__name__, exc_info=error
            )
            return {}, {wanted[0]: failure_of(error)}
    middle = len(wanted) // 2
    left, left_failures = isolate(wanted[:middle], run)
    right, right_failures = isolate(wanted[middle:], run)
    return {**left, **right}, {**left_failures, **right_failures}


def members_of(
    warehouse: Warehouse, bound: BoundSet, catalogue: Catalogue
) -> tuple[dict[int, BitMap64], dict[int, Failure]]:
    """Return the members of all bound definitions, and what failed."""

    def run(wanted: Sequence[int]) -> dict[int, BitMap64]:
        seconds = JOINT_SECONDS_MAX if len(wanted) > 1 else SINGLE_SECONDS_MAX
        limited = LimitedWarehouse(warehouse, settings={"max_execution_time": seconds})
        found: dict[int, BitMap64] = {}
        for evaluation, ids in _by_evaluation(bound, wanted).items():
            chosen = {str(definition_id): bound.bounds[definition_id] for definition_id in ids}
            members = read_members(limited, chosen, catalogue, evaluation)
            found.update((int(key), bitmap) for key, bitmap in members.items())
        return found

    return isolate(list(bound.bounds), run)


def cost_of(warehouse: Warehouse, bound: BoundSet, catalogue: Catalogue, definition_id: int) -> int:
    """Return how many milliseconds a definition alone takes for everybody. Raises: WarehouseAway, WarehouseRefused."""
    limited = LimitedWarehouse(warehouse, settings={"max_execution_time": SINGLE_SECONDS_MAX})
    begun = time.monotonic()
    read_members(limited, {"": bound.bounds[definition_id]}, catalogue, bound.evaluations[definition_id])
    return int((time.monotonic() - begun) * 1000)


def masks_of(
    warehouse: Warehouse, bound: BoundSet, catalogue: Catalogue, person_ids: Sequence[int]
) -> tuple[dict[int, frozenset[int]], dict[int, Failure]]:
    """Return which of these people fit each definition, and what failed. Ids that are no customers fit none."""

    def run(wanted: Sequence[int]) -> dict[int, frozenset[int]]:
        found: dict[int, frozenset[int]] = {}
        limited = LimitedWarehouse(warehouse, settings={"max_execution_time": SINGLE_SECONDS_MAX})
        for evaluation, ids in _by_evaluation(bound, wanted).items():
            bounds: dict[int, Bound] = {definition_id: bound.bounds[definition_id] for definition_id in ids}
            aggregates = conditions.aggregates_of(bounds.values())
            people = read_values(limited, aggregates, catalogue, evaluation, person_ids)
            known = people.person_ids
            for definition_id, mask in conditions.evaluate_conditions(bounds, people).items():
                found[definition_id] = frozenset(_picked(known, mask))
        return found

    return isolate(list(bound.bounds), run)


def _by_evaluation(bound: BoundSet, wanted: Sequence[int]) -> dict[Evaluation, list[int]]:
    groups: dict[Evaluation, list[int]] = {}
    for definition_id in wanted:
        groups.setdefault(bound.evaluations[definition_id], []).append(definition_id)
    return groups


def _picked(person_ids: Sequence[int], mask: int) -> list[int]:
    """Return the people whose bits are set; text is the quickest way to look at the bits of a large number."""
    return [
        person_id for person_id, bit in zip(person_ids, reversed(f"{mask:b}"), strict=False) if bit == "1"
    ]
