"""Goal: linking equals union-find, in any order of arrival and with any batch borders, and never breaks its own rules.

Method: Hypothesis over the pure linker; and over the facade on a real database, against an independent reference.
"""

from collections.abc import Iterable, Sequence
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feilun.identity import api
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.identity.internal.domain.components import Components, split_sides
from feilun.identity.internal.domain.kinds import KIND_RULES
from feilun.identity.internal.domain.linking import NEW_PERSON, Claim, ClaimKey, Linker, order_claims
from feilun.identity.internal.domain.normalise import normalise
from feilun.platform.db import Database
from feilun.platform.log import Origin

_FREE_KINDS = [IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.CARD]
"""Kinds of which people may have any number: no contradictions, so the result is exactly union-find."""

_serial = count()


def _value(kind: IdentifierKind, number: int, salt: int = 0) -> str:
    if kind is IdentifierKind.PHONE:
        return f"138{salt * 100 + number + 12_345_678:08d}"
    if kind is IdentifierKind.EMAIL:
        return f"user{salt}.{number}@qq.com"
    return f"{kind.value}-{salt}-{number}"


def _records(
    kinds: Sequence[IdentifierKind], values: int, size: int
) -> st.SearchStrategy[list[list[tuple[IdentifierKind, int]]]]:
    claim = st.tuples(st.sampled_from(kinds), st.integers(0, values))
    return st.lists(st.lists(claim, min_size=1, max_size=3), min_size=1, max_size=size)


def _claims(record: Iterable[tuple[IdentifierKind, int]], salt: int = 0) -> list[IdentifierClaim]:
    return [IdentifierClaim(kind, _value(kind, number, salt)) for kind, number in record]


def _prepared(record: Iterable[tuple[IdentifierKind, int]]) -> tuple[list[Claim], list[Claim]]:
    prepared = []
    for claim in _claims(record):
        normal = normalise(claim, source="erp")
        assert normal is not None
        prepared.append(Claim(ClaimKey(normal.kind, normal.scope, normal.value.encode()), normal))
    return order_claims(prepared)


def _partition(labels: Sequence[object]) -> list[int]:
    """Each record's first companion: equal for equal partitions, whatever the labels are."""
    first: dict[object, int] = {}
    return [first.setdefault(label, index) for index, label in enumerate(labels)]


def _reference(records: Sequence[Sequence[tuple[IdentifierKind, int]]]) -> list[int]:
    """Partition by repeated relabelling: slow, obviously right, and nothing like the code under test."""
    labels = list(range(len(records)))
    changed = True
    while changed:
        changed = False
        for i, left in enumerate(records):
            for j, right in enumerate(records):
                if set(left) & set(right) and labels[i] != labels[j]:
                    labels[i] = labels[j] = min(labels[i], labels[j])
                    changed = True
    return _partition(labels)


def _run(batch: Iterable[Sequence[tuple[IdentifierKind, int]]]) -> Linker:
    linker = Linker()
    for record in batch:
        linker.link(*_prepared(record))
    return linker


def _roots(linker: Linker) -> list[int]:
    return [linker.root(target) for target in linker.plan.targets if target is not None]


@given(_records(_FREE_KINDS, values=6, size=25))
def test_linking_equals_union_find(records: list[list[tuple[IdentifierKind, int]]]) -> None:
    linker = _run(records)

    assert _partition(_roots(linker)) == _reference(records)
    assert linker.plan.reviews == []


