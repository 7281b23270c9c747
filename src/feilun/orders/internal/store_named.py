"""SQL of refunds that name the order they give back: their lines are matched with that order's, for many orders at once.

Within one order, item and currency, lines of the same price are matched first, then what is left whatever its price. Sold
and returned quantities are laid end to end; where the two stretches overlap, a refund line gives back an order line.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import text

from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork

_RETURNS: Final = """
CREATE TEMP TABLE named_returns ON COMMIT DROP AS
SELECT n.source, n.number, l.product_id, r.currency, l.unit_price, l.quantity, r.refunded_at AS moment,
    r.number AS refund_number, l.line_key, l.line_id, r.refund_id, r.person_id, l.removed_at IS NULL AS is_live
FROM named_orders n
JOIN refunds r ON r.source = n.source AND r.refund_of = n.number
JOIN refund_lines l ON l.refund_id = r.refund_id
"""
_SALES: Final = """
CREATE TEMP TABLE named_sales ON COMMIT DROP AS
SELECT n.source, n.number, l.product_id, o.currency, l.unit_price, l.quantity, l.line_key, l.line_id
FROM named_orders n
JOIN orders o ON o.source = n.source AND o.number = n.number
JOIN order_lines l ON l.order_id = o.order_id
WHERE l.removed_at IS NULL AND l.quantity > 0 AND l.kind <> 'adjustment' AND l.product_id IS NOT NULL
"""
_RESULT: Final = "CREATE TEMP TABLE named_result (refund_line_id bigint, order_line_id bigint, quantity numeric(18,4)) ON COMMIT DROP"


def _overlaps(group: str) -> str:
    """Return the statement that matches what is left within groups of equal columns."""
    return f"""
