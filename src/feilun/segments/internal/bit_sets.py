"""Sets of people as bits. Where ids lie close together a bit's place is the id itself, in the blocks that occur.

Those blocks of 65,536 ids are the containers of Roaring bitmaps, so a bit set becomes a bitmap without looking at its bits.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap64

Bits = npt.NDArray[np.uint8]
"""One bit per place, lowest bit first."""
Ids = npt.NDArray[np.int64]
Span = tuple[int, int]
"""First and last place of a value in which a question is true; none when the first is greater. Place 0 is in no span."""

_BLOCK: Final = 1 << 16
_BLOCK_BYTES: Final = _BLOCK // 8
_ARRAY_MAX: Final = 4096
"""Of a Roaring container: up to this many members it is a list, beyond it a bit set."""
_NO_RUNS: Final = 12346
"""Cookie of Roaring's portable format without run containers."""
_SPARSE: Final = 64
"""With fewer than one person in so many places, places are ranks instead."""


class PeopleIndex:
    """Gives everybody a place among bits."""

    def __init__(self, person_ids: npt.NDArray[Any]) -> None:
        self.ids: Ids = np.sort(person_ids.astype(np.int64, copy=False))
        """All ids, ascending."""
        self.count = len(self.ids)
        """How many people there are."""
        self._blocks: Ids = np.unique(self.ids >> 16)
        self._is_dense = len(self._blocks) * _BLOCK <= max(self.count * _SPARSE, _BLOCK)
        size = len(self._blocks) * _BLOCK if self._is_dense else -(-self.count // 8) * 8
        everybody = np.zeros(size, np.uint8)
        everybody[self.places(self.ids)] = 1
        self.size = size
        self.everybody: Bits = np.packbits(everybody, bitorder="little")

    def places(self, person_ids: npt.NDArray[Any]) -> Ids:
        """Return the places of ids; -1 for those that are nobody."""
        known = self._blocks if self._is_dense else self.ids
        if not len(known):
            return np.full(len(person_ids), -1, np.int64)
        wanted = person_ids >> 16 if self._is_dense else person_ids
        found = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        places = (found << 16) + (person_ids & 0xFFFF) if self._is_dense else found
        result: Ids = np.where(known[found] == wanted, places, -1)
        return result

    def answer(self, absent: int, packed: int, spans: Sequence[Sequence[Span]] = ()) -> "Answer":
        """Return an empty answer to questions; bit i of `absent` is the verdict on people it does not hear of.

        The first `packed` questions are answered by bits; the others, by column, by places within a span.
        """
        return Answer(self, absent, packed, spans)

    def person_ids(self, bits: Bits) -> Ids:
        """Return the ids of a set, ascending."""
        places = np.flatnonzero(np.unpackbits(bits, bitorder="little", count=self.size))
        if not self._is_dense:
            return self.ids[places]
        ids: Ids = (self._blocks[places >> 16] << 16) | (places & 0xFFFF)
        return ids

    def bitmap(self, bits: Bits) -> BitMap64:
        """Return a set as a Roaring bitmap."""
        if not self._is_dense:
            return BitMap64(self.person_ids(bits).tolist())
        return BitMap64.deserialize(self._serialised(bits))

    def _serialised(self, bits: Bits) -> bytes:
        containers = bits.reshape(-1, _BLOCK_BYTES)
        sizes = np.bitwise_count(containers.view(np.uint64)).sum(axis=1, dtype=np.int64)
        maps: dict[int, list[tuple[int, int, bytes]]] = {}
        for number in np.flatnonzero(sizes).tolist():
            block, size = int(self._blocks[number]), int(sizes[number])
            maps.setdefault(block >> 16, []).append(
                (block & 0xFFFF, size, _container(containers[number], size))
            )
        return struct.pack("<Q", len(maps)) + b"".join(
            struct.pack("<I", high) + _portable(parts) for high, parts in sorted(maps.items())
        )


class Answer:
    """Collects answers about people, which come part by part: verdicts, eight in a byte, and places of values."""

    def __init__(self, index: PeopleIndex, absent: int, packed: int, spans: Sequence[Sequence[Span]]) -> None:
        self._index = index
        self._absent = absent
        self._packed = packed
        self._spans = spans
        # One place more, behind the last: index -1 of a place takes those who are nobody.
        size = index.size + 1
        self._is_heard_of = np.zeros(size, np.bool_)
        self._columns = [np.zeros(size, np.uint8) for _ in range(-(-packed // 8))]
        # The highest place may lie just behind the last span.
        self._columns += [
            np.zeros(size, np.min_scalar_type(1 + max(last for _, last in column))) for column in spans
        ]

    def take(self, person_ids: npt.NDArray[Any], columns: Sequence[npt.NDArray[Any]]) -> None:
        """Take the answers about some people: a column per eight packed questions, then one per value."""
        places = self._index.places(person_ids)
        self._is_heard_of[places] = True
        for known, column in zip(self._columns, columns, strict=True):
            known[places] = column

    def bits(self) -> Iterator[Bits]:
        """Yield one bit set per question."""
        unheard = _packed_bits(~self._is_heard_of)
        for number, verdicts in enumerate(self._verdicts()):
            bits = _packed_bits(verdicts)
            # A place that is nobody's may have a verdict too; `everybody` takes it away.
            yield (bits | unheard if self._absent >> number & 1 else bits) & self._index.everybody

    def _verdicts(self) -> Iterator[npt.NDArray[Any]]:
        """Yield what is true, per question; false for everybody who is not heard of."""
        for number in range(self._packed):
            yield self._columns[number // 8] & np.uint8(1 << number % 8)
        for column, spans in zip(self._columns[-(-self._packed // 8) :], self._spans, strict=True):
            for first, last in spans:
                if first > last:
                    yield np.zeros_like(column)
                else:
                    # Unsigned numbers: below the first place they begin again at the highest.
                    yield column - column.dtype.type(first) <= column.dtype.type(last - first)


def _packed_bits(verdicts: npt.NDArray[Any]) -> Bits:
    return np.packbits(verdicts[:-1], bitorder="little")


def _container(bits: Bits, size: int) -> bytes:
    if size > _ARRAY_MAX:
        return bits.tobytes()
    return np.flatnonzero(np.unpackbits(bits, bitorder="little")).astype("<u2").tobytes()


def _portable(parts: list[tuple[int, int, bytes]]) -> bytes:
    """Return a 32-bit Roaring bitmap in its portable format: keys and sizes, where each container begins, the containers."""
    offset = 8 + 8 * len(parts)
    heads, offsets = [], []
    for key, size, container in parts:
        heads.append(struct.pack("<HH", key, size - 1))
        offsets.append(struct.pack("<I", offset))
        offset += len(container)
    return b"".join(
        [
            struct.pack("<II", _NO_RUNS, len(parts)),
            *heads,
            *offsets,
            *(container for _, _, container in parts),
        ]
    )
