"""Field values by origin and source, custom fields, survivorship, consents, interactions, the list of customers.

Person-scoped tables have no foreign keys to `persons`: person records are never deleted, and bulk intake would pay a look-up
per row.
"""

from alembic import op

revision = "0007_profiles"
down_revision = "0006_orders"


def upgrade() -> None:
    """Create the tables of profiles."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_fields()
    _create_values()
    _create_facts()
    _create_customers()


def _create_fields() -> None:
    op.execute(
        """
        CREATE TABLE custom_fields (
            custom_field_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            object text NOT NULL DEFAULT 'customer' CHECK (object IN ('customer')),
            name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,39}$'),
            type text NOT NULL CHECK (type IN ('text', 'long_text', 'number', 'decimal', 'date', 'datetime', 'boolean',
                'choice', 'multi_choice')),
            label_zh text NOT NULL,
            label_en text NOT NULL,
            is_required boolean NOT NULL,
            is_personal boolean NOT NULL,
            default_value text,
            options jsonb NOT NULL,
            position integer NOT NULL,
            archived_at timestamptz,
            created_at timestamptz NOT NULL,
            created_by text NOT NULL,
            updated_at timestamptz NOT NULL,
            UNIQUE (object, name)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE survivorship (
            field text PRIMARY KEY,
            rule text NOT NULL CHECK (rule IN ('source_priority', 'newest', 'most_frequent')),
            sources text[] NOT NULL,
            manual_wins boolean NOT NULL,
            updated_at timestamptz NOT NULL,
            updated_by text NOT NULL
        )
        """
    )


def _create_values() -> None:
    op.execute(
        """
        CREATE TABLE profile_values (
            person_id bigint NOT NULL,
            field text NOT NULL,
            source text NOT NULL,
            value text,
            sealed bytea,
            digest bytea,
            seen_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL,
            actor text NOT NULL,
            PRIMARY KEY (person_id, field, source),
            CHECK (value IS NULL OR sealed IS NULL),
            CHECK ((sealed IS NULL) = (digest IS NULL))
        )
        """
    )
    op.execute(
        """
        CREATE TABLE profile_changes (
            change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            person_id bigint NOT NULL,
            fields text[] NOT NULL,
            source text NOT NULL,
            changed_at timestamptz NOT NULL,
            actor text NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX ix_profile_changes_person ON profile_changes (person_id, changed_at)")


def _create_facts() -> None:
    op.execute(
        """
        CREATE TABLE consents (
            consent_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            person_id bigint NOT NULL,
            channel text NOT NULL,
            purpose text NOT NULL,
            state text NOT NULL CHECK (state IN ('granted', 'refused')),
            stated_at timestamptz NOT NULL,
            source text NOT NULL,
            recorded_at timestamptz NOT NULL,
            actor text NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX ix_consents_person ON consents (person_id, channel, purpose, stated_at)")
    op.execute(
        """
        CREATE TABLE interactions (
            interaction_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            person_id bigint NOT NULL,
            kind text NOT NULL,
            occurred_at timestamptz NOT NULL,
            channel text,
            source text NOT NULL,
            source_id text NOT NULL,
            sku text,
            properties jsonb NOT NULL,
            recorded_at timestamptz NOT NULL,
            UNIQUE (source, source_id)
        )
        """
    )
    op.execute("CREATE INDEX ix_interactions_person ON interactions (person_id, occurred_at)")


def _create_customers() -> None:
    op.execute(
        "CREATE TABLE person_records (person_id bigint PRIMARY KEY, source text NOT NULL, identifier_kinds text[] NOT NULL)"
    )
    op.execute(
        """
        CREATE TABLE customers (
            person_id bigint PRIMARY KEY,
            name text,
            nickname text,
            search_text text NOT NULL,
            name_tokens text[] NOT NULL,
            gender text,
            birthday text,
            country text,
            province text,
            city text,
            registered_at timestamptz,
            fields jsonb NOT NULL,
            identifier_kinds text[] NOT NULL,
            sources text[] NOT NULL,
            member_count integer NOT NULL,
            currency text,
            orders integer NOT NULL,
            net_spend numeric(18,4) NOT NULL,
            refunds integer NOT NULL,
            refund_amount numeric(18,4) NOT NULL,
            return_rate numeric(18,4),
            first_ordered_at timestamptz,
            last_ordered_at timestamptz,
            created_at timestamptz NOT NULL,
            erased_at timestamptz
        )
        """
    )
    for name, expression in (
        ("last_ordered", "coalesce(last_ordered_at, '-infinity')"),
        ("first_ordered", "coalesce(first_ordered_at, '-infinity')"),
        ("net_spend", "net_spend"),
        ("orders", "orders"),
        ("refund_amount", "refund_amount"),
        ("name", "coalesce(name, nickname, '')"),
        ("created", "created_at"),
    ):
        op.execute(
            f"CREATE INDEX ix_customers_{name} ON customers ({expression}, person_id) WHERE erased_at IS NULL"
        )
    op.execute("CREATE INDEX ix_customers_city ON customers (city) WHERE city IS NOT NULL")
    op.execute("CREATE INDEX ix_customers_name_tokens ON customers USING gin (name_tokens)")
    op.execute("CREATE INDEX ix_customers_fields ON customers USING gin (fields jsonb_path_ops)")
    op.execute("CREATE INDEX ix_customers_sources ON customers USING gin (sources)")
