"""The evaluator on real engines: who is in, who entered and left, and why."""

from datetime import timedelta
from typing import Any

from feilun.identity import api as identity
from feilun.platform.consumers import read_events
from feilun.platform.log import Origin
from feilun.profiles import api as profiles
from feilun.profiles.contracts import CustomFieldChange, CustomFieldDraft, ValueType
from feilun.segments import api
from feilun.segments.contracts import Health, SegmentKind, SegmentState
from tests.fakes.clock import START, FixedClock
from tests.segments.world import World, in_city, ordered, refers_to


def test_the_first_computation_is_a_baseline_and_no_entries(world: World) -> None:
    one = world.customer("K1", city="上海")
    world.customer("K2", city="北京")
    segment = world.segment("shanghai", in_city("上海"))

    world.follow()

    assert world.members(segment) == {one}
    assert world.changes(segment) == []
    assert world.logged(segment) == []
    stored = world.again(segment)
    assert (stored.status.health, stored.status.size) == (Health.HEALTHY, 1)


def test_events_make_people_enter_and_leave_with_their_origin(world: World) -> None:
    one = world.customer("K1", city="北京")
    segment = world.segment("shanghai", in_city("上海"))
    buyers = world.segment("buyers", ordered(1))
    world.follow()

    world.customer("K1", city="上海")
    world.follow()
    world.order("K1", "10", origin=Origin.BACKFILL)
    world.follow()
    world.customer("K1", city="北京", updated_at=START + timedelta(seconds=1))
    world.follow()

    assert world.logged(segment) == [(one, "entered", "live", "live"), (one, "exited", "live", "live")]
    assert world.logged(buyers) == [(one, "entered", "backfill", "backfill")]
    assert world.members(segment) == set()
    assert world.members(buyers) == {one}


def test_another_condition_is_a_new_version_without_entries(world: World) -> None:
    one = world.customer("K1", city="上海")
    two = world.customer("K2", city="北京")
    segment = world.segment("cities", in_city("上海"))
    world.follow()

    changed = world.edit(segment, condition=in_city("北京"), note="moved")
    world.follow()

    assert changed.version == 2
    assert world.members(segment) == {two}
    assert one not in world.members(segment)
    assert world.logged(segment) == []


def test_a_changed_reference_computes_those_that_refer_to_it_anew(world: World) -> None:
    one = world.customer("K1", city="上海")
    base = world.segment("base", in_city("上海"))
    above = world.segment("above", refers_to("base"))
    world.follow()

    world.edit(base, condition=in_city("北京"))
    world.follow()

    assert world.members(above) == set()
    assert world.logged(above) == []
    assert one not in world.members(base)


def test_time_alone_makes_people_leave_at_midnight(world: World, clock: FixedClock) -> None:
    one = world.customer("K1", city="上海")
    world.order("K1", "10", START)
    segment = world.segment("recent", ordered(1, period={"last": 2, "unit": "day"}))
    world.follow()
    before = world.members(segment)

    clock.set(START + timedelta(days=4))
    world.follow()

    assert before == {one}
    assert world.members(segment) == set()
    assert world.logged(segment) == [(one, "exited", "time", "live")]


def test_a_paused_segment_keeps_its_members_and_goes_on_quietly(world: World) -> None:
    one = world.customer("K1", city="上海")
    segment = world.segment("shanghai", in_city("上海"))
    world.follow()
    world.edit(segment, state=SegmentState.PAUSED)
    world.follow()

    world.customer("K1", city="北京")
    world.follow()
    paused = world.members(segment)
    world.edit(segment, state=SegmentState.ACTIVE)
    world.follow()

    assert paused == {one}
    assert world.members(segment) == set()
    assert world.logged(segment) == []


def test_merge_and_split_move_memberships_without_entries(world: World) -> None:
    one = world.customer("K1", city="上海")
    two = world.customer("K2", city="北京")
    world.order("K2", "10")
    buyers = world.segment("buyers", ordered(1))
    world.follow()

    with world.database.transaction() as uow:
        merge = identity.merge_persons(uow, one, two, reason="same person")
    world.follow()
    merged = world.members(buyers)
    with world.database.transaction() as uow:
        identity.split_merge(uow, merge.merge_id, reason="not the same")
    world.follow()

    assert merged == {one}
    assert world.members(buyers) == {two}
    assert world.logged(buyers) == []
    assert {cause for _, _, cause in world.changes(buyers)} == {"merge"}