INSERT INTO named_result (refund_line_id, order_line_id, quantity)
WITH sold AS (
    SELECT s.*, s.quantity - coalesce(m.quantity, 0) AS remaining FROM named_sales s
    LEFT JOIN (SELECT order_line_id, sum(quantity) AS quantity FROM named_result GROUP BY order_line_id) m
        ON m.order_line_id = s.line_id
), returned AS (
    SELECT r.*, r.quantity - coalesce(m.quantity, 0) AS remaining FROM named_returns r
    LEFT JOIN (SELECT refund_line_id, sum(quantity) AS quantity FROM named_result GROUP BY refund_line_id) m
        ON m.refund_line_id = r.line_id
    WHERE r.is_live AND r.quantity > 0 AND r.product_id IS NOT NULL
), sold_stretch AS (
    SELECT *, sum(remaining) OVER along AS high, sum(remaining) OVER along - remaining AS low FROM sold WHERE remaining > 0
    WINDOW along AS (PARTITION BY {group} ORDER BY unit_price DESC, line_key ROWS UNBOUNDED PRECEDING)
), returned_stretch AS (
    -- Ordered by what the facts say, never by ids, so that the result does not depend on the order of arrival.
    SELECT *, sum(remaining) OVER along AS high, sum(remaining) OVER along - remaining AS low FROM returned WHERE remaining > 0
    WINDOW along AS (PARTITION BY {group} ORDER BY moment, refund_number, line_key ROWS UNBOUNDED PRECEDING)
)
SELECT r.line_id, s.line_id, least(r.high, s.high) - greatest(r.low, s.low)
FROM returned_stretch r JOIN sold_stretch s USING ({group})
WHERE r.low < s.high AND s.low < r.high
"""


_CHANGES: Final[Sequence[str]] = (
    """
    DELETE FROM refund_matches m USING named_returns n
    WHERE m.refund_line_id = n.line_id AND NOT EXISTS (SELECT 1 FROM named_result r
        WHERE r.refund_line_id = m.refund_line_id AND r.order_line_id = m.order_line_id)
    RETURNING m.refund_line_id AS line_id
    """,
    """
    INSERT INTO refund_matches AS m (refund_line_id, order_line_id, quantity)
    SELECT refund_line_id, order_line_id, quantity FROM named_result
    ON CONFLICT (refund_line_id, order_line_id) DO UPDATE SET quantity = excluded.quantity
        WHERE m.quantity <> excluded.quantity
    RETURNING m.refund_line_id AS line_id
    """,
    """
    WITH matched AS (
        SELECT refund_line_id, sum(quantity) AS quantity FROM named_result GROUP BY refund_line_id
    ), judged AS (
        SELECT n.line_id, coalesce(m.quantity, 0) AS matched_quantity, CASE
            WHEN n.quantity <= 0 THEN 'correction'
            WHEN n.product_id IS NULL THEN 'no_product'
            WHEN m.quantity = n.quantity THEN ''
            WHEN NOT EXISTS (SELECT 1 FROM orders o WHERE o.source = n.source AND o.number = n.number) THEN 'order_unknown'
            WHEN NOT EXISTS (SELECT 1 FROM named_sales s WHERE s.source = n.source AND s.number = n.number
                AND s.product_id = n.product_id AND s.currency = n.currency) THEN 'not_in_order'
            ELSE 'exceeds' END AS reason
        FROM named_returns n LEFT JOIN matched m ON m.refund_line_id = n.line_id
    )
    UPDATE refund_lines l SET matched_quantity = j.matched_quantity, unmatched_reason = j.reason
    FROM judged j
    WHERE l.line_id = j.line_id
        AND (l.matched_quantity, l.unmatched_reason) IS DISTINCT FROM (j.matched_quantity, j.reason)
    RETURNING l.line_id
    """,
)


class NamedOrder(NamedTuple):
    """An order as refunds name it."""

    source: str
    number: str


def take_orders_due(uow: UnitOfWork, limit: int) -> list[NamedOrder]:
    """Take orders off the list of those whose refunds have to be matched again."""
    rows = uow.connection.execute(
        text(
            "DELETE FROM refund_orders_due WHERE (source, number) IN (SELECT source, number FROM refund_orders_due"
            " ORDER BY source, number LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING source, number"
        ),
        {"limit": limit},
    )
    return sorted(NamedOrder(row.source, row.number) for row in rows)


def stage_orders(uow: UnitOfWork, orders: Sequence[NamedOrder]) -> tuple[set[PersonId], set[PersonId]]:
    """Note the orders to match; returns the person records of the refunds that name them, and of the orders themselves."""
    for table in ("named_orders", "named_returns", "named_sales", "named_result"):
        uow.connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
    uow.connection.execute(text("CREATE TEMP TABLE named_orders (source text, number text) ON COMMIT DROP"))
    uow.copy_rows("named_orders", ("source", "number"), orders)
    uow.connection.execute(text("ANALYZE named_orders"))
    people = []
    for table, number in (("refunds", "refund_of"), ("orders", "number")):
        rows = uow.connection.execute(
            text(
                f"SELECT DISTINCT t.person_id FROM named_orders n JOIN {table} t ON t.source = n.source AND t.{number} = n.number"
                " WHERE t.person_id IS NOT NULL"
            )
        )
        people.append({PersonId(row.person_id) for row in rows})
    return people[0], people[1]


def match_named(uow: UnitOfWork) -> dict[int, PersonId | None]:
    """Match the refunds that name staged orders and store what differs; returns the changed refunds with their person records."""
    uow.connection.execute(text(_RETURNS))
    uow.connection.execute(text(_SALES))
    uow.connection.execute(text(_RESULT))
    group = "source, number, product_id, currency"
    uow.connection.execute(text(_overlaps(f"{group}, unit_price")))
    uow.connection.execute(text(_overlaps(group)))
    changed: set[int] = set()
    for statement in _CHANGES:
        changed |= {row.line_id for row in uow.connection.execute(text(statement))}
    rows = uow.connection.execute(
        text("SELECT DISTINCT refund_id, person_id FROM named_returns WHERE line_id = ANY(:ids)"),
        {"ids": list(changed)},
    )
    return {row.refund_id: row.person_id for row in rows}
