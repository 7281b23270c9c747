"""Intake of orders: implements ingestion's `RecordHandler` for the record kind 'orders'."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, cast

from feilun.identity import api as identity
from feilun.ingestion.contracts import (
    ApplyContext,
    MappedRow,
    Outcome,
    OutcomeState,
    PersonDetails,
    RecordKind,
    Rejection,
)
from feilun.ingestion.ports import PersonDetailsSink
from feilun.kernel.currencies import CURRENCIES, currency_code
from feilun.kernel.ids import PersonId
from feilun.orders.contracts import LineKind
from feilun.orders.internal import refunds
from feilun.orders.internal.domain import (
    AMOUNT_MAX,
    QUANTITY_MAX,
    TOTAL_MAX,
    UNIT_PRICE_MAX,
    Draft,
    LiveLine,
    total_up,
)
from feilun.orders.internal.drafts import DraftReader, RecordDrafts
from feilun.orders.internal.fields import ORDERS as ORDERS_KIND
from feilun.orders.internal.options import IntakeOptions, propose, read_options, shipment_state_of
from feilun.orders.internal.service import Intake, is_in_range, record
from feilun.orders.internal.store_intake import ORDERS, REFUNDS, find_heads
from feilun.orders.ports import ItemDirectory
from feilun.platform.db import UnitOfWork

_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FUTURE_TOLERANCE: Final = timedelta(days=1)
_TEXT_MAX: Final = {"description": 1000, "name": 200, "state": 100, "shipment_state": 100}
_TEXT_MAX_OTHER: Final = 200
_VALUE_SHOWN_MAX: Final = 200
_LIMITS: Final = {
    "quantity": QUANTITY_MAX,
    "unit_price": UNIT_PRICE_MAX,
    "amount": AMOUNT_MAX,
    "discount": AMOUNT_MAX,
    "paid_amount": AMOUNT_MAX,
    "order_discount": AMOUNT_MAX,
    "order_total": TOTAL_MAX,
}
_LINES_SAFE: Final = 500
"""So many lines within their limits cannot exceed an order's; only longer orders are added up to find out."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LINE_KIND_OF_LISTED: Final = {
    "service": LineKind.PRODUCT,
    "fee": LineKind.FEE,
    "adjustment": LineKind.ADJUSTMENT,
    "test": LineKind.ADJUSTMENT,
}
"""What a line is whose item a product file lists as something else than a product."""


