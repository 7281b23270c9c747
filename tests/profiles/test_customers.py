"""The customer page: values with provenance, merges and splits, editing, erasure, consents, the time line."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.ingestion.contracts import MappedRow, OutcomeState, PersonDetails
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin
from feilun.profiles import api
from feilun.profiles.contracts import (
    ConsentState,
    ConsentStatement,
    CustomerFilter,
    CustomerRow,
    CustomerView,
    CustomFieldDraft,
    FieldOption,
    FieldProvenance,
    Survivorship,
    SurvivorshipRule,
    TimelineEntry,
    TimelineKind,
    ValueType,
)
from feilun.profiles.errors import (
    CustomerEmpty,
    CustomerErased,
    CustomerExists,
    CustomerNotFound,
    FieldRequired,
    FieldUnknown,
    NotAnOption,
)
from feilun.profiles.intake import CustomerHandler
from tests.fakes.clock import FixedClock
from tests.profiles.builders import (
    a_context,
    at,
    person_of,
    take_customers,
    take_interactions,
    take_order,
)

_HOSTILE = "'; DROP TABLE customers; -- <script>alert(1)</script> {0} %s :x \\"


def _fields(view: CustomerView) -> dict[str, FieldProvenance]:
    return {item.field.name: item for item in view.fields}


def _texts(uow: UnitOfWork, person_id: PersonId) -> dict[str, str]:
    view = api.get_customer(uow, person_id)
    return {name: item.chosen.text for name, item in _fields(view).items() if item.chosen}


def _events(uow: UnitOfWork, prefix: str = "profiles.") -> list[str]:
    rows = uow.connection.execute(
        text("SELECT type FROM event_inbox WHERE type LIKE :prefix || '%' ORDER BY event_id"),
        {"prefix": prefix},
    )
    return [row[0] for row in rows]


def test_a_customer_file_becomes_a_page_with_provenance(uow: UnitOfWork) -> None:
    row = {
        "customer_code": "K1", "name": "王小明", "phone": "13800138000", "gender": "女", "city": "上海",
        "address": "中山路 1 号", "birthday": at(1, month=5).date(), "consent_sms": True,
    }  # fmt: skip

    outcome = take_customers(uow, [row])[0]
    person_id = person_of(uow, "K1")
    view = api.get_customer(uow, person_id)

    assert outcome.state is OutcomeState.TAKEN
    assert (view.head.display_name, view.head.gender, view.head.city) == ("王小明", "female", "上海")
    address = _fields(view)["address"]
    assert address.chosen is not None
    assert (address.chosen.value, address.chosen.source, address.rule) == ("中山路 1 号", "erp", "only")
    assert [(c.channel, c.state) for c in view.consents] == [("sms", ConsentState.GRANTED)]
    assert view.figures.orders == 0


def test_the_same_file_again_changes_nothing_and_appends_no_event(uow: UnitOfWork, clock: FixedClock) -> None:
    rows: list[dict[str, object]] = [
        {
            "customer_code": "K1",
            "name": "王小明",
            "city": "上海",
            "address": "中山路 1 号",
            "consent_sms": False,
        },
        {"customer_code": "K2", "name": "李雷", "remark": "喜欢茶"},
    ]
    take_customers(uow, rows)
    before = _events(uow, "")
    uow.now += timedelta(days=30)

    outcomes = take_customers(uow, rows)

    assert [outcome.state for outcome in outcomes] == [OutcomeState.UNCHANGED] * 2
    assert _events(uow, "") == before


def test_a_changed_value_changes_and_says_which_field(uow: UnitOfWork) -> None:
    take_customers(uow, [{"customer_code": "K1", "name": "王小明", "city": "上海"}])
    uow.now += timedelta(days=1)

    outcome = take_customers(uow, [{"customer_code": "K1", "name": "王小明", "city": "北京"}])[0]

    assert outcome.state is OutcomeState.CHANGED
    newest = uow.connection.execute(
        text(
            "SELECT payload FROM event_inbox WHERE type = 'profiles.profile_changed' ORDER BY event_id DESC LIMIT 1"
        )
    ).scalar_one()
    assert newest == {"fields": ["city"], "source": "erp"}


def test_a_row_without_anything_that_identifies_is_rejected(uow: UnitOfWork) -> None:
    handler, context = CustomerHandler(), a_context(uow)
    handler.describe(uow)
    nobody = MappedRow(7, "", {"name": "王小明"})
    masked = MappedRow(8, "", {"name": "李雷", "phone": "138****8000"})

    refused = handler.check(nobody, context)
    outcome = handler.apply(uow, [[masked]], context)[0]

    assert refused is not None
    assert refused.code == "profiles.no_identifier"
    assert outcome.rejection is not None
    assert (outcome.state, outcome.rejection.code, outcome.rows) == (
        OutcomeState.REJECTED, "profiles.no_identifier", (8,),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"birthday": at(1, month=11).date().replace(year=2027)}, "profiles.date_in_future"),
        ({"birthday": at(1).date().replace(year=1066)}, "profiles.not_a_date"),
        ({"gender": "猫"}, "profiles.not_an_option"),
        ({"name": "x" * 201}, "profiles.value_too_long"),
        ({"name": "a\x00"}, "profiles.value_unstorable"),
        ({"phone": "1" * 201}, "profiles.value_too_long"),
    ],
)
def test_a_row_that_does_not_fit_is_refused(uow: UnitOfWork, values: dict[str, object], code: str) -> None:
    handler = CustomerHandler()
    handler.describe(uow)

    refused = handler.check(MappedRow(1, "", {"customer_code": "K1", **values}), a_context(uow))

    assert refused is not None
    assert refused.code == code


def test_unverified_phones_do_not_link(uow: UnitOfWork) -> None:
    take_customers(uow, [{"customer_code": "K1", "phone": "13800138000"}], phones_verified="false")
    take_customers(uow, [{"customer_code": "K2", "phone": "13800138000"}], "shop", phones_verified="false")

    assert person_of(uow, "K1") != person_of(uow, "K2", "shop")


def test_order_details_never_beat_newer_ones_whatever_order_they_come_in(uow: UnitOfWork) -> None:
    person_id = person_of(uow, "K1")
    details = [
        PersonDetails(person_id, "erp", at(day), Origin.LIVE, {"city": city, "phone": "1"})
        for day, city in ((5, "上海"), (1, "广州"), (9, "北京"), (3, "上海"))
    ]

    for detail in details:
        api.offer(uow, [detail])
    api.offer(uow, details)

    assert _texts(uow, person_id)["city"] == "北京"
    assert len(_events(uow, "profiles.profile_changed")) == 2


def test_a_confirmation_that_makes_another_source_win_is_a_change(uow: UnitOfWork) -> None:
    person_id = person_of(uow, "K1")
    api.offer(uow, [PersonDetails(person_id, "erp", at(1), Origin.LIVE, {"city": "上海"})])
    api.offer(uow, [PersonDetails(person_id, "shop", at(2), Origin.LIVE, {"city": "北京"})])
    before = len(_events(uow))

    api.offer(uow, [PersonDetails(person_id, "erp", at(3), Origin.LIVE, {"city": "上海"})])

    assert _texts(uow, person_id)["city"] == "上海"
    assert len(_events(uow)) == before + 1


def test_survivorship_follows_the_configured_rule(uow: UnitOfWork) -> None:
    take_customers(uow, [{"customer_code": "K1", "name": "王小明", "updated_at": at(1)}])
    person_id = person_of(uow, "K1")
    api.offer(uow, [PersonDetails(person_id, "wecom", at(9), Origin.LIVE, {"name": "王女士"})])
    newest = _texts(uow, person_id)["name"]

    api.set_survivorship(uow, [Survivorship("name", SurvivorshipRule.SOURCE_PRIORITY, ("erp", "wecom"))])
    name = _fields(api.get_customer(uow, person_id))["name"]

    assert newest == "王女士"
    assert name.chosen is not None
    assert (name.chosen.text, name.rule) == ("王小明", "source_priority")
    assert [(c.text, c.source) for c in name.losing] == [("王女士", "wecom")]


def test_a_merge_shows_both_and_its_split_restores_both_views(uow: UnitOfWork) -> None:
    take_customers(
        uow,
        [{"customer_code": "K1", "name": "王小明", "city": "上海", "address": "甲路", "updated_at": at(1)}],
    )
    take_customers(
        uow,
        [
            {
                "customer_code": "K2",
                "name": "王小明明",
                "company": "某公司",
                "address": "乙路",
                "updated_at": at(2),
            }
        ],
    )
    left, right = person_of(uow, "K1"), person_of(uow, "K2")
    take_order(uow, "A1", "K1", "10", at(3))
    take_order(uow, "A2", "K2", "20", at(4))
    views = [api.get_customer(uow, person_id) for person_id in (left, right)]

    merge = identity.merge_persons(uow, left, right, reason="same person")
    merged = api.get_customer(uow, right)
    identity.split_merge(uow, merge.merge_id, reason="a mistake")
    restored = [api.get_customer(uow, person_id) for person_id in (left, right)]

    assert (merged.is_alias, merged.head.person_id, merged.requested_id) == (True, left, right)
    assert (merged.head.name, merged.head.city, merged.figures.orders) == ("王小明明", "上海", 2)
    assert _texts(uow, left)["address"] == "甲路"
    assert {c.person_id for c in _fields(merged)["name"].losing} == {left}
    assert restored == views


def test_an_edit_by_hand_wins_empties_and_can_be_taken_back(uow: UnitOfWork) -> None:
    take_customers(uow, [{"customer_code": "K1", "name": "王小明", "city": "上海"}])
    person_id = person_of(uow, "K1")

    api.update_fields(uow, person_id, {"city": "杭州", "address": "湖滨路"})
    edited = _texts(uow, person_id)
    api.update_fields(uow, person_id, {"city": None})
    emptied = _texts(uow, person_id)
    api.update_fields(uow, person_id, {}, reset=["city", "address"])
    reset = _texts(uow, person_id)

    assert (edited["city"], edited["address"]) == ("杭州", "湖滨路")
    assert emptied["city"] == ""
    assert (reset["city"], reset.get("address")) == ("上海", None)


def test_editing_again_with_the_same_value_is_no_change(uow: UnitOfWork) -> None:
    person_id = person_of(uow, "K1")
    api.update_fields(uow, person_id, {"city": "杭州", "remark": "老客户"})
    before = len(_events(uow))
    uow.now += timedelta(hours=1)

    api.update_fields(uow, person_id, {"city": "杭州", "remark": "老客户"})

    assert len(_events(uow)) == before


def test_editing_what_does_not_exist_says_so(uow: UnitOfWork) -> None:
    person_id = person_of(uow, "K1")

    with pytest.raises(CustomerNotFound):
        api.update_fields(uow, PersonId(10**12), {"city": "杭州"})
    with pytest.raises(FieldUnknown):
        api.update_fields(uow, person_id, {"shoe_size": "42"})
    with pytest.raises(NotAnOption):
        api.update_fields(uow, person_id, {"gender": "猫"})


def test_personal_values_are_stored_only_sealed(uow: UnitOfWork) -> None:
    take_customers(uow, [{"customer_code": "K1", "address": "中山路 1 号", "remark": "怕辣"}])

    plain = uow.connection.execute(
        text("SELECT value FROM profile_values WHERE field IN ('address', 'remark')")
    ).scalars()
    payloads = uow.connection.execute(
        text("SELECT string_agg(payload::text, '') FROM event_inbox")
    ).scalar_one()

    assert set(plain) == {None}
    assert "中山路" not in payloads


def test_without_the_right_personal_values_are_masked(uow: UnitOfWork) -> None:
    row = {
        "customer_code": "K1", "name": "王小明", "phone": "13800138000", "address": "中山路", "city": "上海",
        "birthday": at(20, month=5).date().replace(year=1990),
    }  # fmt: skip
    take_customers(uow, [row])

    view = api.get_customer(uow, person_of(uow, "K1"), reveal=False)
    texts = {name: item.chosen.text for name, item in _fields(view).items() if item.chosen}

    assert texts == {"name": "王**", "birthday": "****-05-20", "address": "***", "city": "上海"}
    assert view.head.display_name == "王**"
    assert "138****8000" in {identifier.value for identifier in view.identifiers}


def test_an_erased_customer_shows_as_erased_and_cannot_be_changed(uow: UnitOfWork) -> None:
    take_customers(uow, [{"customer_code": "K1", "name": "王小明", "address": "中山路", "city": "上海"}])
    person_id = person_of(uow, "K1")

    identity.erase_person(uow, person_id)
    view = api.get_customer(uow, person_id)

    assert view.head.erased_at is not None
    assert {name for name, item in _fields(view).items() if item.chosen} == {"city"}
    assert view.identifiers == ()
    with pytest.raises(CustomerErased):
        api.update_fields(uow, person_id, {"city": "北京"})
    api.offer(uow, [PersonDetails(person_id, "erp", at(30), Origin.LIVE, {"name": "王小明"})])
    assert "name" not in _texts(uow, person_id)


def test_a_customer_made_by_hand_has_defaults_and_refuses_what_is_missing(uow: UnitOfWork) -> None:
    options = (FieldOption("low", "低", "Low"), FieldOption("high", "高", "High"))
    api.create_custom_field(
        uow,
        CustomFieldDraft(
            name="care",
            type=ValueType.CHOICE,
            label_zh="关怀",
            label_en="Care",
            default="低",
            options=options,
            is_required=True,
        ),
    )

    person_id = api.create_customer(
        uow, [IdentifierClaim(IdentifierKind.PHONE, "13900139000")], {"name": "韩梅梅"}
    )

    assert _texts(uow, person_id) == {"name": "韩梅梅", "custom.care": "low"}
    with pytest.raises(CustomerExists) as taken:
        api.create_customer(uow, [IdentifierClaim(IdentifierKind.PHONE, "139 0013 9000")], {"name": "别人"})
    assert taken.value.detail["kind"] == "phone"
    with pytest.raises(CustomerEmpty):
        api.create_customer(uow, [], {})
    with pytest.raises(FieldRequired):
        api.create_customer(uow, [], {"name": "李雷", "custom.care": None})


def test_a_customer_with_only_a_name_gets_a_code_of_our_own(uow: UnitOfWork) -> None:
    person_id = api.create_customer(uow, [], {"name": "李雷"})

    found = identity.list_identifiers(uow, person_id, reveal=True)

    assert [(i.kind, i.scope) for i in found] == [(IdentifierKind.ERP_CODE, "manual")]


def test_consents_keep_their_history_and_the_newest_holds(uow: UnitOfWork) -> None:
    take_customers(uow, [{"customer_code": "K1", "consent_sms": True, "updated_at": at(1)}])
    take_customers(uow, [{"customer_code": "K2", "consent_sms": False, "updated_at": at(5)}])
    left, right = person_of(uow, "K1"), person_of(uow, "K2")

    apart = [api.list_consents(uow, person)[0].state for person in (left, right)]
    identity.merge_persons(uow, left, right, reason="same")
    together = api.list_consents(uow, left)[0].state
    said = ConsentStatement(
        person_id=left, channel="sms", state=ConsentState.GRANTED, stated_at=uow.now, source="manual"
    )
    api.state_consent(uow, said)
    api.state_consent(uow, said)

    assert apart == [ConsentState.GRANTED, ConsentState.REFUSED]
    assert together is ConsentState.REFUSED
    assert api.list_consents(uow, left)[0].state is ConsentState.GRANTED
    assert len(_events(uow, "profiles.consent_changed")) == 3


def test_interactions_are_taken_once(uow: UnitOfWork) -> None:
    rows = [
        {
            "event_id": "E1",
            "unionid": "u1",
            "event": "浏览",
            "occurred_at": at(1),
            "sku": "S1",
            "duration_seconds": "12",
        },
        {"unionid": "u1", "event": "cart_add", "occurred_at": at(2), "sku": "S1"},
        {"phone": "138****8000", "event": "login", "occurred_at": at(2)},
    ]

    first = [outcome.state for outcome in take_interactions(uow, rows)]
    again = [outcome.state for outcome in take_interactions(uow, rows)]

    assert first == [OutcomeState.TAKEN, OutcomeState.TAKEN, OutcomeState.REJECTED]
    assert again == [OutcomeState.UNCHANGED, OutcomeState.UNCHANGED, OutcomeState.REJECTED]
    assert len(_events(uow, "profiles.interaction_recorded")) == 2


def _a_busy_customer(uow: UnitOfWork) -> PersonId:
    take_customers(uow, [{"customer_code": "K1", "name": "王小明", "consent_sms": True, "updated_at": at(2)}])
    take_customers(uow, [{"customer_code": "K2", "name": "小明"}])
    for day in range(1, 8):
        take_order(uow, f"A{day}", "K1", "10", at(5))
    take_order(uow, "CA1", "K1", "10", at(5), quantity=Decimal(-1))
    take_interactions(uow, [{"customer_code": "K1", "event": "login", "occurred_at": at(5)}], "erp")
    left, right = person_of(uow, "K1"), person_of(uow, "K2")
    identity.merge_persons(uow, left, right, reason="same")
    return left


def test_the_time_line_has_everything_and_pages_without_loss(uow: UnitOfWork) -> None:
    person_id = _a_busy_customer(uow)

    whole = api.get_timeline(uow, person_id, limit=200)
    paged: list[TimelineEntry] = []
    cursor = None
    while True:
        page = api.get_timeline(uow, person_id, before=cursor, limit=3)
        paged += page.entries
        if len(paged) == 3:
            # Something that happened meanwhile does not move what follows.
            take_order(uow, "NEW", "K1", "99", uow.now)
        cursor = page.next_cursor
        if cursor is None:
            break

    assert whole.next_cursor is None
    assert tuple(paged) == whole.entries
    assert {entry.kind for entry in whole.entries} == set(TimelineKind) - {TimelineKind.SPLIT}


def test_the_time_line_can_be_narrowed_to_kinds(uow: UnitOfWork) -> None:
    person_id = _a_busy_customer(uow)

    found = api.get_timeline(uow, person_id, kinds=[TimelineKind.MERGE, TimelineKind.REFUND])

    assert [entry.kind for entry in found.entries] == [TimelineKind.MERGE, TimelineKind.REFUND]


def test_sql_and_script_are_just_text_everywhere(uow: UnitOfWork) -> None:
    api.create_custom_field(
        uow,
        CustomFieldDraft(name="note", type=ValueType.TEXT, label_zh=_HOSTILE[:60], label_en=_HOSTILE[:60]),
    )
    named = (
        "name",
        "nickname",
        "country",
        "province",
        "city",
        "address",
        "company",
        "remark",
        "store",
        "custom.note",
    )

    take_customers(uow, [{"customer_code": _HOSTILE, **dict.fromkeys(named, _HOSTILE)}])
    person_id = person_of(uow, _HOSTILE)
    take_interactions(
        uow, [{"customer_code": _HOSTILE, "event": _HOSTILE[:60], "occurred_at": at(1), "page": _HOSTILE}]
    )
    api.refresh_customers(uow, [person_id])
    texts = _texts(uow, person_id)

    expected = " ".join(_HOSTILE.split())
    assert {texts[name] for name in named} == {expected}
    assert [row.name for row in _search(uow, "DROP TABLE")] == [expected]
    assert [row.name for row in _search(uow, _HOSTILE)] == [expected]


def _search(uow: UnitOfWork, query: str) -> tuple[CustomerRow, ...]:
    return api.list_customers(uow, CustomerFilter(query=query), reveal=True).rows
