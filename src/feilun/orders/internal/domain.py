"""Pure rules of orders: numbers of a line, its key, totals, the content hash of a record, merging what two files say.

The byte form of keys and hashes is part of stored data: changing it makes every repeated file look new (ADR 0006).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from hashlib import blake2b
from typing import Final, NamedTuple

from feilun.kernel.ids import PersonId
from feilun.kernel.money import AMOUNT_QUANTUM, UNIT_PRICE_QUANTUM
from feilun.orders.contracts import LineKind, OrderKind, OrderState

SEPARATOR: Final = "\x1f"
KEY_BYTES: Final = 16
"""128 bits within one order: no collision in practice."""
ZERO: Final = Decimal(0)

QUANTITY_MAX: Final = Decimal(10) ** 8
UNIT_PRICE_MAX: Final = Decimal(10) ** 9
AMOUNT_MAX: Final = Decimal(10) ** 10
TOTAL_MAX: Final = Decimal(10) ** 13
"""Below numeric(18,4), with room: a line may hold ten billion, an order a thousand such lines."""


class Numbers(NamedTuple):
    """The numbers of a line, rounded as they are stored."""

    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    discount: Decimal
    text: str
    """The four, canonical, separated by tabs: part of the line's key and of the COPY stream."""
    is_opposite: bool
    """Quantity or price is negative: unless it is a refund, nothing was sold."""

    def negated(self) -> "Numbers":
        """Return the numbers of the opposite movement (a sale's line as a refund's)."""
        return _numbers(-self.quantity, self.unit_price, -self.amount, -self.discount)


def plain(number: Decimal) -> str:
    """Return a decimal's one canonical text: no exponent, no trailing zeros, no negative zero."""
    if not number:
        return "0"
    text = str(number)
    if "E" in text:
        text = format(number, "f")  # ten times slower than str, and rarely needed
    return text.rstrip("0").rstrip(".") if "." in text else text


def _numbers(quantity: Decimal, unit_price: Decimal, amount: Decimal, discount: Decimal) -> Numbers:
    text = f"{plain(quantity)}\t{plain(unit_price)}\t{plain(amount)}\t{plain(discount)}"
    is_opposite = quantity < 0 or unit_price < 0
    return Numbers(quantity + ZERO, unit_price + ZERO, amount + ZERO, discount + ZERO, text, is_opposite)


def line_numbers(
    quantity: Decimal | None, unit_price: Decimal | None, amount: Decimal | None, discount: Decimal | None
) -> Numbers:
    """Complete and round the numbers of a line: quantity defaults to 1, price and amount follow from each other.

    An amount given without sign takes the quantity's, because many exports print returned amounts as positive.
    """
    quantity = Decimal(1) if quantity is None else quantity.quantize(AMOUNT_QUANTUM, ROUND_HALF_UP)
    discount = ZERO if discount is None else discount.quantize(AMOUNT_QUANTUM, ROUND_HALF_UP)
    if unit_price is not None:
        unit_price = unit_price.quantize(UNIT_PRICE_QUANTUM, ROUND_HALF_UP)
    if amount is None:
        assert unit_price is not None, "check() refuses lines with neither price nor amount"
        amount = (quantity * unit_price - discount).quantize(AMOUNT_QUANTUM, ROUND_HALF_UP)
    else:
        amount = amount.quantize(AMOUNT_QUANTUM, ROUND_HALF_UP)
        if quantity < 0 and amount > 0 and (unit_price is None or unit_price > 0):
            amount = -amount
        if unit_price is None:
            unit_price = (
                ((amount + discount) / quantity).quantize(UNIT_PRICE_QUANTUM, ROUND_HALF_UP)
                if quantity
                else ZERO
            )
    return _numbers(quantity, unit_price, amount, discount)


class LineDraft(NamedTuple):
    """A line as a file gives it. Equal lines of a batch share one object, so what is derived from it is derived once."""

    sku: str | None
    description: str | None
    numbers: Numbers
    kind: LineKind
    content: bytes
    """What makes it this line and no other: item, description and numbers."""


def line_draft(sku: str | None, description: str | None, numbers: Numbers, kind: LineKind) -> LineDraft:
    """Build a line with its content. Kind is judged by the mapping and may change, so it is no part of the content."""
    content = f"{sku or ''}{SEPARATOR}{description or ''}{SEPARATOR}{numbers.text}{SEPARATOR}"
    return LineDraft(sku, description, numbers, kind, content.encode())


def key_prefix(source: str, number: str) -> bytes:
    """Return what the keys of all lines of a record begin with."""
    return f"{source}{SEPARATOR}{number}{SEPARATOR}".encode()


def line_key(prefix: bytes, content: bytes, occurrence: int) -> bytes:
    """Return a line's identity: source, order number, content, and the how-many-eth identical line of its order it is."""
    return blake2b(b"%b%b%d" % (prefix, content, occurrence), digest_size=KEY_BYTES).digest()


class LiveLine(NamedTuple):
    """What totals and hash need to know of a line."""

    key: bytes
    kind: LineKind
    amount: Decimal
    discount: Decimal


class PaymentDraft(NamedTuple):
    """A payment as a file gives it."""

    method: str
    number: str
    amount: Decimal | None
    paid_at: datetime | None


class ShipmentDraft(NamedTuple):
    """A shipment as a file gives it, with the steps its columns tell."""

    number: str
    carrier: str | None
    state: str | None
    raw_state: str | None
    tracks: tuple[tuple[str, datetime], ...]


@dataclass(slots=True)
class Draft:
    """An order or refund as one input gives it: what is said of its head, its lines by key, its customer."""

    number: str
    head: dict[str, object]
    """Head columns the input gives a value for; 'happened_at' is when it was ordered or refunded."""
    lines: dict[bytes, LineDraft]
    person_id: PersonId | None = None
    payments: tuple[PaymentDraft, ...] = ()
    shipments: tuple[ShipmentDraft, ...] = ()


