"""Goal: a record finds its person, whatever it claims. Method: facade on a real database, one situation per test."""

from datetime import timedelta

import pytest
from sqlalchemy import event, text

from feilun.identity import api
from feilun.identity.contracts import IdentifierKind, ReviewState
from feilun.identity.errors import PersonErased, PersonNotFound
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin
from tests.fakes.clock import FixedClock
from tests.identity.builders import (
    card,
    device,
    email,
    erp,
    openid,
    person,
    phone,
    resolve,
    root,
    unionid,
    values,
)


def _event_types(uow: UnitOfWork) -> list[str]:
    rows = uow.connection.execute(text("SELECT type FROM event_inbox ORDER BY event_id"))
    return [row[0] for row in rows]


def test_a_record_with_unknown_identifiers_makes_a_person(uow: UnitOfWork) -> None:
    (resolution,) = resolve(uow, [erp("C-1"), phone("138 1234 5678")])

    assert resolution.is_new
    assert resolution.person_id is not None
    assert values(uow, resolution.person_id) == {"C-1", "+8613812345678"}


def test_the_same_record_again_changes_nothing_and_logs_nothing(uow: UnitOfWork) -> None:
    record = [erp("C-1"), phone("13812345678"), phone("138****9999"), email("a@b.cn")]
    first = person(uow, *record)
    before = _event_types(uow)

    again = resolve(uow, record)[0]

    assert (again.person_id, again.is_new) == (first, False)
    assert _event_types(uow) == before == ["identity.person_created"]


def test_a_shared_phone_brings_a_record_to_the_known_person_with_its_new_identifiers(uow: UnitOfWork) -> None:
    known = person(uow, erp("C-1", "kingdee"), phone("13812345678"))

    later = resolve(uow, [unionid("oU-1"), phone("+86 138-1234-5678")], source="wecom")[0]

    assert (later.person_id, later.is_new) == (known, False)
    assert values(uow, known) == {"C-1", "+8613812345678", "oU-1"}
    assert _event_types(uow) == ["identity.person_created", "identity.identifier_added"]


def test_a_record_that_claims_nothing_that_links_has_no_person(uow: UnitOfWork) -> None:
    resolutions = resolve(
        uow, [], [phone("138****1234")], [phone("13812345678", verified=False)], [phone(" "), erp("无")]
    )

    assert [r.person_id for r in resolutions] == [None] * 4
    assert _event_types(uow) == []


def test_two_known_people_tied_by_a_record_become_one_with_the_lower_id(uow: UnitOfWork) -> None:
    first, second = person(uow, phone("13812345678")), person(uow, email("li@qq.com"))

    tied = resolve(uow, [phone("13812345678"), email("LI@qq.com")])[0]

    assert tied.person_id == first
    assert root(uow, second) == first
    assert api.member_ids(uow, second) == [first, second]
    (merge,) = api.list_merges(uow, second)
    assert (merge.kept_person_id, merge.absorbed_person_id, merge.cause) == (first, second, "identifier")
    assert merge.evidence == "phone 138****5678, email l***@qq.com"


def test_a_record_goes_to_the_record_of_its_strongest_identifier_also_after_a_merge(uow: UnitOfWork) -> None:
    by_phone, by_card = person(uow, phone("13812345678")), person(uow, card("6001"))
    resolve(uow, [phone("13812345678"), card("6001")])

    assert person(uow, card("6001")) == by_card
    assert person(uow, phone("13812345678")) == by_phone
    assert person(uow, card("6001"), phone("13812345678")) == by_card


def test_records_of_one_batch_are_linked_as_if_each_came_alone(uow: UnitOfWork) -> None:
    resolutions = resolve(
        uow,
        [phone("13812345678")],
        [email("li@qq.com")],
        [phone("13812345678"), email("li@qq.com")],
        [email("li@qq.com")],
    )

    first, second, third, fourth = (r.person_id for r in resolutions)
    assert [r.is_new for r in resolutions] == [True, True, False, False]
    assert first is not None
    assert second is not None
    assert (third, fourth) == (first, second)
    assert root(uow, second) == first


