"""Ten customers to read: what they did until noon of Sunday 1 March 2026 in Shanghai. The cases say who of them is meant."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from feilun.conditions.contracts import Evaluation
from tests.conditions.facts import Row

ZONE: Final = ZoneInfo("Asia/Shanghai")
EVALUATION: Final = Evaluation(datetime(2026, 3, 1, 12, 0, tzinfo=ZONE), ZONE, "CNY")
RECORDS: Final = {person: (person,) for person in (1, 2, 3, 4, 5, 6, 7, 8, 9)} | {10: (10, 11)}
"""Records by person: number 11 was merged into 10, and its facts still lie under 11."""
NAMES: Final = {
    1: "Ada buys A1 often, twice lately",
    2: "Bo bought long ago and went quiet",
    3: "Cai registered today and did nothing",
    4: "Dong was born on 29 February",
    5: "Emil returns half of what he buys",
    6: "Fei browsed, put into the cart and did not buy",
    7: "Gu spends a lot, in gifts too",
    8: "Hua has no city, no birthday, one order in dollars",
    9: "Ivo bought yesterday evening for the first time",
    10: "Jun exists twice; the second record has the newest order",
}


def _at(text: str) -> datetime:
    """A wall time in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def _customer(person: int, registered: str, city: str, born: date | None, **more: object) -> Row:
    return {
        "person_id": person,
        "registered_at": _at(registered),
        "birth_year": born.year if born else None,
        "birth_month": born.month if born else None,
        "birth_day": born.day if born else None,
        "gender": "",
        "city": city,
        "sources": [],
        "wedding": None,
        "is_vip": None,
        "credit": None,
        "is_erased": 0,
        **more,
    }


CUSTOMERS: Final = (
    _customer(1, "2024-05-01", "上海", date(1990, 3, 5), gender="f", is_vip=True, sources=["erp", "shop"]),
    _customer(2, "2023-01-15", "杭州", date(1985, 7, 20), gender="m", is_vip=False, sources=["erp"]),
    _customer(3, "2026-03-01 09:30", "上海", date(2001, 12, 31), gender="f", sources=["shop"]),
    _customer(4, "2025-02-28", "苏州", date(2000, 2, 29), gender="m", wedding=date(2020, 3, 8)),
    _customer(5, "2025-06-18", "杭州", date(1978, 3, 1), gender="m", credit=Decimal(5000)),
    _customer(6, "2026-02-20", "上海", date(1995, 11, 11), gender="f", sources=["shop"]),
    _customer(7, "2022-11-11", "北京", date(1969, 2, 26), gender="f", is_vip=True, credit=Decimal("20000.5")),
    _customer(8, "2025-12-01", "", None),
    _customer(
        9, "2026-02-27", "成都", date(1999, 3, 31), gender="m", sources=["pos"], wedding=date(2024, 2, 29)
    ),
    _customer(10, "2021-09-01", "上海", date(1988, 8, 8), gender="m", sources=["erp", "pos"]),
)


def _line(person: int, order: int, at: str, sku: str, category: str, amount: str, **more: object) -> Row:
    return {
        "person_id": person,
        "order_id": order,
        "ordered_at": _at(at),
        "order_kind": "sale",
        "sku": sku,
        "category": category,
        "store": "S1",
        "is_gift": False,
        "quantity": Decimal(1),
        "unit_price": Decimal(amount),
        "amount": Decimal(amount),
        "currency": "CNY",
        **more,
    }


