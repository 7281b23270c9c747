"""Preview: how many people a condition that is being written chooses, on a million people and ten million lines.

Answers must come while somebody waits: conditions as people write them, one at a time, members counted exactly.
"""

import random
import time
from statistics import quantiles
from typing import Any, Final

from benchmarks.b1_segments import EVALUATION, rules
from benchmarks.people_and_orders import CLEAN, PEOPLE, catalogue, filled_warehouse
from benchmarks.result import Result
from feilun.conditions import api
from feilun.conditions.contracts import Catalogue
from feilun.platform.warehouse import Warehouse
from feilun.segments.internal.reading import read_preview, read_values

NAME: Final = "preview"
BAR: Final = "live count and sample of varied conditions on 1 M people / 10 M lines: p95 at most 1 s"
describe: Final = "latency of a preview"

_PREVIEWS: Final = 100
_SECONDS_MAX: Final = 1.0
_MEMORY_MEGABYTES: Final = 6_000
_PEOPLE_ASKED_ABOUT: Final = (1, 100, 1_000)


def run(people: int = PEOPLE) -> Result:
    """Preview conditions of every common shape, one after the other."""
    known = catalogue()
    rng = random.Random(5)
    seconds: dict[str, list[float]] = {}
    with filled_warehouse(people, memory_megabytes=_MEMORY_MEGABYTES) as (warehouse, _):
        for number in range(_PREVIEWS + 1):
            shape, where = rng.choice(_SHAPES)
            condition = api.parse_condition({"version": 1, "where": where(rng)})
            bound = api.bind_condition(condition, known, EVALUATION, segments={})
            started = time.perf_counter()
            read_preview(warehouse, bound, known, EVALUATION, sample=10)
            if number:  # the first query of a process loads things
                seconds.setdefault(shape, []).append(time.perf_counter() - started)
        values = {
            count: _values(warehouse, known, sorted(rng.sample(range(1, people), count)))
            for count in _PEOPLE_ASKED_ABOUT
        }
        started = time.perf_counter()
        warehouse.rows(f"SELECT count() FROM (SELECT person_id FROM {CLEAN} GROUP BY person_id)")
        floor = time.perf_counter() - started
    everything = sorted(second for found in seconds.values() for second in found)
    cuts = quantiles(everything, n=100)
    return Result(
        value=cuts[94],
        unit="s (p95)",
        is_ok=cuts[94] <= _SECONDS_MAX,
        floor=floor,
        floor_unit="s to group the clean table by person",
        detail={
            "people": people,
            "p50": round(cuts[49], 3),
            "p99": round(cuts[98], 3),
            "values_seconds_by_people": values,
            "median_by_shape": {
                shape: round(sorted(found)[len(found) // 2], 3) for shape, found in sorted(seconds.items())
            },
        },
    )


def _values(warehouse: Warehouse, known: Catalogue, person_ids: list[int]) -> float:
    """Seconds to read all 150 aggregates of B1 about some people, as the evaluator does for those with new events."""
    aggregates = api.aggregates_of(rules(known).values())
    started = time.perf_counter()
    read_values(warehouse, aggregates, known, EVALUATION, person_ids)
    return round(time.perf_counter() - started, 3)


def _measure(name: str, days: int | None, *where: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "where": list(where)}
    if days is not None:
        found["period"] = {"last": days, "unit": "day"}
    return found


def _field(rng: random.Random) -> dict[str, Any]:
    return {
        "field": "city",
        "op": "in",
        "value": [f"city {rng.randrange(300)}", f"city {rng.randrange(300)}"],
    }


def _count(rng: random.Random) -> dict[str, Any]:
    return {
        "measure": _measure("order_count", rng.choice((30, 90, 365))),
        "op": "gte",
        "value": rng.randint(1, 4),
    }


def _spend(rng: random.Random) -> dict[str, Any]:
    return {"measure": _measure("order_amount", None), "op": "gte", "value": rng.randint(100, 5000)}


def _bought(rng: random.Random) -> dict[str, Any]:
    category = {"column": "category", "op": "under", "value": [f"category {rng.randrange(10)}"]}
    return {"measure": _measure("order_count", 60, category), "op": "gte", "value": 2}


def _net(rng: random.Random) -> dict[str, Any]:
    return {"measure": _measure("net_spend", 365), "op": "gte", "value": rng.randint(100, 3000)}


def _gold(rng: random.Random) -> dict[str, Any]:
    sku = {"column": "sku", "op": "in", "value": [f"sku {rng.randrange(2000)}"]}
    return {
        "all": [
            _spend(rng),
            {"measure": _measure("order_count", 60, sku), "op": "gte", "value": 1},
            {"measure": _measure("order_count", 30, sku), "op": "eq", "value": 0},
            _field(rng),
        ]
    }


_SHAPES: Final = (
    ("a field", _field),
    ("orders in a period", _count),
    ("spend ever", _spend),
    ("bought of a category", _bought),
    ("spend less refunds", _net),
    ("four parts", _gold),
)
