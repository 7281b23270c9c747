"""Tags from files: identifiers, several tags in a cell, removal, unknown tags refused or made."""

from collections.abc import Mapping, Sequence

from feilun.ingestion.contracts import ApplyContext, MappedRow, Outcome, OutcomeState
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin
from feilun.tags import api
from feilun.tags.contracts import AssignmentSource, TagDraft, ValueMode
from feilun.tags.intake import TagHandler
from tests.tags.builders import ZONE, a_group, a_tag, carried, people


def _context(uow: UnitOfWork, **options: str) -> ApplyContext:
    return ApplyContext(
        source="test",
        origin=Origin.BACKFILL,
        options=options,
        is_whole=False,
        zone="Asia/Shanghai",
        now=uow.now,
    )


def _take(uow: UnitOfWork, rows: Sequence[Mapping[str, object]], **options: str) -> list[Outcome]:
    handler, context = TagHandler(), _context(uow, **options)
    groups = [[MappedRow(number, "", row)] for number, row in enumerate(rows, start=1)]
    assert [handler.check(group[0], context) for group in groups] == [None] * len(groups)
    return list(handler.apply(uow, groups, context))


def test_rows_give_and_take_tags_in_order_and_again_change_nothing(uow: UnitOfWork) -> None:
    a_tag(uow, "vip")
    a_tag(uow, "size", ValueMode.ONE)
    (known,) = people(uow, "c1")
    rows = [
        {"card": "c1", "tag": "vip", "reason": "old system"},
        {"card": "c1", "tag": "size", "value": "S"},
        {"card": "c1", "tag": "size", "value": "L"},
        {"card": "new", "tag": "vip"},
    ]

    first = _take(uow, rows)
    again = _take(uow, [rows[0], rows[2]])
    removed = _take(uow, [{"card": "c1", "tag": "vip", "action": "移除"}])

    assert [outcome.state for outcome in first] == [
        OutcomeState.CHANGED,
        OutcomeState.CHANGED,
        OutcomeState.CHANGED,
        OutcomeState.TAKEN,
    ]
    assert [outcome.rows for outcome in first] == [(1,), (2,), (3,), (4,)]
    assert [outcome.state for outcome in again] == [OutcomeState.UNCHANGED] * 2
    assert [outcome.state for outcome in removed] == [OutcomeState.CHANGED]
    assert carried(uow, known) == {("size", "L")}
    entries = api.list_history(uow, person_id=known).entries
    assert {entry.source for entry in entries} == {AssignmentSource.IMPORT}
    assert entries[-1].reason == "old system"


def test_a_tag_is_found_by_its_name_unless_two_have_it(uow: UnitOfWork) -> None:
    first, second = a_group(uow, "one"), a_group(uow, "two")
    for key, name, group in (("k_solo", "独一", first), ("k_a", "成双", first), ("k_b", "成双", second)):
        api.create_tag(uow, TagDraft(key=key, name=name, group_id=group.group_id), zone=ZONE)

    by_name, ambiguous = _take(uow, [{"card": "c1", "tag": "独一、k_b"}, {"card": "c1", "tag": "成双"}])

    assert by_name.state is OutcomeState.TAKEN
    assert ambiguous.rejection is not None
    assert ambiguous.rejection.code == "tags.tag_unknown"
    assert carried(uow, people(uow, "c1")[0]) == {("k_solo", ""), ("k_b", "")}


def test_unknown_tags_reject_the_row_or_are_made_when_the_mapping_says_so(uow: UnitOfWork) -> None:
    rows: list[Mapping[str, object]] = [
        {"card": "c1", "tag": "母婴"},
        {"card": "c1", "tag": "偏好", "value": "红"},
    ]

    refused = _take(uow, rows)
    made = _take(uow, rows, creates_tags="true")

    assert [outcome.rejection.code for outcome in refused if outcome.rejection] == ["tags.tag_unknown"] * 2
    assert [outcome.state for outcome in made] == [OutcomeState.TAKEN, OutcomeState.CHANGED]
    assert {(tag.name, tag.value_mode) for tag in api.list_tags(uow, with_archived=False)} == {
        ("母婴", ValueMode.FLAG),
        ("偏好", ValueMode.SEVERAL),
    }


def test_rows_that_name_nobody_or_an_unknown_action_are_refused_before(uow: UnitOfWork) -> None:
    handler, context = TagHandler(), _context(uow)

    codes = [
        handler.check(MappedRow(1, "", values), context)
        for values in (
            {"tag": "x"},
            {"tag": "x", "card": "c", "action": "dance"},
            {"tag": "x", "card": "\x00"},
        )
    ]

    assert [rejection.code for rejection in codes if rejection] == [
        "tags.person_unknown",
        "tags.action_unknown",
        "tags.person_unknown",
    ]


def test_a_row_gives_its_own_record_the_tag_so_that_a_split_takes_it_along(uow: UnitOfWork) -> None:
    a_tag(uow, "vip")
    _take(uow, [{"card": "c1", "tag": "vip"}, {"card": "c2", "tag": "vip"}])

    left, right = people(uow, "c1", "c2")

    assert carried(uow, left) == carried(uow, right) == {("vip", "")}