class OrderHandler:
    """Takes in order rows of files and connectors. `items` is the catalog, `details` the room that owns attributes."""

    name: str = "orders"

    def __init__(self, items: ItemDirectory, details: PersonDetailsSink | None = None) -> None:
        self._items = items
        self._details = details
        self._latest: tuple[ApplyContext, IntakeOptions] | None = None

    def describe(self, uow: UnitOfWork) -> RecordKind:
        """Return the fields and options of orders."""
        return ORDERS_KIND

    def propose_options(self, sample: Sequence[MappedRow]) -> Mapping[str, str]:
        """Propose how refunds are marked and which codes are no products."""
        return propose(sample)

    def check(self, row: MappedRow, context: ApplyContext) -> Rejection | None:
        """Judge one row: storable text, finite numbers within limits, sane dates, an item, a price, a known state and currency."""
        values = row.values
        for name, value in values.items():
            if isinstance(value, str):
                if len(value) > _TEXT_MAX_OTHER and len(value) > _TEXT_MAX.get(name, _TEXT_MAX_OTHER):
                    return _rejection(
                        "orders.text_too_long", name, value, limit=_TEXT_MAX.get(name, _TEXT_MAX_OTHER)
                    )
                if (not value.isascii() and _UNSTORABLE.search(value)) or "\x00" in value:
                    return _rejection("orders.text_unstorable", name, value.replace("\x00", "\\0"))
            elif isinstance(value, Decimal):
                if not value.is_finite() or abs(value) > _LIMITS[name]:
                    return _rejection("orders.number_out_of_range", name, value, limit=str(_LIMITS[name]))
            elif isinstance(value, datetime):
                if value > context.now + _FUTURE_TOLERANCE:
                    return _rejection("orders.date_in_future", name, value)
                if value < _EARLIEST:
                    return _rejection("orders.date_too_early", name, value)
        return _check_line(values) or _check_words(values, self._options_of(context))

    def apply(
        self, uow: UnitOfWork, groups: Sequence[Sequence[MappedRow]], context: ApplyContext
    ) -> Sequence[Outcome]:
        """Take in orders and refunds; see `RecordHandler.apply`. Rows have passed `check`."""
        options = self._options_of(context)
        reader = DraftReader(context, options, groups, self._listed_kinds(uow, groups, context))
        records = [reader.read(group) for group in groups]
        persons = self._resolve_persons(uow, records, context)
        outcomes: dict[int, Outcome] = {}
        fitting = []
        for index, item in enumerate(records):
            if not _fits(item):
                outcomes[index] = _out_of_range(item)
            elif item.refund is not None and len(item.refunded_orders) > 1:
                outcomes[index] = _names_several(item)
            else:
                fitting.append(index)
        intake = Intake(context, options.currency, self._items, options.kind_of_code)
        for numbers in _rounds(records, fitting):
            self._see_stores(uow, [records[index] for index in numbers.values()], context)
            states = _record_round(uow, [records[index] for index in numbers.values()], intake)
            written = []
            for number, index in numbers.items():
                state, item = states[number], records[index]
                is_rejected = state is OutcomeState.REJECTED
                outcomes[index] = _out_of_range(item) if is_rejected else Outcome(state, item.rows)
                if state in (OutcomeState.TAKEN, OutcomeState.CHANGED):
                    written.append((item, persons[index]))
            self._offer_details(uow, written, context)
        return [outcomes[index] for index in range(len(records))]

    def finish(self, uow: UnitOfWork, context: ApplyContext) -> None:
        """Match the refunds of everyone whose orders or refunds changed."""
        refunds.match_due(uow, context.origin)

    def _options_of(self, context: ApplyContext) -> IntakeOptions:
        """Return the context's options; `check` asks for every row, always with the context of its import."""
        latest = self._latest
        if latest is None or latest[0] is not context:
            self._latest = latest = (context, read_options(context.options))
        return latest[1]

    def _listed_kinds(
        self, uow: UnitOfWork, groups: Sequence[Sequence[MappedRow]], context: ApplyContext
    ) -> dict[str, LineKind]:
        codes = {cast(str, row.values["sku"]) for group in groups for row in group if "sku" in row.values}
        listed = self._items.listed_kinds(uow, source=context.source, codes=codes)
        return {code: _LINE_KIND_OF_LISTED[kind] for code, kind in listed.items()}

    def _see_stores(self, uow: UnitOfWork, records: Sequence[RecordDrafts], context: ApplyContext) -> None:
        codes = {
            str(draft.head["store_code"])
            for item in records
            for draft in (item.order, item.refund)
            if draft is not None and "store_code" in draft.head
        }
        if codes:
            self._items.see_stores(uow, source=context.source, codes=codes)

    @staticmethod
    def _resolve_persons(
        uow: UnitOfWork, records: Sequence[RecordDrafts], context: ApplyContext
    ) -> list[PersonId | None]:
        """Find or make the person of every record that claims identifiers; each distinct set of claims is resolved once."""
        distinct = list(dict.fromkeys(item.claims for item in records if item.claims))
        resolutions = identity.resolve_records(uow, distinct, source=context.source, origin=context.origin)
        by_claims = {claims: found.person_id for claims, found in zip(distinct, resolutions, strict=True)}
        persons = [by_claims.get(item.claims) for item in records]
        for item, person_id in zip(records, persons, strict=True):
            for draft in (item.order, item.refund):
                if draft is not None:
                    draft.person_id = person_id
        return persons

    def _offer_details(
        self,
        uow: UnitOfWork,
        records: Sequence[tuple[RecordDrafts, PersonId | None]],
        context: ApplyContext,
    ) -> None:
        """Hand customers' attributes to the room that owns them, from each person's newest record of the batch."""
        if self._details is None:
            return
        newest: dict[PersonId, PersonDetails] = {}
        for item, person_id in records:
            draft = item.order or item.refund
            if person_id is None or draft is None or not item.details:
                continue
            seen_at = cast(datetime, draft.head["happened_at"])
            known = newest.get(person_id)
            if known is None or (known.seen_at, sorted(known.values.items())) < (
                seen_at,
                sorted(item.details.items()),
            ):
                newest[person_id] = PersonDetails(
                    person_id, context.source, seen_at, context.origin, item.details
                )
        if newest:
            self._details.offer(uow, [newest[person_id] for person_id in sorted(newest)])


