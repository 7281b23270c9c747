"""B1: a thousand rules over about 150 distinct aggregates, for everybody at once.

The floor is one plain grouping of the same order lines by person, in a table that is merged and never updated. Beside it stands
what one query per rule takes, from a sample run one by one.
"""

import json
import os
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa
from pyroaring import BitMap64

from benchmarks.people_and_orders import CLEAN, NOW_MS, PEOPLE, catalogue, filled_warehouse
from benchmarks.result import Result
from feilun.conditions import api
from feilun.conditions.contracts import Bound, Catalogue, Evaluation, Everybody, PeopleRange
from feilun.platform.warehouse import Warehouse
from feilun.segments.internal.reading import read_members

NAME: Final = "B1"
BAR: Final = (
    "1,000 rules over ~150 aggregates x 1 M people x 10 M lines, 5 % updated and unmerged, 5 % of people merged: at most 60x one"
    " plain group-by-person scan, at least 20x faster than one query per rule"
)
describe: Final = "all segments in one pass, compared with what is stored"

EVALUATION: Final = Evaluation(datetime.fromtimestamp(NOW_MS / 1000, UTC), ZoneInfo("Asia/Shanghai"), "CNY")
_RULES: Final = 1_000
_MEASURES: Final = 150
_SAMPLE: Final = 40
_RATIO_MAX: Final = 60
_GAIN_MIN: Final = 20
_MEMORY_MEGABYTES: Final = 6_000
_FILTERS: Final[tuple[list[dict[str, Any]], ...]] = (
    [],
    *([{"column": "category", "op": "under", "value": [f"category {n}"]}] for n in range(10)),
    *([{"column": "channel", "op": "in", "value": [f"channel {n}"]}] for n in range(5)),
    *([{"column": "store", "op": "in", "value": [f"store {n}", f"store {n + 1}"]}] for n in range(5)),
    *([{"column": "sku", "op": "in", "value": [f"sku {n * 200}"]}] for n in range(10)),
    [{"column": "amount", "op": "gte", "value": 100}, {"column": "kind", "op": "in", "value": ["product"]}],
)
_PERIODS: Final = (None, *({"last": days, "unit": "day"} for days in (7, 30, 60, 90, 180, 365)))
_NUMBERS: Final = {
    "order_count": (1, 8), "order_amount": (1, 4000), "items": (1, 20), "largest_order": (1, 2000),
    "category_count": (1, 6), "order_days": (1, 8),
}  # fmt: skip
_NAMES: Final = (*("order_count", "order_amount") * 4, "items", "largest_order", "category_count", "order_days",
                 "last_order_at", "last_order_at", "first_order_at", "last_channel")  # fmt: skip


def run(people: int = PEOPLE) -> Result:
    """Fill a warehouse, make the pass, compare with the pass of a moment before, run some rules one by one."""
    known = catalogue()
    bounds = rules(known)
    with filled_warehouse(people, memory_megabytes=_MEMORY_MEGABYTES) as (warehouse, folder):
        lines = warehouse.value("SELECT count() FROM order_lines")
        watched = _Watched(warehouse)
        read_members(
            watched, {"": bounds["rule 0"]}, known, EVALUATION
        )  # the first query of a process loads things
        floor = min(_floor(warehouse) for _ in range(3))
        watched.seconds.clear()
        processor = _processor_seconds(folder)
        started = time.perf_counter()
        members = read_members(watched, bounds, known, EVALUATION)
        read = time.perf_counter() - started
        processor = _processor_seconds(folder) - processor
        stored = {key: found.serialize() for key, found in members.items()}
        started_comparing = time.perf_counter()
        changed = sum(len(members[key] ^ BitMap64.deserialize(old)) for key, old in stored.items())
        seconds = read + time.perf_counter() - started_comparing
        peak = _peak_megabytes(folder)
        planning = _planning(warehouse, bounds, known)
        one_by_one = _one_by_one(warehouse, bounds, known) * len(bounds) / _SAMPLE
        floor = min(floor, *(_floor(warehouse) for _ in range(2)))
    return Result(
        value=seconds / floor,
        unit="x one plain group-by-person scan",
        is_ok=changed == 0 and seconds <= _RATIO_MAX * floor and one_by_one >= _GAIN_MIN * seconds,
        floor=floor,
        floor_unit="s for count, sum and latest by person of the clean table",
        detail={
            "seconds": round(seconds, 2),
            "people": people,
            "line_rows_with_updates": lines,
            "rules": len(bounds),
            "distinct_aggregates": len(api.aggregates_of(bounds.values())),
            "distinct_leaves": sum(len(group.leaves) for group in api.leaf_groups(bounds.values())),
            "mean_members": round(sum(map(len, members.values())) / len(members)),
            "one_by_one_seconds": round(one_by_one, 1),
            "gain_over_one_by_one": round(one_by_one / seconds, 1),
            "queries": len(watched.seconds),
            "query_seconds_each": sorted((round(s, 2) for s in watched.seconds), reverse=True),
            "warehouse_processor_seconds": round(processor, 1),
            "comparing_seconds": round(seconds - read, 3),
            "planning_seconds_each": round(planning, 2),
            "warehouse_peak_megabytes": peak,
        },
    )


