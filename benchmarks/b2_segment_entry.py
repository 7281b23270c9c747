"""B2: from an order accepted (its transaction committed) to the entry of its customer in a segment (in the log).

The whole program runs as `feilun up` starts it; this process only takes in orders, through the same handler as imports and the
API, at a steady rate. People and their past orders are written straight into the warehouse: only there do they cost anything.
Rule and message, which the design counts from the same event, come with journeys; this measures up to the segment.

Smaller: FEILUN_B2_PEOPLE, FEILUN_B2_SEGMENTS, FEILUN_B2_RATE (orders a second), FEILUN_B2_SECONDS.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from sqlalchemy import text

from benchmarks.result import Result
from feilun.catalog import api as catalog
from feilun.entrypoints.wiring import Rooms, open_rooms
from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.ingestion.contracts import ApplyContext, MappedRow
from feilun.kernel.ids import PersonId
from feilun.orders.intake import OrderHandler
from feilun.platform.config import load_settings
from feilun.platform.log import Origin
from feilun.platform.warehouse import Warehouse
from feilun.profiles import api as profiles
from feilun.segments import api as segments
from feilun.segments.contracts import Health, SegmentDraft, SegmentFilter
from tests.program import running_program

NAME: Final = "B2"
BAR: Final = "order committed → segment entry in the log: p50 ≤ 1 s, p99 ≤ 3 s, 500 live segments, 1 M people, 300 orders/s"
describe: Final = "order accepted to segment entered (without rule and message, which journeys add)"

_PEOPLE: Final = int(os.environ.get("FEILUN_B2_PEOPLE", "1000000"))
_SEGMENTS: Final = int(os.environ.get("FEILUN_B2_SEGMENTS", "500"))
_RATE: Final = int(os.environ.get("FEILUN_B2_RATE", "300"))
_SECONDS: Final = int(os.environ.get("FEILUN_B2_SECONDS", "60"))
_LINES_EACH: Final = 10
_TRANSACTIONS_A_SECOND: Final = 20
_PRODUCTS: Final = 50
_P50_MAX: Final = 1.0
_P99_MAX: Final = 3.0
_SETTLE_SECONDS_MAX: Final = 600.0
_DAYS: Final = (7, 30, 60, 90, 180, 365)
_CITIES: Final = ("上海", "北京", "广州", "深圳", "杭州", "成都")


def run() -> Result:
    """Fill, let everything settle, send orders at a steady rate, and read from the log when entries came."""
    with tempfile.TemporaryDirectory(prefix="feilun-b2-") as folder:
        data = Path(folder) / "data"
        with running_program(data), open_rooms(load_settings(data_dir=data)) as rooms:
            buyers = _make_buyers(rooms, _RATE * _SECONDS)
            _settle(rooms)
            _fill_warehouse(rooms.warehouse(), buyers)
            _make_segments(rooms)
            computed = _settle(rooms)
            floor = _floor(rooms.warehouse(), buyers)
            accepted, seconds = _send_orders(rooms, buyers)
            _settle(rooms)
            waited = _latencies(rooms, accepted)
            changes = _changes(rooms)
    cuts = quantiles(waited, n=100)
    return Result(
        value=round(cuts[49], 3),
        unit="s (p50)",
        is_ok=cuts[49] <= _P50_MAX and cuts[98] <= _P99_MAX and len(waited) == len(accepted),
        floor=round(floor, 4),
        floor_unit="s to read the orders of 300 people from the warehouse",
        detail={
            "p90_s": round(cuts[89], 3),
            "p99_s": round(cuts[98], 3),
            "max_s": round(max(waited), 3),
            "people": _PEOPLE,
            "lines": _PEOPLE * _LINES_EACH,
            "segments": _SEGMENTS,
            "orders": len(accepted),
            "orders_a_second": round(len(accepted) / seconds),
            "entered": len(waited),
            "changes_an_order": round(changes / len(accepted), 1),
            "first_computation_s": round(computed, 1),
        },
    )


def _code(number: int) -> str:
    return f"B{number:07d}"


def _make_buyers(rooms: Rooms, count: int) -> list[PersonId]:
    """Make the people who will order, each once, known by a customer code."""
    buyers: list[PersonId] = []
    for start in range(0, count, 5_000):
        claims = [
            [IdentifierClaim(IdentifierKind.ERP_CODE, _code(number), scope="erp")]
            for number in range(start, min(start + 5_000, count))
        ]
        with rooms.database.transaction(actor="benchmark") as uow:
            found = identity.resolve_records(uow, claims, source="erp", origin=Origin.BACKFILL)
        buyers.extend(r.person_id for r in found if r.person_id is not None)
    return buyers


def _fill_warehouse(warehouse: Warehouse, buyers: Sequence[PersonId]) -> None:
    """Write people beyond the buyers, and everybody's past orders, under ids that nothing else uses."""
    first = max(buyers) + 1
    cities = ", ".join(f"'{city}'" for city in _CITIES)
    warehouse.command(
        "INSERT INTO customers (person_id, created_at, city, is_erased, version, is_deleted)"
        f" SELECT number + {first}, now64(3), [{cities}][number % {len(_CITIES)} + 1], 0, 1, 0"
        f" FROM numbers({max(0, _PEOPLE - len(buyers))})"
    )
    low = min(buyers)
    warehouse.command(
        "INSERT INTO order_lines (person_id, line_id, order_id, ordered_at, order_kind, currency, state, kind, sku, category,"
        " channel, quantity, unit_price, amount, order_total, version, is_deleted)"
        f" SELECT {low} + number % {_PEOPLE}, 1000000000 + number, 1000000000 + intDiv(number, 2),"
        " now64(3) - toIntervalMinute(cityHash64(number) % 1000000 + 20), 'sale', 'CNY', 'paid', 'product',"
        " concat('H', toString(cityHash64(number, 1) % 500)), concat('c', toString(cityHash64(number, 2) % 20)),"
        " ['shop', 'online', 'mini_program'][cityHash64(number, 3) % 3 + 1], 1, cityHash64(number, 4) % 500 + 1,"
        f" cityHash64(number, 4) % 500 + 1, 100, 1, 0 FROM numbers({_PEOPLE * _LINES_EACH})"
    )


