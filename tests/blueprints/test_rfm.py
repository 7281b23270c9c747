"""RFM on a real retailer's orders: limits, map and tags equal what a plain count of the file says."""

import os
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import pyarrow.parquet as pq
import pytest

from feilun.blueprints import api
from feilun.blueprints.contracts import Dimension, RfmModel
from feilun.blueprints.errors import NobodyOrdered, RfmChanged
from feilun.blueprints.internal.domain.rfm import DEFAULT_MODEL
from feilun.catalog import api as catalog
from feilun.entrypoints.wiring import condition_fields, projectors
from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierKind
from feilun.ingestion.contracts import ApplyContext
from feilun.kernel.ids import PersonId
from feilun.orders.intake import OrderHandler
from feilun.platform.consumers import ConsumerRunner
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.log import Origin
from feilun.platform.sequencer import sequence_events
from feilun.platform.warehouse import Warehouse, WarehouseForwarder, ensure_proved
from feilun.segments import api as segments
from feilun.segments.jobs import SegmentRunner
from feilun.segments.ports import Surroundings
from feilun.tags import api as tags
from tests.fakes.clock import FixedClock
from tests.orders.test_retail import CUT, read

SNAPSHOT = datetime(2011, 12, 10, tzinfo=UTC)
"""The file's moments are taken for UTC."""
WHOLE = Path(os.environ.get("FEILUN_RETAIL_FILE", ""))
EVER = replace(DEFAULT_MODEL, period_days=None)


@pytest.fixture(scope="module")
def surroundings(database: Database, warehouse: Warehouse) -> Surroundings:
    return Surroundings(condition_fields(), lambda: warehouse, "UTC", "GBP")


COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID")


class Line(NamedTuple):
    """A line of the file, without the sheet it stands in."""

    invoice: str
    sku: str
    description: str | None
    quantity: int
    moment: datetime
    price: float
    customer: int | None


def take_in(database: Database, warehouse: Warehouse, path: Path, *, one_in: int) -> None:
    """Take the file in and let the warehouse follow."""
    groups, _ = read(path, one_in=one_in)
    handler = OrderHandler(catalog)
    options = dict(handler.propose_options([row for group in groups[:400] for row in group]))
    context = ApplyContext(
        source="retail",
        origin=Origin.BACKFILL,
        options=options | {"currency": "GBP"},
        is_whole=True,
        zone="UTC",
        now=SNAPSHOT,
    )
    for start in range(0, len(groups), 5_000):
        with database.transaction(actor="test") as uow:
            handler.describe(uow)
            handler.apply(uow, groups[start : start + 5_000], context)
    with database.transaction(actor="test") as uow:
        handler.finish(uow, context)
    ensure_proved(database, warehouse, projectors())
    forward(database, warehouse)


def forward(database: Database, warehouse: Warehouse) -> None:
    """Let log and warehouse follow what is committed."""
    while sequence_events(database):
        pass
    ConsumerRunner(database, WarehouseForwarder(warehouse, projectors()), threading.Event()).catch_up()


def counted(path: Path, *, one_in: int) -> dict[str, tuple[int, int, Decimal]]:
    """Return days since the last order, orders and net spend by customer code, counted without any of our code."""
    columns = pq.read_table(path).to_pydict()
    times: dict[Line, Counter[str]] = {}
    began: dict[str, datetime] = {}
    for *cells, sheet in zip(*(columns[name] for name in COLUMNS), columns["sheet"], strict=True):
        line = Line(*cells)
        times.setdefault(line, Counter())[sheet] += 1
        began[line.invoice] = min(began.get(line.invoice, line.moment), line.moment)
    last: dict[str, datetime] = {}
    invoices: dict[str, set[str]] = {}
    spent: dict[str, Decimal] = {}
    for line, by_sheet in times.items():
        if line.customer is None or crc32(str(line.customer).encode()) % one_in:
            continue
        code = str(int(line.customer))
        amount = line.quantity * Decimal(repr(line.price)) * max(by_sheet.values())
        spent[code] = spent.get(code, Decimal(0)) + amount
        if not line.invoice.startswith("C"):
            invoices.setdefault(code, set()).add(line.invoice)
            last[code] = max(last.get(code, began[line.invoice]), began[line.invoice])
    snapshot = SNAPSHOT.replace(tzinfo=None)
    return {code: ((snapshot - last[code]).days, len(invoices[code]), spent[code]) for code in invoices}


