"""Bit sets and the bitmaps they become hold the same people, however their ids lie."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap64

from feilun.segments.internal.bit_sets import PeopleIndex

_ids = st.one_of(
    st.integers(1, 200), st.integers(65_000, 66_000), st.integers(2**32 - 3, 2**32 + 3), st.integers(1, 2**60)
)


def _answer(index: PeopleIndex, verdicts: dict[int, int], absent: int, count: int) -> list[set[int]]:
    answer = index.answer(absent, count)
    people = np.array(list(verdicts), np.int64)
    columns = [
        np.array([verdict >> start & 0xFF for verdict in verdicts.values()], np.uint8)
        for start in range(0, count, 8)
    ]
    answer.take(people, columns)
    found = []
    for bits in answer.bits():
        members = index.bitmap(bits)
        assert isinstance(members, BitMap64)
        assert set(members) == set(index.person_ids(bits).tolist())
        found.append(set(members))
    return found


@given(
    people=st.sets(_ids, max_size=60),
    verdicts=st.dictionaries(_ids, st.integers(0, 2**11 - 1), max_size=60),
    absent=st.integers(0, 2**11 - 1),
)
def test_verdicts_become_bitmaps(people: set[int], verdicts: dict[int, int], absent: int) -> None:
    index = PeopleIndex(np.array(sorted(people), np.int64))

    found = _answer(index, verdicts, absent, 11)

    for number, members in enumerate(found):
        assert members == {person for person in people if verdicts.get(person, absent) >> number & 1}


@given(
    people=st.sets(_ids, max_size=40),
    places=st.dictionaries(_ids, st.tuples(st.integers(0, 6), st.integers(0, 300)), max_size=40),
    spans=st.tuples(
        st.lists(st.tuples(st.integers(1, 6), st.integers(0, 5)), min_size=1, max_size=4),
        st.lists(st.tuples(st.integers(1, 300), st.integers(299, 299)), min_size=1, max_size=4),
    ),
    data=st.data(),
)
def test_places_become_bitmaps(
    people: set[int],
    places: dict[int, tuple[int, int]],
    spans: tuple[list[tuple[int, int]], list[tuple[int, int]]],
    data: st.DataObject,
) -> None:
    questions = [(column, *span) for column in (0, 1) for span in spans[column]]
    absent = data.draw(st.integers(0, 2 ** len(questions) - 1))
    index = PeopleIndex(np.array(sorted(people), np.int64))
    answer = index.answer(absent, 0, spans)

    answer.take(
        np.array(list(places), np.int64),
        [
            np.array([place[0] for place in places.values()], np.uint8),
            np.array([place[1] for place in places.values()], np.uint16),
        ],
    )

    for number, (bits, (column, first, last)) in enumerate(zip(answer.bits(), questions, strict=True)):
        assert set(index.person_ids(bits).tolist()) == {
            person
            for person in people
            if (first <= places[person][column] <= last if person in places else bool(absent >> number & 1))
        }


@pytest.mark.parametrize("size", [4_096, 4_097, 65_536, 200_000])
@pytest.mark.parametrize("start", [1, 2**32 - 70_000])
def test_full_blocks_become_bitmaps(size: int, start: int) -> None:
    people = np.arange(start, start + size, dtype=np.int64)
    index = PeopleIndex(people)
    answer = index.answer(0, 1)

    answer.take(people[::-1], [np.asarray(people[::-1] % 3 == 0, np.uint8)])
    (bits,) = answer.bits()

    assert index.bitmap(bits) == BitMap64(people[people % 3 == 0].tolist())
    assert index.bitmap(index.everybody) == BitMap64(people.tolist())
