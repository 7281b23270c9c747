"""The definitions that are evaluated together, bound to one moment. What cannot be bound is named and left out."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from feilun.conditions import api as conditions
from feilun.conditions.contracts import (
    Bound,
    BoundAll,
    BoundAny,
    BoundNot,
    Catalogue,
    Condition,
    Evaluation,
    Unit,
)
from feilun.conditions.errors import ConditionInvalid
from feilun.platform.db import UnitOfWork
from feilun.segments.contracts import Health, OwnerKind
from feilun.segments.internal import store_definitions


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a definition could not be evaluated."""

    code: str
    detail: Mapping[str, object] = field(default_factory=dict)
    is_too_costly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDefinition:
    """A definition and what the evaluator last found."""

    definition_id: int
    owner_kind: OwnerKind
    owner_id: int
    key: str
    value: str
    version: int
    zone: ZoneInfo
    is_exclusive: bool
    condition: Condition | None
    """None: what is stored cannot be read (any more)."""
    fingerprint: str
    """Changes with everything that decides about members: condition, referenced conditions, zone, earlier values of a tag."""
    health: Health
    tried_fingerprint: str | None
    retry_at: datetime | None
    tries: int
    problem_since: datetime | None
    computed_version: int | None
    computed_fingerprint: str | None
    timed_at: datetime | None
    costed_at: datetime | None

    @property
    def name(self) -> str:
        """Return how reports call it."""
        return f"{self.key}={self.value}" if self.value else self.key

    @property
    def needs_computing(self) -> bool:
        """Tell whether what is stored belongs to another condition, or nothing is."""
        return self.computed_fingerprint != self.fingerprint

    def is_put_aside(self, now: datetime) -> bool:
        """Tell whether it failed with this very condition and is to be tried again later only."""
        if self.health is Health.SUSPENDED and self.tried_fingerprint == self.fingerprint:
            return self.retry_at is not None and self.retry_at > now
        return False

    @property
    def has_failed(self) -> bool:
        """Tell whether it failed with this very condition."""
        return (
            self.health in (Health.FAILING, Health.SUSPENDED) and self.tried_fingerprint == self.fingerprint
        )


@dataclass(frozen=True, slots=True)
class LiveSet:
    """All definitions as they were read."""

    definitions: Mapping[int, LiveDefinition]
    """Live ones, by id, in evaluation order."""
    versions: Mapping[int, int]
    """Of all definitions, paused ones included."""
    paused: Sequence[int]
    """Those whose memberships are no longer kept up but still count as computed."""
    conditions: Mapping[str, Condition]
    """Readable conditions of all segments by key, for references."""


NOTHING_LIVE: Final = LiveSet({}, {}, (), {})


@dataclass(frozen=True, slots=True)
class BoundSet:
    """Definitions bound to one moment."""

    evaluations: Mapping[int, Evaluation]
    bounds: Mapping[int, Bound]
    failures: Mapping[int, Failure]


def load_live(uow: UnitOfWork, *, zone: str, main_currency: str) -> LiveSet:
    """Return the definitions as they are now."""
    raw = store_definitions.named_conditions(uow)
    readable: dict[str, Condition] = {}
    for key, data in raw.items():
        parsed = _parsed(data)
        if parsed is not None:
            readable[key] = parsed
    live: dict[int, LiveDefinition] = {}
    versions: dict[int, int] = {}
    paused: list[int] = []
    earlier: dict[tuple[str, int], str] = {}
    for row in store_definitions.all_definitions(uow):
        versions[row.definition_id] = row.version
        if not row.is_live:
            if row.computed_fingerprint is not None:
                paused.append(row.definition_id)
            continue
        owner = (row.owner_kind, row.owner_id)
        parts = [
            json.dumps(row.condition, sort_keys=True),
            row.zone or zone,
            main_currency,
            *_referenced(row.condition, raw),
            earlier.get(owner, "") if row.is_exclusive else "",
        ]
        fingerprint = hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:32]
        earlier[owner] = fingerprint
        live[row.definition_id] = _definition(row, fingerprint, zone)
    return LiveSet(live, versions, paused, readable)


