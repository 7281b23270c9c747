"""What goes wrong with one definition, one evaluator or one preview stays with it."""

import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from feilun.conditions import api as conditions
from feilun.conditions.contracts import Bound
from feilun.platform.consumers import read_events
from feilun.platform.warehouse import WarehouseRefused
from feilun.segments import api
from feilun.segments.contracts import Health, TagValueRule
from feilun.segments.errors import PreviewsBusy, PreviewSuperseded
from feilun.segments.internal import computing, evaluator
from feilun.segments.internal.evaluator import EvaluatorOvertaken
from feilun.segments.internal.previews import PreviewDesk
from feilun.tags.contracts import TagId
from tests.segments.world import World, in_city, ordered, refers_to


def _poison(monkeypatch: pytest.MonkeyPatch, name: str, *, number: int, reason: str) -> None:
    """Make reading fail whenever a condition that speaks of 毒 takes part."""
    real = getattr(computing, name)

    def read(
        warehouse: object, wanted: Mapping[str, Bound] | list[object], *rest: Any, **more: Any
    ) -> object:
        if "毒" in repr(wanted):
            raise WarehouseRefused("refused", number=number, reason=reason)
        return real(warehouse, wanted, *rest, **more)

    monkeypatch.setattr(computing, name, read)


def test_a_poison_definition_is_found_among_many_and_the_others_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = world.customer("K1", city="上海")
    good = [world.segment(f"good_{number}", in_city("上海", str(number))) for number in range(6)]
    bad = world.segment("bad", in_city("毒"))
    _poison(monkeypatch, "read_members", number=43, reason="Illegal type")

    world.follow()
    world.customer("K1", city="北京")
    world.follow()

    status = world.again(bad).status
    assert status.health is Health.FAILING
    assert status.problem is not None
    assert (status.problem.code, status.problem.detail["reason"]) == (
        "segments.evaluation_failed",
        "Illegal type",
    )
    for segment in good:
        assert world.again(segment).status.health is Health.HEALTHY
        assert world.logged(segment) == [(one, "exited", "live", "live")]


def test_a_definition_that_poisons_the_dirty_path_is_left_to_passes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = world.customer("K1", city="上海")
    good = world.segment("good", in_city("北京"))
    bad = world.segment("bad", in_city("毒"))
    world.follow()
    with monkeypatch.context() as patch:
        _poison(patch, "read_values", number=43, reason="Illegal type")
        world.customer("K1", city="北京")
        # The aggregates do not name the value, so poison is told by the definition alone.
        patch.setattr(conditions, "evaluate_conditions", _refusing(conditions.evaluate_conditions))
        world.follow()

    assert world.again(bad).status.health is Health.FAILING
    assert world.members(good) == {one}
    assert world.another_evaluator().check_everybody()
    assert world.again(bad).status.health is Health.HEALTHY


def _refusing(real: Any) -> Any:
    def evaluate(bounds: Mapping[int, Bound], people: object) -> object:
        if any("毒" in repr(bound) for bound in bounds.values()):
            raise ValueError("poison")
        return real(bounds, people)

    return evaluate


def test_a_definition_that_costs_too_much_is_put_aside_until_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.customer("K1", city="上海")
    slow = world.segment("slow", in_city("毒"))
    with monkeypatch.context() as patch:
        _poison(patch, "read_members", number=159, reason="Timeout exceeded")
        world.follow()
        first = world.again(slow).status

    assert first.health is Health.SUSPENDED
    assert first.problem is not None
    assert first.problem.retry_at is not None
    assert first.problem.retry_at > world.database.clock.now()


def test_of_two_evaluators_the_one_that_is_behind_cannot_write(world: World) -> None:
    one = world.customer("K1", city="上海")
    segment = world.segment("city", in_city("上海"))
    world.forward()
    left, right = world.another_evaluator(), world.another_evaluator()
    assert left.run_due()
    outcome = evaluator.Outcome()
    right._evaluation_id, right._members = 0, {}

    with pytest.raises(EvaluatorOvertaken):
        right._write(outcome)
    world.runner.catch_up()

    assert world.members(segment) == {one}
    assert world.recomputations(segment) == 1


