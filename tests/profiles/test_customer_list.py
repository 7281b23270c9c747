"""The customer list: it follows the log, is searched, filtered and paged. These tests commit."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text

from feilun.identity import api as identity
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database, UnitOfWork
from feilun.profiles import api
from feilun.profiles.contracts import (
    CustomerFilter,
    CustomerPage,
    CustomerRow,
    CustomerSort,
    CustomFieldDraft,
    FieldOption,
    Survivorship,
    SurvivorshipRule,
    ValueType,
)
from feilun.profiles.errors import CursorInvalid, FieldNotFilterable, FieldUnknown, PageTooFar
from feilun.profiles.internal.listing import iterate_customers
from feilun.profiles.internal.refresh import refresh_customers
from feilun.profiles.jobs import CustomerListConsumer, refresh_all
from tests.profiles.builders import at, follow_log, person_of, take_customers, take_order

_FIELDS = ("skin", "score", "budget", "vip", "tags", "secret")


@pytest.fixture(scope="module", autouse=True)
def shop(database: Database) -> None:
    """Twelve customers of two sources with orders and custom fields."""
    with database.transaction() as uow:
        options = (FieldOption("oily", "油性", "Oily"), FieldOption("dry", "干性", "Dry"))
        types = (
            ValueType.CHOICE, ValueType.NUMBER, ValueType.DECIMAL, ValueType.BOOLEAN, ValueType.MULTI_CHOICE, ValueType.TEXT,
        )  # fmt: skip
        for name, value_type in zip(_FIELDS, types, strict=True):
            is_choice = value_type in (ValueType.CHOICE, ValueType.MULTI_CHOICE)
            api.create_custom_field(
                uow,
                CustomFieldDraft(
                    name=name, type=value_type, label_zh=name, label_en=name,
                    options=options if is_choice else (), is_personal=name == "secret",
                ),
            )  # fmt: skip
    names = [
        "王小明",
        "李雷",
        "韩梅梅",
        "欧阳娜娜",
        "John Smith",
        "Anna O'Neill",
        "王小二",
        "张伟",
        "刘伟强",
        "陈静",
        "杨洋",
        "赵敏",
    ]
    rows = [
        {
            "customer_code": f"K{n:02}",
            "name": name,
            "phone": f"1380013{n:04}",
            "city": ("上海", "北京", "杭州")[n % 3],
            "custom.skin": "油性" if n % 2 else "dry",
            "custom.score": n,
            "custom.budget": Decimal(f"{n}.50"),
            "custom.vip": n < 3,
            "custom.tags": "油性,干性" if n == 4 else "干性",
            "custom.secret": f"s{n}",
        }
        for n, name in enumerate(names)
    ]
    with database.transaction() as uow:
        take_customers(uow, rows)
    for n in range(8):
        with database.transaction() as uow:
            for _ in range(1):
                take_order(uow, f"INV-{n}", f"K{n:02}", str(100 * (n % 4)), at(n + 1))
    follow_log(database)


def _list(database: Database, *, sort: CustomerSort = CustomerSort.CREATED_AT, **wanted: Any) -> CustomerPage:
    with database.transaction() as uow:
        return api.list_customers(uow, CustomerFilter(**wanted), sort=sort, page_size=100, reveal=True)


def _names(database: Database, **wanted: Any) -> set[str | None]:
    return {row.name for row in _list(database, **wanted).rows}


def _row(database: Database, person_id: PersonId) -> CustomerRow | None:
    return next((row for row in _list(database).rows if row.person_id == person_id), None)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("小明", {"王小明"}),
        ("王小", {"王小明", "王小二"}),
        ("王", {"王小明", "王小二"}),
        ("娜娜", {"欧阳娜娜"}),
        ("smith", {"John Smith"}),
        ("JOHN SMI", {"John Smith"}),
        ("o'neill", {"Anna O'Neill"}),
        ("13800130007", {"张伟"}),
        ("+86 138 0013 0007", {"张伟"}),
        ("0007", {"张伟"}),
        ("K08", {"刘伟强"}),
        ("inv-3", {"欧阳娜娜"}),
        ("小王", set()),
        ("%", set()),
        ("' OR 1=1 --", set()),
    ],
)
def test_customers_are_found_by_name_phone_identifier_and_order_number(
    database: Database, query: str, names: set[str]
) -> None:
    assert _names(database, query=query) == names


def test_two_characters_use_the_index(database: Database) -> None:
    with database.transaction() as uow:
        uow.connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(
            row[0]
            for row in uow.connection.execute(
                text("EXPLAIN SELECT person_id FROM customers WHERE name_tokens @> ARRAY['小明']")
            )
        )

    assert "ix_customers_name_tokens" in plan


def test_the_list_shows_figures_and_custom_fields(database: Database) -> None:
    row = next(row for row in _list(database).rows if row.name == "李雷")

    assert (row.orders, row.net_spend, row.currency) == (1, Decimal(100), "CNY")
    assert row.last_ordered_at == at(2)
    assert row.identifier_kinds == ("erp_code", "phone")
    assert row.sources == ("erp",)
    assert row.custom == {"skin": "oily", "score": 1, "budget": "1.5", "vip": True, "tags": ("dry",)}


def test_filters_narrow_the_list(database: Database) -> None:
    assert len(_names(database, has_orders=False)) == 4
    assert _names(database, net_spend_min=Decimal(300)) == {"欧阳娜娜", "张伟"}
    assert _names(database, last_ordered_from=at(3), last_ordered_to=at(5)) == {"韩梅梅", "欧阳娜娜"}
    assert _names(database, city="北京", has_orders=True) == {"李雷", "John Smith", "张伟"}
    assert len(_names(database, source="erp", identifier_kind="phone")) == 12
    assert _names(database, source="shop") == set()


def test_custom_fields_filter_by_their_type(database: Database) -> None:
    assert len(_names(database, fields={"custom.skin": "油性"})) == 6
    assert _names(database, fields={"custom.score": "11"}) == {"赵敏"}
    assert _names(database, fields={"custom.budget": "2.500"}) == {"韩梅梅"}
    assert _names(database, fields={"custom.vip": "是"}) == {"王小明", "李雷", "韩梅梅"}
    assert _names(database, fields={"custom.tags": "oily"}) == {"John Smith"}
    with pytest.raises(FieldNotFilterable):
        _list(database, fields={"custom.secret": "s1"})
    with pytest.raises(FieldUnknown):
        _list(database, fields={"custom.nothing": "1"})


@pytest.mark.parametrize("sort", list(CustomerSort))
def test_paging_by_cursor_shows_everybody_once_in_every_order(database: Database, sort: CustomerSort) -> None:
    whole = [row.person_id for row in _list(database, sort=sort).rows]
    paged: list[PersonId] = []
    cursor = None
    with database.transaction() as uow:
        while True:
            page = api.list_customers(
                uow, CustomerFilter(), sort=sort, cursor=cursor, page_size=5, reveal=True
            )
            paged += [row.person_id for row in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                break

    assert paged == whole
    assert len(set(paged)) == len(paged) == page.total


def test_a_page_by_number_is_the_same_as_by_cursor(database: Database) -> None:
    with database.transaction() as uow:
        first = api.list_customers(uow, CustomerFilter(), page_size=5, reveal=True)
        by_number = api.list_customers(uow, CustomerFilter(), page=2, page_size=5, reveal=True)
        by_cursor = api.list_customers(
            uow, CustomerFilter(), cursor=first.next_cursor, page_size=5, reveal=True
        )

    assert by_number.rows == by_cursor.rows


def test_a_cursor_of_another_order_or_none_at_all_is_refused(database: Database) -> None:
    with database.transaction() as uow:
        cursor = api.list_customers(uow, CustomerFilter(), page_size=5, reveal=True).next_cursor
        with pytest.raises(CursorInvalid):
            api.list_customers(uow, CustomerFilter(), sort=CustomerSort.NAME, cursor=cursor, reveal=True)
        with pytest.raises(CursorInvalid):
            api.list_customers(uow, CustomerFilter(), cursor="eA==", reveal=True)
        with pytest.raises(PageTooFar):
            api.list_customers(uow, CustomerFilter(), page=501, page_size=20, reveal=True)


def test_names_and_phones_are_masked_without_the_right(database: Database) -> None:
    with database.transaction() as uow:
        row = api.list_customers(uow, CustomerFilter(query="张伟"), reveal=False, with_phones=True).rows[0]

    assert (row.name, row.phone) == ("张*", "138****0007")


def test_phones_of_a_page_and_of_a_chunk_of_an_export_are_looked_up_together(database: Database) -> None:
    def statements_of(read: Callable[[UnitOfWork], Iterable[CustomerRow]]) -> tuple[int, list[str | None]]:
        statements: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            statements.append(statement)

        with database.transaction() as uow:
            sqlalchemy_event.listen(uow.connection, "before_cursor_execute", note)
            phones = [row.phone for row in read(uow)]
        return len(statements), phones

    def page(uow: UnitOfWork, size: int) -> Iterable[CustomerRow]:
        return api.list_customers(
            uow, CustomerFilter(), sort=CustomerSort.NAME, page_size=size, reveal=True, with_phones=True
        ).rows

    def export(uow: UnitOfWork, rows_max: int) -> Iterable[CustomerRow]:
        return iterate_customers(
            uow,
            CustomerFilter(),
            sort=CustomerSort.NAME,
            rows_max=rows_max,
            reveal=True,
            with_phones=True,
        )

    of_one, _ = statements_of(lambda uow: page(uow, 1))
    of_many, phones = statements_of(lambda uow: page(uow, 12))
    export_of_one, _ = statements_of(lambda uow: export(uow, 1))
    export_of_many, exported = statements_of(lambda uow: export(uow, 12))

    assert of_one == of_many
    assert export_of_one == export_of_many
    assert exported == phones
    assert set(phones) == {f"+861380013{n:04}" for n in range(12)}


def test_the_list_follows_orders_merges_splits_and_erasures(database: Database) -> None:
    with database.transaction() as uow:
        take_customers(uow, [{"customer_code": "M1", "name": "甲甲", "city": "苏州", "updated_at": at(1)}])
        take_customers(uow, [{"customer_code": "M2", "name": "乙乙", "phone": "13911112222"}])
        left, right = person_of(uow, "M1"), person_of(uow, "M2")
        take_order(uow, "M-INV", "M2", "70", at(9))
    follow_log(database)
    apart = _row(database, left), _row(database, right)

    with database.transaction() as uow:
        merge = identity.merge_persons(uow, left, right, reason="same")
    follow_log(database)
    merged = _row(database, left)
    absorbed = _row(database, right)
    with database.transaction() as uow:
        identity.split_merge(uow, merge.merge_id, reason="no")
    follow_log(database)
    split = _row(database, left), _row(database, right)
    with database.transaction() as uow:
        identity.erase_person(uow, right)
    follow_log(database)

    assert merged is not None
    assert (merged.name, merged.city, merged.orders, merged.member_count) == ("乙乙", "苏州", 1, 2)
    assert set(merged.identifier_kinds) == {"erp_code", "phone"}
    assert absorbed is None
    assert split == apart
    assert _row(database, right) is None
    assert _names(database, query="乙乙") == set()
    with database.transaction() as uow:
        left_over = uow.connection.execute(
            text("SELECT count(*) FROM profile_values WHERE person_id = :id AND field = 'name'"),
            {"id": right},
        ).scalar_one()
    assert left_over == 0


def test_handling_a_batch_again_changes_nothing(database: Database) -> None:
    def content() -> list[object]:
        with database.transaction() as uow:
            return list(uow.connection.execute(text("SELECT *, xmin FROM customers ORDER BY person_id")))

    before = content()
    with database.transaction() as uow:
        uow.connection.execute(text("UPDATE consumers SET position = 0 WHERE name = 'customers'"))

    follow_log(database)

    assert content() == before


def test_a_consumer_far_behind_ends_with_the_same_list(database: Database) -> None:
    with database.transaction() as uow:
        take_customers(uow, [{"customer_code": "B1", "name": "批量"}])
    for n in range(5):
        with database.transaction() as uow:
            take_order(uow, f"B-{n}", "B1", "10", at(n + 1))
            take_customers(uow, [{"customer_code": "B1", "city": f"城{n}", "updated_at": at(n + 1)}])
    batch = follow_log(database)
    with database.transaction() as uow:
        person_id = person_of(uow, "B1")
        uow.connection.execute(text("DELETE FROM customers WHERE person_id = :id"), {"id": person_id})

    consumer = CustomerListConsumer()
    for event in batch:
        consumer.handle(database, [event])
    row = _row(database, person_id)

    assert row is not None
    assert (row.city, row.orders, row.net_spend) == ("城4", 5, Decimal(50))


def test_changes_by_hand_are_in_the_list_at_once(database: Database) -> None:
    with database.transaction() as uow:
        person_id = api.create_customer(uow, [], {"name": "立即可见", "city": "大连"})

    first = _row(database, person_id)
    with database.transaction() as uow:
        api.update_fields(uow, person_id, {"city": "青岛"})
    second = _row(database, person_id)

    assert first is not None
    assert second is not None
    assert (first.city, second.city) == ("大连", "青岛")


def test_new_survivorship_rules_reach_the_list(database: Database) -> None:
    with database.transaction() as uow:
        take_customers(
            uow, [{"customer_code": "S1", "phone": "13700001111", "city": "西安", "updated_at": at(1)}]
        )
        take_customers(uow, [{"phone": "13700001111", "city": "成都", "updated_at": at(2)}], "shop")
        person_id = person_of(uow, "S1")
    follow_log(database)
    newest = _row(database, person_id)

    with database.transaction() as uow:
        api.set_survivorship(uow, [Survivorship("city", SurvivorshipRule.SOURCE_PRIORITY, ("erp",))])
    follow_log(database)
    by_priority = _row(database, person_id)
    with database.transaction() as uow:
        api.set_survivorship(uow, [])
    follow_log(database)

    assert newest is not None
    assert by_priority is not None
    assert (newest.city, by_priority.city) == ("成都", "西安")


def test_computing_every_row_anew_changes_nothing(database: Database) -> None:
    def content() -> list[object]:
        with database.transaction() as uow:
            return list(uow.connection.execute(text("SELECT * FROM customers ORDER BY person_id")))

    before = content()

    assert refresh_all(database) == len(before)
    assert content() == before


def test_two_refreshes_of_the_same_people_do_not_wait_for_ever(database: Database) -> None:
    with database.transaction() as first:
        ids = [row.person_id for row in api.list_customers(first, CustomerFilter(), reveal=True).rows]
        refresh_customers(first, ids)
    with database.transaction() as second:
        second.connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        second.now += timedelta(days=1)
        refresh_customers(second, reversed(ids))
