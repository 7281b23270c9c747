"""Proposed mappings: by headings in two languages, by what cells look like, never a field whose cells cannot be read."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from feilun.entrypoints.wiring import handlers
from feilun.ingestion import api
from feilun.ingestion.api import HandlerRegistry
from feilun.ingestion.contracts import DateOrder, Proposal
from feilun.platform.config import Settings
from feilun.platform.db import Database
from tests.ingestion.intake import put, put_path


def _propose(
    database: Database, settings: Settings, registry: HandlerRegistry, content: str, kind: str = "sales"
) -> Proposal:
    file_id = put(database, settings, content)
    with database.transaction() as uow:
        return api.propose_mapping(uow, settings, registry, file_id, kind)


def _columns(proposal: Proposal) -> dict[str, str]:
    return {binding.field: binding.column for binding in proposal.mapping.bindings}


def test_the_online_retail_file_is_mapped_by_itself(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    moment = datetime(2009, 12, 1, 7, 45)  # noqa: DTZ001
    table = pa.table(
        {
            "InvoiceNo": ["489434", "489434", "C489449"],
            "StockCode": ["85048", "79323P", "22087"],
            "Description": ["15CM CHRISTMAS GLASS BALL 20 LIGHTS", "PINK CHERRY LIGHTS", "PAPER BUNTING"],
            "Quantity": [12, 12, -12],
            "InvoiceDate": pa.array([moment] * 3, pa.timestamp("ns")),
            "UnitPrice": [6.95, 6.75, 2.95],
            "CustomerID": [13085, 13085, None],
            "Country": ["United Kingdom", "United Kingdom", "Australia"],
            "sheet": ["2009-2010"] * 3,
        }
    )
    path = tmp_path / "retail.parquet"
    pq.write_table(table, path)
    file_id = put_path(database, settings, path)

    with database.transaction() as uow:
        proposal = api.propose_mapping(uow, settings, handlers(), file_id, "orders")

    assert _columns(proposal) == {
        "number": "InvoiceNo", "ordered_at": "InvoiceDate", "country": "Country", "customer_code": "CustomerID",
        "sku": "StockCode", "description": "Description", "quantity": "Quantity", "unit_price": "UnitPrice",
    }  # fmt: skip
    assert (proposal.mapping.part_column, proposal.missing) == ("sheet", ())
    assert proposal.mapping.options["refund_mark"] == "number_prefix"


def test_chinese_headings_with_brackets_and_spaces_are_understood(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    proposal = _propose(
        database, settings, registry, "订单号,日期,单价（元）,手机号,备注\nA1,2026-03-05,3.5,13800138000,x\n"
    )
    assert _columns(proposal) == {
        "number": "订单号",
        "sold_at": "日期",
        "price": "单价（元）",
        "phone": "手机号",
    }


def test_phones_are_found_by_their_look(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    proposal = _propose(
        database, settings, registry, "订单号,日期,单价,联系方式\nA1,2026-03-05,3.5,138 0013 8000\n"
    )
    assert _columns(proposal)["phone"] == "联系方式"
    assert next(reason for reason in proposal.reasons if reason.field == "phone").reason == "values"


def test_a_heading_whose_cells_cannot_be_read_is_not_proposed(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    proposal = _propose(
        database, settings, registry, "订单号,日期,单价\nA1,2026-03-05,cheap\nA2,2026-03-06,dear\n"
    )
    assert "price" not in _columns(proposal)
    assert proposal.missing == ("price",)


def test_options_and_date_order_are_read_off_the_cells(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    proposal = _propose(
        database, settings, registry, "invoiceno,date,price\nC1,03/25/2026,1\n2,03/04/2026,1\n"
    )
    assert proposal.mapping.options == {"refund_prefix": "C"}
    assert next(b for b in proposal.mapping.bindings if b.field == "sold_at").date_order is DateOrder.MDY


def test_words_outside_the_choices_are_listed(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    proposal = _propose(
        database, settings, registry, "number,date,price,状态\n1,2026-03-05,1,paid\n2,2026-03-05,1,作废\n"
    )
    assert proposal.unknown_words == {"state": ("作废",)}
