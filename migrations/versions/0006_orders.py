"""Orders and refunds with their lines, payments, shipments, and which refund line gives back which order line.

Lines carry no foreign key to their header: its per-row check costs as much as the line's COPY, and one function writes both.
"""

from alembic import op

revision = "0006_orders"
down_revision = "0005_catalog"

_STATES = "('unpaid', 'paid', 'part_shipped', 'shipped', 'signed', 'completed', 'closed')"


def upgrade() -> None:
    """Create the orders room's tables."""
    _create_orders()
    _create_refunds()
    _create_payments_and_shipments()
    _create_matches()


def _create_orders() -> None:
    op.execute(
        f"""
        CREATE TABLE orders (
            order_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            source text NOT NULL,
            number text NOT NULL,
            person_id bigint,
            kind text NOT NULL CHECK (kind IN ('sale', 'adjustment')),
            state text NOT NULL CHECK (state IN {_STATES}),
            raw_state text,
            ordered_at timestamptz NOT NULL,
            paid_at timestamptz,
            completed_at timestamptz,
            store_code text,
            channel text,
            currency text NOT NULL,
            country text,
            province text,
            city text,
            line_count integer NOT NULL,
            goods_amount numeric(18,4) NOT NULL,
            fee_amount numeric(18,4) NOT NULL,
            adjustment_amount numeric(18,4) NOT NULL,
            discount numeric(18,4) NOT NULL,
            total_amount numeric(18,4) NOT NULL,
            paid_amount numeric(18,4),
            content_hash bytea NOT NULL,
            removed_at timestamptz,
            first_seen_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            UNIQUE (source, number)
        )
        """
    )
    op.execute(
        "CREATE INDEX ix_orders_person ON orders (person_id, ordered_at DESC) WHERE person_id IS NOT NULL"
    )
    op.execute("CREATE INDEX ix_orders_number ON orders (upper(number))")
    op.execute(
        """
        CREATE TABLE order_lines (
            line_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            order_id bigint NOT NULL,
            person_id bigint,
            product_id bigint,
            line_key bytea NOT NULL,
            kind text NOT NULL CHECK (kind IN ('product', 'fee', 'adjustment')),
            sku text,
            description text,
            quantity numeric(18,4) NOT NULL,
            unit_price numeric(18,6) NOT NULL,
            amount numeric(18,4) NOT NULL,
            discount numeric(18,4) NOT NULL,
            removed_at timestamptz,
            UNIQUE (order_id, line_key)
        )
        """
    )
    op.execute("CREATE INDEX ix_order_lines_product ON order_lines (product_id)")


def _create_refunds() -> None:
    op.execute(
        f"""
        CREATE TABLE refunds (
            refund_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            source text NOT NULL,
            number text NOT NULL,
            person_id bigint,
            with_goods boolean NOT NULL,
            state text NOT NULL CHECK (state IN {_STATES}),
            raw_state text,
            refunded_at timestamptz NOT NULL,
            store_code text,
            channel text,
            currency text NOT NULL,
            line_count integer NOT NULL,
            goods_amount numeric(18,4) NOT NULL,
            fee_amount numeric(18,4) NOT NULL,
            adjustment_amount numeric(18,4) NOT NULL,
            total_amount numeric(18,4) NOT NULL,
            content_hash bytea NOT NULL,
            removed_at timestamptz,
            first_seen_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            UNIQUE (source, number)
        )
        """
    )
    op.execute(
        "CREATE INDEX ix_refunds_person ON refunds (person_id, refunded_at DESC) WHERE person_id IS NOT NULL"
    )
    op.execute("CREATE INDEX ix_refunds_number ON refunds (upper(number))")
    op.execute(
        """
        CREATE TABLE refund_lines (
            line_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            refund_id bigint NOT NULL,
            person_id bigint,
            product_id bigint,
            line_key bytea NOT NULL,
            kind text NOT NULL CHECK (kind IN ('product', 'fee', 'adjustment')),
            sku text,
            description text,
            quantity numeric(18,4) NOT NULL,
            unit_price numeric(18,6) NOT NULL,
            amount numeric(18,4) NOT NULL,
            discount numeric(18,4) NOT NULL,
            matched_quantity numeric(18,4) NOT NULL DEFAULT 0,
            unmatched_reason text NOT NULL DEFAULT 'pending' CHECK (unmatched_reason IN
                ('', 'pending', 'anonymous', 'no_product', 'no_purchase', 'exceeds', 'correction')),
            removed_at timestamptz,
            UNIQUE (refund_id, line_key)
        )
        """
    )
    op.execute("CREATE INDEX ix_refund_lines_product ON refund_lines (product_id)")
    op.execute("CREATE INDEX ix_refund_lines_person ON refund_lines (person_id) WHERE person_id IS NOT NULL")
    op.execute(
        "CREATE INDEX ix_refund_lines_unmatched ON refund_lines (unmatched_reason, line_id)"
        " WHERE unmatched_reason <> '' AND removed_at IS NULL"
    )


def _create_payments_and_shipments() -> None:
    op.execute(
        """
        CREATE TABLE payments (
            payment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            order_id bigint NOT NULL REFERENCES orders,
            person_id bigint,
            method text NOT NULL,
            number text NOT NULL,
            amount numeric(18,4),
            paid_at timestamptz,
            UNIQUE (order_id, method, number)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE shipments (
            shipment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            order_id bigint NOT NULL REFERENCES orders,
            person_id bigint,
            number text NOT NULL,
            carrier text,
            state text NOT NULL CHECK (state IN ('created', 'shipped', 'signed', 'returned')),
            raw_state text,
            UNIQUE (order_id, number)
        )
        """
    )
    op.execute("CREATE INDEX ix_shipments_number ON shipments (number)")
    op.execute(
        """
        CREATE TABLE shipment_tracks (
            shipment_id bigint NOT NULL REFERENCES shipments,
            state text NOT NULL CHECK (state IN ('created', 'shipped', 'signed', 'returned')),
            happened_at timestamptz NOT NULL,
            PRIMARY KEY (shipment_id, state, happened_at)
        )
        """
    )


def _create_matches() -> None:
    op.execute(
        """
        CREATE TABLE refund_matches (
            refund_line_id bigint NOT NULL REFERENCES refund_lines,
            order_line_id bigint NOT NULL REFERENCES order_lines,
            quantity numeric(18,4) NOT NULL CHECK (quantity > 0),
            PRIMARY KEY (refund_line_id, order_line_id)
        )
        """
    )
    op.execute("CREATE INDEX ix_refund_matches_order_line ON refund_matches (order_line_id)")
    op.execute(
        "CREATE TABLE refund_matching_due (person_id bigint PRIMARY KEY, due_since timestamptz NOT NULL)"
    )
