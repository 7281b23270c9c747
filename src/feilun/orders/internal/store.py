"""SQL for reading orders, refunds and figures."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from sqlalchemy import Row, text

from feilun.kernel.ids import OrderId, PersonId, ProductId
from feilun.orders.contracts import (
    LineKind,
    Order,
    OrderFigures,
    OrderKind,
    OrderLine,
    OrderLineId,
    OrderState,
    OrderTotals,
    Payment,
    Refund,
    RefundId,
    RefundLine,
    RefundLineId,
    RefundMatch,
    Shipment,
    ShipmentState,
    ShipmentTrack,
    UnmatchedReason,
)
from feilun.platform.db import UnitOfWork

_ORDER: Final = (
    "o.order_id, o.source, o.number, o.person_id, o.kind, o.state, o.raw_state, o.ordered_at, o.paid_at, o.completed_at,"
    " o.store_code, o.channel, o.currency, o.country, o.province, o.city, o.line_count, o.goods_amount, o.fee_amount,"
    " o.adjustment_amount, o.discount, o.order_discount, o.stated_total, o.total_amount, o.paid_amount, o.removed_at,"
    " (SELECT coalesce(sum(round(r.amount * m.quantity / r.quantity, 4)), 0) FROM order_lines l"
    "  JOIN refund_matches m ON m.order_line_id = l.line_id JOIN refund_lines r ON r.line_id = m.refund_line_id"
    "  WHERE l.order_id = o.order_id) AS refunded_amount"
)
_REFUND: Final = (
    "refund_id, source, number, person_id, with_goods, state, raw_state, refund_of, refunded_at, store_code, channel, currency,"
    " line_count, goods_amount, fee_amount, adjustment_amount, total_amount"
)
_REFUND_LINE: Final = (
    "l.line_id, l.refund_id, r.number, r.source, r.refunded_at, r.currency, l.person_id, l.product_id, l.kind, l.sku,"
    " l.description, l.quantity, l.unit_price, l.amount, l.matched_quantity, l.unmatched_reason"
)
IS_COUNTED: Final = "removed_at IS NULL AND state NOT IN ('unpaid', 'closed')"
"""Which orders and refunds happened, in money: the one definition behind every figure of this room."""
_RATE: Final = Decimal("0.0001")
_CENT: Final = Decimal("0.01")


def _person(number: int | None) -> PersonId | None:
    return None if number is None else PersonId(number)


def _product(number: int | None) -> ProductId | None:
    return None if number is None else ProductId(number)


def _order_of(row: Row[tuple[object, ...]]) -> Order:
    return Order(
        order_id=OrderId(row.order_id),
        source=row.source,
        number=row.number,
        person_id=_person(row.person_id),
        kind=OrderKind(row.kind),
        state=OrderState(row.state),
        raw_state=row.raw_state,
        ordered_at=row.ordered_at,
        paid_at=row.paid_at,
        completed_at=row.completed_at,
        store_code=row.store_code,
        channel=row.channel,
        currency=row.currency,
        country=row.country,
        province=row.province,
        city=row.city,
        line_count=row.line_count,
        goods_amount=row.goods_amount,
        fee_amount=row.fee_amount,
        adjustment_amount=row.adjustment_amount,
        discount=row.discount,
        order_discount=row.order_discount,
        stated_total=row.stated_total,
        total_amount=row.total_amount,
        paid_amount=row.paid_amount,
        refunded_amount=row.refunded_amount,
        removed_at=row.removed_at,
    )


def select_order_page(
    uow: UnitOfWork, person_ids: Sequence[PersonId], *, limit: int, offset: int
) -> tuple[list[Order], int]:
    """Return one page of some person records' orders, newest first, and how many there are."""
    values = {"ids": list(person_ids), "limit": limit, "offset": offset}
    where = "o.person_id = ANY(:ids) AND o.removed_at IS NULL"
    total = uow.connection.execute(text(f"SELECT count(*) FROM orders o WHERE {where}"), values).scalar_one()
    rows = uow.connection.execute(
        text(
            f"SELECT {_ORDER} FROM orders o WHERE {where}"
            " ORDER BY o.ordered_at DESC, o.order_id DESC LIMIT :limit OFFSET :offset"
        ),
        values,
    )
    return [_order_of(row) for row in rows], int(total)


def select_orders(uow: UnitOfWork, order_ids: Iterable[int]) -> dict[OrderId, Order]:
    """Return orders by id, removed ones included."""
    rows = uow.connection.execute(
        text(f"SELECT {_ORDER} FROM orders o WHERE o.order_id = ANY(:ids)"), {"ids": list(order_ids)}
    )
    return {order.order_id: order for order in map(_order_of, rows)}


