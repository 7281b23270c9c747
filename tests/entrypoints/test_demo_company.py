"""The demo company: the same every time, real orders untouched but for their dates, everything else plainly made up."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from feilun.accounts.intake import AccountHandler, ReceivableHandler
from feilun.devices.intake import DeviceHandler
from feilun.entrypoints.demo_company import DemoFile, make_company, shift_orders
from feilun.ingestion import api as ingestion
from feilun.ingestion.ports import RecordHandler
from feilun.platform.config import load_settings
from feilun.platform.db import Database
from tests.fakes.clock import FixedClock

TODAY = date(2026, 11, 22)
SOURCE = Path(__file__).resolve().parents[2] / "examples" / "demo" / "orders.parquet"


@pytest.fixture(scope="module")
def orders() -> pa.Table:
    return shift_orders(pq.read_table(SOURCE), today=TODAY)


@pytest.fixture(scope="module")
def company(orders: pa.Table) -> dict[str, DemoFile]:
    return {file.name: file for file in make_company(orders, today=TODAY)}


def test_the_cut_is_small_enough_to_ship() -> None:
    assert sum(file.stat().st_size for file in SOURCE.parent.iterdir()) <= 3_000_000


def test_the_last_sale_was_yesterday(orders: pa.Table) -> None:
    sold_at = [
        row["InvoiceDate"]
        for row in orders.select(["InvoiceDate", "Quantity", "UnitPrice"]).to_pylist()
        if row["Quantity"] > 0 and row["UnitPrice"] > 0
    ]

    assert max(sold_at).date() == date(2026, 11, 21)


def test_only_dates_differ_from_the_source(orders: pa.Table) -> None:
    source = pq.read_table(SOURCE)

    for name in ("InvoiceNo", "StockCode", "Quantity", "UnitPrice", "CustomerID"):
        assert orders[name].equals(source[name])


def test_the_same_seed_and_date_make_the_same_company(orders: pa.Table, company: dict[str, DemoFile]) -> None:
    again = {file.name: file for file in make_company(orders, today=TODAY)}

    assert {name: file.table for name, file in again.items()} == {
        name: file.table for name, file in company.items()
    }


def test_made_up_people_cannot_be_taken_for_real_ones(company: dict[str, DemoFile]) -> None:
    people = company["ERP客户.csv"].table

    assert {str(phone)[:3] for phone in people["手机号"].to_pylist()} == {"154"}
    assert all("虚构" in str(address) for address in people["地址"].to_pylist())
    assert all(str(mail).endswith("@example.com") for mail in people["邮箱"].to_pylist() if mail)
    assert all(
        str(value).startswith("oDEMO") for value in company["小程序访客.csv"].table["UnionID"].to_pylist()
    )


def test_there_is_something_for_every_later_use(company: dict[str, DemoFile]) -> None:
    behaviour = company["小程序行为.csv"].table
    kinds = set(behaviour["事件"].to_pylist())
    orders = company["订单.parquet"].table
    last: dict[object, datetime] = {}
    for row in orders.select(["CustomerID", "InvoiceDate"]).to_pylist():
        moment = cast(datetime, row["InvoiceDate"])
        last[row["CustomerID"]] = max(last.get(row["CustomerID"], moment), moment)

    assert kinds == {"login", "page_view", "cart_add", "share"}
    assert sum(moment.date() < date(2026, 5, 26) for moment in last.values()) > 100
    assert {str(text)[5:7] for text in company["ERP客户.csv"].table["生日"].to_pylist() if text} >= {
        "11",
        "12",
    }
    assert company["库存.csv"].table.num_rows > 1_000


def test_business_customers_are_plainly_made_up_and_act_through_known_people(
    company: dict[str, DemoFile],
) -> None:
    accounts = company["公司客户.csv"].table.to_pylist()
    receivables = company["应收.csv"].table.to_pylist()
    known = set(company["ERP客户.csv"].table["客户编码"].to_pylist())

    assert len({row["公司编码"] for row in accounts}) == 36
    assert all(str(row["公司名称"]).endswith("(虚构)") for row in accounts)
    assert {str(row["统一社会信用代码"])[2:8] for row in accounts} == {"999999"}
    assert {row["联系人客户编码"] for row in accounts} <= known
    overdue = [
        row for row in receivables if str(row["到期日"]) < TODAY.isoformat() and row["核销状态"] == "未核销"
    ]
    assert len(overdue) >= 5
    assert {"已核销", "部分核销", "未核销"} <= {row["核销状态"] for row in receivables}


@pytest.mark.parametrize(
    ("name", "handler"),
    [("公司客户.csv", AccountHandler()), ("应收.csv", ReceivableHandler()), ("设备.csv", DeviceHandler())],
)
def test_business_files_are_taken_in_whole_with_the_mapping_proposed(
    database: Database,
    clock: FixedClock,
    tmp_path: Path,
    company: dict[str, DemoFile],
    name: str,
    handler: RecordHandler,
) -> None:
    """Headings are recognised and every row passes, because nobody corrects the mapping of the demo."""
    clock.set(datetime(2026, 11, 22, 4, 0, tzinfo=UTC))
    file = company[name]
    path = tmp_path / name
    pa_csv.write_csv(file.table, path)
    settings = load_settings(data_dir=tmp_path / "data")
    with database.transaction() as uow:
        uploaded = ingestion.take_file(uow, settings, path)
        registry = ingestion.HandlerRegistry([handler])
        proposal = ingestion.propose_mapping(
            uow, settings, registry, uploaded.file_id, file.kind, source=file.source
        )
        preview = ingestion.preview_import(
            uow, settings, registry, uploaded.file_id, file.mapped(proposal.mapping)
        )

    bound = {binding.column: binding.field for binding in proposal.mapping.bindings}
    assert sorted(set(file.table.column_names) - bound.keys()) == []
    assert (preview.rejected, preview.reasons) == (0, ())