def rules(known: Catalogue) -> dict[str, Bound]:
    rng = random.Random(1)
    measures: dict[str, dict[str, Any]] = {}
    while len(measures) < _MEASURES:
        measure: dict[str, Any] = {"name": rng.choice(_NAMES), "where": rng.choice(_FILTERS)}
        if (period := rng.choice(_PERIODS)) is not None:
            measure["period"] = period
        measures[json.dumps(measure)] = measure
    chosen = list(measures.values())
    return {f"rule {n}": _bound(_rule(rng, chosen), known) for n in range(_RULES)}


def _bound(where: Mapping[str, object], known: Catalogue) -> Bound:
    condition = api.parse_condition({"version": 1, "where": where})
    return api.bind_condition(condition, known, EVALUATION, segments={})


def _rule(rng: random.Random, measures: list[dict[str, Any]]) -> dict[str, object]:
    parts = [_leaf(rng, rng.choice(measures)) for _ in range(rng.randint(2, 4))]
    if rng.random() < 0.3:
        cities = [f"city {rng.randrange(300)}" for _ in range(20)]
        parts.append({"field": "city", "op": "in", "value": cities})
    if rng.random() < 0.3:
        parts[0] = {"not": parts[0]}
    return {"all" if rng.random() < 0.6 else "any": parts}


def _leaf(rng: random.Random, measure: dict[str, Any]) -> dict[str, object]:
    name = measure["name"]
    if name == "last_channel":
        return {"measure": measure, "op": "in", "value": [f"channel {rng.randrange(5)}"]}
    if name in _NUMBERS:
        low, high = _NUMBERS[name]
        op = rng.choice(("gte", "gte", "lte"))
        return {"measure": measure, "op": op, "value": rng.randint(low, high)}
    return {"measure": measure, "op": "in_last", "value": {"n": rng.randint(1, 700), "unit": "day"}}


def _one_by_one(warehouse: Warehouse, bounds: Mapping[str, Bound], known: Catalogue) -> float:
    """Seconds for some rules, each by a query of its own, without making bitmaps of the answers."""
    started = time.perf_counter()
    for bound in list(bounds.values())[:_SAMPLE]:
        for group in api.leaf_groups([bound]):
            query = api.verdict_query(group, known, EVALUATION, Everybody())
            chosen = "p0 > 1" if group.placed else "b0 > 0"
            warehouse.rows(f"SELECT count() FROM ({query.sql}) WHERE {chosen}", settings=query.settings)
    return time.perf_counter() - started


def _planning(warehouse: Warehouse, bounds: Mapping[str, Bound], known: Catalogue) -> float:
    """Seconds that the largest query takes about one person only: what planning it costs."""
    group = max(api.leaf_groups(bounds.values()), key=lambda group: len(group.leaves))
    query = api.verdict_query(group, known, EVALUATION, PeopleRange(1, 1), api.Records.ALONE)
    started = time.perf_counter()
    warehouse.arrow(query.sql, settings=query.settings)
    return time.perf_counter() - started


def _floor(warehouse: Warehouse) -> float:
    started = time.perf_counter()
    warehouse.rows(
        "SELECT count(), sum(lines), sum(total), max(latest) FROM (SELECT person_id, count() AS lines, sum(amount) AS total,"
        f" max(ordered_at) AS latest FROM {CLEAN} GROUP BY person_id)"
    )
    return time.perf_counter() - started


def _process(folder: Path) -> int:
    return int(json.loads((folder / "run" / "warehouse.json").read_text())["pid"])


def _processor_seconds(folder: Path) -> float:
    """What the warehouse has used of all cores: it tells a slow pass from a busy machine."""
    fields = Path(f"/proc/{_process(folder)}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_megabytes(folder: Path) -> int:
    status = Path(f"/proc/{_process(folder)}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


class _Watched(Warehouse):
    """Notes how long each query took."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self.seconds: list[float] = []

    def arrow(
        self,
        sql: str,
        parameters: Mapping[str, object] | None = None,
        *,
        settings: Mapping[str, object] | None = None,
    ) -> pa.Table:
        started = time.perf_counter()
        table = self._warehouse.arrow(sql, parameters, settings=settings)
        self.seconds.append(time.perf_counter() - started)
        return table
