"""Components of merged person records: union-find with the lowest id as root, and the two sides of a cut."""

from collections.abc import Iterable, Mapping


class Components:
    """Disjoint sets of person records; the root of a set is its lowest id."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def root(self, node: int) -> int:
        """Return the root of `node`; a node never seen is its own root."""
        parent = self._parent
        above = parent.get(node, node)
        while above != node:
            grand = parent.get(above, above)
            parent[node] = grand
            node, above = grand, parent.get(grand, grand)
        return node

    def join(self, left: int, right: int) -> tuple[int, int]:
        """Join the sets of two nodes of different sets; returns (root kept, root absorbed)."""
        kept, absorbed = sorted((self.root(left), self.root(right)))
        self._parent[absorbed] = kept
        return kept, absorbed


def split_sides(members: Iterable[int], edges: Iterable[tuple[int, int]]) -> Mapping[int, tuple[int, ...]]:
    """Return the components of `members` under `edges`: root -> members, ascending."""
    components = Components()
    for left, right in edges:
        if components.root(left) != components.root(right):
            components.join(left, right)
    sides: dict[int, list[int]] = {}
    for member in sorted(members):
        sides.setdefault(components.root(member), []).append(member)
    return {root: tuple(side) for root, side in sides.items()}
