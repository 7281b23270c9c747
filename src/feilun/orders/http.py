"""Endpoints of the orders room."""

from datetime import datetime
from decimal import Decimal

from fastapi import APIRouter
from pydantic import BaseModel

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.identity import api as identity
from feilun.kernel.ids import OrderId, PersonId, from_opaque, opaque
from feilun.orders import api
from feilun.orders.contracts import (
    LineKind,
    Order,
    OrderKind,
    OrderState,
    RefundLine,
    ShipmentState,
    UnmatchedReason,
)
from feilun.orders.errors import CustomerNotFound, OrderNotFound
from feilun.platform.db import UnitOfWork
from feilun.platform.http import Page, PageDep, UowDep

router = APIRouter(prefix="/api/v1", tags=["orders"])


class OrderOut(BaseModel):
    """The head of one order."""

    id: str
    customer_id: str | None
    source: str
    number: str
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
    order_discount: Decimal | None
    stated_total: Decimal | None
    total_amount: Decimal
    paid_amount: Decimal | None
    refunded_amount: Decimal
    removed_at: datetime | None


class OrderLineOut(BaseModel):
    """One line of an order."""

    product_id: str | None
    kind: LineKind
    sku: str | None
    description: str | None
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    discount: Decimal
    refunded_quantity: Decimal


class PaymentOut(BaseModel):
    """Money received for an order."""

    method: str
    number: str
    amount: Decimal | None
    paid_at: datetime | None


class ShipmentTrackOut(BaseModel):
    """One step of a shipment's way."""

    state: ShipmentState
    happened_at: datetime


class ShipmentOut(BaseModel):
    """A parcel of an order."""

    number: str
    carrier: str | None
    state: ShipmentState
    raw_state: str | None
    tracks: list[ShipmentTrackOut]


class OrderDetailOut(OrderOut):
    """An order with all its parts."""

    lines: list[OrderLineOut]
    payments: list[PaymentOut]
    shipments: list[ShipmentOut]


class RefundMatchOut(BaseModel):
    """Which purchase a refund line gives back, and how much of it."""

    order_id: str
    order_number: str
    ordered_at: datetime
    quantity: Decimal


class RefundLineOut(BaseModel):
    """One line of a refund."""

    refund_number: str
    source: str
    refunded_at: datetime
    currency: str
    customer_id: str | None
    product_id: str | None
    kind: LineKind
    sku: str | None
    description: str | None
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    matched_quantity: Decimal
    unmatched_reason: UnmatchedReason | None
    matches: list[RefundMatchOut]


class RefundOut(BaseModel):
    """One refund with its lines."""

    id: str
    customer_id: str | None
    source: str
    number: str
    with_goods: bool
    state: OrderState
    raw_state: str | None
    refund_of: str | None
    refunded_at: datetime
    store_code: str | None
    channel: str | None
    currency: str
    goods_amount: Decimal
    fee_amount: Decimal
    adjustment_amount: Decimal
    total_amount: Decimal
    lines: list[RefundLineOut]


class OrderTotalsOut(BaseModel):
    """Everything stored of one source and currency."""

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


Roots = dict[PersonId, PersonId]


def _customer(person_id: PersonId | None, roots: Roots) -> str | None:
    return None if person_id is None else opaque("c", roots[person_id])


def _roots(uow: UnitOfWork, person_ids: set[PersonId | None]) -> Roots:
    return identity.root_of(uow, [person_id for person_id in person_ids if person_id is not None])


def _members(uow: UnitOfWork, customer_id: str) -> list[PersonId]:
    number = from_opaque("c", customer_id)
    if number is None or not identity.list_persons(uow, [PersonId(number)]):
        raise CustomerNotFound(f"no customer {customer_id!r}")
    return identity.member_ids(uow, PersonId(number))


def _order_values(order: Order, roots: Roots) -> dict[str, object]:
    names = OrderOut.model_fields.keys() - {"id", "customer_id"}
    values: dict[str, object] = {name: getattr(order, name) for name in names}
    return values | {"id": opaque("o", order.order_id), "customer_id": _customer(order.person_id, roots)}


def _refund_line_out(line: RefundLine, roots: Roots) -> RefundLineOut:
    return RefundLineOut(
        refund_number=line.refund_number,
        source=line.source,
        refunded_at=line.refunded_at,
        currency=line.currency,
        customer_id=_customer(line.person_id, roots),
        product_id=opaque("p", line.product_id) if line.product_id else None,
        kind=line.kind,
        sku=line.sku,
        description=line.description,
        quantity=line.quantity,
        unit_price=line.unit_price,
        amount=line.amount,
        matched_quantity=line.matched_quantity,
        unmatched_reason=line.unmatched_reason,
        matches=[
            RefundMatchOut(
                order_id=opaque("o", match.order_id),
                order_number=match.order_number,
                ordered_at=match.ordered_at,
                quantity=match.quantity,
            )
            for match in line.matches
        ],
    )


