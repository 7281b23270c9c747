"""SQL of refund matching: which order lines the refunds of some people give back, for all of them at once.

Within one person, product, unit price and currency, purchases stack up and refunds take from the top, so a refund gives back
the newest earlier purchases that are not given back yet. Every line then covers an interval of heights of the stack: it is
cut at all heights where any line of the group begins or ends, and within one slice purchases and refunds alternate, so the
line before a refund is the purchase it gives back. Window functions do that for any number of people without a loop.
Refunds that name their order are matched before, in `store_named`, and take no part here.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import text

from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork

_EVENTS = """
CREATE TEMP TABLE matching_events ON COMMIT DROP AS
WITH returned AS (
    SELECT p.root_id, l.product_id, l.unit_price, r.currency, r.refunded_at AS moment, 1 AS is_refund, r.source, r.number,
        l.line_key, l.line_id, -l.quantity AS change
    FROM matching_people p
    JOIN refund_lines l ON l.person_id = p.person_id
    JOIN refunds r ON r.refund_id = l.refund_id
    WHERE l.removed_at IS NULL AND l.quantity > 0 AND l.product_id IS NOT NULL AND r.refund_of IS NULL
), wanted AS (
    SELECT DISTINCT root_id, product_id, unit_price, currency FROM returned
), sold AS MATERIALIZED (
    -- Fenced off: the planner takes person, product and price for independent, expects next to nothing to fit, and would
    -- pair every returned item with all of its person's orders before looking at the lines (11 s instead of 1 s).
    SELECT p.root_id, l.product_id, l.unit_price, o.currency, o.ordered_at AS moment, 0 AS is_refund, o.source, o.number,
        l.line_key, l.line_id, l.quantity AS change
    FROM matching_people p
    JOIN orders o ON o.person_id = p.person_id
    JOIN order_lines l ON l.order_id = o.order_id
    WHERE l.removed_at IS NULL AND l.quantity > 0 AND l.kind <> 'adjustment'
), bought AS (
    -- What refunds that name their order give back is no longer there to be given back.
    SELECT s.root_id, s.product_id, s.unit_price, s.currency, s.moment, s.is_refund, s.source, s.number, s.line_key, s.line_id,
        s.change - named.quantity AS change
    FROM sold s JOIN wanted w USING (root_id, product_id, unit_price, currency)
    CROSS JOIN LATERAL (SELECT coalesce(sum(m.quantity), 0) AS quantity FROM refund_matches m
        JOIN refund_lines l ON l.line_id = m.refund_line_id JOIN refunds r ON r.refund_id = l.refund_id
        WHERE m.order_line_id = s.line_id AND r.refund_of IS NOT NULL) named
    WHERE s.change > named.quantity
), both_kinds AS (
    SELECT * FROM bought UNION ALL SELECT * FROM returned
), ranked AS (
    -- Files often carry dates without time: on equal moments the purchase comes first. The rest of the order is arbitrary
    -- but made of what the facts say, never of ids, so that the result does not depend on the order of arrival.
    SELECT dense_rank() OVER (ORDER BY root_id, product_id, unit_price, currency) AS group_id,
        row_number() OVER (PARTITION BY root_id, product_id, unit_price, currency
            ORDER BY moment, is_refund, number, abs(change), source, line_key) AS ordinal,
        is_refund, line_id, change
    FROM both_kinds
), summed AS (
    SELECT *, sum(change) OVER (PARTITION BY group_id ORDER BY ordinal) AS level FROM ranked
), stacked AS (
    -- What is returned beyond the stack is dropped: the level is lifted by the deepest deficit so far.
    SELECT *, level - least(0, min(level) OVER (PARTITION BY group_id ORDER BY ordinal)) AS height FROM summed
)
SELECT group_id, ordinal, is_refund, line_id, change, height AS after,
    coalesce(lag(height) OVER (PARTITION BY group_id ORDER BY ordinal), 0) AS before,
    bool_or(is_refund = 0) OVER (PARTITION BY group_id ORDER BY ordinal) AS has_purchase
