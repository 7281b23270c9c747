"""Decides to whom records belong: one record after the other, over what is known of the people their identifiers touch.

Pure: the service loads the state, plans here, and stores the plan. Planning a batch gives what planning its records one by
one would give, so batch borders do not matter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from feilun.identity.contracts import IdentifierKind
from feilun.identity.internal.domain.components import Components
from feilun.identity.internal.domain.kinds import KIND_RULES, STRENGTH
from feilun.identity.internal.domain.masking import mask
from feilun.identity.internal.domain.normalise import NormalClaim

NEW_PERSON: Final = 1 << 62
"""Person records that a plan creates are numbered from here until they get real ids: above all real ones, in order."""


class ClaimKey(NamedTuple):
    """What makes two identifiers the same one."""

    kind: IdentifierKind
    scope: str
    blind: bytes


class Claim(NamedTuple):
    """A normalised claim with its blind index."""

    key: ClaimKey
    normal: NormalClaim

    @property
    def evidence(self) -> str:
        """The identifier as it may be written down in plain text."""
        return f"{self.normal.kind.value} {mask(self.normal.kind, self.normal.value)}"


Slot = tuple[IdentifierKind, str]
"""A kind and scope of which a person has only one value."""


@dataclass(frozen=True, slots=True)
class PlannedMerge:
    """An edge to store."""

    left: int
    right: int
    kept: int
    absorbed: int
    moved: tuple[int, ...]
    """Person records whose root changes."""
    evidence: str


@dataclass(frozen=True, slots=True)
class PlannedReview:
    """A review to open unless the same is open or decided already."""

    left: int
    right: int
    shared: ClaimKey
    conflicting: IdentifierKind | None
    evidence: str
    record: int
    """Index of the record that gave cause."""


@dataclass(slots=True)
class Plan:
    """What to store for a batch of records."""

    targets: list[int | None] = field(default_factory=list)
    """The origin person record of each record."""
    creators: list[int] = field(default_factory=list)
    """Index of the record that made each new person; the n-th is person NEW_PERSON + n."""
    attached: list[tuple[int, Claim]] = field(default_factory=list)
    """Linking identifiers that nobody had."""
    loose: list[tuple[int, Claim]] = field(default_factory=list)
    """Claims that do not link, with the person record that made them; may be known already."""
    merges: list[PlannedMerge] = field(default_factory=list)
    reviews: list[PlannedReview] = field(default_factory=list)


def order_claims(claims: Sequence[Claim]) -> tuple[list[Claim], list[Claim]]:
    """Return a record's linking claims, strongest first, and the others, each once.

    A record that names two values for what a person has only one of contradicts itself: the first one counts.
    """
    # Most records name each kind once: nothing to repeat or contradict.
    by_strength = {STRENGTH[claim.key.kind]: claim for claim in claims if claim.normal.is_linking}
    if len(by_strength) == len(claims):
        return [by_strength[rank] for rank in sorted(by_strength)], []
    linking: dict[ClaimKey, Claim] = {}
    loose: dict[ClaimKey, Claim] = {}
    slots: set[Slot] = set()
    for claim in claims:
        key = claim.key
        slot = (key.kind, key.scope)
        if not claim.normal.is_linking or (slot in slots and key not in linking):
            loose.setdefault(key, claim)
            continue
        if KIND_RULES[key.kind].is_single:
            slots.add(slot)
        linking.setdefault(key, claim)
    ordered = sorted(linking.values(), key=lambda claim: STRENGTH[claim.key.kind])
    return ordered, [claim for key, claim in loose.items() if key not in linking]


class Linker:
    """The people touched by a batch, and the plan as it grows."""

    def __init__(self) -> None:
        self.plan: Final = Plan()
        self._components = Components()
        self._owners: dict[ClaimKey, int] = {}
        self._members: dict[int, list[int]] = {}
        """Root to all its person records; a root without an entry is its only one."""
        self._slots: dict[int, dict[Slot, set[bytes]]] = {}
        self._well_known: set[int] = set()
        self._apart: dict[int, set[int]] = {}

    # --- what is known before -------------------------------------------------------------------------------------

    def know_owner(self, key: ClaimKey, person: int) -> None:
        """An identifier belongs to a person record."""
        self._owners[key] = person

    def know_member(self, person: int, root: int) -> None:
        """A person record belongs to a component."""
        if person != root:
            self._components.join(root, person)
            self._members.setdefault(root, [root]).append(person)

    def know_identifier(self, root: int, key: ClaimKey) -> None:
        """A component has a linking identifier."""
        kind, scope, blind = key
        rule = KIND_RULES[kind]
        if rule.merges_known:
            self._well_known.add(root)
        if rule.is_single:
            slots = self._slots.get(root)
            if slots is None:
                self._slots[root] = {(kind, scope): {blind}}
            else:
                slots.setdefault((kind, scope), set()).add(blind)

    def know_apart(self, left: int, right: int) -> None:
        """Somebody decided that two person records are different people."""
        self._apart.setdefault(self._components.root(left), set()).add(right)
        self._apart.setdefault(self._components.root(right), set()).add(left)

    # --- one record -----------------------------------------------------------------------------------------------

    def link(self, linking: Sequence[Claim], loose: Sequence[Claim]) -> None:
        """Decide about the next record. Claims as `order_claims` gives them."""
        record = len(self.plan.targets)
        if not linking:
            self.plan.targets.append(None)
            return
        owners = {self._owners.get(claim.key) for claim in linking}
        if len(owners) == 1:
            # Nobody knows any of it, or one person record has it all: nothing to decide.
            (owner,) = owners
            anchor = self._create(record, linking) if owner is None else owner
        else:
            anchor = self._decide(linking, record)
        if loose:
            self.plan.loose.extend((anchor, claim) for claim in loose)
        self.plan.targets.append(anchor)

    def _decide(self, linking: Sequence[Claim], record: int) -> int:
        anchor, rest = self._anchor(linking, record)
        for claim in rest:
            owner = self._owners.get(claim.key)
            if owner is None:
                self._take(anchor, linking[0], claim, record)
            elif self._components.root(owner) != self._components.root(anchor):
                self._tie(anchor, linking[0], owner, claim, record)
        return anchor

    def _anchor(self, linking: Sequence[Claim], record: int) -> tuple[int, Sequence[Claim]]:
        """Find the person of the strongest known identifier, or make one; returns it and the claims still to be judged."""
        for index, claim in enumerate(linking):
            owner = self._owners.get(claim.key)
            if owner is None:
                continue
            stronger = linking[:index]
            conflicting = self._contradiction(self._components.root(owner), stronger)
            if conflicting is not None:
                person = self._create(record, stronger)
                self._review(person, owner, claim, conflicting, record)
                return person, linking[index + 1 :]
            if (
                stronger
                and not KIND_RULES[claim.key.kind].merges_known
                and self._components.root(owner) in self._well_known
            ):
                return self._create(record, stronger), linking[index + 1 :]
            for unknown in stronger:
                self._attach(self._components.root(owner), owner, unknown)
            return owner, linking[index + 1 :]
        return self._create(record, linking), ()

    def _take(self, anchor: int, strongest: Claim, claim: Claim, record: int) -> None:
        """An identifier nobody has: the anchor's, unless the anchor has a different one of this kind already."""
        conflicting = self._contradiction(self._components.root(anchor), (claim,))
        if conflicting is None:
            self._attach(self._components.root(anchor), anchor, claim)
            return
        # It stays findable under a person of its own, and somebody decides whether the two are one.
        other = self._create(record, (claim,))
        self._review(anchor, other, strongest, conflicting, record)

    def _tie(self, anchor: int, strongest: Claim, owner: int, claim: Claim, record: int) -> None:
        """The record ties two people: merge them, ask, or leave the identifier where it is."""
        left, right = self._components.root(anchor), self._components.root(owner)
        if not KIND_RULES[claim.key.kind].merges_known and right in self._well_known:
            return
        clash = self._slots.get(left, {}).keys() & self._slots.get(right, {}).keys()
        if clash:
            conflicting = min(clash, key=lambda slot: (STRENGTH[slot[0]], slot[1]))[0]
            self._review(anchor, owner, claim, conflicting, record)
        elif any(self._components.root(person) == right for person in self._apart.get(left, ())):
            self._review(anchor, owner, claim, None, record)
        else:
            self._merge(anchor, owner, f"{strongest.evidence}, {claim.evidence}")

    # --- changes --------------------------------------------------------------------------------------------------

    def _create(self, record: int, claims: Sequence[Claim]) -> int:
        person = NEW_PERSON + len(self.plan.creators)
        self.plan.creators.append(record)
        for claim in claims:
            self._attach(person, person, claim)
        return person

    def _attach(self, root: int, person: int, claim: Claim) -> None:
        self._owners[claim.key] = person
        self.know_identifier(root, claim.key)
        self.plan.attached.append((person, claim))

    def _contradiction(self, root: int, claims: Iterable[Claim]) -> IdentifierKind | None:
        """Return the first kind of which the component has a different value than claimed."""
        slots = self._slots.get(root)
        if slots:
            for claim in claims:
                known = slots.get((claim.key.kind, claim.key.scope))
                if known and claim.key.blind not in known:
                    return claim.key.kind
        return None

    def _merge(self, left: int, right: int, evidence: str) -> None:
        kept, absorbed = self._components.join(left, right)
        moved = self._members.pop(absorbed, [absorbed])
        self._members.setdefault(kept, [kept]).extend(moved)
        for slot, values in self._slots.pop(absorbed, {}).items():
            self._slots.setdefault(kept, {}).setdefault(slot, set()).update(values)
        if absorbed in self._well_known:
            self._well_known.add(kept)
        if absorbed in self._apart:
            self._apart.setdefault(kept, set()).update(self._apart.pop(absorbed))
        left, right = sorted((left, right))
        self.plan.merges.append(PlannedMerge(left, right, kept, absorbed, tuple(sorted(moved)), evidence))

    def _review(
        self, left: int, right: int, shared: Claim, conflicting: IdentifierKind | None, record: int
    ) -> None:
        left, right = sorted((left, right))
        against = f"; {conflicting.value} differs" if conflicting else "; kept apart before"
        self.plan.reviews.append(
            PlannedReview(left, right, shared.key, conflicting, shared.evidence + against, record)
        )

    def root(self, person: int) -> int:
        """Return the root of a person record as the plan leaves it."""
        return self._components.root(person)