def _record_round(
    uow: UnitOfWork, records: Sequence[RecordDrafts], intake: Intake
) -> dict[str, OutcomeState]:
    """Record the orders and refunds of one round; a record that is both has the stronger of two states.

    A whole input that holds a number only as a sale takes back a refund stored under it, and the reverse: the mapping's
    idea of what a refund is may have been corrected.
    """
    orders = {item.number: item.order for item in records if item.order is not None}
    returns = {item.number: item.refund for item in records if item.refund is not None}
    if intake.context.is_whole:
        source = intake.context.source
        no_orders = find_heads(uow, ORDERS, source, [number for number in returns if number not in orders])
        no_returns = find_heads(uow, REFUNDS, source, [number for number in orders if number not in returns])
        orders |= {number: Draft(number, {}, {}) for number in no_orders}
        returns |= {number: Draft(number, {}, {}) for number in no_returns}
    states = record(uow, ORDERS, orders, intake) if orders else {}
    for number, state in (record(uow, REFUNDS, returns, intake) if returns else {}).items():
        states[number] = max(states.get(number, state), state, key=_STRENGTH.index)
    return states


_STRENGTH: Final = (OutcomeState.UNCHANGED, OutcomeState.CHANGED, OutcomeState.TAKEN, OutcomeState.REJECTED)


def _rounds(records: Sequence[RecordDrafts], indexes: Iterable[int]) -> list[dict[str, int]]:
    """Spread records over rounds that hold each number once: dead letters of one order may be replayed together."""
    rounds: list[dict[str, int]] = []
    for index in indexes:
        number = records[index].number
        target = next((candidate for candidate in rounds if number not in candidate), None)
        if target is None:
            rounds.append(target := {})
        target[number] = index
    return rounds


def _fits(item: RecordDrafts) -> bool:
    return all(
        is_in_range(
            total_up(
                LiveLine(b"", line.kind, line.numbers.amount, line.numbers.discount)
                for line in draft.lines.values()
            )
        )
        for draft in (item.order, item.refund)
        if draft is not None and len(draft.lines) > _LINES_SAFE
    )


def _out_of_range(item: RecordDrafts) -> Outcome:
    return Outcome(
        OutcomeState.REJECTED, item.rows, _rejection("orders.total_out_of_range", "amount", item.number)
    )


def _names_several(item: RecordDrafts) -> Outcome:
    """A refund gives back one order: its lines are matched with that one's, and one number stands in its head."""
    named = ", ".join(sorted(item.refunded_orders))
    return Outcome(
        OutcomeState.REJECTED, item.rows, _rejection("orders.refund_of_several", "refund_of", named)
    )


def _rejection(code: str, field: str, value: object, **detail: object) -> Rejection:
    return Rejection(code, field, str(value)[:_VALUE_SHOWN_MAX], detail)


def _check_line(values: Mapping[str, object]) -> Rejection | None:
    if "sku" not in values and "description" not in values:
        return _rejection("orders.item_missing", "sku", "")
    unit_price, amount = values.get("unit_price"), values.get("amount")
    if unit_price is None and amount is None:
        return _rejection("orders.price_missing", "unit_price", "")
    if isinstance(unit_price, Decimal) and amount is None:
        quantity = values.get("quantity")
        if isinstance(quantity, Decimal) and abs(quantity * unit_price) > AMOUNT_MAX:
            return _rejection("orders.number_out_of_range", "quantity", quantity, limit=str(AMOUNT_MAX))
    elif isinstance(amount, Decimal) and unit_price is None:
        quantity = values.get("quantity")
        if isinstance(quantity, Decimal) and quantity and abs(amount) / abs(quantity) > UNIT_PRICE_MAX:
            return _rejection("orders.number_out_of_range", "amount", amount, limit=str(UNIT_PRICE_MAX))
    return None


def _check_words(values: Mapping[str, object], options: IntakeOptions) -> Rejection | None:
    currency = values.get("currency")
    code = currency_code(currency) if isinstance(currency, str) else options.currency
    if code not in CURRENCIES:
        return _rejection("orders.currency_unknown", "currency", code)
    word = values.get("state")
    if isinstance(word, str) and options.state_of(word) is None:
        return _rejection("orders.state_unknown", "state", word)
    word = values.get("shipment_state")
    if isinstance(word, str) and shipment_state_of(word) is None:
        return _rejection("orders.shipment_state_unknown", "shipment_state", word)
    return None
