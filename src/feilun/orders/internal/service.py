"""Takes drafts into the tables: compares with what is stored, writes what differs, appends one event per changed record.

Locks: people first (identity's id order), then heads in number order. A record whose content hash is stored already is
neither locked nor written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from feilun.identity import api as identity
from feilun.ingestion.contracts import ApplyContext, OutcomeState
from feilun.kernel.ids import PersonId, ProductId
from feilun.orders.contracts import LineKind
from feilun.orders.events import ORDER_RECORDED, REFUND_RECORDED
from feilun.orders.internal import store_intake as store
from feilun.orders.internal.domain import (
    TOTAL_MAX,
    Difference,
    Draft,
    Head,
    LineDraft,
    LiveLine,
    Totals,
    compare_lines,
    complete,
    content_hash,
    merge_heads,
    total_up,
)
from feilun.orders.internal.store_intake import ORDERS, StoredHead, Stream
from feilun.orders.ports import ItemDirectory
from feilun.platform.db import UnitOfWork
from feilun.platform.log import NewEvent, append_events


@dataclass(frozen=True, slots=True)
class Intake:
    """What recording a batch needs beside the drafts."""

    context: ApplyContext
    currency: str
    items: ItemDirectory
    kind_of_code: Callable[[str], LineKind]


@dataclass(slots=True)
class _Written:
    """A head as it will be stored, with what changed."""

    head: Head
    draft: Draft
    added: Mapping[bytes, LineDraft]
    stored: StoredHead | None
    difference: Difference | None = None


def record(
    uow: UnitOfWork, stream: Stream, drafts: Mapping[str, Draft], intake: Intake
) -> dict[str, OutcomeState]:
    """Store drafts by number; returns what became of each. REJECTED: its total would be out of range.

    A draft without lines takes all lines away if the input is whole (the record is of the other stream now).
    """
    source = intake.context.source
    stored = store.find_heads(uow, stream, source, list(drafts))
    states: dict[str, OutcomeState] = {}
    new: list[_Written] = []
    differing: list[str] = []
    for number, draft in drafts.items():
        known = stored.get(number)
        head = _new_head(stream, draft, intake.currency)
        if known is None:
            new.append(_Written(head, draft, draft.lines, None))
        elif known.content_hash == head.content_hash and draft.person_id in (None, known.person_id):
            states[number] = OutcomeState.UNCHANGED
        else:
            differing.append(number)
    # Resolving locked the people the drafts name; those an order is taken from are locked here.
    resolved = {draft.person_id for draft in drafts.values()}
    previous = {stored[number].person_id for number in differing} - resolved
    if previous - {None}:
        identity.lock_persons(uow, [person_id for person_id in previous if person_id is not None])

    ids = store.insert_heads(uow, stream, source, [written.head for written in new]) if new else {}
    for written in new:
        written.head.record_id = ids.get(written.head.number)
    # Another transaction stored these between our look and our insert: they are no longer new.
    differing += [written.head.number for written in new if written.head.record_id is None]
    new = [written for written in new if written.head.record_id is not None]
    changed = _compare(uow, stream, {number: drafts[number] for number in differing}, intake, states)

    _write_lines(uow, stream, [*new, *changed], intake)
    if changed:
        store.update_heads(uow, stream, source, [written.head for written in changed])
    states |= {written.head.number: OutcomeState.TAKEN for written in new}
    states |= {written.head.number: OutcomeState.CHANGED for written in changed}
    events = [_event(stream, written, intake.context) for written in [*new, *changed]]
    if stream is ORDERS:
        heads = {number: (head.record_id, head.person_id) for number, head in stored.items()}
        heads |= {
            written.head.number: (cast(int, written.head.record_id), written.head.person_id)
            for written in [*new, *changed]
        }
        events += _write_payments_and_shipments(uow, drafts, heads, states, intake)
    append_events(uow, events)
    _note_matching(uow, stream, source, [*new, *changed])
    return states


def _new_head(stream: Stream, draft: Draft, currency: str) -> Head:
    live = [
        LiveLine(key, line.kind, line.numbers.amount, line.numbers.discount)
        for key, line in draft.lines.items()
    ]
    values = complete(draft.head, currency=currency)
    return Head(
        draft.number,
        draft.person_id,
        values,
        total_up(live),
        content_hash(stream.columns, stream.later, values, live),
    )


def is_in_range(totals: Totals) -> bool:
    """Whether a record's sums fit their columns."""
    amounts = (totals.goods_amount, totals.fee_amount, totals.adjustment_amount, totals.discount)
    return all(abs(amount) <= TOTAL_MAX for amount in amounts)