@router.get("/customers/{customer_id}/orders", operation_id="listCustomerOrders")
def list_customer_orders(
    customer_id: str, page: PageDep, uow: UowDep, caller: Caller = Guard("orders.read")
) -> Page[OrderOut]:
    """List a customer's orders, newest first, with those of the person records merged into it."""
    orders, total = api.list_orders(uow, _members(uow, customer_id), limit=page.page_size, offset=page.offset)
    roots = _roots(uow, {order.person_id for order in orders})
    return Page(
        items=[OrderOut.model_validate(_order_values(order, roots)) for order in orders],
        total=total,
        page=page.page,
        page_size=page.page_size,
    )


@router.get("/customers/{customer_id}/refunds", operation_id="listCustomerRefunds")
def list_customer_refunds(
    customer_id: str, page: PageDep, uow: UowDep, caller: Caller = Guard("orders.read")
) -> Page[RefundOut]:
    """List a customer's refunds, newest first, and what they give back."""
    refunds, total = api.list_refunds(
        uow, _members(uow, customer_id), limit=page.page_size, offset=page.offset
    )
    roots = _roots(uow, {refund.person_id for refund in refunds})
    return Page(
        items=[
            RefundOut(
                id=opaque("rf", refund.refund_id),
                customer_id=_customer(refund.person_id, roots),
                source=refund.source,
                number=refund.number,
                with_goods=refund.with_goods,
                state=refund.state,
                raw_state=refund.raw_state,
                refund_of=refund.refund_of,
                refunded_at=refund.refunded_at,
                store_code=refund.store_code,
                channel=refund.channel,
                currency=refund.currency,
                goods_amount=refund.goods_amount,
                fee_amount=refund.fee_amount,
                adjustment_amount=refund.adjustment_amount,
                total_amount=refund.total_amount,
                lines=[_refund_line_out(line, roots) for line in refund.lines],
            )
            for refund in refunds
        ],
        total=total,
        page=page.page,
        page_size=page.page_size,
    )


@router.get("/orders/totals", operation_id="getOrderTotals")
def get_order_totals(uow: UowDep, caller: Caller = Guard("orders.read")) -> list[OrderTotalsOut]:
    """Return what is stored by source and currency, for checking against the source."""
    names = OrderTotalsOut.model_fields.keys()
    return [OrderTotalsOut(**{name: getattr(total, name) for name in names}) for total in api.get_totals(uow)]


@router.get("/orders/{order_id}", operation_id="getOrder")
def get_order(order_id: str, uow: UowDep, caller: Caller = Guard("orders.read")) -> OrderDetailOut:
    """Return an order with its lines, payments and shipments."""
    number = from_opaque("o", order_id)
    if number is None:
        raise OrderNotFound(f"no order {order_id!r}")
    detail = api.get_order(uow, OrderId(number))
    roots = _roots(uow, {detail.order.person_id})
    return OrderDetailOut.model_validate(
        _order_values(detail.order, roots)
        | {
            "lines": [
                OrderLineOut(
                    product_id=opaque("p", line.product_id) if line.product_id else None,
                    kind=line.kind,
                    sku=line.sku,
                    description=line.description,
                    quantity=line.quantity,
                    unit_price=line.unit_price,
                    amount=line.amount,
                    discount=line.discount,
                    refunded_quantity=line.refunded_quantity,
                )
                for line in detail.lines
            ],
            "payments": [
                PaymentOut(method=p.method, number=p.number, amount=p.amount, paid_at=p.paid_at)
                for p in detail.payments
            ],
            "shipments": [
                ShipmentOut(
                    number=s.number,
                    carrier=s.carrier,
                    state=s.state,
                    raw_state=s.raw_state,
                    tracks=[ShipmentTrackOut(state=t.state, happened_at=t.happened_at) for t in s.tracks],
                )
                for s in detail.shipments
            ],
        }
    )


@router.get("/refunds", operation_id="listRefundLines")
def list_refund_lines(
    page: PageDep,
    uow: UowDep,
    matched: bool | None = None,
    reason: UnmatchedReason | None = None,
    caller: Caller = Guard("orders.read"),
) -> Page[RefundLineOut]:
    """List refund lines, newest first; `matched=false`: those that no earlier purchase wholly explains."""
    lines, total = api.list_refund_lines(
        uow, matched=matched, reason=reason, limit=page.page_size, offset=page.offset
    )
    roots = _roots(uow, {line.person_id for line in lines})
    return Page(
        items=[_refund_line_out(line, roots) for line in lines],
        total=total,
        page=page.page,
        page_size=page.page_size,
    )
