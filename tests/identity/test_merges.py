"""Goal: merging loses nothing, splitting restores both sides exactly, decisions stick. Method: facade on a real database."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from feilun.identity import api
from feilun.identity.contracts import IdentifierKind, MergeId, ReviewId, ReviewState
from feilun.identity.errors import (
    AlreadyMerged,
    AlreadySplit,
    MergeNotFound,
    PersonErased,
    ReasonMissing,
    ReviewDecided,
    ReviewNotFound,
)
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.keys import KeyMissing
from tests.fakes.clock import FixedClock
from tests.identity.builders import card, email, erp, person, phone, resolve, root, unionid, values


def _events(uow: UnitOfWork, kind: str) -> list[tuple[int, dict[str, object]]]:
    rows = uow.connection.execute(
        text("SELECT person_id, payload FROM event_inbox WHERE type = :kind ORDER BY event_id"),
        {"kind": kind},
    )
    return [(row[0], row[1]) for row in rows]


def _chain(uow: UnitOfWork) -> tuple[PersonId, PersonId, PersonId]:
    """Three people, tied first-second by one record and second-third by another."""
    first, second, third = (
        person(uow, phone("13811110000")),
        person(uow, email("b@qq.com")),
        person(uow, card("6003")),
    )
    resolve(uow, [email("b@qq.com"), phone("13811110000")], [email("b@qq.com"), card("6003")])
    return first, second, third


def test_a_merge_by_hand_keeps_the_lower_id_and_tells_who_moved(uow: UnitOfWork) -> None:
    first, second, third = (person(uow, phone(f"1381111000{n}")) for n in (1, 2, 3))
    api.merge_persons(uow, second, third, reason="same household card")

    merge = api.merge_persons(uow, third, first, reason="called us")

    assert (merge.kept_person_id, merge.absorbed_person_id) == (first, second)
    assert (merge.left_person_id, merge.right_person_id) == (first, third)
    assert (merge.cause, merge.reason, merge.merged_by) == ("manual", "called us", "test")
    assert api.get_person(uow, third).members == (first, second, third)
    assert api.members_by_root(uow, [first]) == {first: [first, second, third]}
    assert _events(uow, "identity.persons_merged")[-1] == (
        first,
        {
            "merge_id": merge.merge_id,
            "kept": first,
            "absorbed": second,
            "members": [second, third],
            "cause": "manual",
        },
    )


def test_splitting_a_merge_gives_both_sides_exactly_what_came_to_them(uow: UnitOfWork) -> None:
    first, second = person(uow, phone("13811110001")), person(uow, email("b@qq.com"))
    before = values(uow, first), values(uow, second)
    merge = api.merge_persons(uow, first, second, reason="looks alike")
    person(uow, email("b@qq.com"), card("6002"))

    split = api.split_merge(uow, merge.merge_id, reason="father and son")

    assert (split.split_by, split.split_reason) == ("test", "father and son")
    assert split.split_at == uow.now
    assert (values(uow, first), values(uow, second)) == (before[0], before[1] | {"6002"})
    assert root(uow, second) == second
    assert _events(uow, "identity.merge_split") == [
        (first, {"merge_id": merge.merge_id, "kept": first, "separated": second, "members": [second]})
    ]


def test_a_split_in_the_middle_of_a_chain_leaves_two_sides(uow: UnitOfWork) -> None:
    first, second, third = _chain(uow)
    assert api.member_ids(uow, third) == [first, second, third]
    by_pair = {(m.left_person_id, m.right_person_id): m for m in api.list_merges(uow, first)}

    api.split_merge(uow, by_pair[first, second].merge_id, reason="no")

    assert api.member_ids(uow, first) == [first]
    assert api.member_ids(uow, third) == [second, third]
    assert _events(uow, "identity.merge_split")[-1][1]["members"] == [second, third]
    assert [m.merge_id for m in api.list_merges(uow, first)] == [by_pair[first, second].merge_id]
    assert len(api.list_merges(uow, third)) == 2


def test_splitting_separates_a_pair_that_several_identifiers_tie(uow: UnitOfWork) -> None:
    first, second = (
        person(uow, phone("13811110001"), card("6001")),
        person(uow, email("b@qq.com"), card("6002")),
    )
    tie = [phone("13811110001"), email("b@qq.com")]
    resolve(uow, tie, [card("6001"), card("6002")], [phone("13811110001"), card("6002")])
    (merge,) = api.list_merges(uow, first)

    api.split_merge(uow, merge.merge_id, reason="no")

    assert root(uow, second) == second
    assert len(api.list_merges(uow, second)) == 1


def test_records_that_tie_a_split_pair_again_open_a_review_and_merge_nothing(uow: UnitOfWork) -> None:
    first, second = person(uow, phone("13811110001")), person(uow, email("b@qq.com"))
    tie = [phone("13811110001"), email("b@qq.com")]
    resolve(uow, tie)
    api.split_merge(uow, api.list_merges(uow, first)[0].merge_id, reason="no")

    again = resolve(uow, tie)[0]

    assert again.person_id == first
    assert root(uow, second) == second
    review = api.get_review(uow, again.review_ids[0])
    assert (review.conflicting_kind, review.evidence) == (None, "email b***@qq.com; kept apart before")
    assert resolve(uow, tie, tie)[1].review_ids == again.review_ids


def test_keeping_apart_also_stops_a_third_person_from_joining_the_two(uow: UnitOfWork) -> None:
    first, second, third = _chain(uow)
    by_pair = {(m.left_person_id, m.right_person_id): m for m in api.list_merges(uow, first)}
    api.split_merge(uow, by_pair[first, second].merge_id, reason="no")

    tied = resolve(uow, [phone("13811110000"), card("6003")])[0]

    assert len(tied.review_ids) == 1
    assert root(uow, third) == second


def test_a_merge_by_hand_ends_a_keep_apart_decision_and_can_be_split_again(uow: UnitOfWork) -> None:
    first, second = person(uow, phone("13811110001")), person(uow, email("b@qq.com"))
    merge = api.merge_persons(uow, first, second, reason="one")
    api.split_merge(uow, merge.merge_id, reason="two")
    assert api.preview_merge(uow, first, second, reveal=True).is_kept_apart

    again = api.merge_persons(uow, second, first, reason="one after all")

    assert root(uow, second) == first
    api.split_merge(uow, again.merge_id, reason="sorry")
    assert root(uow, second) == second
    assert [m.split_reason for m in api.list_merges(uow, second)] == ["sorry", "two"]


def test_a_preview_shows_both_sides_and_what_speaks_against_it(uow: UnitOfWork) -> None:
    first = person(uow, unionid("oUnion-one-1"), erp("C-1"), phone("13811110001"))
    second = person(uow, unionid("oUnion-two-2"), erp("C-2"))

    preview = api.preview_merge(uow, second, first, reveal=False)

    assert (preview.kept.person_id, preview.absorbed.person_id) == (first, second)
    assert preview.conflicting_kinds == (IdentifierKind.UNIONID, IdentifierKind.ERP_CODE)
    assert [i.value for i in preview.kept_identifiers] == ["oU****-1", "****", "138****0001"]
    assert len(preview.absorbed_identifiers) == 2
    assert not preview.is_kept_apart


def test_commands_that_make_no_sense_are_refused(uow: UnitOfWork) -> None:
    first, second = person(uow, phone("13811110001")), person(uow, email("b@qq.com"))
    for reason in ("", "   ", "x" * 501):
        with pytest.raises(ReasonMissing):
            api.merge_persons(uow, first, second, reason=reason)
    merge = api.merge_persons(uow, first, second, reason="one")

    with pytest.raises(AlreadyMerged):
        api.merge_persons(uow, second, first, reason="one")
    with pytest.raises(AlreadyMerged):
        api.preview_merge(uow, first, first, reveal=True)
    with pytest.raises(MergeNotFound):
        api.split_merge(uow, MergeId(1 << 40), reason="two")
    api.split_merge(uow, merge.merge_id, reason="two")
    with pytest.raises(AlreadySplit):
        api.split_merge(uow, merge.merge_id, reason="two")
    with pytest.raises(ReviewNotFound):
        api.decide_review(uow, ReviewId(1 << 40), merge=True, reason="one")


# --- reviews ----------------------------------------------------------------------------------------------------------


def _conflict(uow: UnitOfWork) -> tuple[PersonId, PersonId, ReviewId]:
    first = person(uow, erp("C-1"), phone("13811110001"))
    conflict = resolve(uow, [erp("C-2"), phone("13811110001")])[0]
    assert conflict.person_id is not None
    return first, conflict.person_id, conflict.review_ids[0]


def test_a_review_decided_for_merging_merges(uow: UnitOfWork) -> None:
    first, second, review_id = _conflict(uow)

    review = api.decide_review(uow, review_id, merge=True, reason="same birthday")

    assert (review.state, review.decided_by, review.reason) == (ReviewState.MERGED, "test", "same birthday")
    assert root(uow, second) == first
    (merge,) = api.list_merges(uow, first)
    assert (merge.cause, merge.evidence) == ("review", "phone 138****0001; erp_code differs")
    with pytest.raises(ReviewDecided):
        api.decide_review(uow, review_id, merge=False, reason="no")


def test_after_merging_two_codes_both_lead_to_the_one_person_without_new_reviews(uow: UnitOfWork) -> None:
    first, second, review_id = _conflict(uow)
    api.decide_review(uow, review_id, merge=True, reason="same")

    one, two = resolve(uow, [erp("C-2"), phone("13811110001")], [erp("C-1"), phone("13811110001")])

    assert (one.person_id, two.person_id) == (second, first)
    assert (one.review_ids, two.review_ids) == ((), ())


def test_a_review_decided_for_keeping_apart_is_not_asked_again(uow: UnitOfWork) -> None:
    _first, second, review_id = _conflict(uow)

    review = api.decide_review(uow, review_id, merge=False, reason="mother and daughter")

    assert review.state is ReviewState.KEPT_APART
    assert root(uow, second) == second
    assert resolve(uow, [erp("C-2"), phone("13811110001")])[0].review_ids == ()
    assert api.list_reviews(uow, ReviewState.OPEN) == ([], 0)


def test_merging_by_hand_closes_the_open_review_of_the_two(uow: UnitOfWork) -> None:
    first, second, review_id = _conflict(uow)

    api.merge_persons(uow, first, second, reason="same")

    assert api.get_review(uow, review_id).state is ReviewState.MERGED


def test_reviews_are_listed_by_state_newest_first_in_pages(uow: UnitOfWork, clock: FixedClock) -> None:
    ids = []
    for number in range(3):
        person(uow, erp(f"A-{number}"), card(f"7{number}"))
        ids.append(resolve(uow, [erp(f"B-{number}"), card(f"7{number}")])[0].review_ids[0])
        clock.advance(timedelta(minutes=1))
        uow.now = clock.now()
    api.decide_review(uow, ids[2], merge=False, reason="no")

    page, total = api.list_reviews(uow, ReviewState.OPEN, offset=1, limit=1)

    assert ([r.review_id for r in page], total) == ([ids[0]], 2)
    assert [r.review_id for r in api.list_reviews(uow, None)[0]] == ids[::-1]


# --- erasure ----------------------------------------------------------------------------------------------------------


def test_erasing_destroys_keys_and_identifiers_of_all_members_and_every_masked_trace(uow: UnitOfWork) -> None:
    first, second, _third = _chain(uow)
    key = api.person_keys(uow, [first])[first]
    sealed = key.seal("Zhang San")
    conflict = resolve(uow, [erp("C-1"), phone("13811110000")], [erp("C-2"), phone("13811110000")])[1]

    erasure = api.erase_person(uow, second)

    assert erasure.members == tuple(api.member_ids(uow, first))
    assert api.list_identifiers(uow, first, reveal=True) == []
    assert api.existing_person_keys(uow, erasure.members) == {}
    assert api.find_persons(uow, "13811110000") == []
    assert {m.evidence for m in api.list_merges(uow, first)} == {""}
    assert api.list_reviews(uow, None) == ([], 0)
    assert conflict.person_id is not None
    assert values(uow, conflict.person_id) == {"C-2"}
    assert api.get_person(uow, first).erased_at == uow.now
    with pytest.raises(KeyMissing):
        api.person_keys(uow, [conflict.person_id])[conflict.person_id].open(sealed)
    assert _events(uow, "identity.person_erased") == [
        (first, {"erasure_id": erasure.erasure_id, "members": list(erasure.members)})
    ]


def test_erasing_twice_is_one_erasure(uow: UnitOfWork) -> None:
    first = person(uow, phone("13811110001"))

    assert api.erase_person(uow, first) == api.erase_person(uow, first)
    assert len(_events(uow, "identity.person_erased")) == 1


def test_an_erased_person_is_never_found_again_nor_merged(uow: UnitOfWork) -> None:
    first, other = person(uow, phone("13811110001")), person(uow, card("6001"))
    api.erase_person(uow, first)

    returned = resolve(uow, [phone("13811110001")])[0]

    assert returned.is_new
    assert returned.person_id not in {first, other}
    with pytest.raises(PersonErased):
        api.merge_persons(uow, first, other, reason="one")


def test_erasures_are_listed_since_a_moment(uow: UnitOfWork, clock: FixedClock) -> None:
    first = api.erase_person(uow, person(uow, phone("13811110001")))
    clock.advance(timedelta(hours=1))
    uow.now = clock.now()
    second = api.erase_person(uow, person(uow, phone("13811110002")))

    assert api.list_erasures(uow) == [first, second]
    assert api.list_erasures(uow, uow.now) == [second]


def test_an_erasure_applied_again_hits_exactly_its_records(uow: UnitOfWork) -> None:
    """A backup still has a merge that was split before the erasure: the one who was split off stays."""
    first, second, third = _chain(uow)
    savepoint = uow.connection.begin_nested()
    by_pair = {(m.left_person_id, m.right_person_id): m for m in api.list_merges(uow, first)}
    api.split_merge(uow, by_pair[second, third].merge_id, reason="no")
    erasure = api.erase_person(uow, first)
    assert erasure.members == (first, second)
    savepoint.rollback()
    assert api.member_ids(uow, third) == [first, second, third]

    api.reapply_erasure(uow, erasure.members, erased_at=erasure.erased_at)

    assert api.member_ids(uow, third) == [third]
    assert values(uow, third) == {"6003"}
    assert api.list_identifiers(uow, first, reveal=True) == []
    assert api.get_person(uow, first).erased_at == erasure.erased_at
    api.reapply_erasure(uow, erasure.members, erased_at=erasure.erased_at)
    assert len(api.list_erasures(uow)) == 1


def test_an_erasure_of_records_that_a_backup_never_had_changes_nothing(uow: UnitOfWork) -> None:
    savepoint = uow.connection.begin_nested()
    erasure = api.erase_person(uow, person(uow, phone("13811110001")))
    savepoint.rollback()

    api.reapply_erasure(uow, erasure.members, erased_at=erasure.erased_at)

    assert api.list_erasures(uow) == []
