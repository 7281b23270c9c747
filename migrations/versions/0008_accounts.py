"""Company accounts with contacts and receivables, devices, and what orders and refunds say beyond their lines."""

from alembic import op

revision = "0008_accounts"
down_revision = "0007_profiles"


def upgrade() -> None:
    """Create the tables of the accounts and devices rooms; let orders keep a discount and total, refunds the order they name."""
    _create_accounts()
    _create_receivables()
    _create_devices()
    _extend_orders()


def _create_accounts() -> None:
    op.execute(
        """
        CREATE TABLE company_accounts (
            account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            source text NOT NULL,
            code text NOT NULL,
            code_key text NOT NULL,
            name text,
            short_name text,
            credit_code text,
            industry text,
            region text,
            address text,
            payment_terms_days integer CHECK (payment_terms_days >= 0),
            credit_limit numeric(18,4) CHECK (credit_limit >= 0),
            currency text,
            state text NOT NULL CHECK (state IN ('active', 'suspended', 'closed')),
            raw_state text,
            owner text,
            parent_code text,
            parent_key text,
            first_seen_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            UNIQUE (source, code_key)
        )
        """
    )
    op.execute(
        "CREATE INDEX ix_company_accounts_credit_code ON company_accounts (credit_code) WHERE credit_code IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX ix_company_accounts_parent ON company_accounts (source, parent_key) WHERE parent_key IS NOT NULL"
    )
    op.execute(
        """
        CREATE TABLE account_contacts (
            account_id bigint NOT NULL REFERENCES company_accounts,
            person_id bigint NOT NULL,
            role text,
            title text,
            source text NOT NULL,
            first_seen_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            removed_at timestamptz,
            PRIMARY KEY (account_id, person_id)
        )
        """
    )
    op.execute("CREATE INDEX ix_account_contacts_person ON account_contacts (person_id)")


def _create_receivables() -> None:
    op.execute(
        """
        CREATE TABLE receivables (
            receivable_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            source text NOT NULL,
            number text NOT NULL,
            account_id bigint REFERENCES company_accounts,
            person_id bigint,
            order_number text,
            currency text NOT NULL,
            amount numeric(18,4) NOT NULL,
            settled_amount numeric(18,4) NOT NULL,
            open_amount numeric(18,4) GENERATED ALWAYS AS
                (CASE WHEN state IN ('open', 'part_settled') THEN amount - settled_amount ELSE 0 END) STORED,
            issued_on date,
            due_on date,
            state text NOT NULL CHECK (state IN ('open', 'part_settled', 'settled', 'written_off')),
            raw_state text,
            first_seen_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            UNIQUE (source, number),
            CHECK (account_id IS NOT NULL OR person_id IS NOT NULL)
        )
        """
    )
    op.execute("CREATE INDEX ix_receivables_account ON receivables (account_id) WHERE account_id IS NOT NULL")
    op.execute("CREATE INDEX ix_receivables_person ON receivables (person_id) WHERE person_id IS NOT NULL")
    op.execute(
        "CREATE INDEX ix_receivables_due ON receivables (due_on) WHERE state IN ('open', 'part_settled')"
    )


def _create_devices() -> None:
    op.execute(
        """
        CREATE TABLE devices (
            device_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            source text NOT NULL,
            code text NOT NULL,
            kind text,
            model text,
            serial text,
            person_id bigint,
            store_code text,
            bound_at timestamptz,
            unbound_at timestamptz,
            state text NOT NULL CHECK (state IN ('bound', 'unbound', 'faulty', 'retired')),
            raw_state text,
            first_seen_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            UNIQUE (source, code),
            CHECK (person_id IS NULL OR store_code IS NULL)
        )
        """
    )
    op.execute("CREATE INDEX ix_devices_person ON devices (person_id) WHERE person_id IS NOT NULL")
    op.execute("CREATE INDEX ix_devices_store ON devices (store_code) WHERE store_code IS NOT NULL")


def _extend_orders() -> None:
    op.execute(
        "ALTER TABLE orders ADD COLUMN order_discount numeric(18,4), ADD COLUMN stated_total numeric(18,4)"
    )
    op.execute("ALTER TABLE refunds ADD COLUMN refund_of text")
    op.execute("CREATE INDEX ix_refunds_refund_of ON refunds (source, refund_of) WHERE refund_of IS NOT NULL")
    op.execute("ALTER TABLE refund_lines DROP CONSTRAINT refund_lines_unmatched_reason_check")
    op.execute(
        """
        ALTER TABLE refund_lines ADD CONSTRAINT refund_lines_unmatched_reason_check CHECK (unmatched_reason IN
            ('', 'pending', 'anonymous', 'no_product', 'no_purchase', 'exceeds', 'correction', 'order_unknown', 'not_in_order'))
        """
    )
    op.execute(
        """
        CREATE TABLE refund_orders_due (
            source text NOT NULL,
            number text NOT NULL,
            due_since timestamptz NOT NULL,
            PRIMARY KEY (source, number)
        )
        """
    )