def _conditions() -> list[dict[str, object]]:
    """Return conditions of the kinds people make; the first ones are entered by buying one product."""
    found: list[dict[str, object]] = [
        {
            "measure": {"name": "order_count", "where": [_is("sku", f"P{number}")]},
            "op": "gte",
            "value": 1,
        }
        for number in range(_PRODUCTS)
    ]
    number = 0
    while len(found) < _SEGMENTS:
        period = {"last": _DAYS[number % len(_DAYS)], "unit": "day"}
        kind = number % 5
        if kind == 0:
            where = [_is("category", f"c{number % 20}")]
            measure: dict[str, object] = {"name": "order_count", "where": where, "period": period}
            value = number % 7 + 1
        elif kind == 1:
            measure = {"name": "order_amount", "period": period}
            value = 100 * (number % 40 + 1)
        elif kind == 2:
            measure = {"name": "order_count", "where": [_is("sku", f"H{number % 500}")], "period": period}
            value = 1
        elif kind == 3:
            measure = {"name": "items", "where": [_is("channel", "online")], "period": period}
            value = number % 5 + 1
        else:
            measure = {"name": "product_count", "period": period}
            value = number % 12 + 2
        compare = {"measure": measure, "op": "gte", "value": value}
        city = {"field": "city", "op": "in", "value": [_CITIES[number % len(_CITIES)]]}
        found.append({"all": [compare, city]} if number % 3 == 0 else compare)
        number += 1
    return found[:_SEGMENTS]


def _is(column: str, value: str) -> dict[str, object]:
    return {"column": column, "op": "in", "value": [value]}