def test_one_phone_with_two_erp_codes_opens_a_review_instead_of_merging(uow: UnitOfWork) -> None:
    known = person(uow, erp("C-1"), phone("13812345678"))

    conflict = resolve(uow, [erp("C-2"), phone("13812345678")])[0]

    assert conflict.is_new
    assert conflict.person_id is not None
    assert conflict.person_id != known
    assert values(uow, conflict.person_id) == {"C-2"}
    reviews, total = api.list_reviews(uow, ReviewState.OPEN)
    assert total == 1
    assert conflict.review_ids == (reviews[0].review_id,)
    assert (reviews[0].left_person_id, reviews[0].right_person_id) == (known, conflict.person_id)
    assert (reviews[0].shared_kind, reviews[0].conflicting_kind) == (
        IdentifierKind.PHONE,
        IdentifierKind.ERP_CODE,
    )
    assert reviews[0].evidence == "phone 138****5678; erp_code differs"


def test_a_conflict_that_comes_again_opens_no_second_review(uow: UnitOfWork) -> None:
    person(uow, erp("C-1"), phone("13812345678"), email("li@qq.com"))
    record = [erp("C-2"), phone("13812345678"), email("li@qq.com")]
    first = resolve(uow, record)[0]

    again = resolve(uow, record, record)

    assert [r.review_ids for r in again] == [first.review_ids] * 2
    assert api.list_reviews(uow, None)[1] == 1


def test_codes_of_different_systems_do_not_contradict_each_other(uow: UnitOfWork) -> None:
    known = person(uow, erp("C-1", "kingdee"), phone("13812345678"))

    assert person(uow, erp("C-1", "yonyou"), phone("13812345678")) == known


def test_people_with_contradicting_unionids_are_not_merged_by_a_weaker_identifier(uow: UnitOfWork) -> None:
    first, second = person(uow, unionid("oU-1"), phone("13812345678")), person(uow, unionid("oU-2"))

    tied = resolve(uow, [unionid("oU-2"), phone("13812345678")])[0]

    assert tied.person_id == second
    assert root(uow, second) == second
    assert len(tied.review_ids) == 1
    assert person(uow, phone("13812345678")) == first


def test_a_second_code_beside_a_known_unionid_gets_a_person_of_its_own_and_a_review(uow: UnitOfWork) -> None:
    known = person(uow, unionid("oU-1"), erp("C-1"))

    resolution = resolve(uow, [unionid("oU-1"), erp("C-2")])[0]

    assert resolution.person_id == known
    assert not resolution.is_new
    assert len(resolution.review_ids) == 1
    other = person(uow, erp("C-2"))
    assert other != known
    assert root(uow, other) == other


def test_a_record_that_contradicts_itself_counts_by_its_first_value(uow: UnitOfWork) -> None:
    mixed = person(uow, erp("C-1"), erp("C-2"))

    other = person(uow, erp("C-2"))

    assert other != mixed
    shown = {(i.value, i.is_linking) for i in api.list_identifiers(uow, mixed, reveal=True)}
    assert shown == {("C-1", True), ("C-2", False)}


def test_a_shared_device_merges_nobody_but_an_unknown_visitor_becomes_known(uow: UnitOfWork) -> None:
    visitor = person(uow, device("tablet"))
    first = person(uow, phone("13812345678"), device("tablet"))

    second = person(uow, phone("13912345678"), device("tablet"))

    assert first == visitor
    assert second != first
    assert root(uow, second) == second
    assert person(uow, device("tablet")) == first
    third = person(uow, phone("13912345678"), email("z@qq.com"), device("tablet"))
    assert (third, root(uow, third)) == (second, second)
    assert api.list_reviews(uow, None)[1] == 0


def test_a_visitor_and_a_customer_known_apart_are_merged_by_a_device_when_the_visitor_is_nobody_yet(
    uow: UnitOfWork,
) -> None:
    customer, visitor = person(uow, phone("13812345678")), person(uow, device("d-1"))

    person(uow, phone("13812345678"), device("d-1"))

    assert root(uow, visitor) == customer


