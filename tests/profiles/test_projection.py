"""Profiles in the warehouse: the facts that the projector makes of committed events, checked before they are sent."""

from typing import Any, Final

from feilun.identity import api as identity
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database
from feilun.platform.log import Event
from feilun.platform.warehouse import (
    Warehouse,
    WarehouseForwarder,
    content_digest,
    ensure_proved,
    rebuild_warehouse,
)
from feilun.profiles import api
from feilun.profiles.contracts import CustomFieldDraft, Survivorship, SurvivorshipRule, ValueType
from feilun.profiles.projection import CONSENTS, CUSTOMERS, INTERACTIONS, ProfileProjector
from tests.profiles.builders import at, follow_log, person_of, take_customers, take_interactions

_KNOWN: Final = ("custom", "identifier_kinds", "verified_kinds", "member_count")


def _forward(database: Database, warehouse: Warehouse, events: list[Event]) -> None:
    forwarder = WarehouseForwarder(warehouse, [ProfileProjector()])
    wanted = [event for event in events if event.type in ProfileProjector().event_types]
    if wanted:
        forwarder.handle(database, wanted)


def _rows(warehouse: Warehouse, query: str) -> list[dict[str, Any]]:
    return warehouse.arrow(query).to_pylist()


def _take_two(database: Database) -> tuple[PersonId, PersonId]:
    """Take in two records of one person, with behaviour."""
    with database.transaction() as uow:
        api.create_custom_field(
            uow, CustomFieldDraft(name="score", type=ValueType.NUMBER, label_zh="分", label_en="Score")
        )
    with database.transaction() as uow:
        take_customers(
            uow,
            [
                {
                    "customer_code": "K1", "name": "王小明", "address": "中山路", "city": "上海", "custom.score": 7,
                    "birthday": at(20, month=5).date().replace(year=1990), "consent_sms": True, "updated_at": at(1),
                },
                {"customer_code": "K2", "name": "小明", "city": "北京", "updated_at": at(2)},
            ],
        )  # fmt: skip
    with database.transaction() as uow:
        take_interactions(
            uow,
            [
                {
                    "customer_code": "K1", "event": "view", "occurred_at": at(3), "page": "/cups?phone=13800138000",
                    "duration_seconds": 12,
                },
                {"customer_code": "K2", "event": "login", "occurred_at": at(3)},
            ],
            "erp",
        )  # fmt: skip
        return person_of(uow, "K1"), person_of(uow, "K2")


def test_the_warehouse_follows_customers_through_merge_split_and_erasure(
    database: Database, warehouse: Warehouse
) -> None:
    ensure_proved(database, warehouse, [ProfileProjector()])
    left, right = _take_two(database)
    _forward(database, warehouse, follow_log(database))
    seen = "SELECT properties FROM interactions FINAL ORDER BY person_id"
    cities = "SELECT person_id, city FROM customers FINAL ORDER BY person_id"
    apart = _rows(warehouse, cities)
    first = _rows(warehouse, "SELECT * FROM customers FINAL ORDER BY person_id LIMIT 1")[0]

    with database.transaction() as uow:
        merge = identity.merge_persons(uow, left, right, reason="same")
    _forward(database, warehouse, follow_log(database))
    merged = _rows(warehouse, cities)
    with database.transaction() as uow:
        identity.split_merge(uow, merge.merge_id, reason="no")
    _forward(database, warehouse, follow_log(database))
    split = _rows(warehouse, cities)

    assert [row["city"] for row in apart] == ["上海", "北京"]
    assert (first["birth_year"], first["birth_month"], first["birth_day"]) == (1990, 5, 20)
    assert [first[name] for name in _KNOWN] == [[("score", "7")], ["erp_code"], ["erp_code"], 1]
    assert not {"王小明", "中山路"} & {str(value) for value in first.values()}
    assert (merged, split) == ([{"person_id": left, "city": "北京"}], apart)
    assert [row["properties"] for row in _rows(warehouse, seen)] == [
        [("duration_seconds", "12"), ("page", "/cups")],
        [],
    ]
    assert [row["state"] for row in _rows(warehouse, "SELECT state FROM consents FINAL")] == ["granted"]

    with database.transaction() as uow:
        api.set_survivorship(uow, [Survivorship("city", SurvivorshipRule.SOURCE_PRIORITY, ("erp",))])
        identity.erase_person(uow, left)
    _forward(database, warehouse, follow_log(database))
    erased = _rows(warehouse, "SELECT * FROM customers FINAL ORDER BY person_id LIMIT 1")[0]
    tables = (CUSTOMERS, INTERACTIONS, CONSENTS)
    forwarded = content_digest(warehouse, tables)
    rebuild_warehouse(database, warehouse, [ProfileProjector()])

    assert [row["properties"] for row in _rows(warehouse, seen)] == [[], []]
    assert (erased["is_erased"], erased["birth_year"], erased["custom"], erased["city"]) == (
        1,
        None,
        [],
        "上海",
    )
    assert content_digest(warehouse, tables) == forwarded