def test_erased_people_leave_memberships_audiences_and_lists(world: World) -> None:
    one = world.customer("K1", city="上海")
    segment = world.segment("shanghai", in_city("上海"))
    paused = world.segment("paused", in_city("上海"))
    hand = world.segment("hand", kind=SegmentKind.STATIC)
    with world.database.transaction() as uow:
        api.change_members(uow, hand.segment_id, add=[one])
    world.follow()
    world.edit(paused, state=SegmentState.PAUSED)
    with world.database.transaction() as uow:
        audience = api.freeze_segment(uow, segment.segment_id, name="then")
    world.follow()
    assert world.members(hand) == {one}

    with world.database.transaction() as uow:
        identity.erase_person(uow, one)
    world.follow()

    assert world.stored_members() == {}
    with world.database.transaction() as uow:
        assert api.get_audience(uow, audience.audience_id).count == 0
    assert world.warehouse.value("SELECT count() FROM audience_members FINAL") == 0
    assert world.logged(segment) == []


def test_a_definition_that_names_what_is_gone_fails_alone_and_recovers(world: World) -> None:
    with world.database.transaction() as uow:
        field = profiles.create_custom_field(
            uow, CustomFieldDraft(name="level", type=ValueType.TEXT, label_zh="级别", label_en="Level")
        )
    values: dict[str, Any] = {"city": "上海", "custom.level": "gold"}
    one = world.customer("K1", **values)
    level = world.segment("level", {"version": 1, "where": {"field": "level", "op": "in", "value": ["gold"]}})
    city = world.segment("city", in_city("北京"))
    world.follow()
    assert world.members(level) == {one}

    with world.database.transaction() as uow:
        profiles.change_custom_field(uow, field.custom_field_id, CustomFieldChange(is_archived=True))
    world.follow()
    world.customer("K1", city="北京")
    world.follow()
    failing = world.again(level).status

    assert failing.health is Health.FAILING
    assert failing.problem is not None
    assert failing.problem.code.startswith("conditions.")
    assert world.members(level) == {one}
    assert world.members(city) == {one}

    with world.database.transaction() as uow:
        profiles.change_custom_field(uow, field.custom_field_id, CustomFieldChange(is_archived=False))
    world.forward()
    evaluator = world.another_evaluator()
    assert evaluator.check_everybody()
    assert world.again(level).status.health is Health.HEALTHY


def test_a_static_segment_follows_its_list(world: World) -> None:
    one = world.customer("K1", city="上海")
    two = world.customer("K2", city="上海")
    hand = world.segment("hand", kind=SegmentKind.STATIC)
    world.follow()

    with world.database.transaction() as uow:
        changed = api.change_members(uow, hand.segment_id, add=[one, two])
    world.follow()
    both = world.members(hand)
    with world.database.transaction() as uow:
        api.change_members(uow, hand.segment_id, remove=[two])
    world.follow()

    assert (changed.added, changed.unknown) == (2, 0)
    assert both == {one, two}
    assert world.members(hand) == {one}
    assert (two, "exited", "live", "live") in world.logged(hand)


def test_events_are_followed_while_a_pass_is_read(world: World) -> None:
    one = world.customer("K1", city="上海")
    two = world.customer("K2", city="上海")
    old = world.segment("old", in_city("上海"))
    world.follow()
    new = world.segment("new", in_city("上海"))
    gone = world.segment("gone", in_city("上海"))
    evaluator = world.another_evaluator()

    begun = evaluator.begin_due()
    assert begun is not None
    found = evaluator.read(begun)
    world.customer("K1", city="北京")
    world.edit(gone, condition=in_city("北京"))
    world.forward()
    with world.database.transaction() as uow:
        position = api.get_evaluator_status(uow).position
        batch = read_events(uow.connection, after=position, limit=1_000)
    evaluator.handle(world.database, batch)
    world.move_position(batch[-1].position)
    assert evaluator.finish(begun, found)

    assert world.members(old) == {two}
    assert world.members(new) == {two}
    assert world.members(gone) == set()
    assert world.logged(new) == [(one, "exited", "live", "live")]
    world.follow()
    assert world.members(gone) == {one}
    assert world.logged(gone) == []