@pytest.mark.parametrize(
    "value",
    [
        "138****1234",
        "13800138000-1234",
        "13812345678转1234",
        "95279234",
        "11111111111",
        "13800000000",
        "4008123123",
    ],
)
def test_masked_virtual_and_shared_numbers_never_link(uow: UnitOfWork, value: str) -> None:
    first, second = person(uow, erp("C-1"), phone(value)), person(uow, erp("C-2"), phone(value))

    assert first != second
    assert root(uow, second) == second
    assert api.list_reviews(uow, None)[1] == 0
    assert [i.is_linking for i in api.list_identifiers(uow, second, reveal=True)] == [True, False]


def test_an_unverified_identifier_is_shown_and_links_once_it_is_verified(uow: UnitOfWork) -> None:
    first = person(uow, erp("C-1"), phone("13812345678", verified=False))
    stranger = person(uow, erp("C-2"), phone("13812345678", verified=False))

    assert stranger != first
    assert person(uow, erp("C-1"), phone("13812345678")) == first
    phones = [i for i in api.list_identifiers(uow, first, reveal=True) if i.kind is IdentifierKind.PHONE]
    assert [(p.is_verified, p.is_linking) for p in phones] == [(True, True)]
    assert person(uow, phone("13812345678")) == first


def test_an_unverified_copy_of_a_verified_identifier_adds_nothing(uow: UnitOfWork) -> None:
    first = person(uow, erp("C-1"), phone("13812345678"))

    resolve(uow, [erp("C-1"), phone("13812345678", verified=False)])

    assert len(api.list_identifiers(uow, first, reveal=True)) == 2


@pytest.mark.parametrize(
    "value",
    [
        "'; DROP TABLE persons; --",
        "<script>alert(1)</script>",
        "\\x00\\N\t",
        "=cmd|' /C calc'!A0",
        "😀𠮷" * 10,
        "a\x00b\u202e\ud800c",
        "%(x)s %s {x} :name",
    ],
)
def test_hostile_text_is_just_text(uow: UnitOfWork, value: str) -> None:
    first = person(uow, erp(value, value), card(value), unionid(value))

    assert person(uow, erp(value, value)) == first
    assert api.find_persons(uow, value) == [first]


def test_an_endless_value_is_cut_and_does_not_link(uow: UnitOfWork) -> None:
    first = person(uow, erp("C-1"), card("9" * 10_000))

    assert person(uow, erp("C-2"), card("9" * 10_000)) != first
    assert max(len(value) for value in values(uow, first)) == 254


def test_values_are_stored_nowhere_in_plain_text(uow: UnitOfWork) -> None:
    first, second = person(uow, phone("13812345678")), person(uow, email("someone@example.org"))
    resolve(uow, [phone("13812345678"), email("someone@example.org")])
    resolve(uow, [erp("SECRET-1"), phone("13812345678")], [erp("SECRET-2"), phone("13812345678")])
    api.merge_persons(uow, first, person(uow, erp("SECRET-2")), reason="same")
    assert second

    for table in (
        "persons",
        "identifiers",
        "person_keys",
        "merges",
        "merge_reviews",
        "event_inbox",
        "person_aliases",
    ):
        rows = uow.connection.execute(text(f"SELECT t::text FROM {table} t")).scalars().all()
        assert rows
        for secret in ("13812345678", "someone@example.org", "SECRET-"):
            assert not any(secret in row for row in rows), table
            assert not any(secret.encode().hex() in row for row in rows), table


def test_people_are_found_by_full_phone_last_four_and_any_exact_identifier(uow: UnitOfWork) -> None:
    first = person(uow, erp("C-1"), phone("13812345678"), email("li@qq.com"))
    masked = person(uow, erp("C-2"), phone("139****5678"))
    alias = person(uow, card("6001"))
    api.merge_persons(uow, alias, first, reason="same person")

    assert api.find_persons(uow, "+86 138 1234 5678") == [first]
    assert api.find_persons(uow, "5678") == [first, masked]
    assert api.find_persons(uow, "LI@qq.com") == [first]
    assert api.find_persons(uow, "c-1") == []
    assert api.find_persons(uow, "C-1") == [first]
    assert api.find_persons(uow, "6001") == [first]
    assert api.find_persons(uow, "5678", limit=1) == [first]
    assert api.find_persons(uow, " ") == []


