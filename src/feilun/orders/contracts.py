"""What orders tell."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from feilun.kernel.ids import OrderId, PersonId, ProductId

RefundId = NewType("RefundId", int)
OrderLineId = NewType("OrderLineId", int)
RefundLineId = NewType("RefundLineId", int)


class OrderState(StrEnum):
    """Standard states of orders and refunds; the source's own word is kept beside it."""

    UNPAID = "unpaid"
    PAID = "paid"
    PART_SHIPPED = "part_shipped"
    SHIPPED = "shipped"
    SIGNED = "signed"
    COMPLETED = "completed"
    CLOSED = "closed"


class OrderKind(StrEnum):
    """Whether something was sold."""

    SALE = "sale"
    ADJUSTMENT = "adjustment"
    """Only stock or book corrections: counted in totals, never as an order of a customer."""


class LineKind(StrEnum):
    """What a line's amount is; only product lines are product sales."""

    PRODUCT = "product"
    FEE = "fee"
    ADJUSTMENT = "adjustment"


class UnmatchedReason(StrEnum):
    """Why a refund line (or what is left of it) gives back no purchase."""

    PENDING = "pending"
    """Matching has not run yet; it does at the end of an import."""
    ANONYMOUS = "anonymous"
    NO_PRODUCT = "no_product"
    NO_PURCHASE = "no_purchase"
    """The person bought no such item at this price before."""
    EXCEEDS = "exceeds"
    """More is returned than was bought and not yet returned."""
    CORRECTION = "correction"
    """The line takes a refund back (it adds to sales)."""
    ORDER_UNKNOWN = "order_unknown"
    """The refund names an order that has not come in."""
    NOT_IN_ORDER = "not_in_order"
    """The order that the refund names has no such item."""


class ShipmentState(StrEnum):
    """Where a shipment is."""

    CREATED = "created"
    SHIPPED = "shipped"
    SIGNED = "signed"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The head of one order. Amounts are in `currency` and count only lines that are not removed."""

    order_id: OrderId
    source: str
    number: str
    person_id: PersonId | None
    """The person record it came with; None for an anonymous sale."""
    kind: OrderKind
    state: OrderState
    raw_state: str | None
    ordered_at: datetime
    paid_at: datetime | None
    completed_at: datetime | None
    store_code: str | None
    channel: str | None
    currency: str
    country: str | None
    province: str | None
    city: str | None
    line_count: int
    goods_amount: Decimal
    fee_amount: Decimal
    adjustment_amount: Decimal
    discount: Decimal
    """Of its lines, already in their amounts."""
    order_discount: Decimal | None
    """On the whole order, as its source says; in no line's amount."""
    stated_total: Decimal | None
    """The total that the source itself says."""
    total_amount: Decimal
    """`stated_total`, else the sum of the lines less `order_discount`."""
    paid_amount: Decimal | None
    refunded_amount: Decimal
    """Of its lines, by matched refunds."""
    removed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One line of an order; quantity × unit price − discount is usually its amount, but the source's amount wins."""

    line_id: OrderLineId
    product_id: ProductId | None
    kind: LineKind
    sku: str | None
    description: str | None
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    discount: Decimal
    refunded_quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money received for an order."""

    method: str
    number: str
    amount: Decimal | None
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class ShipmentTrack:
    """One step of a shipment's way."""

    state: ShipmentState
    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """A parcel of an order and its way."""

    number: str
    carrier: str | None
    state: ShipmentState
    raw_state: str | None
    tracks: tuple[ShipmentTrack, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDetail:
    """An order with all its parts."""

    order: Order
    lines: tuple[OrderLine, ...]
    payments: tuple[Payment, ...]
    shipments: tuple[Shipment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundMatch:
    """How much of a refund line gives back which order line."""

    order_id: OrderId
    order_number: str
    order_line_id: OrderLineId
    ordered_at: datetime
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLine:
    """One line of a refund. Quantity and amount are positive for what is given back, negative for a correction."""

    line_id: RefundLineId
    refund_id: RefundId
    refund_number: str
    source: str
    refunded_at: datetime
    currency: str
    person_id: PersonId | None
    product_id: ProductId | None
    kind: LineKind
    sku: str | None
    description: str | None
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    matched_quantity: Decimal
    unmatched_reason: UnmatchedReason | None
    """None when the whole quantity is matched."""
    matches: tuple[RefundMatch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """The head of one refund. Amounts are positive when money is given back."""

    refund_id: RefundId
    source: str
    number: str
    person_id: PersonId | None
    with_goods: bool
    state: OrderState
    raw_state: str | None
    refund_of: str | None
    """Number of the order that the source says it gives back."""
    refunded_at: datetime
    store_code: str | None
    channel: str | None
    currency: str
    line_count: int
    goods_amount: Decimal
    fee_amount: Decimal
    adjustment_amount: Decimal
    total_amount: Decimal
    lines: tuple[RefundLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFigures:
    """A customer's history in numbers, in the currency of most of their orders.

    Counted orders are sales that are neither unpaid nor closed nor removed. Orders and refunds in other currencies are left
    out and named in `other_currencies`.
    """

    person_id: PersonId
    currency: str
    orders: int
    net_spend: Decimal
    """Totals of counted orders less refunds."""
    product_sales: Decimal
    """Product lines of counted orders, before refunds."""
    refunds: int
    refund_amount: Decimal
    return_rate: Decimal | None
    """Refunded product amount / product sales, 4 decimals; None without product sales."""
    average_basket: Decimal | None
    """Totals of counted orders / their number, 2 decimals; None without orders."""
    first_ordered_at: datetime | None
    last_ordered_at: datetime | None
    other_currencies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTotals:
    """Everything taken in of one source and currency, for checking against it: lines and amounts that are not removed."""

    source: str
    currency: str
    orders: int
    adjustment_orders: int
    anonymous_orders: int
    order_lines: int
    order_amount: Decimal
    product_sales: Decimal
    fee_amount: Decimal
    adjustment_amount: Decimal
    refunds: int
    refund_lines: int
    refund_amount: Decimal
    matched_refund_lines: int
    net_amount: Decimal
    """Orders less refunds: the sum of the source's own signed lines."""
