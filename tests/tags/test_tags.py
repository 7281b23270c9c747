"""The dictionary and what people carry: rules at the facade."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from feilun.identity import api as identity
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database, UnitOfWork
from feilun.profiles.errors import CustomerErased, CustomerNotFound
from feilun.tags import api, events
from feilun.tags.contracts import (
    AllowedValue,
    AssignmentSource,
    BatchItem,
    BatchState,
    HistoryAction,
    OperationKind,
    TagDraft,
    TagGroupDraft,
    TagKind,
    ValueMode,
)
from feilun.tags.errors import (
    TagArchived,
    TagColourUnknown,
    TagComputed,
    TagGroupNotEmpty,
    TagInUse,
    TagKeyInvalid,
    TagKeyTaken,
    TagNameTaken,
    TagValidityInvalid,
    TagValueInvalid,
    TagValuesInvalid,
)
from feilun.tags.jobs import TagPeopleConsumer, expire_due
from tests.fakes.clock import FixedClock
from tests.tags.builders import (
    ZONE,
    a_change,
    a_group,
    a_tag,
    assign,
    carried,
    new_events,
    people,
    remove,
)


def _actions(uow: UnitOfWork, person: PersonId) -> list[tuple[str, str, HistoryAction]]:
    tags = api.tags_by_id(uow)
    page = api.list_history(uow, person_id=person)
    return [(tags[e.tag_id].key, e.value, e.action) for e in reversed(page.entries)]


def test_a_key_and_a_name_within_its_group_are_taken_once(uow: UnitOfWork) -> None:
    group = a_group(uow, "level")
    a_tag(uow, "gold", group=group)

    with pytest.raises(TagKeyTaken):
        api.create_tag(uow, TagDraft(key="gold", name="other"), zone=ZONE)
    with pytest.raises(TagNameTaken):
        api.create_tag(uow, TagDraft(key="gold_2", name=" gold ", group_id=group.group_id), zone=ZONE)
    assert api.create_tag(uow, TagDraft(key="gold_3", name="gold"), zone=ZONE).group is None
    with pytest.raises(TagNameTaken):
        api.create_tag(uow, TagDraft(key="gold_4", name="gold"), zone=ZONE)


@pytest.mark.parametrize(
    ("draft", "error"),
    [
        (TagDraft(key="Gold", name="x"), TagKeyInvalid),
        (TagDraft(key="x", name="x", colour="#ff0000"), TagColourUnknown),
        (TagDraft(key="x", name="x", valid_days=3, valid_until=date(2027, 1, 1)), TagValidityInvalid),
        (TagDraft(key="x", name="x", valid_until=date(9999, 12, 31)), TagValidityInvalid),
        (TagDraft(key="x", name="x", allowed_values=(AllowedValue("a", "A"),)), TagValuesInvalid),
        (
            TagDraft(
                key="x", name="x", value_mode=ValueMode.ONE,
                allowed_values=(AllowedValue("a", "A"), AllowedValue("a", "B")),
            ),
            TagValuesInvalid,
        ),
    ],
)  # fmt: skip
def test_drafts_that_do_not_fit_are_refused(uow: UnitOfWork, draft: TagDraft, error: type[Exception]) -> None:
    with pytest.raises(error):
        api.create_tag(uow, draft, zone=ZONE)


def test_what_a_tag_says_stays_once_somebody_carried_it(uow: UnitOfWork) -> None:
    tag = a_tag(uow, "vip")
    (person,) = people(uow, "c1")
    changed = api.change_tag(uow, tag.tag_id, replace(api.draft_of(tag), value_mode=ValueMode.ONE), zone=ZONE)
    api.change_tag(uow, tag.tag_id, api.draft_of(tag), zone=ZONE)
    assign(uow, tag, person)
    remove(uow, tag, person)

    with pytest.raises(TagInUse):
        api.change_tag(uow, tag.tag_id, replace(api.draft_of(tag), value_mode=ValueMode.ONE), zone=ZONE)
    renamed = api.change_tag(
        uow, tag.tag_id, replace(api.draft_of(tag), name="贵宾", colour="gold"), zone=ZONE
    )

    assert changed.value_mode is ValueMode.ONE
    assert (renamed.name, renamed.colour, renamed.key) == ("贵宾", "gold", "vip")


def test_a_group_with_tags_stays(uow: UnitOfWork) -> None:
    group = a_group(uow, "full")
    a_tag(uow, "in_it", group=group)

    with pytest.raises(TagGroupNotEmpty):
        api.delete_group(uow, group.group_id)


def test_giving_again_changes_nothing_and_renewing_begins_anew(uow: UnitOfWork, clock: FixedClock) -> None:
    tag = a_tag(uow, "warm", valid_days=10)
    (person,) = people(uow, "c1")

    first = assign(uow, tag, person)
    begun = uow.now
    uow.now = begun + timedelta(days=1)
    again = assign(uow, tag, person)
    (held,) = api.list_carried(uow, person)
    renewed = assign(uow, tag, person, renews=True)
    (fresh,) = api.list_carried(uow, person)

    assert (first, again, renewed) == (True, False, True)
    assert held.holding.expires_at == begun + timedelta(days=10)
    assert fresh.holding.expires_at == begun + timedelta(days=11)
    assert fresh.holding.assignment_id == held.holding.assignment_id
    assert _actions(uow, person) == [
        ("warm", "", HistoryAction.ASSIGNED),
        ("warm", "", HistoryAction.CHANGED),
    ]


def test_values_are_checked_and_labels_stand_for_them(uow: UnitOfWork) -> None:
    tag = a_tag(uow, "style", ValueMode.SEVERAL, values=("sport", "classic"))
    flag = a_tag(uow, "plain")
    (person,) = people(uow, "c1")

    assign(uow, tag, person, "SPORT")
    assign(uow, tag, person, "classic")

    assert carried(uow, person) == {("style", "sport"), ("style", "classic")}
    for wrong, value in ((tag, "punk"), (tag, ""), (flag, "x")):
        with pytest.raises(TagValueInvalid):
            assign(uow, wrong, person, value)


def test_one_value_takes_the_place_of_another_and_so_does_a_tag_of_an_exclusive_group(
    uow: UnitOfWork,
) -> None:
    group = a_group(uow, "stage", is_exclusive=True)
    new, grown = a_tag(uow, "new", group=group), a_tag(uow, "grown", group=group)
    size = a_tag(uow, "size", ValueMode.ONE)
    (person,) = people(uow, "c1")

    for tag, value in ((new, None), (size, "S"), (grown, None), (size, "L")):
        assign(uow, tag, person, value)

    assert carried(uow, person) == {("grown", ""), ("size", "L")}
    assert _actions(uow, person) == [
        ("new", "", HistoryAction.ASSIGNED),
        ("size", "S", HistoryAction.ASSIGNED),
        ("new", "", HistoryAction.REMOVED),
        ("grown", "", HistoryAction.ASSIGNED),
        ("size", "S", HistoryAction.REMOVED),
        ("size", "L", HistoryAction.ASSIGNED),
    ]
    displaced = [e.displaced_by for e in api.list_history(uow, person_id=person).entries if e.displaced_by]
    assert displaced == [size.tag_id, grown.tag_id]


def test_merged_people_carry_the_union_the_newest_wins_and_a_split_gives_everything_back(
    uow: UnitOfWork,
) -> None:
    group = a_group(uow, "stage", is_exclusive=True)
    new, grown = a_tag(uow, "new", group=group), a_tag(uow, "grown", group=group)
    flag = a_tag(uow, "flag")
    left, right = people(uow, "c1", "c2")
    assign(uow, grown, right)
    assign(uow, new, left)
    assign(uow, flag, right)

    merge = identity.merge_persons(uow, left, right, reason="same")
    together = carried(uow, right)
    identity.split_merge(uow, merge.merge_id, reason="not the same")

    assert together == {("new", ""), ("flag", "")}
    assert carried(uow, left) == {("new", "")}
    assert carried(uow, right) == {("grown", ""), ("flag", "")}


def test_taking_from_a_merged_person_takes_from_all_records(uow: UnitOfWork) -> None:
    flag, size = a_tag(uow, "flag"), a_tag(uow, "size", ValueMode.ONE)
    left, right = people(uow, "c1", "c2")
    for person, value in ((left, "S"), (right, "L")):
        assign(uow, flag, person)
        assign(uow, size, person, value)
    merge = identity.merge_persons(uow, left, right, reason="same")

    remove(uow, flag, left)
    remove(uow, size, left, "L")
    identity.split_merge(uow, merge.merge_id, reason="no")

    assert carried(uow, left) == carried(uow, right) == set()


def test_making_a_group_exclusive_takes_nothing_away(uow: UnitOfWork) -> None:
    group = a_group(uow, "mood")
    calm, angry = a_tag(uow, "calm", group=group), a_tag(uow, "angry", group=group)
    (person,) = people(uow, "c1")
    assign(uow, calm, person)
    assign(uow, angry, person)

    api.change_group(uow, group.group_id, TagGroupDraft(name="mood", is_exclusive=True))
    exclusive = carried(uow, person)
    counted = api.count_people(uow)
    api.change_group(uow, group.group_id, TagGroupDraft(name="mood"))

    assert exclusive == {("angry", "")}
    assert (counted.get(calm.tag_id, 0), counted[angry.tag_id]) == (0, 1)
    assert carried(uow, person) == {("calm", ""), ("angry", "")}


def test_computed_and_archived_tags_and_people_who_are_not_there_are_refused(uow: UnitOfWork) -> None:
    computed = api.create_tag(uow, TagDraft(key="comp", name="comp", kind=TagKind.COMPUTED), zone=ZONE)
    archived = api.create_tag(uow, TagDraft(key="old", name="old", is_archived=True), zone=ZONE)
    flag = a_tag(uow, "flag")
    (person,) = people(uow, "c1")

    for tag, error in ((computed, TagComputed), (archived, TagArchived)):
        with pytest.raises(error):
            assign(uow, tag, person)
    with pytest.raises(CustomerNotFound):
        assign(uow, flag, PersonId(10**12))
    identity.erase_person(uow, person)
    with pytest.raises(CustomerErased):
        assign(uow, flag, person)
    assert remove(uow, archived, people(uow, "c2")[0]) is False


def test_a_date_ends_with_its_day_in_the_zone(uow: UnitOfWork) -> None:
    tag = api.create_tag(uow, TagDraft(key="fest", name="fest", valid_until=date(2026, 12, 31)), zone=ZONE)
    (person,) = people(uow, "c1")

    assign(uow, tag, person)

    (held,) = api.list_carried(uow, person)
    assert held.holding.expires_at is not None
    assert held.holding.expires_at.isoformat() == "2026-12-31T16:00:00+00:00"


def test_what_expires_goes_with_history_and_event_and_is_gone_before_the_job_runs(
    database: Database, clock: FixedClock
) -> None:
    with database.transaction(actor="operator:1") as uow:
        tag = a_tag(uow, "brief", valid_days=1)
        forever = a_tag(uow, "forever")
        (person,) = people(uow, "e1")
        assign(uow, tag, person)
        assign(uow, forever, person)
    position = new_events(database)[-1].position
    clock.set(clock.now() + timedelta(days=1))

    with database.transaction() as uow:
        before_the_job = carried(uow, person)
        counted = api.count_people(uow)
    ended = expire_due(database)
    ended_again = expire_due(database)

    assert before_the_job == {("forever", "")}
    assert tag.tag_id not in counted
    assert (ended, ended_again) == (1, 0)
    with database.transaction() as uow:
        assert _actions(uow, person)[-1] == ("brief", "", HistoryAction.EXPIRED)
    (event,) = new_events(database, position)
    assert (event.type, event.person_id, event.payload["cause"]) == (events.TAG_REMOVED, person, "expired")


def test_erasure_leaves_nothing_and_says_what_went(database: Database) -> None:
    with database.transaction() as uow:
        tag = a_tag(uow, "gone")
        left, right, other = people(uow, "x1", "x2", "x3")
        for person in (left, right, other):
            assign(uow, tag, person)
        identity.merge_persons(uow, left, right, reason="same")
    position = new_events(database)[-1].position
    with database.transaction() as uow:
        identity.erase_person(uow, right)
    consumer = TagPeopleConsumer()
    consumer.handle(database, new_events(database))
    consumer.handle(database, new_events(database))

    removed = [e for e in new_events(database, position) if e.type == events.TAG_REMOVED]
    assert [(e.person_id, e.payload["cause"]) for e in removed] == [(left, "erased"), (right, "erased")]
    with database.transaction() as uow:
        counts = [
            uow.connection.execute(
                text(f"SELECT count(*) FROM {table} WHERE person_id = ANY(:ids)"), {"ids": [left, right]}
            ).scalar_one()
            for table in ("tag_assignments", "tag_history")
        ]
        assert counts == [0, 0]
        assert carried(uow, other) == {("gone", "")}


def test_counts_and_carriers_are_of_whole_people(database: Database) -> None:
    with database.transaction() as uow:
        tag = a_tag(uow, "counted")
        left, right, other = people(uow, "w1", "w2", "w3")
        for person in (left, right, other):
            assign(uow, tag, person)
    with database.transaction() as uow:
        merge = identity.merge_persons(uow, left, right, reason="same")
    TagPeopleConsumer().handle(database, new_events(database))

    with database.transaction() as uow:
        merged = api.count_people(uow)[tag.tag_id]
        first = api.list_carriers(uow, tag.tag_id, limit=1)
        assert first.next_after is not None
        second = api.list_carriers(uow, tag.tag_id, after=first.next_after, limit=1)
        identity.split_merge(uow, merge.merge_id, reason="no")
    TagPeopleConsumer().handle(database, new_events(database))

    assert merged == 2
    assert (first.person_ids, second.person_ids, second.next_after) == ((left,), (other,), None)
    assert first.people[0].records == (left, right)
    with database.transaction() as uow:
        assert api.count_people(uow)[tag.tag_id] == 3


def test_a_batch_has_an_outcome_per_item_and_sending_it_again_changes_nothing(uow: UnitOfWork) -> None:
    a_tag(uow, "flag")
    a_tag(uow, "size", ValueMode.ONE)
    left, right = people(uow, "c1", "c2")
    items = [
        BatchItem(person_id=left, tag="flag"),
        BatchItem(person_id=left, tag="size", value="S"),
        BatchItem(person_id=left, tag="size", value="L"),
        BatchItem(person_id=right, tag="nothing"),
        BatchItem(person_id=PersonId(10**12), tag="flag"),
        BatchItem(person_id=right, tag="flag", is_removal=True),
        BatchItem(tag="flag"),
    ]

    first = api.change_batch(uow, items, source_name="crm")
    again = api.change_batch(uow, [items[0], items[2]], source_name="crm")

    assert [outcome.state for outcome in first] == [
        BatchState.CHANGED,
        BatchState.CHANGED,
        BatchState.CHANGED,
        BatchState.REJECTED,
        BatchState.REJECTED,
        BatchState.UNCHANGED,
        BatchState.REJECTED,
    ]
    assert [outcome.code for outcome in first if outcome.code] == [
        "tags.tag_unknown",
        "tags.person_unknown",
        "tags.person_unknown",
    ]
    assert [outcome.state for outcome in again] == [BatchState.UNCHANGED, BatchState.UNCHANGED]
    assert carried(uow, left) == {("flag", ""), ("size", "L")}
    assert api.list_carried(uow, left)[0].holding.source is AssignmentSource.API


def test_history_pages_backwards(uow: UnitOfWork) -> None:
    tag = a_tag(uow, "flag")
    (person,) = people(uow, "c1")
    for _ in range(3):
        assign(uow, tag, person)
        remove(uow, tag, person)

    first = api.list_history(uow, tag_id=tag.tag_id, limit=4)
    rest = api.list_history(uow, tag_id=tag.tag_id, before=first.next_before, limit=4)

    assert len(first.entries) == 4
    assert (len(rest.entries), rest.next_before) == (2, None)
    assert api.change_person(uow, OperationKind.REMOVE, a_change(tag), person) is False