def test_two_evaluators_racing_write_every_change_once(world: World) -> None:
    people = [world.customer(f"K{number}", city="北京") for number in range(6)]
    segment = world.segment("city", in_city("上海"))
    world.follow()
    for number in range(6):
        world.customer(f"K{number}", city="上海")
    world.forward()
    with world.database.transaction() as uow:
        position = api.get_evaluator_status(uow).position
        batch = read_events(uow.connection, after=position, limit=1_000)
    errors: list[BaseException] = []

    def race() -> None:
        try:
            world.another_evaluator().handle(world.database, batch)
        except EvaluatorOvertaken as error:
            errors.append(error)

    threads = [threading.Thread(target=race) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.runner.catch_up()

    assert world.members(segment) == set(people)
    assert sorted(world.changes(segment)) == [(person, True, "live") for person in people]
    assert len(world.logged(segment)) == len(people)


def test_a_computed_tag_gives_the_first_value_that_fits(world: World) -> None:
    one = world.customer("K1", city="上海")
    two = world.customer("K2", city="北京")
    world.order("K1", "10")
    tag = TagId(7)
    rules = [TagValueRule("buyer", ordered(1)), TagValueRule("local", in_city("上海", "北京"))]
    with world.database.transaction() as uow:
        api.set_tag_values(uow, world.surroundings, tag, "stage", rules, is_exclusive=True)
    world.follow()
    referring = world.segment("referring", refers_to("tag.stage:local"))
    world.follow()
    assert world.members(referring) == {two}
    with world.database.transaction() as uow:
        first = [[(c.tag_id, c.value) for c in api.list_carried_values(uow, person)] for person in (one, two)]
        keys = {reference.key for reference in api.list_referable(uow)}
        assert keys == {"referring", "tag.stage:buyer", "tag.stage:local"}
        page = api.tag_members(uow, tag, "local", after=type(one)(0), limit=10)
        api.set_tag_values(uow, world.surroundings, tag, "stage", rules[1:], is_exclusive=True)
    world.follow()

    assert first == [[(tag, "buyer")], [(tag, "local")]]
    assert page.person_ids == (two,)
    with world.database.transaction() as uow:
        second = [
            [(c.tag_id, c.value) for c in api.list_carried_values(uow, person)] for person in (one, two)
        ]
        assert second == [[(tag, "local")]] * 2


def test_a_newer_preview_of_an_editor_takes_the_place_of_older_ones() -> None:
    desk = PreviewDesk()
    ended: list[str] = []
    with desk.turn("e", ended.append) as mark:
        with desk.turn("e", ended.append):
            pass
        assert ended == [mark]
        assert desk.is_old("e", mark)
        with desk.turn(None, ended.append):
            pass
    assert ended == [mark]


def test_previews_beyond_what_the_warehouse_bears_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feilun.segments.internal.previews.WAIT_SECONDS_MAX", 0.05)
    desk = PreviewDesk()
    with (
        desk.turn(None, print),
        desk.turn(None, print),
        desk.turn(None, print),
        pytest.raises(PreviewsBusy),
        desk.turn(None, print),
    ):
        pass


def test_the_query_of_an_older_preview_is_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.customer("K1", city="上海")
    world.forward()
    begun = threading.Event()

    def slow(warehouse: Any, *_: Any, **__: Any) -> Any:
        begun.set()
        warehouse.rows("SELECT sleepEachRow(0.5) FROM numbers(20) SETTINGS max_block_size = 1")
        raise AssertionError("it was to be ended")

    outcome: list[BaseException] = []

    def older() -> None:
        try:
            api.preview(world.database, world.surroundings, in_city("上海"), editor="e", locale="en")
        except PreviewSuperseded as error:
            outcome.append(error)

    with monkeypatch.context() as patch:
        patch.setattr("feilun.segments.internal.questions.read_preview", slow)
        thread = threading.Thread(target=older)
        thread.start()
        assert begun.wait(10)
        time.sleep(0.3)
    started = time.monotonic()
    found = api.preview(world.database, world.surroundings, in_city("上海"), editor="e", locale="en")
    thread.join(8)

    assert found.count == 1
    assert len(outcome) == 1
    assert time.monotonic() - started < 5