def _parsed(data: object) -> Condition | None:
    try:
        return conditions.parse_condition(data)
    except ConditionInvalid:
        return None


def _definition(row: Row[Any], fingerprint: str, zone: str) -> LiveDefinition:
    return LiveDefinition(
        definition_id=row.definition_id,
        owner_kind=OwnerKind(row.owner_kind),
        owner_id=row.owner_id,
        key=row.owner_key,
        value=row.value,
        version=row.version,
        zone=ZoneInfo(row.zone or zone),
        is_exclusive=row.is_exclusive,
        condition=_parsed(row.condition),
        fingerprint=fingerprint,
        health=Health(row.health),
        tried_fingerprint=row.tried_fingerprint,
        retry_at=row.retry_at,
        tries=row.tries,
        problem_since=row.problem_since,
        computed_version=row.computed_version,
        computed_fingerprint=row.computed_fingerprint,
        timed_at=row.timed_at,
        costed_at=row.costed_at,
    )


def _referenced(data: object, raw: Mapping[str, object]) -> list[str]:
    """Return the JSON of all segments a condition refers to, directly or not, in the order of their keys."""
    found: dict[str, str] = {}
    waiting = [data]
    while waiting:
        parsed = _parsed(waiting.pop())
        for key in conditions.references_of(parsed) if parsed is not None else ():
            if key not in found:
                found[key] = json.dumps(raw.get(key), sort_keys=True)
                waiting.append(raw.get(key))
    return [f"{key}:{found[key]}" for key in sorted(found)]


def bind(
    live: LiveSet,
    wanted: Iterable[int],
    catalogue: Catalogue,
    *,
    now: datetime,
    main_currency: str,
) -> BoundSet:
    """Bind definitions to a moment, each in its zone. Of an exclusive tag the first fitting value counts."""
    evaluations: dict[int, Evaluation] = {}
    bounds: dict[int, Bound] = {}
    failures: dict[int, Failure] = {}
    chosen = set(wanted)
    earlier: dict[tuple[OwnerKind, int], list[Bound | None]] = {}
    by_zone: dict[ZoneInfo, Evaluation] = {}
    for definition_id, definition in live.definitions.items():
        if definition_id not in chosen and not definition.is_exclusive:
            continue
        evaluation = by_zone.setdefault(definition.zone, Evaluation(now, definition.zone, main_currency))
        own = _bind_one(definition, live, catalogue, evaluation)
        before = earlier.setdefault((definition.owner_kind, definition.owner_id), [])
        if definition_id in chosen:
            evaluations[definition_id] = evaluation
            combined = _first_of(own, before) if definition.is_exclusive else own
            if isinstance(combined, Failure):
                failures[definition_id] = combined
            else:
                bounds[definition_id] = combined
        before.append(None if isinstance(own, Failure) else own)
    return BoundSet(evaluations, bounds, failures)


def _bind_one(
    definition: LiveDefinition, live: LiveSet, catalogue: Catalogue, evaluation: Evaluation
) -> Bound | Failure:
    if definition.condition is None:
        return Failure("segments.condition_unreadable")
    try:
        return conditions.bind_condition(
            definition.condition, catalogue, evaluation, segments=live.conditions
        )
    except ConditionInvalid as error:
        first = error.problems[0]
        return Failure(first.code, {**first.detail, "path": first.path})


def _first_of(own: Bound | Failure, before: Sequence[Bound | None]) -> Bound | Failure:
    if isinstance(own, Failure) or not before:
        return own
    known = [bound for bound in before if bound is not None]
    if len(known) < len(before):
        return Failure("segments.earlier_value_failing")
    return BoundAll((own, BoundNot(BoundAny(tuple(known)))))


def time_unit(definition: LiveDefinition, live: LiveSet, catalogue: Catalogue) -> Unit | None:
    """Return how often time alone can change who fits."""
    if definition.condition is None:
        return None
    try:
        return conditions.finest_unit(definition.condition, catalogue, segments=live.conditions)
    except ConditionInvalid:
        return None