def test_identifiers_are_masked_unless_revealed_and_listed_strongest_first(uow: UnitOfWork) -> None:
    first = person(uow, email("zhang.san@qq.com"), phone("13812345678"), openid("oAbcdefgh123456", "mini"))

    masked = api.list_identifiers(uow, first, reveal=False)

    assert [(i.kind.value, i.value, i.scope) for i in masked] == [
        ("openid", "oA****56", "mini"),
        ("phone", "138****5678", ""),
        ("email", "z***@qq.com", ""),
    ]


def test_last_seen_moves_at_most_once_a_day(uow: UnitOfWork, clock: FixedClock) -> None:
    first = person(uow, phone("13812345678"))
    start = uow.now
    for hours, expected in ((2, start), (23, start + timedelta(hours=25))):
        clock.advance(timedelta(hours=hours))
        uow.now = clock.now()
        person(uow, phone("13812345678"))
        assert api.list_identifiers(uow, first, reveal=True)[0].last_seen_at == expected


def test_history_is_marked_as_backfill_in_the_log(uow: UnitOfWork) -> None:
    resolve(uow, [phone("13812345678")], origin=Origin.BACKFILL)

    assert uow.connection.execute(text("SELECT origin FROM event_inbox")).scalars().all() == ["backfill"]


def test_keys_are_kept_per_person_record_and_refused_for_erased_and_unknown_people(uow: UnitOfWork) -> None:
    first = person(uow, phone("13812345678"))
    key = api.person_keys(uow, [first])[first]
    assert api.person_keys(uow, [first])[first] == key
    uow.connection.execute(text("DELETE FROM person_keys"))
    assert api.existing_person_keys(uow, [first]) == {}
    made = api.person_keys(uow, [first])[first]
    assert made != key

    with pytest.raises(PersonNotFound):
        api.person_keys(uow, [PersonId(first + 1000)])
    api.erase_person(uow, first)
    with pytest.raises(PersonErased):
        api.person_keys(uow, [first])


def test_unknown_people_are_not_found(uow: UnitOfWork) -> None:
    nobody = PersonId(1 << 40)

    with pytest.raises(PersonNotFound):
        api.get_person(uow, nobody)
    with pytest.raises(PersonNotFound):
        api.list_identifiers(uow, nobody, reveal=False)
    with pytest.raises(PersonNotFound):
        api.lock_persons(uow, [nobody])
    assert api.list_persons(uow, [nobody]) == {}
    assert api.root_of(uow, [nobody]) == {nobody: nobody}


def test_identifiers_of_many_people_are_those_of_each_whoever_is_merged_erased_or_unknown(
    uow: UnitOfWork,
) -> None:
    kept = person(uow, phone("13812345678"), card("6001"))
    absorbed = person(uow, email("li@qq.com"), phone("13912345678"))
    api.merge_persons(uow, kept, absorbed, reason="same")
    alone = person(uow, erp("C-9"), phone("138****9999"))
    erased = person(uow, phone("13712345678"))
    api.erase_person(uow, erased)
    asked = [kept, absorbed, alone, erased]

    whole = api.identifiers_of(uow, [*asked, PersonId(1 << 40)], reveal=True)
    phones = api.identifiers_of(uow, iter(asked), kinds=(IdentifierKind.PHONE,), reveal=False)

    assert whole == {
        **{p: api.list_identifiers(uow, p, reveal=True) for p in asked},
        PersonId(1 << 40): [],
    }
    assert {p: {i.value for i in found} for p, found in phones.items()} == {
        kept: {"138****5678", "139****5678"},
        absorbed: {"138****5678", "139****5678"},
        alone: {"138****9999"},
        erased: set(),
    }
    assert api.identifiers_of(uow, [], reveal=True) == {}


def test_identifiers_of_many_people_cost_as_many_statements_as_those_of_one(uow: UnitOfWork) -> None:
    people = [person(uow, phone(f"1381234{n:04d}")) for n in range(30)]
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(uow.connection, "before_cursor_execute", note)
    api.identifiers_of(uow, people[:1], reveal=True)
    one = len(statements)
    api.identifiers_of(uow, people, reveal=True)

    assert one == len(statements) - one == 4
