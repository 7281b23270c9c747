"""Tags in the warehouse and in conditions: what holds for whole people, through merges, expiry, erasure and a rebuild."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from feilun.conditions import api as conditions
from feilun.conditions.contracts import CatalogueParts, Evaluation, Source, ThesePeople, Unit
from feilun.identity import api as identity
from feilun.identity.projection import AliasProjector
from feilun.platform.db import Database
from feilun.platform.warehouse import (
    Projector,
    Warehouse,
    WarehouseForwarder,
    connect_warehouse,
    content_digest,
    ensure_proved,
    rebuild_warehouse,
)
from feilun.profiles.projection import ProfileProjector
from feilun.tags import api
from feilun.tags.conditions import TagConditionFields
from feilun.tags.contracts import TagGroupDraft, ValueMode
from feilun.tags.jobs import TagPeopleConsumer, expire_due
from feilun.tags.projection import PERSON_TAGS, TagProjector
from tests.fakes.clock import FixedClock
from tests.tags.builders import a_group, a_tag, assign, new_events, people, remove

_ROWS = "SELECT person_id, tag_key, value FROM person_tags FINAL ORDER BY person_id, tag_key, value"
_position = [0]
_CUSTOMERS = CatalogueParts(
    sources=(
        Source(
            name="customers", table="customers", label_zh="客户", label_en="customers", columns=(), moment=None,
            is_per_person=True,
        ),
    )
)  # fmt: skip


def _follow(database: Database, warehouse: Warehouse) -> list[tuple[object, ...]]:
    TagPeopleConsumer().handle(database, new_events(database, _position[0]))
    batch = new_events(database, _position[0])
    wanted = [event for event in batch if event.type in TagProjector().event_types]
    if wanted:
        WarehouseForwarder(warehouse, [TagProjector()]).handle(database, wanted)
        _position[0] = batch[-1].position
    return [tuple(row) for row in warehouse.rows(_ROWS)]


def test_the_warehouse_holds_what_holds_for_whole_people(
    database: Database, warehouse: Warehouse, clock: FixedClock
) -> None:
    ensure_proved(database, warehouse, [TagProjector()])
    with database.transaction() as uow:
        group = a_group(uow, "stage", is_exclusive=True)
        new, grown = a_tag(uow, "p_new", group=group), a_tag(uow, "p_grown", group=group)
        size = a_tag(uow, "p_size", ValueMode.ONE)
        brief = a_tag(uow, "p_brief", valid_days=1)
        left, right = people(uow, "p1", "p2")
        assign(uow, new, left)
        assign(uow, size, left, "S")
        assign(uow, grown, right)
        assign(uow, brief, right)
    apart = _follow(database, warehouse)
    with database.transaction() as uow:
        merge = identity.merge_persons(uow, left, right, reason="same")
    merged = _follow(database, warehouse)
    with database.transaction() as uow:
        api.change_group(uow, group.group_id, TagGroupDraft(name="stage"))
    loose = _follow(database, warehouse)
    with database.transaction() as uow:
        api.change_group(uow, group.group_id, TagGroupDraft(name="stage", is_exclusive=True))
        remove(uow, size, left)
    clock.set(clock.now() + timedelta(days=2))
    expire_due(database)
    less = _follow(database, warehouse)
    forwarded = content_digest(warehouse, [PERSON_TAGS])
    rebuild_warehouse(database, warehouse, [TagProjector()])
    assert content_digest(warehouse, [PERSON_TAGS]) == forwarded
    with database.transaction() as uow:
        identity.split_merge(uow, merge.merge_id, reason="no")
    split = _follow(database, warehouse)
    with database.transaction() as uow:
        identity.erase_person(uow, right)
    _follow(database, warehouse)
    erased = _follow(database, warehouse)

    assert apart == [
        (left, "p_new", ""),
        (left, "p_size", "S"),
        (right, "p_brief", ""),
        (right, "p_grown", ""),
    ]
    assert merged == [(left, "p_size", "S"), (right, "p_brief", ""), (right, "p_grown", "")]
    assert loose == apart
    assert less == [(right, "p_grown", "")]
    assert split == [(left, "p_new", ""), (right, "p_grown", "")]
    assert erased == [(left, "p_new", "")]


def test_conditions_name_tags_and_read_as_a_sentence(database: Database, clock: FixedClock) -> None:
    with database.transaction() as uow:
        a_tag(uow, "vip")
        a_tag(uow, "colour", ValueMode.SEVERAL, values=("red",))
        catalogue = conditions.join_catalogue([TagConditionFields().offer(uow)])
    condition = conditions.parse_condition(
        {
            "version": 1,
            "where": {
                "all": [
                    {"field": "tags", "op": "has_any", "value": ["vip"]},
                    {"field": "tag.colour", "op": "has_any", "value": ["red"]},
                ]
            },
        }
    )

    assert conditions.check_condition(condition, catalogue, segments={}) == []
    sentence = conditions.describe_condition(condition, catalogue, locale="en", segment_names={})
    assert "vip" in sentence
    assert "RED" in sentence


def test_time_alone_ends_membership_only_where_something_ends(database: Database, clock: FixedClock) -> None:
    where = {"field": "tags", "op": "has_any", "value": ["ends"]}
    condition = conditions.parse_condition({"version": 1, "where": where})

    def finest() -> Unit | None:
        with database.transaction() as uow:
            catalogue = conditions.join_catalogue([TagConditionFields().offer(uow)])
        return conditions.finest_unit(condition, catalogue, segments={})

    with database.transaction() as uow:
        tag = a_tag(uow, "ends", valid_days=3)
        person = people(uow, "ending")[0]
    before = finest()
    with database.transaction() as uow:
        assign(uow, tag, person)

    assert before is None
    assert finest() is Unit.HOUR


def test_an_assignment_that_ended_does_not_count_although_its_row_is_still_there(
    database: Database, warehouse_address: str, clock: FixedClock
) -> None:
    projectors: list[Projector] = [AliasProjector(), ProfileProjector(), TagProjector()]
    warehouse = connect_warehouse(f"{warehouse_address}/tags_in_conditions")
    with database.transaction() as uow:
        tag = a_tag(uow, "still", valid_days=3)
        (person,) = people(uow, "still-there")
        assign(uow, tag, person)
        assign(uow, a_tag(uow, "for_good"), person)
        begun = uow.now
    new_events(database)
    rebuild_warehouse(database, warehouse, projectors)

    def carried_after(moment: timedelta) -> set[str]:
        with database.transaction() as uow:
            parts = [TagConditionFields().offer(uow), _CUSTOMERS]
        catalogue = conditions.join_catalogue(parts)
        condition = conditions.parse_condition(
            {"version": 1, "where": {"field": "tags", "op": "has_any", "value": ["still"]}}
        )
        evaluation = Evaluation(begun + moment, ZoneInfo("Asia/Shanghai"), "CNY")
        bound = conditions.bind_condition(condition, catalogue, evaluation, segments={})
        query = conditions.values_query(
            conditions.aggregates_of([bound]), catalogue, evaluation, ThesePeople((person,))
        )
        (row,) = warehouse.arrow(query.sql, settings=query.settings).to_pylist()
        return set(row["c0"])

    shown = [
        carried_after(moment)
        for moment in (
            timedelta(days=3) - timedelta(milliseconds=1),
            timedelta(days=3),
            timedelta(days=9_000),
        )
    ]
    warehouse.command("DROP DATABASE tags_in_conditions")
    warehouse.close()

    assert shown == [{"still", "for_good"}, {"for_good"}, {"for_good"}]
