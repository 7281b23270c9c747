"""From mapped rows to drafts of orders and refunds. Everything here runs once per row: a microsecond is a second per million.

Which record a row belongs to: with `number_prefix` the whole record is a refund; with `negative_quantity` the negative lines
are; with `state` negative lines are a refund, positive ones are a sale that was given back, hence both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain
from typing import Final, cast

from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.ingestion.contracts import ApplyContext, MappedRow
from feilun.kernel.currencies import currency_code
from feilun.kernel.money import AMOUNT_QUANTUM
from feilun.orders.contracts import LineKind, OrderState, ShipmentState
from feilun.orders.internal.domain import (
    Draft,
    LineDraft,
    Numbers,
    PaymentDraft,
    ShipmentDraft,
    key_prefix,
    line_draft,
    line_key,
    line_numbers,
)
from feilun.orders.internal.options import REFUNDED, IntakeOptions, RefundMark, shipment_state_of

_HEAD_COLUMNS: Final = {
    "completed_at": "completed_at",
    "paid_at": "paid_at",
    "paid_amount": "paid_amount",
    "order_discount": "order_discount",
    "order_total": "stated_total",
    "refund_of": "refund_of",
    "store": "store_code",
    "channel": "channel",
    "currency": "currency",
    "country": "country",
    "province": "province",
    "city": "city",
}
"""Field → column of the head; an order and a refund each keep those they have."""
_AMOUNTS: Final = ("order_discount", "stated_total")
_IDENTIFIERS: Final = {
    "unionid": IdentifierKind.UNIONID,
    "external_userid": IdentifierKind.EXTERNAL_USERID,
    "openid": IdentifierKind.OPENID,
    "customer_code": IdentifierKind.ERP_CODE,
    "card": IdentifierKind.CARD,
    "phone": IdentifierKind.PHONE,
    "email": IdentifierKind.EMAIL,
}
_SCOPED: Final = frozenset({IdentifierKind.OPENID, IdentifierKind.ERP_CODE, IdentifierKind.CARD})
_DETAILS: Final = ("name", "country", "province", "city")
_PAYMENT_FIELDS: Final = frozenset({"payment_method", "payment_number", "paid_amount"})

_NumberCells = tuple[Decimal | None, Decimal | None, Decimal | None, Decimal | None]


@dataclass(slots=True)
class RecordDrafts:
    """What one group of rows amounts to: an order, a refund, or both; and who it is about."""

    number: str
    rows: tuple[int, ...]
    order: Draft | None
    refund: Draft | None
    claims: tuple[IdentifierClaim, ...]
    details: Mapping[str, str]
    refunded_orders: frozenset[str] = frozenset()
    """Order numbers that its rows say they give back."""


class DraftReader:
    """Reads groups of one batch. Remembers what it has computed, because values repeat thousands of times."""

    def __init__(
        self,
        context: ApplyContext,
        options: IntakeOptions,
        groups: Sequence[Sequence[MappedRow]],
        listed_kinds: Mapping[str, LineKind],
    ) -> None:
        self._source = context.source
        self._options = options
        self._listed_kinds = listed_kinds
        self._columns = frozenset(chain.from_iterable(row.values for group in groups for row in group))
        self._numbers: dict[tuple[int, ...], Numbers] = {}
        self._lines: dict[tuple[str | None, str | None, tuple[int, ...]], LineDraft] = {}
        self._refund_lines: dict[tuple[int, bool], LineDraft] = {}
        self._kinds: dict[str | None, LineKind] = {}
        self._has_payments = bool(self._columns & _PAYMENT_FIELDS)
        self._has_shipments = "shipment_number" in self._columns
        self._head_fields = tuple(name for name in _HEAD_COLUMNS if name in self._columns)
        self._identifier_fields = tuple(name for name in _IDENTIFIERS if name in self._columns)
        self._detail_fields = tuple(name for name in _DETAILS if name in self._columns)
        # A prefix mark without a prefix would make every record a refund.
        self._prefix = options.refund_prefix if options.refund_mark is RefundMark.NUMBER_PREFIX else ""

    def read(self, group: Sequence[MappedRow]) -> RecordDrafts:
        """Return the drafts of one record, given as all its rows."""
        number = cast(str, group[0].values["number"])
        head, is_refunded = self._read_head(group)
        order_lines, refund_lines = self._split(group, number, is_refunded=is_refunded)
        order = refund = None
        if order_lines or not refund_lines:
            order = Draft(number, self._order_head(head), self._key_lines(number, order_lines))
            if self._has_payments:
                order.payments = self._read_payments(group)
            if self._has_shipments:
                order.shipments = self._read_shipments(group)
        if refund_lines:
            refund = Draft(number, self._refund_head(head), self._key_lines(number, refund_lines))
        return RecordDrafts(
            number,
            tuple([row.number for row in group]),
            order,
            refund,
            self._read_claims(group),
            self._read_first(group, self._detail_fields),
            self._read_refunded(group),
        )

    def _read_refunded(self, group: Sequence[MappedRow]) -> frozenset[str]:
        if "refund_of" not in self._columns:
            return frozenset()
        return frozenset(str(row.values["refund_of"]) for row in group if "refund_of" in row.values)

    def _read_head(self, group: Sequence[MappedRow]) -> tuple[dict[str, object], bool]:
        first = self._read_first(group, self._head_fields)
        head: dict[str, object] = {_HEAD_COLUMNS[name]: value for name, value in first.items()}
        if "currency" in head:
            head["currency"] = currency_code(str(head["currency"]))
        for name in _AMOUNTS:
            if name in head:
                head[name] = cast(Decimal, head[name]).quantize(AMOUNT_QUANTUM, ROUND_HALF_UP)
        head["happened_at"] = min([cast(datetime, row.values["ordered_at"]) for row in group]).astimezone(UTC)
        is_refunded = False
        if "state" in self._columns:
            word = next((str(row.values["state"]) for row in group if "state" in row.values), None)
            if word is not None:
                state = self._options.state_of(word)
                is_refunded = state == REFUNDED
                head["raw_state"] = word
                head["state"] = self._state_of_refunded() if is_refunded else state
        return head, is_refunded

    def _state_of_refunded(self) -> str:
        # Where refunds come as records of their own, a refunded order was a sale; where none come, it must not count as one.
        is_counted = self._options.refund_mark is not RefundMark.NONE
        return (OrderState.COMPLETED if is_counted else OrderState.CLOSED).value

    @staticmethod
    def _read_first(group: Sequence[MappedRow], names: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        first = group[0].values
        for name in names:
            value = first.get(name)
            if value is None:
                value = next((row.values[name] for row in group if name in row.values), None)
            if value is not None:
                found[name] = cast(str, value)
        return found

    @staticmethod
    def _order_head(head: Mapping[str, object]) -> dict[str, object]:
        return {name: value for name, value in head.items() if name != "refund_of"}

    @staticmethod
    def _refund_head(head: Mapping[str, object]) -> dict[str, object]:
        kept = ("happened_at", "state", "raw_state", "store_code", "channel", "currency", "refund_of")
        return {name: head[name] for name in kept if name in head}

    def _split(
        self, group: Sequence[MappedRow], number: str, *, is_refunded: bool
    ) -> tuple[list[tuple[str, LineDraft]], list[tuple[str, LineDraft]]]:
        """Sort rows into lines of the order and of the refund, each with its part."""
        mark = self._options.refund_mark
        lines = [(row.part, self._read_line(row.values)) for row in group]
        is_named = mark is RefundMark.NAMED_ORDER and any("refund_of" in row.values for row in group)
        if is_named or (self._prefix and number.startswith(self._prefix)):
            is_positive = self._options.has_positive_refunds
            return [], [(part, self._as_refund(line, is_positive=is_positive)) for part, line in lines]
        if mark is RefundMark.NEGATIVE_QUANTITY or (mark is RefundMark.STATE and is_refunded):
            refunds = [
                (part, self._as_refund(line, is_positive=False))
                for part, line in lines
                if line.numbers.quantity < 0 and line.numbers.unit_price > 0
            ]
            sales = [
                (part, line)
                for part, line in lines
                if line.numbers.quantity >= 0 or line.numbers.unit_price <= 0
            ]
            if mark is RefundMark.STATE:
                refunds += [(part, self._as_refund(line, is_positive=True)) for part, line in sales]
            return sales, refunds
        return lines, []

    def _read_line(self, values: Mapping[str, object]) -> LineDraft:
        get = values.get
        sku: str | None = get("sku")  # type: ignore[assignment]
        description: str | None = get("description")  # type: ignore[assignment]
        # Intake parses every distinct cell once, so equal numbers are mostly one object, and its id is hashed three times
        # faster than its value. The rows outlive this reader, hence no id is given to another object meanwhile.
        cells = (get("quantity"), get("unit_price"), get("amount"), get("discount"))
        ids = (id(cells[0]), id(cells[1]), id(cells[2]), id(cells[3]))
        line = self._lines.get((sku, description, ids))
        if line is None:
            numbers = self._numbers.get(ids)
            if numbers is None:
                numbers = self._numbers[ids] = line_numbers(*cast("_NumberCells", cells))
            kind = LineKind.ADJUSTMENT if numbers.is_opposite else self._kind_of(sku)
            line = self._lines[sku, description, ids] = line_draft(sku, description, numbers, kind)
        return line

    def _kind_of(self, sku: str | None) -> LineKind:
        kind = self._kinds.get(sku)
        if kind is None:
            kind = self._options.kind_of_code(sku)
            if kind is LineKind.PRODUCT and sku is not None:
                kind = self._listed_kinds.get(sku, kind)
            self._kinds[sku] = kind
        return kind

    def _as_refund(self, line: LineDraft, *, is_positive: bool) -> LineDraft:
        """Return a line as what is given back: positive quantities and amounts; kinds by code, as a return is no adjustment."""
        known = self._refund_lines.get((id(line), is_positive))
        if known is None:
            numbers = line.numbers if is_positive else line.numbers.negated()
            kind = LineKind.ADJUSTMENT if numbers.unit_price < 0 else self._kind_of(line.sku)
            known = line_draft(line.sku, line.description, numbers, kind)
            self._refund_lines[id(line), is_positive] = known
        return known

    def _key_lines(self, number: str, lines: Sequence[tuple[str, LineDraft]]) -> dict[bytes, LineDraft]:
        """Give every line its key. Identical lines of one part are counted; over parts the largest count holds.

        The n-th identical line of any part has the same key, so the union over parts is the maximum.
        """
        counts: dict[tuple[str, bytes], int] = {}
        keyed: dict[bytes, LineDraft] = {}
        prefix = key_prefix(self._source, number)
        for part, line in lines:
            counted = (part, line.content)
            occurrence = counts.get(counted, 0) + 1
            counts[counted] = occurrence
            keyed[line_key(prefix, line.content, occurrence)] = line
        return keyed

    def _read_claims(self, group: Sequence[MappedRow]) -> tuple[IdentifierClaim, ...]:
        claims = []
        for name, value in self._read_first(group, self._identifier_fields).items():
            kind = _IDENTIFIERS[name]
            claims.append(
                IdentifierClaim(
                    kind,
                    value,
                    self._source if kind in _SCOPED else "",
                    self._options.has_verified_phones if kind is IdentifierKind.PHONE else True,
                )
            )
        return tuple(claims)

    @staticmethod
    def _read_payments(group: Sequence[MappedRow]) -> tuple[PaymentDraft, ...]:
        payments: dict[tuple[str, str], PaymentDraft] = {}
        for row in group:
            get = row.values.get
            method, number, amount = get("payment_method"), get("payment_number"), get("paid_amount")
            if method is None and number is None and amount is None:
                continue
            key = (cast(str, method or ""), cast(str, number or ""))
            # Rows repeat the order's payment; the first row that names it counts.
            if key not in payments:
                payments[key] = PaymentDraft(
                    *key, cast("Decimal | None", amount), cast("datetime | None", get("paid_at"))
                )
        return tuple(payments.values())

    @staticmethod
    def _read_shipments(group: Sequence[MappedRow]) -> tuple[ShipmentDraft, ...]:
        shipments: dict[str, ShipmentDraft] = {}
        for row in group:
            get = row.values.get
            number = cast("str | None", get("shipment_number"))
            if number is None or number in shipments:
                continue
            tracks = [
                (state.value, cast(datetime, get(name)))
                for state, name in (
                    (ShipmentState.SHIPPED, "shipped_at"),
                    (ShipmentState.SIGNED, "signed_at"),
                )
                if get(name) is not None
            ]
            word = cast("str | None", get("shipment_state"))
            state = shipment_state_of(word) if word else (tracks[-1][0] if tracks else None)
            shipments[number] = ShipmentDraft(
                number, cast("str | None", get("carrier")), state, word, tuple(tracks)
            )
        return tuple(shipments.values())