def select_order_lines(uow: UnitOfWork, order_id: OrderId) -> list[OrderLine]:
    """Return an order's lines in the file's order, without removed ones."""
    rows = uow.connection.execute(
        text(
            "SELECT l.line_id, l.product_id, l.kind, l.sku, l.description, l.quantity, l.unit_price, l.amount, l.discount,"
            " (SELECT coalesce(sum(m.quantity), 0) FROM refund_matches m WHERE m.order_line_id = l.line_id) AS refunded"
            " FROM order_lines l WHERE l.order_id = :id AND l.removed_at IS NULL ORDER BY l.line_id"
        ),
        {"id": order_id},
    )
    return [
        OrderLine(
            line_id=OrderLineId(row.line_id),
            product_id=_product(row.product_id),
            kind=LineKind(row.kind),
            sku=row.sku,
            description=row.description,
            quantity=row.quantity,
            unit_price=row.unit_price,
            amount=row.amount,
            discount=row.discount,
            refunded_quantity=row.refunded,
        )
        for row in rows
    ]


def select_payments(uow: UnitOfWork, order_id: OrderId) -> list[Payment]:
    """Return an order's payments."""
    rows = uow.connection.execute(
        text("SELECT method, number, amount, paid_at FROM payments WHERE order_id = :id ORDER BY payment_id"),
        {"id": order_id},
    )
    return [Payment(method=r.method, number=r.number, amount=r.amount, paid_at=r.paid_at) for r in rows]


def select_shipments(uow: UnitOfWork, order_id: OrderId) -> list[Shipment]:
    """Return an order's shipments with their tracks."""
    rows = uow.connection.execute(
        text(
            "SELECT s.shipment_id, s.number, s.carrier, s.state, s.raw_state, t.state AS track_state, t.happened_at"
            " FROM shipments s LEFT JOIN shipment_tracks t USING (shipment_id) WHERE s.order_id = :id"
            " ORDER BY s.shipment_id, t.happened_at, t.state"
        ),
        {"id": order_id},
    ).all()
    tracks: dict[int, list[ShipmentTrack]] = {row.shipment_id: [] for row in rows}
    for row in rows:
        if row.happened_at is not None:
            tracks[row.shipment_id].append(ShipmentTrack(ShipmentState(row.track_state), row.happened_at))
    first = {row.shipment_id: row for row in reversed(rows)}
    return [
        Shipment(
            number=first[shipment_id].number,
            carrier=first[shipment_id].carrier,
            state=ShipmentState(first[shipment_id].state),
            raw_state=first[shipment_id].raw_state,
            tracks=tuple(steps),
        )
        for shipment_id, steps in tracks.items()
    ]


def select_refund_page(
    uow: UnitOfWork, person_ids: Sequence[PersonId], *, limit: int, offset: int
) -> tuple[list[Refund], int]:
    """Return one page of some person records' refunds with their lines, newest first, and how many there are."""
    values = {"ids": list(person_ids), "limit": limit, "offset": offset}
    where = "person_id = ANY(:ids) AND removed_at IS NULL"
    total = uow.connection.execute(text(f"SELECT count(*) FROM refunds WHERE {where}"), values).scalar_one()
    rows = uow.connection.execute(
        text(
            f"SELECT {_REFUND} FROM refunds WHERE {where} ORDER BY refunded_at DESC, refund_id DESC LIMIT :limit OFFSET :offset"
        ),
        values,
    ).all()
    lines = uow.connection.execute(
        text(
            f"SELECT {_REFUND_LINE} FROM refund_lines l JOIN refunds r USING (refund_id)"
            " WHERE l.refund_id = ANY(:ids) AND l.removed_at IS NULL ORDER BY l.line_id"
        ),
        {"ids": [row.refund_id for row in rows]},
    )
    by_refund: dict[int, list[RefundLine]] = {row.refund_id: [] for row in rows}
    for line in _refund_lines_of(uow, lines.all()):
        by_refund[line.refund_id].append(line)
    return [_refund_of(row, by_refund[row.refund_id]) for row in rows], int(total)


def _refund_of(row: Row[tuple[object, ...]], lines: Sequence[RefundLine]) -> Refund:
    return Refund(
        refund_id=RefundId(row.refund_id),
        source=row.source,
        number=row.number,
        person_id=_person(row.person_id),
        with_goods=row.with_goods,
        state=OrderState(row.state),
        raw_state=row.raw_state,
        refund_of=row.refund_of,
        refunded_at=row.refunded_at,
        store_code=row.store_code,
        channel=row.channel,
        currency=row.currency,
        line_count=row.line_count,
        goods_amount=row.goods_amount,
        fee_amount=row.fee_amount,
        adjustment_amount=row.adjustment_amount,
        total_amount=row.total_amount,
        lines=tuple(lines),
    )


