"""The demo company: the same every time, real orders untouched but for their dates, everything else plainly made up."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from feilun.entrypoints.demo_company import DemoFile, make_company, shift_orders

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
    sales = orders.filter(pc.and_(pc.greater(orders["Quantity"], 0), pc.greater(orders["UnitPrice"], 0)))

    assert pc.max(sales["InvoiceDate"]).as_py().date() == date(2026, 11, 21)


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

    assert {phone[:3] for phone in people["手机号"].to_pylist()} == {"154"}
    assert all("虚构" in address for address in people["地址"].to_pylist())
    assert all(mail.endswith("@example.com") for mail in people["邮箱"].to_pylist() if mail)
    assert all(value.startswith("oDEMO") for value in company["小程序访客.csv"].table["UnionID"].to_pylist())


def test_there_is_something_for_every_later_use(company: dict[str, DemoFile]) -> None:
    behaviour = company["小程序行为.csv"].table
    kinds = set(behaviour["事件"].to_pylist())
    dormant_since = pa.scalar(date(2026, 5, 26))
    orders = company["订单.parquet"].table
    last = orders.group_by("CustomerID").aggregate([("InvoiceDate", "max")])

    assert kinds == {"login", "page_view", "cart_add", "share"}
    assert pc.sum(pc.less(last["InvoiceDate_max"].cast(pa.date32()), dormant_since)).as_py() > 100
    assert {text[5:7] for text in company["ERP客户.csv"].table["生日"].to_pylist() if text} >= {"11", "12"}
    assert company["库存.csv"].table.num_rows > 1_000
