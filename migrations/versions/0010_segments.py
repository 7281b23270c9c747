"""Segments: definitions with their versions, memberships as bitmaps, changes, sizes, audiences, exports."""

from alembic import op

revision = "0010_segments"
down_revision = "0009_tags"


def upgrade() -> None:
    """Create the tables of the segments room."""
    _create_definitions()
    _create_memberships()
    _create_audiences()


def _create_definitions() -> None:
    op.execute(
        """
        CREATE TABLE definitions (
            definition_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            owner_kind text NOT NULL CHECK (owner_kind IN ('segment', 'tag_value')),
            owner_id bigint NOT NULL,
            owner_key text NOT NULL,
            value text NOT NULL DEFAULT '',
            place integer NOT NULL DEFAULT 0,
            is_exclusive boolean NOT NULL DEFAULT false,
            version integer NOT NULL,
            condition jsonb NOT NULL,
            zone text,
            is_live boolean NOT NULL,
            changed_at timestamptz NOT NULL,
            UNIQUE (owner_kind, owner_id, value)
        )
        """
    )
    # What people decide (definitions) and what the evaluator finds (definition_status) are rows of their own, so that neither
    # ever waits for the other.
    op.execute(
        """
        CREATE TABLE definition_status (
            definition_id bigint PRIMARY KEY,
            health text NOT NULL CHECK (health IN ('waiting', 'healthy', 'failing', 'suspended')),
            problem_code text,
            problem_detail jsonb,
            problem_since timestamptz,
            tried_fingerprint text,
            retry_at timestamptz,
            tries integer NOT NULL DEFAULT 0,
            computed_version integer,
            computed_fingerprint text,
            computed_at timestamptz,
            timed_at timestamptz,
            size bigint,
            cost_ms integer,
            costed_at timestamptz
        )
        """
    )
    op.execute(
        "CREATE TABLE definition_epoch (is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only), epoch bigint NOT NULL)"
    )
    op.execute("INSERT INTO definition_epoch (epoch) VALUES (1)")
    op.execute(
        """
        CREATE FUNCTION count_definition_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE definition_epoch SET epoch = epoch + 1;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER definitions_counted AFTER INSERT OR UPDATE OR DELETE ON definitions"
        " FOR EACH STATEMENT EXECUTE FUNCTION count_definition_change()"
    )
    op.execute(
        """
        CREATE TABLE segments (
            segment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            definition_id bigint REFERENCES definitions,
            key text NOT NULL UNIQUE,
            name text NOT NULL,
            description text NOT NULL,
            kind text NOT NULL CHECK (kind IN ('dynamic', 'static')),
            state text NOT NULL CHECK (state IN ('active', 'paused', 'archived')),
            owner text NOT NULL,
            created_at timestamptz NOT NULL,
            created_by text NOT NULL,
            updated_at timestamptz NOT NULL,
            updated_by text NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE segment_versions (
            segment_id bigint NOT NULL REFERENCES segments ON DELETE CASCADE,
            version integer NOT NULL,
            condition jsonb NOT NULL,
            note text NOT NULL,
            created_at timestamptz NOT NULL,
            created_by text NOT NULL,
            PRIMARY KEY (segment_id, version)
        )
        """
    )
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER segment_versions_stay BEFORE UPDATE ON segment_versions"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def _create_memberships() -> None:
    op.execute(
        """
        CREATE TABLE segment_evaluator (
            is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
            evaluation_id bigint NOT NULL,
            checked_at timestamptz,
            repaired bigint NOT NULL DEFAULT 0,
            everybody_due_at timestamptz,
            everybody_cause text CHECK (everybody_cause IN ('live', 'backfill'))
        )
        """
    )
    op.execute("INSERT INTO segment_evaluator (evaluation_id) VALUES (0)")
    op.execute(
        """
        CREATE TABLE membership_blocks (
            definition_id bigint NOT NULL,
            block bigint NOT NULL,
            evaluation_id bigint NOT NULL,
            bitmap bytea NOT NULL,
            PRIMARY KEY (definition_id, block)
        )
        """
    )
    # Most of these rows change again and again: room for the new version beside the old one, and no second compression.
    op.execute("ALTER TABLE membership_blocks SET (fillfactor = 70)")
    op.execute("ALTER TABLE membership_blocks ALTER COLUMN bitmap SET STORAGE EXTERNAL")
    op.execute(
        """
        CREATE TABLE segment_changes (
            change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            definition_id bigint NOT NULL,
            version integer NOT NULL,
            person_id bigint NOT NULL,
            has_entered boolean NOT NULL,
            cause text NOT NULL CHECK (cause IN ('live', 'backfill', 'time', 'merge', 'erasure', 'repair')),
            changed_at timestamptz NOT NULL,
            evaluation_id bigint NOT NULL,
            UNIQUE (definition_id, version, person_id, evaluation_id)
        )
        """
    )
    op.execute(
        "CREATE INDEX ix_segment_changes_person ON segment_changes (person_id, definition_id, change_id)"
    )
    op.execute("CREATE INDEX ix_segment_changes_definition ON segment_changes (definition_id, change_id)")
    op.execute("CREATE INDEX ix_segment_changes_changed_at ON segment_changes (changed_at)")
    op.execute(
        """
        CREATE TABLE segment_recomputations (
            definition_id bigint NOT NULL,
            evaluation_id bigint NOT NULL,
            version integer NOT NULL,
            cause text NOT NULL CHECK (cause IN ('baseline', 'definition')),
            entered bigint NOT NULL,
            left_again bigint NOT NULL,
            computed_at timestamptz NOT NULL,
            PRIMARY KEY (definition_id, evaluation_id)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE segment_sizes (
            definition_id bigint NOT NULL,
            hour timestamptz NOT NULL,
            size bigint NOT NULL,
            entered bigint NOT NULL,
            left_again bigint NOT NULL,
            PRIMARY KEY (definition_id, hour)
        )
        """
    )


def _create_audiences() -> None:
    op.execute(
        """
        CREATE TABLE audiences (
            audience_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            key text NOT NULL UNIQUE,
            name text NOT NULL,
            segment_id bigint,
            is_list boolean NOT NULL,
            version integer,
            people bigint NOT NULL,
            taken_at timestamptz NOT NULL,
            taken_by text NOT NULL,
            deleted_at timestamptz
        )
        """
    )
    op.execute("CREATE INDEX ix_audiences_segment ON audiences (segment_id)")
    op.execute(
        """
        CREATE TABLE audience_blocks (
            audience_id bigint NOT NULL REFERENCES audiences,
            block bigint NOT NULL,
            bitmap bytea NOT NULL,
            gone bytea NOT NULL,
            PRIMARY KEY (audience_id, block)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE export_log (
            export_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            subject text NOT NULL CHECK (subject IN ('segment', 'audience')),
            subject_id bigint NOT NULL,
            name text NOT NULL,
            reason text NOT NULL,
            columns text[] NOT NULL,
            format text NOT NULL,
            people bigint NOT NULL,
            is_masked boolean NOT NULL,
            exported_at timestamptz NOT NULL,
            exported_by text NOT NULL
        )
        """
    )