def _make_segments(rooms: Rooms) -> None:
    with rooms.database.transaction(actor="benchmark") as uow:
        for number, where in enumerate(_conditions()):
            draft = SegmentDraft(
                key=f"b{number}", name=f"B {number}", condition={"version": 1, "where": where}
            )
            segments.create_segment(uow, rooms.segments, draft)


def _settle(rooms: Rooms) -> float:
    """Wait until every consumer has read the log and every segment is computed; returns the seconds."""
    started = time.monotonic()
    while time.monotonic() - started < _SETTLE_SECONDS_MAX:
        with rooms.database.transaction() as uow:
            behind = uow.connection.execute(
                text(
                    "SELECT CASE WHEN count(*) < 2 THEN 1 ELSE max(h.position - c.position) END FROM log_head h, consumers c"
                    " WHERE c.name IN ('warehouse', 'segments')"
                )
            ).scalar_one()
            waiting = segments.list_segments(uow, SegmentFilter(health=Health.WAITING), limit=1)[1]
            inbox = uow.connection.execute(text("SELECT count(*) FROM event_inbox")).scalar_one()
        if not behind and not waiting and not inbox:
            return time.monotonic() - started
        time.sleep(0.2)
    raise TimeoutError("the program did not settle")


def _send_orders(rooms: Rooms, buyers: Sequence[PersonId]) -> tuple[dict[PersonId, datetime], float]:
    """Take in one order per buyer at the rate; returns when each was committed, and the seconds it took."""
    handler = OrderHandler(catalog, profiles)
    per_transaction = max(1, _RATE // _TRANSACTIONS_A_SECOND)
    accepted: dict[PersonId, datetime] = {}
    started = time.monotonic()
    for start in range(0, len(buyers), per_transaction):
        wait = started + start / _RATE - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        numbers = range(start, min(start + per_transaction, len(buyers)))
        with rooms.database.transaction(actor="benchmark") as uow:
            context = ApplyContext(
                source="erp",
                origin=Origin.LIVE,
                options={},
                is_whole=True,
                zone="Asia/Shanghai",
                now=uow.now,
            )
            handler.apply(uow, [[_order(number, uow.now)] for number in numbers], context)
        moment = datetime.now(UTC)
        accepted.update((buyers[number], moment) for number in numbers)
    return accepted, time.monotonic() - started


def _order(number: int, at: datetime) -> MappedRow:
    return MappedRow(
        number,
        "",
        {
            "number": f"O{number}",
            "ordered_at": at,
            "customer_code": _code(number),
            "sku": f"P{number % _PRODUCTS}",
            "description": "Mug",
            "quantity": Decimal(1),
            "unit_price": Decimal(20),
        },
    )


def _latencies(rooms: Rooms, accepted: dict[PersonId, datetime]) -> list[float]:
    """Return the seconds from an order's commit to its customer's first entry in the log."""
    with rooms.database.transaction() as uow:
        rows = uow.connection.execute(
            text(
                "SELECT person_id, min(sequenced_at) AS entered_at FROM events WHERE type = 'segments.entered'"
                " AND payload->>'cause' = 'live' GROUP BY person_id"
            )
        )
        entered = {PersonId(row.person_id): row.entered_at for row in rows}
    return [
        (entered[person_id] - moment).total_seconds()
        for person_id, moment in accepted.items()
        if person_id in entered
    ]


def _changes(rooms: Rooms) -> int:
    with rooms.database.transaction() as uow:
        return int(uow.connection.execute(text("SELECT count(*) FROM segment_changes")).scalar_one())


def _floor(warehouse: Warehouse, buyers: Sequence[PersonId]) -> float:
    """Return what one read of 300 people's orders takes."""
    ids = ", ".join(map(str, buyers[:300]))
    taken = []
    for _ in range(7):
        started = time.perf_counter()
        warehouse.rows(
            f"SELECT person_id, count(), sum(amount) FROM order_lines FINAL WHERE person_id IN ({ids}) GROUP BY person_id"
        )
        taken.append(time.perf_counter() - started)
    return median(taken)
