"""A million made-up customers and ten million order lines, made inside the warehouse: what several benchmarks measure on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from feilun.conditions import api
from feilun.conditions.contracts import Catalogue
from feilun.identity.projection import PERSON_ALIASES
from feilun.orders.conditions import OrderConditionFields
from feilun.orders.projection import ORDER_LINES, REFUND_LINES
from feilun.platform.db import Database
from feilun.platform.keys import Keyring
from feilun.platform.warehouse import Warehouse, name_list
from feilun.platform.warehouse_tables import create_tables
from feilun.profiles.conditions import CustomerConditionFields
from feilun.profiles.projection import CONSENTS, CUSTOMERS, INTERACTIONS
from tests import databases
from tests.warehouses import running_warehouse

PEOPLE: Final = 1_000_000
NOW_MS: Final = 1_790_000_000_000
"""September 2026; lines lie in the two years before."""
CLEAN: Final = "clean_lines"
"""The same order lines, merged into one part and never updated."""
_LINES_PER_PERSON: Final = 10
_UPDATED_SHARE: Final = 20
"""One line in so many is written once more, in ten parts that stay unmerged; one person in so many is merged into another."""
_UPDATES: Final = 10
_SPAN_MS: Final = 730 * 86_400_000


@contextmanager
def filled_warehouse(people: int, *, memory_megabytes: int) -> Iterator[tuple[Warehouse, Path]]:
    """Have a warehouse process with customers, aliases and order lines for the time of the block; and its folder."""
    with TemporaryDirectory() as folder, running_warehouse(Path(folder), memory_megabytes) as process:
        warehouse = process.connect("benchmark")
        create_tables(
            warehouse, (CUSTOMERS, INTERACTIONS, CONSENTS, PERSON_ALIASES, ORDER_LINES, REFUND_LINES)
        )
        _fill(warehouse, people)
        yield warehouse, Path(folder)
        warehouse.close()


def catalogue() -> Catalogue:
    """Return the catalogue of an installation without custom fields."""
    with databases.server(), databases.cloned_database() as url:
        database = Database(url, Keyring({1: bytes(32)}, bytes(32)))
        try:
            with database.transaction() as uow:
                return api.join_catalogue(
                    [CustomerConditionFields().offer(uow), OrderConditionFields().offer(uow)]
                )
        finally:
            database.close()


def _fill(warehouse: Warehouse, people: int) -> None:
    # An alias is a person who is no root and is merged into a lower id; chance leaves one in twenty.
    warehouse.command(
        "INSERT INTO person_aliases (alias_id, person_id, version) SELECT number + 1 AS alias_id,"
        f" toInt64(1 + cityHash64(number, 1) % number) AS person_id, 1 FROM numbers(10, {people - 10})"
        f" WHERE cityHash64(number, 2) % {_UPDATED_SHARE} = 0 AND cityHash64(person_id - 1, 2) % {_UPDATED_SHARE} != 0"
    )
    warehouse.command(
        "INSERT INTO customers (person_id, created_at, registered_at, birth_year, birth_month, birth_day, gender, country,"
        " province, city, sources, member_count, version) SELECT number + 1, fromUnixTimestamp64Milli(1700000000000),"
        f" {_moment('number', 3)}, 1950 + cityHash64(number, 4) % 60, 1 + cityHash64(number, 5) % 12,"
        " 1 + cityHash64(number, 6) % 28, ['female', 'male', ''][1 + cityHash64(number, 7) % 3], 'CN',"
        " concat('province ', toString(cityHash64(number, 8) % 30)), concat('city ', toString(cityHash64(number, 9) % 300)),"
        f" ['erp'], 1, 1 FROM numbers({people}) WHERE number + 1 NOT IN (SELECT alias_id FROM person_aliases)"
    )
    columns = name_list([*ORDER_LINES.columns, "version"])
    warehouse.command(f"CREATE TABLE {CLEAN} AS order_lines")
    warehouse.command(f"INSERT INTO {CLEAN} ({columns}) {_lines(people)}", settings={"max_insert_threads": 1})
    warehouse.command(f"OPTIMIZE TABLE {CLEAN} FINAL")
    warehouse.command(f"INSERT INTO order_lines SELECT * FROM {CLEAN}", settings={"max_insert_threads": 1})
    warehouse.command("OPTIMIZE TABLE order_lines FINAL")
    warehouse.command("SYSTEM STOP MERGES order_lines")
    for number in range(_UPDATES):
        warehouse.command(
            f"INSERT INTO order_lines SELECT * REPLACE (amount + 1 AS amount, {number + 2} AS version) FROM {CLEAN}"
            f" WHERE cityHash64(line_id, 10) % {_UPDATED_SHARE * _UPDATES} = {number}"
        )
    refunds = name_list([*REFUND_LINES.columns, "version"])
    warehouse.command(
        f"INSERT INTO refund_lines ({refunds}) SELECT person_id, line_id, order_id AS refund_id, ordered_at + 604800 AS"
        " refunded_at, true AS with_goods, product_id, source, store_code, channel, currency, state, kind, sku, category,"
        f" brand, style, unit_cost, launch_on, quantity, unit_price, amount, 0 AS matched_quantity, 1 FROM {CLEAN}"
        " WHERE cityHash64(order_id, 11) % 20 = 0"
    )


def _moment(seed: str, salt: int) -> str:
    return f"fromUnixTimestamp64Milli(toInt64({NOW_MS} - cityHash64({seed}, {salt}) % {_SPAN_MS}), 'UTC')"


def _lines(people: int) -> str:
    """Lines in the order of people, so that loading sorts nothing: 1 to 19 each, usually two to an order."""
    line = "cityHash64(person_id, line)"
    order = "cityHash64(person_id, intDiv(line, 2))"
    columns = {
        "person_id": "person_id",
        "line_id": "person_id * 100 + line",
        "order_id": "person_id * 100 + intDiv(line, 2)",
        "ordered_at": _moment(order, 12),
        "order_kind": "'sale'",
        "country": "'CN'",
        "province": "concat('province ', toString(cityHash64(person_id, 8) % 30))",
        "city": "concat('city ', toString(cityHash64(person_id, 9) % 300))",
        "product_id": f"toInt64({line} % 2000)",
        "source": "'erp'",
        "store_code": f"concat('store ', toString(cityHash64({order}, 13) % 50))",
        "channel": f"concat('channel ', toString(cityHash64({order}, 14) % 5))",
        "currency": "'CNY'",
        "state": f"if(cityHash64({order}, 15) % 10 = 0, 'closed', 'completed')",
        "kind": f"if(cityHash64({line}, 16) % 8 = 0, 'fee', 'product')",
        "sku": f"concat('sku ', toString({line} % 2000))",
        "category": f"concat('category ', toString({line} % 10), ' / part ', toString({line} % 100))",
        "brand": f"concat('brand ', toString({line} % 40))",
        "style": f"concat('style ', toString({line} % 12))",
        "unit_cost": "toNullable(toDecimal64(30, 6))",
        "launch_on": "toNullable(toDate32('2024-01-01'))",
        "quantity": f"toDecimal64(1 + cityHash64({line}, 17) % 3, 4)",
        "unit_price": f"toDecimal64(cityHash64({line}, 18) % 50000 / 100, 6)",
        "amount": f"toDecimal64(cityHash64({line}, 19) % 100000 / 100, 4)",
        "discount": "toDecimal64(0, 4)",
        "order_total": f"toDecimal64(cityHash64({order}, 20) % 200000 / 100, 4)",
        "version": "1",
    }
    assert columns.keys() == {*ORDER_LINES.columns, "version"}
    values = ", ".join(f"{columns[name]} AS {name}_" for name in [*ORDER_LINES.columns, "version"])
    return (
        f"SELECT {values} FROM (SELECT toInt64(number + 1) AS person_id, toInt64(line) AS line FROM numbers({people})"
        f" ARRAY JOIN range(1, 2 + toUInt64(cityHash64(number, 21) % {2 * _LINES_PER_PERSON - 1})) AS line)"
        " SETTINGS max_threads = 1"
    )