def limits_of(values: list[Decimal], scores: int) -> tuple[Decimal, ...]:
    """As pandas' quantile(k / scores, interpolation="lower")."""
    ordered = sorted(values)
    return tuple(ordered[k * (len(ordered) - 1) // scores] for k in range(1, scores))


def check_map(
    uow: UnitOfWork, surroundings: Surroundings, people: dict[str, tuple[int, int, Decimal]]
) -> RfmModel:
    """Save the model and compare limits, cells and regions with the count."""
    model = api.save_rfm(uow, surroundings, replace(EVER, version=api.get_rfm(uow).version), locale="en")
    columns = [[Decimal(person[place]) for person in people.values()] for place in range(3)]
    assert model.people == len(people)
    for dimension, values in zip(Dimension, columns, strict=True):
        assert model.scales[dimension].limits == limits_of(values, model.scores)

    def scores(person: tuple[int, int, Decimal]) -> tuple[int, int, int]:
        above = [
            sum(value > limit for limit in model.scales[dimension].limits)
            for dimension, value in zip(Dimension, [Decimal(value) for value in person], strict=True)
        ]
        return model.scores - above[0], above[1] + 1, above[2] + 1

    cells = Counter(scores(person)[:2] for person in people.values())
    heatmap = api.read_heatmap(uow, surroundings)
    assert {(c.recency, c.frequency): c.people for c in heatmap.cells if c.people} == dict(cells)
    assert heatmap.people == len(people)
    assert sum(region.people for region in heatmap.regions) == len(people)
    assert sum(region.monetary_total for region in heatmap.regions) == sum(columns[2])
    return model


def test_the_model_of_real_orders_is_what_a_plain_count_says(
    database: Database, warehouse: Warehouse, surroundings: Surroundings, clock: FixedClock
) -> None:
    clock.set(SNAPSHOT)
    ensure_proved(database, warehouse, projectors())
    with database.transaction(actor="test") as uow, pytest.raises(NobodyOrdered):
        api.read_heatmap(uow, surroundings)
    take_in(database, warehouse, CUT, one_in=12)
    people = counted(CUT, one_in=12)
    with database.transaction(actor="test") as uow:
        model = check_map(uow, surroundings, people)
        with pytest.raises(RfmChanged):
            api.save_rfm(uow, surroundings, EVER, locale="en")
    forward(database, warehouse)
    SegmentRunner(database, surroundings, threading.Event()).catch_up()

    with database.transaction(actor="test") as uow:
        tag = tags.find_tag(uow, "rfm_region")
        assert tag is not None
        sizes = {region.key: region.people for region in api.read_heatmap(uow, surroundings).regions}
        assert {
            value.value: value.status.size for value in segments.list_tag_values(uow, tag.tag_id)
        } == sizes
        person_id = next(
            iter(segments.tag_members(uow, tag.tag_id, "champions", after=PersonId(0), limit=1).person_ids)
        )
        carried = {
            tags.get_tag(uow, found.tag_id).key: found.value
            for found in segments.list_carried_values(uow, person_id)
        }
        code = next(
            i.value
            for i in identity.list_identifiers(uow, person_id, reveal=True)
            if i.kind is IdentifierKind.ERP_CODE
        )
        _, orders, _ = people[code]
        assert carried["rfm_region"] == "champions"
        assert carried["rfm_frequency"] == str(
            1 + sum(orders > limit for limit in model.scales[Dimension.FREQUENCY].limits)
        )

    clock.set(SNAPSHOT + timedelta(days=29))
    assert not api.recalibrate_rfm(database, surroundings, locale="en")
    clock.set(SNAPSHOT + timedelta(days=30))
    assert api.recalibrate_rfm(database, surroundings, locale="en")
    with database.transaction(actor="test") as uow:
        again = api.get_rfm(uow)
    assert again.version == model.version + 1
    older, newer = (m.scales[Dimension.RECENCY].limits for m in (model, again))
    assert [new - old for old, new in zip(older, newer, strict=True)] == [30] * 4


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.skipif(not WHOLE.is_file(), reason="FEILUN_RETAIL_FILE names no file")
def test_the_model_of_the_whole_file_is_that_of_the_script_in_the_docs(
    database: Database, warehouse: Warehouse, surroundings: Surroundings, clock: FixedClock
) -> None:
    clock.set(SNAPSHOT)
    take_in(database, warehouse, WHOLE, one_in=1)
    with database.transaction(actor="test") as uow:
        model = check_map(uow, surroundings, counted(WHOLE, one_in=1))
    assert [list(map(int, model.scales[d].limits)) for d in (Dimension.RECENCY, Dimension.FREQUENCY)] == [
        [19, 58, 189, 410],
        [1, 2, 4, 8],
    ]
    assert model.people == 5_881
