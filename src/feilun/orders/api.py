"""Facade of the orders room. Lists take person records: pass `identity.api.member_ids` to see all of a customer."""

from collections.abc import Iterable, Mapping, Sequence

from feilun.identity import api as identity
from feilun.kernel.ids import OrderId, PersonId
from feilun.orders.contracts import (
    Order,
    OrderDetail,
    OrderFigures,
    OrderTotals,
    Refund,
    RefundLine,
    UnmatchedReason,
)
from feilun.orders.errors import OrderNotFound
from feilun.orders.internal import refunds, store
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin


def list_orders(
    uow: UnitOfWork, person_ids: Sequence[PersonId], *, limit: int, offset: int = 0
) -> tuple[list[Order], int]:
    """Return one page of the orders of these person records, newest first, and how many there are."""
    return store.select_order_page(uow, person_ids, limit=limit, offset=offset)


def get_order(uow: UnitOfWork, order_id: OrderId) -> OrderDetail:
    """Return an order with lines, payments and shipments. Raises: OrderNotFound."""
    order = store.select_orders(uow, [order_id]).get(order_id)
    if order is None:
        raise OrderNotFound(f"no order {order_id}")
    return OrderDetail(
        order=order,
        lines=tuple(store.select_order_lines(uow, order_id)),
        payments=tuple(store.select_payments(uow, order_id)),
        shipments=tuple(store.select_shipments(uow, order_id)),
    )


def list_refunds(
    uow: UnitOfWork, person_ids: Sequence[PersonId], *, limit: int, offset: int = 0
) -> tuple[list[Refund], int]:
    """Return one page of the refunds of these person records with lines and matches, newest first, and how many there are."""
    return store.select_refund_page(uow, person_ids, limit=limit, offset=offset)


def list_refund_lines(
    uow: UnitOfWork,
    *,
    matched: bool | None = None,
    reason: UnmatchedReason | None = None,
    limit: int,
    offset: int = 0,
) -> tuple[list[RefundLine], int]:
    """Return one page of everyone's refund lines, newest first; `matched` False: those that no purchase wholly explains."""
    return store.select_refund_line_page(uow, is_matched=matched, reason=reason, limit=limit, offset=offset)


def figures_of(uow: UnitOfWork, person_ids: Iterable[PersonId]) -> Mapping[PersonId, OrderFigures]:
    """Return the figures of customers, by the ids given; each counts everything of the person it belongs to.

    One statement for any number of people. People without orders and refunds are absent.
    """
    wanted = list(person_ids)
    roots = identity.root_of(uow, wanted)
    members = identity.members_by_root(uow, set(roots.values()))
    return store.select_figures(uow, {person_id: members[roots[person_id]] for person_id in wanted})


def find_persons_by_order_number(uow: UnitOfWork, text: str, *, limit: int = 50) -> list[PersonId]:
    """Return the people (roots, ascending) who have an order or refund with this number, in any case of letters."""
    if not text.strip() or "\x00" in text:
        return []
    found = store.find_by_number(uow, text.strip(), limit)
    return sorted(set(identity.root_of(uow, found).values()))


def get_totals(uow: UnitOfWork) -> list[OrderTotals]:
    """Return what is stored by source and currency, for checking against the source's own sums."""
    return store.select_totals(uow)


def rematch_refunds(uow: UnitOfWork, person_ids: Iterable[PersonId], *, origin: Origin) -> None:
    """Match the refunds of these people (with everyone merged with them) anew. Idempotent; locks the people.

    Appends orders.refund_matched for every refund whose matches change.
    """
    refunds.rematch(uow, person_ids, origin)