@given(_records(_FREE_KINDS, values=6, size=12), st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_people(
    records: list[list[tuple[IdentifierKind, int]]], random: object
) -> None:
    order = list(range(len(records)))
    random.shuffle(order)  # type: ignore[attr-defined]

    shuffled = _roots(_run(records[index] for index in order))

    by_record = dict(zip(order, shuffled, strict=True))
    assert _partition([by_record[index] for index in range(len(records))]) == _reference(records)


@given(_records(list(IdentifierKind), values=3, size=25))
def test_nothing_is_merged_against_the_rules_and_merges_form_a_forest(
    records: list[list[tuple[IdentifierKind, int]]],
) -> None:
    linker = _run(records)

    slots: dict[int, dict[tuple[IdentifierKind, str], bytes]] = {}
    for person, claim in linker.plan.attached:
        if KIND_RULES[claim.key.kind].is_single:
            mine = slots.setdefault(linker.root(person), {})
            assert mine.setdefault((claim.key.kind, claim.key.scope), claim.key.blind) == claim.key.blind
    people = [NEW_PERSON + number for number in range(len(linker.plan.creators))]
    edges = [(merge.left, merge.right) for merge in linker.plan.merges]
    sides = split_sides(people, edges)
    assert len(sides) == len(people) - len(edges)
    assert {person: root for root, side in sides.items() for person in side} == {
        p: linker.root(p) for p in people
    }
    assert len({claim.key for _, claim in linker.plan.attached}) == len(linker.plan.attached)
    assert all(linker.root(r.left) != linker.root(r.right) for r in linker.plan.reviews)


@given(st.integers(2, 12), st.data())
def test_taking_one_edge_from_a_forest_leaves_two_sides(size: int, data: st.DataObject) -> None:
    edges = [(data.draw(st.integers(0, child - 1)), child) for child in range(1, size)]
    cut = data.draw(st.integers(0, len(edges) - 1))
    left, right = edges.pop(cut)

    sides = split_sides(range(size), edges)

    assert len(sides) == 2
    assert all(root == min(side) for root, side in sides.items())
    (other,) = sides.keys() - {0}
    assert (left in sides[other]) != (right in sides[other])


def test_a_node_never_seen_is_its_own_root_and_paths_are_followed_to_the_lowest() -> None:
    components = Components()
    for left, right in ((5, 6), (4, 5), (3, 4), (2, 3)):
        components.join(left, right)

    assert components.root(6) == 2
    assert components.root(9) == 9


def test_a_cycle_of_edges_is_one_side() -> None:
    assert split_sides([1, 2, 3], [(1, 2), (2, 3), (1, 3)]) == {1: (1, 2, 3)}


def test_a_record_without_linking_claims_has_no_target() -> None:
    linker = Linker()

    linker.link([], [])

    assert linker.plan.targets == [None]


def test_whoever_joins_one_of_two_kept_apart_is_kept_apart_from_the_other_too() -> None:
    cards = [(IdentifierKind.CARD, number) for number in range(3)]
    keys = [_prepared([claim])[0][0].key for claim in cards]
    linker = Linker()
    for person in (1, 2, 3):
        linker.know_member(person, person)
        linker.know_owner(keys[person - 1], person)
    linker.know_apart(2, 3)

    linker.link(*_prepared([cards[0], cards[1]]))
    linker.link(*_prepared([cards[0], cards[2]]))

    assert [(merge.left, merge.right) for merge in linker.plan.merges] == [(1, 2)]
    assert [(r.left, r.right, r.conflicting) for r in linker.plan.reviews] == [(1, 3, None)]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=_records(_FREE_KINDS, values=5, size=14), borders=st.sets(st.integers(0, 13)))
def test_stored_people_equal_union_find_whatever_the_batches(
    database: Database, records: list[list[tuple[IdentifierKind, int]]], borders: set[int]
) -> None:
    salt = next(_serial)
    people = []
    starts = sorted({0, *(border for border in borders if border < len(records))})
    for start, end in zip(starts, [*starts[1:], len(records)], strict=True):
        with database.transaction() as uow:
            claims = [_claims(record, salt) for record in records[start:end]]
            people += [
                r.person_id for r in api.resolve_records(uow, claims, source="erp", origin=Origin.LIVE)
            ]

    with database.transaction() as uow:
        roots = api.root_of(uow, [person for person in people if person is not None])
    assert _partition([roots[person] for person in people if person is not None]) == _reference(records)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=_records(list(IdentifierKind), values=2, size=12))
def test_one_batch_gives_what_single_records_give(
    database: Database, records: list[list[tuple[IdentifierKind, int]]]
) -> None:
    together, alone = next(_serial), next(_serial)
    with database.transaction() as uow:
        batch = api.resolve_records(
            uow, [_claims(r, together) for r in records], source=f"s{together}", origin=Origin.LIVE
        )
    singles = []
    for record in records:
        with database.transaction() as uow:
            singles += api.resolve_records(
                uow, [_claims(record, alone)], source=f"s{alone}", origin=Origin.LIVE
            )

    with database.transaction() as uow:
        roots = api.root_of(uow, [r.person_id for r in (*batch, *singles) if r.person_id is not None])
    for pick in (lambda r: r.person_id, lambda r: roots.get(r.person_id)):
        assert _partition([pick(r) for r in batch]) == _partition([pick(r) for r in singles])
    assert [(r.is_new, len(r.review_ids)) for r in batch] == [(r.is_new, len(r.review_ids)) for r in singles]