class Totals(NamedTuple):
    """Derived columns of a head."""

    line_count: int
    goods_amount: Decimal
    fee_amount: Decimal
    adjustment_amount: Decimal
    discount: Decimal
    has_goods: bool
    kind: OrderKind

    @property
    def lines_amount(self) -> Decimal:
        """The sum of all lines."""
        return self.goods_amount + self.fee_amount + self.adjustment_amount


def order_total(lines: Decimal, values: Mapping[str, object]) -> Decimal:
    """Return what an order comes to: the total its source states, else its lines less the discount on the whole order."""
    stated, discount = values.get("stated_total"), values.get("order_discount")
    if isinstance(stated, Decimal):
        return stated
    return lines - discount if isinstance(discount, Decimal) else lines


def total_up(lines: Iterable[LiveLine]) -> Totals:
    """Add up lines. A record of nothing but adjustments is an adjustment itself."""
    count = goods_count = fee_count = 0
    goods = fee = adjustment = discount = ZERO
    for line in lines:
        count += 1
        kind = line.kind
        if kind is LineKind.PRODUCT:
            goods += line.amount
            goods_count += 1
        elif kind is LineKind.FEE:
            fee += line.amount
            fee_count += 1
        else:
            adjustment += line.amount
        if line.discount:
            discount += line.discount
    order_kind = OrderKind.ADJUSTMENT if count and not goods_count and not fee_count else OrderKind.SALE
    return Totals(count, goods, fee, adjustment, discount, goods_count > 0, order_kind)


@dataclass(slots=True)
class Head:
    """A head ready to be stored."""

    number: str
    person_id: PersonId | None
    values: Mapping[str, object]
    totals: Totals
    content_hash: bytes
    record_id: int | None = None
    """The stored order's or refund's id; None when it is new."""

    @property
    def total_amount(self) -> Decimal:
        """What the order comes to; nothing when all its lines are removed."""
        return order_total(self.totals.lines_amount, self.values) if self.totals.line_count else ZERO


def complete(values: Mapping[str, object], *, currency: str) -> dict[str, object]:
    """Fill in what no file has said: a record without state is a finished one, its currency the mapping's."""
    result = dict(values)
    result["state"] = result.get("state") or OrderState.COMPLETED.value
    result["currency"] = result.get("currency") or currency
    return result


def merge_heads(
    stored: Mapping[str, object], said: Mapping[str, object], *, is_whole: bool
) -> dict[str, object]:
    """Return a head after an input: what the input is silent about stays; the time is the earliest row's."""
    merged = dict(stored)
    merged.update({name: value for name, value in said.items() if value is not None})
    before, now = stored.get("happened_at"), said.get("happened_at")
    if not is_whole and isinstance(before, datetime) and isinstance(now, datetime):
        merged["happened_at"] = min(before, now)
    return merged


def content_hash(
    columns: Iterable[str], later: Iterable[str], values: Mapping[str, object], lines: Iterable[LiveLine]
) -> bytes:
    """Return the digest of a record's whole state, by which a repeated input is recognised. Ids are not part of it.

    `later` columns came after the first release: they count only where they have a value, so that the digests stored before
    still hold.
    """
    digest = blake2b(digest_size=KEY_BYTES)
    head = SEPARATOR.join([_canonical(values.get(column)) for column in columns])
    for column in later:
        if values.get(column) is not None:
            head += f"{SEPARATOR}{column}={_canonical(values[column])}"
    digest.update(head.encode())
    # Compared by identity, because an enum's hash is a Python call and this runs for every line.
    product, fee = LineKind.PRODUCT, LineKind.FEE
    marked = [
        line.key + (b"p" if line.kind is product else b"f" if line.kind is fee else b"a") for line in lines
    ]
    digest.update(b"".join(sorted(marked)))
    return digest.digest()


def _canonical(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Decimal):
        return plain(value)
    return str(value)


@dataclass(slots=True)
class Difference:
    """What an input changes on a stored record's lines."""

    added: dict[bytes, LineDraft] = field(default_factory=dict)
    removed: list[int] = field(default_factory=list)
    restored: list[int] = field(default_factory=list)
    rekinded: dict[int, LineKind] = field(default_factory=dict)
    """Line id → kind, where the mapping now judges a line differently."""
    live: list[LiveLine] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether no line changes."""
        return not (self.added or self.removed or self.restored or self.rekinded)


class StoredLine(NamedTuple):
    """A stored line as comparison needs it."""

    line_id: int
    key: bytes
    kind: LineKind
    amount: Decimal
    discount: Decimal
    is_removed: bool


def compare_lines(
    stored: Iterable[StoredLine], incoming: Mapping[bytes, LineDraft], *, is_whole: bool
) -> Difference:
    """Compare lines by key. Only a whole input makes missing lines disappear."""
    difference = Difference()
    known: set[bytes] = set()
    for line in stored:
        known.add(line.key)
        draft = incoming.get(line.key)
        if draft is None:
            if line.is_removed:
                continue
            if is_whole:
                difference.removed.append(line.line_id)
                continue
            difference.live.append(LiveLine(line.key, line.kind, line.amount, line.discount))
            continue
        if line.is_removed:
            difference.restored.append(line.line_id)
        if draft.kind is not line.kind:
            difference.rekinded[line.line_id] = draft.kind
        difference.live.append(LiveLine(line.key, draft.kind, line.amount, line.discount))
    for key, draft in incoming.items():
        if key not in known:
            difference.added[key] = draft
            difference.live.append(LiveLine(key, draft.kind, draft.numbers.amount, draft.numbers.discount))
    return difference
