"""Chooses one of several values of a field. The result depends on the set of values only, never on their order."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from feilun.profiles.contracts import MANUAL_SOURCE, Survivorship, SurvivorshipRule

DEFAULT: Final = "*"
ONLY: Final = "only"
MANUAL: Final = "manual"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One stored value. `token` is equal for equal values, sealed or not; empty when an operator emptied the field."""

    person_id: int
    source: str
    token: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """The index of the candidate that holds (None when the field was emptied or nothing is known), and why."""

    index: int | None
    rule: str | None
    emptied_by: int | None = None
    """The candidate that emptied the field."""


def rule_of(rules: Mapping[str, Survivorship], field: str) -> Survivorship:
    """Return the field's rule, or the one for all fields."""
    return rules.get(field) or rules.get(DEFAULT) or Survivorship(DEFAULT, SurvivorshipRule.NEWEST)


def choose(candidates: Sequence[Candidate], rule: Survivorship) -> Choice:
    """Choose among all values that the person records of one customer have for one field."""
    if not candidates:
        return Choice(None, None)
    manual = [index for index, c in enumerate(candidates) if c.source == MANUAL_SOURCE]
    if manual and rule.manual_wins:
        return _made(candidates, max(manual, key=lambda index: _age(candidates[index])), MANUAL)
    if len(candidates) == 1:
        return _made(candidates, 0, ONLY)
    rank = _RANKS[rule.rule](candidates, rule)
    best = max(range(len(candidates)), key=lambda index: (*rank(candidates[index]), *_age(candidates[index])))
    return _made(candidates, best, rule.rule.value)


def _made(candidates: Sequence[Candidate], index: int, rule: str) -> Choice:
    if not candidates[index].token:
        return Choice(None, rule, emptied_by=index)
    return Choice(index, rule)


def _age(candidate: Candidate) -> tuple[datetime, str, int, str]:
    """Order by age; what follows the moment only makes the order total, so that equal moments cannot flicker."""
    return candidate.seen_at, candidate.token, -candidate.person_id, candidate.source


_Rank = Callable[[Candidate], tuple[int, ...]]


def _by_source(candidates: Sequence[Candidate], rule: Survivorship) -> _Rank:
    places = {source: -place for place, source in enumerate(rule.sources)}
    return lambda candidate: (places.get(candidate.source, -len(places)),)


def _by_age(candidates: Sequence[Candidate], rule: Survivorship) -> _Rank:
    return lambda candidate: ()


def _by_frequency(candidates: Sequence[Candidate], rule: Survivorship) -> _Rank:
    votes = Counter(candidate.token for candidate in candidates if candidate.token)
    return lambda candidate: (votes[candidate.token],)


_RANKS: Final[Mapping[SurvivorshipRule, Callable[[Sequence[Candidate], Survivorship], _Rank]]] = {
    SurvivorshipRule.SOURCE_PRIORITY: _by_source,
    SurvivorshipRule.NEWEST: _by_age,
    SurvivorshipRule.MOST_FREQUENT: _by_frequency,
}
