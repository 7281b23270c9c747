"""The log, its consumers, the installation's own facts."""

from alembic import op

revision = "0001_platform"
down_revision = None


def upgrade() -> None:
    """Create inbox, partitioned log, head, consumers and installation."""
    op.execute("CREATE TABLE installation (key text PRIMARY KEY, value text NOT NULL)")
    op.execute("INSERT INTO installation VALUES ('log_id', gen_random_uuid()::text)")
    op.execute(
        """
        CREATE TABLE event_inbox (
            event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            type text NOT NULL,
            occurred_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL,
            origin text NOT NULL CHECK (origin IN ('live', 'backfill', 'replay')),
            person_id bigint,
            payload jsonb NOT NULL,
            actor text NOT NULL
        ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)
        """
    )
    op.execute(
        """
        CREATE TABLE events (
            position bigint NOT NULL,
            type text NOT NULL,
            occurred_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL,
            sequenced_at timestamptz NOT NULL,
            origin text NOT NULL,
            person_id bigint,
            payload jsonb NOT NULL,
            actor text NOT NULL,
            PRIMARY KEY (position, sequenced_at)
        ) PARTITION BY RANGE (sequenced_at)
        """
    )
    op.execute("CREATE INDEX ix_events_person ON events (person_id, position) WHERE person_id IS NOT NULL")
    op.execute(
        """
        CREATE FUNCTION ensure_event_partition(moment timestamptz) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            first_day date := date_trunc('month', moment AT TIME ZONE 'UTC')::date;
            name text := 'events_' || to_char(first_day, 'YYYYMM');
        BEGIN
            IF to_regclass(name) IS NULL THEN
                EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                    name, first_day::timestamp AT TIME ZONE 'UTC',
                    (first_day + interval '1 month') AT TIME ZONE 'UTC');
            END IF;
        END $$
        """
    )
    op.execute(
        "SELECT ensure_event_partition(now() + make_interval(months => n)) FROM generate_series(0, 3) n"
    )
    op.execute(
        "CREATE TABLE log_head (is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),"
        " position bigint NOT NULL, sequenced_at timestamptz NOT NULL)"
    )
    op.execute("INSERT INTO log_head (position, sequenced_at) VALUES (0, now())")
    op.execute(
        """
        CREATE TABLE consumers (
            name text PRIMARY KEY,
            position bigint NOT NULL,
            is_paused boolean NOT NULL DEFAULT false,
            attempts integer NOT NULL DEFAULT 0,
            last_error text,
            next_attempt_at timestamptz,
            updated_at timestamptz NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE consumer_skips (
            consumer text NOT NULL,
            position bigint NOT NULL,
            reason text NOT NULL,
            actor text NOT NULL,
            skipped_at timestamptz NOT NULL,
            PRIMARY KEY (consumer, position)
        )
        """
    )