def select_refund_line_page(
    uow: UnitOfWork, *, is_matched: bool | None, reason: UnmatchedReason | None, limit: int, offset: int
) -> tuple[list[RefundLine], int]:
    """Return one page of refund lines, newest first, matched wholly or not, and how many there are."""
    conditions = ["l.removed_at IS NULL"]
    if is_matched is not None:
        conditions.append("l.unmatched_reason = ''" if is_matched else "l.unmatched_reason <> ''")
    if reason is not None:
        conditions.append("l.unmatched_reason = :reason")
    where = " AND ".join(conditions)
    values = {"reason": reason and reason.value, "limit": limit, "offset": offset}
    total = uow.connection.execute(
        text(f"SELECT count(*) FROM refund_lines l WHERE {where}"), values
    ).scalar_one()
    rows = uow.connection.execute(
        text(
            f"SELECT {_REFUND_LINE} FROM refund_lines l JOIN refunds r USING (refund_id) WHERE {where}"
            " ORDER BY r.refunded_at DESC, l.line_id DESC LIMIT :limit OFFSET :offset"
        ),
        values,
    )
    return _refund_lines_of(uow, rows.all()), int(total)


def _refund_lines_of(uow: UnitOfWork, rows: Sequence[Row[tuple[object, ...]]]) -> list[RefundLine]:
    matches: dict[int, list[RefundMatch]] = {row.line_id: [] for row in rows}
    found = uow.connection.execute(
        text(
            "SELECT m.refund_line_id, m.quantity, m.order_line_id, o.order_id, o.number, o.ordered_at FROM refund_matches m"
            " JOIN order_lines l ON l.line_id = m.order_line_id JOIN orders o ON o.order_id = l.order_id"
            " WHERE m.refund_line_id = ANY(:ids) ORDER BY o.ordered_at DESC, m.order_line_id"
        ),
        {"ids": list(matches)},
    )
    for row in found:
        matches[row.refund_line_id].append(
            RefundMatch(
                order_id=OrderId(row.order_id),
                order_number=row.number,
                order_line_id=OrderLineId(row.order_line_id),
                ordered_at=row.ordered_at,
                quantity=row.quantity,
            )
        )
    return [
        RefundLine(
            line_id=RefundLineId(row.line_id),
            refund_id=RefundId(row.refund_id),
            refund_number=row.number,
            source=row.source,
            refunded_at=row.refunded_at,
            currency=row.currency,
            person_id=_person(row.person_id),
            product_id=_product(row.product_id),
            kind=LineKind(row.kind),
            sku=row.sku,
            description=row.description,
            quantity=row.quantity,
            unit_price=row.unit_price,
            amount=row.amount,
            matched_quantity=row.matched_quantity,
            unmatched_reason=UnmatchedReason(row.unmatched_reason) if row.unmatched_reason else None,
            matches=tuple(matches[row.line_id]),
        )
        for row in rows
    ]


def select_figures(
    uow: UnitOfWork, members: Mapping[PersonId, Sequence[PersonId]]
) -> dict[PersonId, OrderFigures]:
    """Return figures of customers, each given with all their person records; those without orders and refunds are absent."""
    pairs = [(person_id, member) for person_id, group in members.items() for member in group]
    rows = uow.connection.execute(
        text(
            "WITH people AS (SELECT * FROM unnest(CAST(:persons AS bigint[]), CAST(:members AS bigint[])) AS p (person_id, member)),"
            " sold AS (SELECT p.person_id, o.currency, count(*) AS orders, sum(o.total_amount) AS total,"
            "  sum(o.goods_amount) AS goods, min(o.ordered_at) AS first, max(o.ordered_at) AS last"
            f" FROM people p JOIN orders o ON o.person_id = p.member WHERE o.kind = 'sale' AND {IS_COUNTED} GROUP BY 1, 2),"
            " returned AS (SELECT p.person_id, r.currency, count(*) AS refunds, sum(r.total_amount) AS total,"
            "  sum(r.goods_amount) AS goods"
            f" FROM people p JOIN refunds r ON r.person_id = p.member WHERE {IS_COUNTED} GROUP BY 1, 2)"
            " SELECT person_id, currency, coalesce(s.orders, 0) AS orders, coalesce(s.total, 0) AS sold, coalesce(s.goods, 0)"
            "  AS goods, s.first, s.last, coalesce(r.refunds, 0) AS refunds, coalesce(r.total, 0) AS returned,"
            "  coalesce(r.goods, 0) AS returned_goods FROM sold s FULL JOIN returned r USING (person_id, currency)"
            " ORDER BY person_id, orders DESC, refunds DESC, currency"
        ),
        {"persons": [pair[0] for pair in pairs], "members": [pair[1] for pair in pairs]},
    )
    by_person: dict[PersonId, list[Row[tuple[object, ...]]]] = {}
    for row in rows:
        by_person.setdefault(PersonId(row.person_id), []).append(row)
    return {person_id: _figures_of(person_id, currencies) for person_id, currencies in by_person.items()}