def _compare(
    uow: UnitOfWork,
    stream: Stream,
    drafts: Mapping[str, Draft],
    intake: Intake,
    states: dict[str, OutcomeState],
) -> list[_Written]:
    """Compare drafts with their stored records, locked; notes those that turn out unchanged or out of range."""
    if not drafts:
        return []
    is_whole = intake.context.is_whole
    heads = store.find_heads(uow, stream, intake.context.source, list(drafts), for_update=True)
    lines = store.find_lines(uow, stream, [head.record_id for head in heads.values()])
    changed = []
    for number, known in heads.items():
        draft = drafts[number]
        difference = compare_lines(lines[known.record_id], draft.lines, is_whole=is_whole)
        values = complete(merge_heads(known.values, draft.head, is_whole=is_whole), currency=intake.currency)
        person_id = known.person_id if draft.person_id is None else draft.person_id
        digest = content_hash(stream.columns, stream.later, values, difference.live)
        if difference.is_empty and digest == known.content_hash and person_id == known.person_id:
            states[number] = OutcomeState.UNCHANGED
            continue
        head = Head(number, person_id, values, total_up(difference.live), digest, known.record_id)
        if not is_in_range(head.totals):
            states[number] = OutcomeState.REJECTED
            continue
        changed.append(_Written(head, draft, difference.added, known, difference))
    return changed


def _write_lines(uow: UnitOfWork, stream: Stream, written: Sequence[_Written], intake: Intake) -> None:
    names: dict[str, dict[str, int]] = {}
    for item in written:
        for line in item.added.values():
            if line.sku is not None:
                counts = names.setdefault(line.sku, {})
                name = line.description or ""
                counts[name] = counts.get(name, 0) + 1
    products: Mapping[str, ProductId] = {}
    if names:
        products = intake.items.resolve_items(
            uow,
            source=intake.context.source,
            names_by_code=names,
            kind_by_code={code: intake.kind_of_code(code).value for code in names},
            origin=intake.context.origin,
        )
    store.copy_lines(
        uow,
        stream,
        ((item.head, item.added) for item in written if item.added),
        products,
    )
    differences = [item.difference for item in written if item.difference is not None]
    store.mark_lines(
        uow,
        stream,
        removed=[line_id for difference in differences for line_id in difference.removed],
        restored=[line_id for difference in differences for line_id in difference.restored],
        kinds={line_id: kind for difference in differences for line_id, kind in difference.rekinded.items()},
    )


def _write_payments_and_shipments(
    uow: UnitOfWork,
    drafts: Mapping[str, Draft],
    known: Mapping[str, tuple[int, PersonId | None]],
    states: dict[str, OutcomeState],
    intake: Intake,
) -> list[NewEvent]:
    """Store payments and shipments; an otherwise unchanged order with a new one counts as changed."""
    having = [
        (*known[number], draft)
        for number, draft in drafts.items()
        if number in known
        and (draft.payments or draft.shipments)
        and states[number] is not OutcomeState.REJECTED
    ]
    if not having:
        return []
    touched = store.upsert_payments(uow, having) | store.upsert_shipments(uow, having)
    events = []
    for order_id, person_id, draft in having:
        if order_id in touched and states[draft.number] is OutcomeState.UNCHANGED:
            states[draft.number] = OutcomeState.CHANGED
            events.append(
                NewEvent(
                    type=ORDER_RECORDED,
                    occurred_at=cast(datetime, draft.head["happened_at"]),
                    origin=intake.context.origin,
                    person_id=person_id,
                    payload={"order_id": order_id, "number": draft.number, "is_new": False},
                )
            )
    return events


def _event(stream: Stream, written: _Written, context: ApplyContext) -> NewEvent:
    head, known = written.head, written.stored
    payload: dict[str, object] = {
        stream.id_column: head.record_id,
        "number": head.number,
        "is_new": known is None,
    }
    if known is not None and known.person_id != head.person_id:
        payload["previous_person_id"] = known.person_id
    return NewEvent(
        type=ORDER_RECORDED if stream is ORDERS else REFUND_RECORDED,
        occurred_at=cast(datetime, head.values["happened_at"]),
        origin=context.origin,
        person_id=head.person_id,
        payload=payload,
    )


def _note_matching(uow: UnitOfWork, stream: Stream, source: str, written: Sequence[_Written]) -> None:
    """Note whose refunds have to be matched again, and the orders that refunds name."""
    due: set[int] = set()
    named: set[str] = set()
    for item in written:
        due |= {
            person_id
            for person_id in (item.head.person_id, item.stored and item.stored.person_id)
            if person_id
        }
        for values in (item.head.values, item.stored.values if item.stored else {}):
            if values.get("refund_of") is not None:
                named.add(str(values["refund_of"]))
    if stream is ORDERS and written:
        named = store.named_orders(uow, source, [item.head.number for item in written])
    if due:
        store.add_matching_due(uow, due)
    if named:
        store.add_orders_due(uow, source, named)
