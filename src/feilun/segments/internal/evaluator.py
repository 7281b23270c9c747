"""The evaluator: the only writer of memberships.

It follows events for the people they touch, and goes over everybody when definitions are new or changed, when time alone may
have changed who fits, and now and then to prove that both agree. Each evaluation is one transaction with blocks, changes and
log events, numbered without gaps: whoever has not seen the last number cannot write.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from pyroaring import BitMap64

from feilun.conditions.contracts import Catalogue, Unit
from feilun.kernel.ids import PersonId
from feilun.platform.consumers import head_position, read_events
from feilun.platform.crashpoints import crash_here
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.log import Event, NewEvent, Origin, append_events
from feilun.platform.warehouse import Warehouse
from feilun.segments import events
from feilun.segments.contracts import ChangeCause, Health
from feilun.segments.internal import audiences, computing, live, store_definitions
from feilun.segments.internal import store_memberships as store
from feilun.segments.internal.catalogue import CatalogueMemory, main_currency, settle_main_currency
from feilun.segments.internal.live import BoundSet, Failure, LiveDefinition
from feilun.segments.internal.touched import Touch, cause_of, collect
from feilun.segments.internal.warehouse_state import facts_at, identity_of, roots_of
from feilun.segments.ports import Surroundings

logger = structlog.get_logger(__name__)

CONSUMER: Final = "segments"
MINUTE: Final = timedelta(minutes=1)
EVERYBODY_DELAY: Final = timedelta(seconds=10)
"""Changes that may touch many people come in rows (a list of products): one pass for them all."""
_CHUNK: Final = 2_000
"""People per evaluation: facts stand still while their values are read."""
_PENDING_MAX: Final = 200_000
"""With more events unread than this, a pass over everybody waits: the events will say what it would find."""
_QUIET_AFTER: Final = timedelta(hours=1)
"""A definition that failed for longer is computed anew without entries and exits: they would come too late to act on."""
_RETRY_FIRST: Final = timedelta(minutes=15)
_RETRY_MAX: Final = timedelta(hours=6)
_COST_MS: Final = 2_000
_COST_EVERY: Final = timedelta(hours=6)
_LOGGED: Final = frozenset({ChangeCause.LIVE, ChangeCause.BACKFILL, ChangeCause.TIME, ChangeCause.REPAIR})
_DAYS: Final = (Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR)


class EvaluatorOvertaken(Exception):
    """Another evaluator wrote meanwhile; what this one remembers is old. It reads anew and goes on."""


@dataclass(slots=True)
class Outcome:
    """What an evaluation found, before it is written."""

    changes: list[store.NewChange] = field(default_factory=list)
    recomputed: dict[int, BitMap64] = field(default_factory=dict)
    computed: list[LiveDefinition] = field(default_factory=list)
    failures: dict[int, Failure] = field(default_factory=dict)
    costs: Mapping[int, int] = field(default_factory=dict)
    as_of: datetime | None = None
    has_checked: bool = False
    everybody_asked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A pass over everybody that has begun: what it looks at, and as of when."""

    warehouse: Warehouse
    warehouse_identity: str
    own_position: int
    """Events up to here were followed when it began; people of later ones are not judged by it."""
    definitions: Mapping[int, LiveDefinition]
    bound: BoundSet
    catalogue: Catalogue
    now: datetime
    is_check: bool
    asked_at: datetime | None
    cause: ChangeCause | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a pass read. `is_whole` is false when the warehouse was rebuilt meanwhile."""

    members: Mapping[int, BitMap64]
    failures: Mapping[int, Failure]
    costs: Mapping[int, int]
    """Milliseconds of those definitions that were timed alone."""
    is_whole: bool


class SegmentEvaluator:
    """Keeps memberships right. One at a time may run; more than one only costs work, never a wrong membership."""

    def __init__(
        self,
        database: Database,
        surroundings: Surroundings,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database = database
        self._surroundings = surroundings
        self._should_stop = should_stop
        self._catalogue = CatalogueMemory()
        self._members: dict[int, BitMap64] | None = None
        self._evaluation_id = -1
        self._live = live.NOTHING_LIVE
        self._epoch = -1
        self._units: dict[int, Unit | None] = {}

    @property
    def name(self) -> str:
        """Name under which its position is kept."""
        return CONSUMER

    # --- events -----------------------------------------------------------------------------------------------------

    def handle(self, database: Database, events_in_order: Sequence[Event]) -> None:
        """Evaluate the people whom a batch of events touches. Seeing a batch again changes nothing.

        Raises: WarehouseBehind, WarehouseAway, EvaluatorOvertaken.
        """
        touched = collect(events_in_order)
        if touched.has_new_catalogue:
            self._catalogue.forget()
        erased = [person_id for person_id, touch in touched.people.items() if touch.is_erased]
        if erased or touched.everybody is not None:
            with database.transaction(actor="consumer:segments") as uow:
                if erased:
                    audiences.forget_people(uow, erased)
                if touched.everybody is not None:
                    store.ask_for_everybody(uow, due_at=uow.now + EVERYBODY_DELAY, cause=touched.everybody)
        with database.transaction(actor="consumer:segments") as uow:
            self._refresh(uow)
        if erased:
            self._forget_erased(erased)
        if not touched.people or not self._live.definitions:
            return
        position = events_in_order[-1].position
        people = sorted(touched.people)
        for start in range(0, len(people), _CHUNK):
            chunk = {person_id: touched.people[person_id] for person_id in people[start : start + _CHUNK]}
            self._evaluate_people(chunk, position)

    def _forget_erased(self, erased: Sequence[int]) -> None:
        """Take erased people out of every membership, those of paused and failing definitions too."""
        assert self._members is not None, "refreshed before every evaluation"
        changes = [
            store.NewChange(
                definition_id,
                self._live.versions[definition_id],
                person_id,
                has_entered=False,
                cause=ChangeCause.ERASURE,
            )
            for definition_id, members in self._members.items()
            if definition_id in self._live.versions
            for person_id in erased
            if person_id in members
        ]
        if changes:
            self._write(Outcome(changes=changes))

    def _evaluate_people(self, touches: Mapping[int, Touch], position: int) -> None:
        warehouse = self._surroundings.warehouse()
        with facts_at(self._database, warehouse, position, self._should_stop) as held:
            self._look_ahead(touches, position, held)
            roots = roots_of(warehouse, {*touches, *(p for touch in touches.values() for p in touch.joined)})
            by_root: dict[int, Touch] = {}
            for person_id, touch in touches.items():
                by_root.setdefault(roots[person_id], Touch()).add(touch)
            with self._database.transaction(actor="consumer:segments") as uow:
                catalogue = self._catalogue.load(uow, self._surroundings)
                bound = self._bind(uow, catalogue, self._followed(), uow.now)
            fitting, failures = computing.masks_of(warehouse, bound, catalogue, sorted(by_root))
        outcome = Outcome(failures={**bound.failures, **failures})
        aside = [person_id for person_id, root in roots.items() if person_id != root]
        for definition_id, people in fitting.items():
            definition = self._live.definitions[definition_id]
            outcome.changes.extend(self._differences(definition, people, by_root, aside))
        if outcome.changes or outcome.failures:
            self._write(outcome)

    def _followed(self) -> list[int]:
        """Return the definitions whose stored members are those of their condition; others wait for a pass over everybody."""
        return [
            definition_id
            for definition_id, definition in self._live.definitions.items()
            if not definition.needs_computing and not definition.has_failed
        ]

    def _look_ahead(self, touches: Mapping[int, Touch], position: int, held: int) -> None:
        """The warehouse may hold facts of later events: add how they touched the same people, so that causes are right."""
        if held <= position:
            return
        with self._database.transaction(actor="consumer:segments") as uow:
            later = read_events(uow.connection, after=position, limit=min(held - position, _CHUNK))
        for person_id, touch in collect(later).people.items():
            if person_id in touches:
                touches[person_id].add(touch)

    def _differences(
        self,
        definition: LiveDefinition,
        fitting: frozenset[int],
        by_root: Mapping[int, Touch],
        aside: Sequence[int],
    ) -> Iterable[store.NewChange]:
        members = self._members_of(definition.definition_id)
        for root, touch in by_root.items():
            is_in = root in fitting
            if is_in == (root in members):
                continue
            cause = cause_of(touch, has_entered=is_in, was_in=(other in members for other in touch.joined))
            yield store.NewChange(
                definition.definition_id, definition.version, root, has_entered=is_in, cause=cause
            )
        for person_id in aside:
            if person_id in members:
                yield store.NewChange(
                    definition.definition_id,
                    definition.version,
                    person_id,
                    has_entered=False,
                    cause=ChangeCause.MERGE,
                )

    # --- passes over everybody --------------------------------------------------------------------------------------

    def run_due(self) -> bool:
        """Do the pass that is due from beginning to end. Tells whether there was one. Raises: as its parts."""
        begun = self.begin_due()
        return begun is not None and self.finish(begun, self.read(begun))

    def begin_due(self) -> Pass | None:
        """Begin the pass that is due: new and changed definitions first. None when none is, or the warehouse is not ready.

        Raises: WarehouseAway.
        """
        with self._database.transaction(actor="consumer:segments") as uow:
            state = self._refresh(uow)
            now = uow.now
        definitions = self._live.definitions.values()
        fresh = [d.definition_id for d in definitions if d.needs_computing and not d.has_failed]
        if fresh:
            return self._begin(fresh, is_check=len(fresh) == len(definitions))
        if not definitions:
            return None
        is_asked = state.everybody_due_at is not None and state.everybody_due_at <= now
        if is_asked or state.checked_at is None or now - state.checked_at >= self._surroundings.check_every:
            every = [d.definition_id for d in definitions if not d.is_put_aside(now)]
            asked_at = state.everybody_due_at if is_asked else None
            return self._begin(
                every, is_check=True, asked_at=asked_at, cause=state.everybody_cause if is_asked else None
            )
        timed = self._due_by_time(now)
        return self._begin(timed, is_check=False) if timed else None

    def check_everybody(self) -> bool:
        """Compare all definitions with a pass over everybody now; False when it has to wait. Raises: as `run_due`."""
        with self._database.transaction(actor="consumer:segments") as uow:
            self._refresh(uow)
        begun = self._begin(list(self._live.definitions), is_check=True)
        return begun is not None and self.finish(begun, self.read(begun))

    def _due_by_time(self, now: datetime) -> list[int]:
        with self._database.transaction(actor="consumer:segments") as uow:
            catalogue = self._catalogue.load(uow, self._surroundings)
        due = []
        for definition in self._live.definitions.values():
            if definition.has_failed or definition.needs_computing:
                continue
            unit = self._unit_of(definition, catalogue)
            if unit is not None and self._has_time_passed(definition, unit, now):
                due.append(definition.definition_id)
        return due

    def _unit_of(self, definition: LiveDefinition, catalogue: Catalogue) -> Unit | None:
        """Return how often time alone can change who fits; remembered until definitions change."""
        if definition.definition_id not in self._units:
            self._units[definition.definition_id] = live.time_unit(definition, self._live, catalogue)
        return self._units[definition.definition_id]

    @staticmethod
    def _has_time_passed(definition: LiveDefinition, unit: Unit, now: datetime) -> bool:
        """Tell whether time alone may have changed who fits since the last pass."""
        if definition.timed_at is None:
            return True
        if unit in _DAYS:
            zone = definition.zone
            return definition.timed_at.astimezone(zone).date() < now.astimezone(zone).date()
        return now - definition.timed_at >= MINUTE

    def _begin(
        self,
        wanted: Sequence[int],
        *,
        is_check: bool,
        asked_at: datetime | None = None,
        cause: ChangeCause | None = None,
    ) -> Pass | None:
        """Begin a pass. None when the warehouse is not whole, holds less than was followed, or we are far behind the log."""
        warehouse = self._surroundings.warehouse()
        held = identity_of(warehouse)
        with self._database.transaction(actor="consumer:segments") as uow:
            own = store.consumer_position(uow, CONSUMER)
            if held is None or held[1] < own or head_position(uow.connection) - own > _PENDING_MAX:
                return None
            settle_main_currency(uow, self._surroundings)
            catalogue = self._catalogue.load(uow, self._surroundings)
            return Pass(
                warehouse=warehouse,
                warehouse_identity=held[0],
                own_position=own,
                definitions={d: self._live.definitions[d] for d in wanted},
                bound=self._bind(uow, catalogue, wanted, uow.now),
                catalogue=catalogue,
                now=uow.now,
                is_check=is_check,
                asked_at=asked_at,
                cause=cause,
            )

    def read(self, begun: Pass) -> Found:
        """Read everybody. Touches nothing of the evaluator's, so that events can be followed meanwhile. Raises: WarehouseAway."""
        members, failures = computing.members_of(begun.warehouse, begun.bound, begun.catalogue)
        costs = self._measured(begun, members) if begun.is_check else {}
        after = identity_of(begun.warehouse)
        is_whole = after is not None and after[0] == begun.warehouse_identity
        return Found(members, failures, costs, is_whole)

    def finish(self, begun: Pass, found: Found) -> bool:
        """Write what a pass found; of definitions that changed meanwhile nothing counts. Raises: as `handle`."""
        if not found.is_whole:
            return False
        with self._database.transaction(actor="consumer:segments") as uow:
            self._refresh(uow)
            own = store.consumer_position(uow, CONSUMER)
        same = {
            definition_id: current
            for definition_id, started in begun.definitions.items()
            if (current := self._live.definitions.get(definition_id)) is not None
            and current.fingerprint == started.fingerprint
        }
        pending = self._pending(begun.warehouse, begun.own_position)
        failures = {**begun.bound.failures, **found.failures}
        outcome = Outcome(
            failures={d: failure for d, failure in failures.items() if d in same},
            costs=found.costs,
            as_of=begun.now,
            has_checked=begun.is_check,
            everybody_asked_at=begun.asked_at,
        )
        for definition_id, members in found.members.items():
            definition = same.get(definition_id)
            if definition is None:
                continue
            outcome.computed.append(definition)
            if definition.needs_computing or self._is_long_gone(definition, begun.now):
                outcome.recomputed[definition_id] = members
            else:
                why = self._cause_of_pass(definition, begun.catalogue, begun.now, asked=begun.cause)
                outcome.changes.extend(self._pass_differences(definition, members, pending, why))
        self._write(outcome)
        if outcome.recomputed:
            self._follow_again(begun.own_position, own)
        return True

    def _follow_again(self, after: int, until: int) -> None:
        """Evaluate people whose events were followed while new definitions were being computed, and so not for these."""
        position = after
        while position < until:
            with self._database.transaction(actor="consumer:segments") as uow:
                self._refresh(uow)
                batch = read_events(uow.connection, after=position, limit=min(_CHUNK, until - position))
            if not batch:
                return
            position = batch[-1].position
            touched = collect(batch).people
            if touched:
                self._evaluate_people(touched, position)

    def _is_long_gone(self, definition: LiveDefinition, now: datetime) -> bool:
        since = definition.problem_since
        return definition.has_failed and since is not None and now - since > _QUIET_AFTER

    def _cause_of_pass(
        self,
        definition: LiveDefinition,
        catalogue: Catalogue,
        now: datetime,
        *,
        asked: ChangeCause | None,
    ) -> ChangeCause:
        """Return why a pass finds differences: time where it can, else what the pass was asked for, else a fault it mends."""
        unit = self._unit_of(definition, catalogue)
        is_by_time = unit is not None and (unit not in _DAYS or self._has_time_passed(definition, unit, now))
        return ChangeCause.TIME if is_by_time else asked or ChangeCause.REPAIR

    def _pending(self, warehouse: Warehouse, own: int) -> BitMap64:
        """Return the people of events not followed yet: the warehouse may hold half of what happened to them."""
        people: set[int] = set()
        with self._database.transaction(actor="consumer:segments") as uow:
            position = own
            while batch := read_events(uow.connection, after=position, limit=_CHUNK * 10):
                people.update(collect(batch).people)
                position = batch[-1].position
        return BitMap64(people | set(roots_of(warehouse, people).values())) if people else BitMap64()

    def _pass_differences(
        self, definition: LiveDefinition, found: BitMap64, pending: BitMap64, cause: ChangeCause
    ) -> Iterable[store.NewChange]:
        members = self._members_of(definition.definition_id)
        for person_id in (found - members) - pending:
            yield store.NewChange(
                definition.definition_id, definition.version, person_id, has_entered=True, cause=cause
            )
        for person_id in (members - found) - pending:
            yield store.NewChange(
                definition.definition_id, definition.version, person_id, has_entered=False, cause=cause
            )

    def _measured(self, begun: Pass, members: Mapping[int, BitMap64]) -> dict[int, int]:
        """Time some definitions alone, those first whose figure is oldest, so that slow ones show."""
        oldest = begun.now - _COST_EVERY
        waiting = sorted(
            (d for d in begun.definitions.values() if d.definition_id in members),
            key=lambda d: (d.costed_at is not None, d.costed_at or oldest),
        )
        costs: dict[int, int] = {}
        for definition in waiting:
            is_recent = definition.costed_at is not None and definition.costed_at > oldest
            if is_recent or sum(costs.values()) > _COST_MS or self._should_stop():
                break
            costs[definition.definition_id] = computing.cost_of(
                begun.warehouse, begun.bound, begun.catalogue, definition.definition_id
            )
        return costs

    # --- memory and writing -----------------------------------------------------------------------------------------

    def _refresh(self, uow: UnitOfWork) -> store.EvaluatorState:
        """Read anew what others have changed: definitions, and memberships after another evaluator's work."""
        state = store.read_state(uow)
        if state.evaluation_id != self._evaluation_id or self._members is None:
            self._members = store.load_members(uow)
            self._evaluation_id = state.evaluation_id
            self._epoch = -1
        if state.epoch != self._epoch:
            self._catalogue.forget()
            self._units.clear()
            self._epoch = state.epoch
            self._live = live.load_live(
                uow,
                zone=self._surroundings.zone,
                main_currency=main_currency(uow, self._surroundings),
            )
            store_definitions.forget_deleted(uow)
            if self._live.paused:
                store_definitions.forget_computed(uow, self._live.paused)
        return state

    def _members_of(self, definition_id: int) -> BitMap64:
        assert self._members is not None, "refreshed before every evaluation"
        return self._members.setdefault(definition_id, BitMap64())

    def _bind(self, uow: UnitOfWork, catalogue: Catalogue, wanted: Iterable[int], now: datetime) -> BoundSet:
        currency = main_currency(uow, self._surroundings)
        return live.bind(self._live, wanted, catalogue, now=now, main_currency=currency)

    def _write(self, outcome: Outcome) -> None:
        """Write what an evaluation found, all or nothing; what is remembered follows, or is dropped when it fails."""
        crash_here("segments.before_write")
        try:
            with self._database.transaction(actor="consumer:segments") as uow:
                evaluation_id = store.begin_evaluation(uow, self._evaluation_id)
                if evaluation_id is None:
                    raise EvaluatorOvertaken(f"evaluation {self._evaluation_id} is not the last any more")
                self._store(uow, outcome, evaluation_id)
                crash_here("segments.before_commit")
        except BaseException:
            self._members = None
            raise
        self._evaluation_id = evaluation_id
        crash_here("segments.after_write")
        if outcome.computed or outcome.failures:
            self._epoch = -1

    def _store(self, uow: UnitOfWork, outcome: Outcome, evaluation_id: int) -> None:
        assert self._members is not None, "refreshed before every evaluation"
        blocks: dict[int, set[int]] = {}
        counts: dict[int, list[int]] = {}
        for change in outcome.changes:
            members = self._members_of(change.definition_id)
            if change.has_entered:
                members.add(change.person_id)
            else:
                members.discard(change.person_id)
            blocks.setdefault(change.definition_id, set()).add(change.person_id >> store.BLOCK_BITS)
            counts.setdefault(change.definition_id, [0, 0])[0 if change.has_entered else 1] += 1
        for definition_id, members in outcome.recomputed.items():
            differing = self._recompute(uow, definition_id, members, evaluation_id)
            blocks[definition_id] = store.blocks_in(differing)
            counts.setdefault(definition_id, [0, 0])
        store.write_blocks(uow, self._members, blocks, evaluation_id)
        store.insert_changes(uow, outcome.changes, evaluation_id)
        sizes = [(d, len(self._members[d]), entered, left) for d, (entered, left) in counts.items()]
        store.add_sizes(uow, sizes)
        store_definitions.store_sizes(uow, [(d, size) for d, size, _, _ in sizes])
        self._store_status(uow, outcome)
        append_events(uow, self._log_events(uow, outcome.changes, evaluation_id))
        if outcome.has_checked:
            repaired = sum(1 for change in outcome.changes if change.cause is ChangeCause.REPAIR)
            if repaired:
                logger.warning("memberships_repaired", changes=repaired, evaluation=evaluation_id)
            store.note_checked(uow, repaired=repaired, everybody_asked_at=outcome.everybody_asked_at)

    def _recompute(
        self, uow: UnitOfWork, definition_id: int, members: BitMap64, evaluation_id: int
    ) -> BitMap64:
        """Replace the members of a definition quietly; returns who differs."""
        assert self._members is not None, "refreshed before every evaluation"
        definition = self._live.definitions[definition_id]
        old = self._members_of(definition_id)
        is_first = definition.computed_version is None
        store.insert_recomputation(
            uow,
            definition_id,
            definition.version,
            evaluation_id,
            cause=ChangeCause.BASELINE if is_first else ChangeCause.DEFINITION,
            entered=len(members - old),
            left=len(old - members),
        )
        self._members[definition_id] = members
        return members ^ old

    def _store_status(self, uow: UnitOfWork, outcome: Outcome) -> None:
        assert self._members is not None, "refreshed before every evaluation"
        if outcome.computed and outcome.as_of is not None:
            computed = [
                (d.definition_id, d.version, d.fingerprint, len(self._members_of(d.definition_id)))
                for d in outcome.computed
            ]
            store_definitions.store_computed(uow, computed, as_of=outcome.as_of)
        problems = []
        for definition_id, failure in outcome.failures.items():
            definition = self._live.definitions[definition_id]
            retry_at = None
            if failure.is_too_costly:
                tries = definition.tries if definition.has_failed else 0
                retry_at = uow.now + min(_RETRY_MAX, _RETRY_FIRST * 2.0 ** min(tries, 10))
            health = Health.SUSPENDED if failure.is_too_costly else Health.FAILING
            problems.append(
                (definition_id, health, failure.code, failure.detail, definition.fingerprint, retry_at)
            )
        store_definitions.store_problems(uow, problems)
        for definition_id, milliseconds in outcome.costs.items():
            store_definitions.store_cost(uow, definition_id, milliseconds)

    def _log_events(
        self, uow: UnitOfWork, changes: Sequence[store.NewChange], evaluation_id: int
    ) -> Iterable[NewEvent]:
        """Nobody else writes these, and evaluations are numbered: their order per person holds without the person's lock."""
        for change in changes:
            if change.cause not in _LOGGED:
                continue
            definition = self._live.definitions[change.definition_id]
            yield NewEvent(
                type=events.ENTERED if change.has_entered else events.EXITED,
                occurred_at=uow.now,
                origin=Origin.BACKFILL if change.cause is ChangeCause.BACKFILL else Origin.LIVE,
                person_id=PersonId(change.person_id),
                payload={
                    "definition_id": change.definition_id,
                    "owner_kind": definition.owner_kind.value,
                    "owner_id": definition.owner_id,
                    "key": definition.key,
                    "value": definition.value,
                    "version": change.version,
                    "evaluation_id": evaluation_id,
                    "cause": change.cause.value,
                },
            )