def _figures_of(person_id: PersonId, currencies: Sequence[Row[tuple[object, ...]]]) -> OrderFigures:
    main = currencies[0]
    return OrderFigures(
        person_id=person_id,
        currency=main.currency,
        orders=main.orders,
        net_spend=main.sold - main.returned,
        product_sales=main.goods,
        refunds=main.refunds,
        refund_amount=main.returned,
        return_rate=(main.returned_goods / main.goods).quantize(_RATE, ROUND_HALF_UP)
        if main.goods > 0
        else None,
        average_basket=(main.sold / main.orders).quantize(_CENT, ROUND_HALF_UP) if main.orders else None,
        first_ordered_at=main.first,
        last_ordered_at=main.last,
        other_currencies=tuple(row.currency for row in currencies[1:]),
    )


def select_totals(uow: UnitOfWork) -> list[OrderTotals]:
    """Return what is stored, by source and currency."""
    rows = uow.connection.execute(
        text(
            "WITH sold AS (SELECT source, currency, count(*) AS orders, count(*) FILTER (WHERE kind = 'adjustment') AS adjustments,"
            "  count(*) FILTER (WHERE person_id IS NULL) AS anonymous, sum(line_count) AS lines, sum(total_amount) AS amount,"
            "  sum(goods_amount) AS goods, sum(fee_amount) AS fees, sum(adjustment_amount) AS adjusted"
            "  FROM orders WHERE removed_at IS NULL GROUP BY source, currency),"
            " returned AS (SELECT source, currency, count(*) AS refunds, sum(line_count) AS lines, sum(total_amount) AS amount"
            "  FROM refunds WHERE removed_at IS NULL GROUP BY source, currency),"
            " matched AS (SELECT r.source, r.currency, count(*) AS lines FROM refund_lines l JOIN refunds r USING (refund_id)"
            "  WHERE l.removed_at IS NULL AND l.unmatched_reason = '' GROUP BY r.source, r.currency)"
            " SELECT source, currency, coalesce(s.orders, 0) AS orders, coalesce(s.adjustments, 0) AS adjustments,"
            "  coalesce(s.anonymous, 0) AS anonymous, coalesce(s.lines, 0) AS lines, coalesce(s.amount, 0) AS amount,"
            "  coalesce(s.goods, 0) AS goods, coalesce(s.fees, 0) AS fees, coalesce(s.adjusted, 0) AS adjusted,"
            "  coalesce(r.refunds, 0) AS refunds, coalesce(r.lines, 0) AS refund_lines, coalesce(r.amount, 0) AS returned,"
            "  coalesce(m.lines, 0) AS matched"
            " FROM sold s FULL JOIN returned r USING (source, currency) LEFT JOIN matched m USING (source, currency)"
            " ORDER BY source, currency"
        )
    )
    return [
        OrderTotals(
            source=row.source,
            currency=row.currency,
            orders=row.orders,
            adjustment_orders=row.adjustments,
            anonymous_orders=row.anonymous,
            order_lines=int(row.lines),
            order_amount=row.amount,
            product_sales=row.goods,
            fee_amount=row.fees,
            adjustment_amount=row.adjusted,
            refunds=row.refunds,
            refund_lines=int(row.refund_lines),
            refund_amount=row.returned,
            matched_refund_lines=row.matched,
            net_amount=row.amount - row.returned,
        )
        for row in rows
    ]


def find_by_number(uow: UnitOfWork, number: str, limit: int) -> list[PersonId]:
    """Return the person records of orders and refunds with this number, in any case of letters."""
    rows = uow.connection.execute(
        text(
            "SELECT person_id FROM orders WHERE upper(number) = upper(:number) AND person_id IS NOT NULL"
            " AND removed_at IS NULL UNION SELECT person_id FROM refunds WHERE upper(number) = upper(:number)"
            " AND person_id IS NOT NULL AND removed_at IS NULL ORDER BY person_id LIMIT :limit"
        ),
        {"number": number, "limit": limit},
    )
    return [PersonId(row.person_id) for row in rows]