FROM stacked
"""

_RESULT = """
CREATE TEMP TABLE matching_result ON COMMIT DROP AS
WITH borders AS (
    SELECT group_id, before AS height FROM matching_events UNION SELECT group_id, after FROM matching_events
), slices AS (
    SELECT group_id, height AS low, lead(height) OVER (PARTITION BY group_id ORDER BY height) AS high FROM borders
), pieces AS (
    SELECT e.is_refund, e.line_id, s.high - s.low AS quantity,
        lag(e.line_id) OVER (PARTITION BY e.group_id, s.low ORDER BY e.ordinal) AS below_id
    FROM matching_events e
    JOIN slices s ON s.group_id = e.group_id
        AND s.low >= least(e.before, e.after) AND s.high <= greatest(e.before, e.after)
)
SELECT line_id AS refund_line_id, below_id AS order_line_id, sum(quantity) AS quantity
FROM pieces WHERE is_refund = 1 GROUP BY line_id, below_id
"""

_JUDGED = """
WITH matched AS (
    SELECT refund_line_id, sum(quantity) AS quantity FROM matching_result GROUP BY refund_line_id
), judged AS (
    SELECT l.line_id, coalesce(m.quantity, 0) AS matched_quantity, CASE
        WHEN l.quantity <= 0 THEN 'correction'
        WHEN l.product_id IS NULL THEN 'no_product'
        WHEN m.quantity = l.quantity THEN ''
        WHEN e.has_purchase THEN 'exceeds'
        ELSE 'no_purchase' END AS reason
    FROM matching_people p
    JOIN refund_lines l ON l.person_id = p.person_id
    JOIN refunds r ON r.refund_id = l.refund_id AND r.refund_of IS NULL
    LEFT JOIN matched m ON m.refund_line_id = l.line_id
    LEFT JOIN matching_events e ON e.is_refund = 1 AND e.line_id = l.line_id
)
UPDATE refund_lines l SET matched_quantity = j.matched_quantity, unmatched_reason = j.reason
FROM judged j
WHERE l.line_id = j.line_id
    AND (l.matched_quantity, l.unmatched_reason) IS DISTINCT FROM (j.matched_quantity, j.reason)
RETURNING l.line_id
"""

_CHANGES: Sequence[str] = (
    """
    DELETE FROM refund_matches m USING matching_people p, refund_lines l, refunds h
    WHERE l.person_id = p.person_id AND m.refund_line_id = l.line_id AND h.refund_id = l.refund_id
        AND h.refund_of IS NULL AND NOT EXISTS (SELECT 1 FROM matching_result r
        WHERE r.refund_line_id = m.refund_line_id AND r.order_line_id = m.order_line_id)
    RETURNING m.refund_line_id AS line_id
    """,
    """
    INSERT INTO refund_matches AS m (refund_line_id, order_line_id, quantity)
    SELECT refund_line_id, order_line_id, quantity FROM matching_result
    ON CONFLICT (refund_line_id, order_line_id) DO UPDATE SET quantity = excluded.quantity
        WHERE m.quantity <> excluded.quantity
    RETURNING m.refund_line_id AS line_id
    """,
    _JUDGED,
)


def take_due(uow: UnitOfWork, limit: int) -> list[PersonId]:
    """Take people off the list of those whose refunds have to be matched again."""
    rows = uow.connection.execute(
        text(
            "DELETE FROM refund_matching_due WHERE person_id IN (SELECT person_id FROM refund_matching_due"
            " ORDER BY person_id LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING person_id"
        ),
        {"limit": limit},
    )
    return sorted(PersonId(row.person_id) for row in rows)


def having_refunds(uow: UnitOfWork, person_ids: Iterable[int]) -> set[PersonId]:
    """Return those of the person records that have refund lines, removed ones included."""
    rows = uow.connection.execute(
        text(
            "SELECT id FROM unnest(CAST(:ids AS bigint[])) AS id"
            " WHERE EXISTS (SELECT 1 FROM refund_lines l WHERE l.person_id = id)"
        ),
        {"ids": list(person_ids)},
    )
    return {PersonId(row.id) for row in rows}


def match(uow: UnitOfWork, members_by_root: Mapping[PersonId, Sequence[PersonId]]) -> dict[int, PersonId]:
    """Match the refunds of these people anew and store what differs; returns the changed refunds with their person records."""
    for table in ("matching_people", "matching_events", "matching_result"):
        uow.connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
    uow.connection.execute(
        text("CREATE TEMP TABLE matching_people (root_id bigint, person_id bigint) ON COMMIT DROP")
    )
    pairs = [(root, member) for root, members in members_by_root.items() for member in members]
    uow.copy_rows("matching_people", ("root_id", "person_id"), pairs)
    uow.connection.execute(text("ANALYZE matching_people"))
    uow.connection.execute(text(_EVENTS))
    uow.connection.execute(text("ANALYZE matching_events"))
    uow.connection.execute(text(_RESULT))
    changed: set[int] = set()
    for statement in _CHANGES:
        changed |= {row.line_id for row in uow.connection.execute(text(statement))}
    rows = uow.connection.execute(
        text("SELECT DISTINCT refund_id, person_id FROM refund_lines WHERE line_id = ANY(:ids)"),
        {"ids": list(changed)},
    )
    return {row.refund_id: PersonId(row.person_id) for row in rows}


def refresh_statistics(uow: UnitOfWork) -> None:
    """Tell the planner how much there is now; after a first big import it would plan for empty tables."""
    uow.connection.execute(text("ANALYZE orders, order_lines, refunds, refund_lines"))
