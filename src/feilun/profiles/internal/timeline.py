"""The time line: what happened with a customer, from every source, newest first, with a cursor that stays put while facts arrive."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from typing import Final

from feilun.identity import api as identity
from feilun.identity.contracts import Merge
from feilun.kernel.ids import PersonId, opaque
from feilun.orders import api as orders
from feilun.orders.contracts import Order, Refund
from feilun.platform.db import UnitOfWork
from feilun.profiles.contracts import Timeline, TimelineEntry, TimelineKind
from feilun.profiles.errors import CursorInvalid
from feilun.profiles.internal import store_facts, store_values
from feilun.profiles.internal.view import get_person

_ORDER_PAGE: Final = 200
_RANKS: Final = {kind: rank for rank, kind in enumerate(TimelineKind)}

Key = tuple[datetime, int, int]
"""Moment, rank of the kind, id within the kind: total, so that no entry is shown twice or lost between pages."""


@dataclass(frozen=True, slots=True)
class _Ask:
    members: Sequence[PersonId]
    before: Key | None
    limit: int
    reveal: bool

    def bound(self, kind: TimelineKind) -> tuple[datetime, int] | None:
        """Return the moment and id that entries of one kind must lie before."""
        if self.before is None:
            return None
        moment, rank, entry_id = self.before
        if _RANKS[kind] == rank:
            return moment, entry_id
        # Of the cursor's very moment: kinds of a lower rank come after it in the list, all of them; of a higher rank none.
        return moment, (1 << 62) if _RANKS[kind] < rank else 0


def get_timeline(
    uow: UnitOfWork,
    person_id: PersonId,
    *,
    before: str | None,
    limit: int,
    kinds: Iterable[TimelineKind],
    reveal: bool,
) -> Timeline:
    """See `feilun.profiles.api.get_timeline`."""
    person = get_person(uow, person_id)
    ask = _Ask(person.members, _decoded(before) if before else None, limit + 1, reveal)
    wanted = set(kinds) or set(TimelineKind)
    entries = [
        entry
        for source in _SOURCES
        if wanted & source.kinds
        for entry in source.read(uow, person.person_id, ask)
    ]
    newest = nlargest(limit + 1, (entry for entry in entries if entry.kind in wanted), key=_key)
    shown = newest[:limit]
    return Timeline(
        entries=tuple(shown), next_cursor=_encoded(_key(shown[-1])) if len(newest) > limit else None
    )


def _key(entry: TimelineEntry) -> Key:
    return entry.occurred_at, _RANKS[entry.kind], entry.entry_id


def _orders(uow: UnitOfWork, root: PersonId, ask: _Ask) -> Iterator[TimelineEntry]:
    bound, found, offset = ask.bound(TimelineKind.ORDER), 0, 0
    while found < ask.limit:
        page, total = orders.list_orders(uow, ask.members, limit=_ORDER_PAGE, offset=offset)
        for order in page:
            if bound is None or (order.ordered_at, order.order_id) < bound:
                found += 1
                yield _order_entry(order)
        offset += len(page)
        if not page or offset >= total:
            return


def _order_entry(order: Order) -> TimelineEntry:
    return TimelineEntry(
        kind=TimelineKind.ORDER,
        entry_id=order.order_id,
        occurred_at=order.ordered_at,
        person_id=order.person_id,
        source=order.source,
        values={
            "order_id": opaque("o", order.order_id),
            "number": order.number,
            "state": order.state.value,
            "order_kind": order.kind.value,
            "channel": order.channel,
            "store_code": order.store_code,
            "lines": order.line_count,
            "total_amount": order.total_amount,
            "refunded_amount": order.refunded_amount,
            "currency": order.currency,
        },
    )


def _refunds(uow: UnitOfWork, root: PersonId, ask: _Ask) -> Iterator[TimelineEntry]:
    bound, found, offset = ask.bound(TimelineKind.REFUND), 0, 0
    while found < ask.limit:
        page, total = orders.list_refunds(uow, ask.members, limit=_ORDER_PAGE, offset=offset)
        for refund in page:
            if bound is None or (refund.refunded_at, refund.refund_id) < bound:
                found += 1
                yield _refund_entry(refund)
        offset += len(page)
        if not page or offset >= total:
            return


def _refund_entry(refund: Refund) -> TimelineEntry:
    matched = {match.order_id: match.order_number for line in refund.lines for match in line.matches}
    return TimelineEntry(
        kind=TimelineKind.REFUND,
        entry_id=refund.refund_id,
        occurred_at=refund.refunded_at,
        person_id=refund.person_id,
        source=refund.source,
        values={
            "number": refund.number,
            "state": refund.state.value,
            "channel": refund.channel,
            "store_code": refund.store_code,
            "lines": refund.line_count,
            "total_amount": refund.total_amount,
            "currency": refund.currency,
            "orders": [
                {"order_id": opaque("o", order_id), "number": number}
                for order_id, number in sorted(matched.items())
            ],
        },
    )


def _interactions(uow: UnitOfWork, root: PersonId, ask: _Ask) -> Iterator[TimelineEntry]:
    bound = ask.bound(TimelineKind.INTERACTION)
    for interaction in store_facts.interactions_before(uow, ask.members, before=bound, limit=ask.limit):
        yield TimelineEntry(
            kind=TimelineKind.INTERACTION,
            entry_id=interaction.interaction_id,
            occurred_at=interaction.occurred_at,
            person_id=interaction.person_id,
            source=interaction.source,
            values={
                "interaction_kind": interaction.kind,
                "channel": interaction.channel,
                "sku": interaction.sku,
                # Free text of a tracker may hold anything, so it counts as personal.
                "properties": dict(interaction.properties) if ask.reveal else {},
            },
        )


def _consents(uow: UnitOfWork, root: PersonId, ask: _Ask) -> Iterator[TimelineEntry]:
    bound = ask.bound(TimelineKind.CONSENT)
    for consent in store_facts.consents_of(uow, ask.members):
        if bound is None or (consent.stated_at, consent.consent_id) < bound:
            yield TimelineEntry(
                kind=TimelineKind.CONSENT,
                entry_id=consent.consent_id,
                occurred_at=consent.stated_at,
                person_id=consent.person_id,
                source=consent.source,
                values={
                    "channel": consent.channel,
                    "purpose": consent.purpose,
                    "state": consent.state.value,
                    "actor": consent.actor,
                },
            )


def _merges(uow: UnitOfWork, root: PersonId, ask: _Ask) -> Iterator[TimelineEntry]:
    for merge in identity.list_merges(uow, root):
        for entry in _merge_entries(merge):
            bound = ask.bound(entry.kind)
            if bound is None or (entry.occurred_at, entry.entry_id) < bound:
                yield entry


def _merge_entries(merge: Merge) -> Iterator[TimelineEntry]:
    values: dict[str, object] = {
        "merge_id": opaque("m", merge.merge_id),
        "left_record_id": opaque("c", merge.left_person_id),
        "right_record_id": opaque("c", merge.right_person_id),
        "cause": merge.cause,
        "evidence": merge.evidence,
    }
    yield TimelineEntry(
        kind=TimelineKind.MERGE,
        entry_id=merge.merge_id,
        occurred_at=merge.merged_at,
        person_id=merge.kept_person_id,
        source=merge.cause,
        values={**values, "actor": merge.merged_by, "reason": merge.reason},
    )
    if merge.split_at is not None:
        yield TimelineEntry(
            kind=TimelineKind.SPLIT,
            entry_id=merge.merge_id,
            occurred_at=merge.split_at,
            person_id=merge.kept_person_id,
            source=merge.cause,
            values={**values, "actor": merge.split_by, "reason": merge.split_reason},
        )


def _changes(uow: UnitOfWork, root: PersonId, ask: _Ask) -> Iterator[TimelineEntry]:
    bound = ask.bound(TimelineKind.PROFILE_CHANGE)
    for change in store_values.changes_before(uow, ask.members, before=bound, limit=ask.limit):
        yield TimelineEntry(
            kind=TimelineKind.PROFILE_CHANGE,
            entry_id=change.change_id,
            occurred_at=change.changed_at,
            person_id=change.person_id,
            source=change.source,
            values={"fields": list(change.fields), "actor": change.actor},
        )


@dataclass(frozen=True, slots=True)
class _Source:
    kinds: frozenset[TimelineKind]
    read: Callable[[UnitOfWork, PersonId, _Ask], Iterable[TimelineEntry]]


_SOURCES: Final = (
    _Source(frozenset({TimelineKind.ORDER}), _orders),
    _Source(frozenset({TimelineKind.REFUND}), _refunds),
    _Source(frozenset({TimelineKind.INTERACTION}), _interactions),
    _Source(frozenset({TimelineKind.CONSENT}), _consents),
    _Source(frozenset({TimelineKind.MERGE, TimelineKind.SPLIT}), _merges),
    _Source(frozenset({TimelineKind.PROFILE_CHANGE}), _changes),
)


def _encoded(key: Key) -> str:
    return urlsafe_b64encode(json.dumps([key[0].isoformat(), key[1], key[2]]).encode()).decode()


def _decoded(cursor: str) -> Key:
    try:
        moment, rank, entry_id = json.loads(urlsafe_b64decode(cursor.encode()))
        key = datetime.fromisoformat(moment), int(rank), int(entry_id)
    except (ValueError, TypeError):
        raise CursorInvalid("not a cursor") from None
    if key[0].tzinfo is None:
        raise CursorInvalid("not a cursor")
    return key