ORDER_LINES: Final = tuple(
    {**line, "line_id": i}
    for i, line in enumerate(
        (
            _line(1, 101, "2025-08-10 15:00", "A1", "女装/裙", "399"),
            _line(1, 102, "2026-01-05 11:00", "A1", "女装/裙", "420", store="S2"),
            _line(1, 103, "2026-01-25 19:00", "A1", "女装/裙", "420"),
            _line(1, 103, "2026-01-25 19:00", "B2", "女装/上衣", "180"),
            _line(2, 201, "2023-02-01 10:00", "B2", "女装/上衣", "180"),
            _line(2, 202, "2025-08-30 10:00", "C3", "男装", "260"),
            _line(4, 401, "2026-02-14 20:00", "C3", "男装", "520", store="S2"),
            _line(5, 501, "2026-01-10 09:00", "A1", "女装/裙", "420"),
            _line(
                5,
                502,
                "2026-02-01 09:00",
                "C3",
                "男装",
                "260",
                quantity=Decimal(3),
                unit_price=Decimal("86.67"),
            ),
            _line(7, 701, "2026-02-03 14:00", "D4", "配饰", "3200"),
            _line(
                7,
                702,
                "2026-02-10 14:00",
                "A1",
                "女装/裙",
                "1260",
                quantity=Decimal(3),
                unit_price=Decimal(420),
            ),
            _line(7, 702, "2026-02-10 14:00", "G0", "女装裙撑", "0", is_gift=True),
            _line(7, 703, "2026-02-28 23:30", "D4", "配饰", "1600", store="S2"),
            _line(8, 801, "2026-02-20 12:00", "A1", "女装/裙", "60", currency="USD"),
            _line(8, 802, "2026-02-21 12:00", "A1", "女装/裙", "420", order_kind="adjustment"),
            _line(9, 901, "2026-02-28 20:00", "B2", "女装/上衣", "180"),
            _line(10, 1001, "2025-11-11 00:05", "A1", "女装/裙", "399"),
            _line(11, 1101, "2026-02-25 16:00", "A1", "女装/裙", "420"),
            _line(11, 1102, "2026-03-01 12:00", "C3", "男装", "260"),
            _line(10, 1003, "2026-03-01 12:30", "C3", "男装", "9000"),
        ),
        1,
    )
)
"""The last one is later than now and does not count."""


def _refund(person: int, at: str, sku: str, category: str, quantity: str, amount: str) -> Row:
    return {
        "person_id": person,
        "refunded_at": _at(at),
        "sku": sku,
        "category": category,
        "quantity": Decimal(quantity),
        "amount": Decimal(amount),
        "currency": "CNY",
    }


REFUND_LINES: Final = tuple(
    {**line, "line_id": i}
    for i, line in enumerate(
        (
            _refund(5, "2026-01-13 09:00", "A1", "女装/裙", "1", "420"),
            _refund(5, "2026-02-20 09:00", "C3", "男装", "1", "86.67"),
            _refund(7, "2026-02-12 14:00", "A1", "女装/裙", "1", "420"),
        ),
        1,
    )
)


def _interaction(person: int, at: str, kind: str, **properties: str) -> Row:
    return {
        "person_id": person,
        "occurred_at": _at(at),
        "kind": kind,
        "properties": json.dumps(properties, ensure_ascii=False),
    }


INTERACTIONS: Final = tuple(
    {**row, "interaction_id": i}
    for i, row in enumerate(
        (
            _interaction(1, "2026-01-24 20:00", "browse", page="item", seconds="95"),
            _interaction(1, "2026-01-25 18:50", "cart"),
            _interaction(3, "2026-03-01 09:31", "browse", page="home", seconds="12.5"),
            _interaction(5, "2026-01-13 10:00", "consult"),
            _interaction(6, "2026-02-24 21:00", "browse", page="item", seconds="240"),
            _interaction(6, "2026-02-24 21:10", "cart"),
            _interaction(9, "2026-02-28 19:00", "cart"),
            _interaction(9, "2026-03-01 11:59", "browse", page="item", seconds="30"),
            _interaction(11, "2026-02-25 15:00", "consult"),
        ),
        1,
    )
)
PERSON_TAGS: Final = (
    {"person_id": 1, "tag": "gold", "value": ""},
    {"person_id": 1, "tag": "style", "value": "简约"},
    {"person_id": 3, "tag": "new", "value": ""},
    {"person_id": 7, "tag": "gold", "value": ""},
    {"person_id": 7, "tag": "style", "value": "华丽"},
    {"person_id": 10, "tag": "gold", "value": ""},
    {"person_id": 10, "tag": "new", "value": ""},
)
TABLES: Final = {
    "customers": CUSTOMERS,
    "order_lines": ORDER_LINES,
    "refund_lines": REFUND_LINES,
    "interactions": INTERACTIONS,
    "person_tags": PERSON_TAGS,
}
