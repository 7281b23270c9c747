"""Intake: uploaded files, saved mappings, imports with their checkpoints, dead letters."""

from alembic import op

revision = "0004_ingestion"
down_revision = "0003_identity"


def upgrade() -> None:
    """Create the tables of the ingestion room."""
    op.execute(
        """
        CREATE TABLE uploaded_files (
            file_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text NOT NULL,
            stored_name text NOT NULL UNIQUE,
            size_bytes bigint NOT NULL,
            sha256 text NOT NULL,
            encoding text,
            uploaded_by text NOT NULL,
            uploaded_at timestamptz NOT NULL,
            removed_at timestamptz
        )
        """
    )
    op.execute(
        """
        CREATE TABLE import_mappings (
            mapping_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            kind text NOT NULL,
            name text NOT NULL,
            headings bytea NOT NULL,
            document jsonb NOT NULL,
            updated_by text NOT NULL,
            updated_at timestamptz NOT NULL,
            UNIQUE (kind, name)
        )
        """
    )
    op.execute("CREATE INDEX ix_import_mappings_headings ON import_mappings (headings)")
    op.execute(
        """
        CREATE TABLE imports (
            import_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            kind text NOT NULL,
            file_id bigint NOT NULL REFERENCES uploaded_files,
            mapping jsonb NOT NULL,
            origin text NOT NULL CHECK (origin IN ('live', 'backfill', 'replay')),
            state text NOT NULL CHECK (state IN ('queued', 'running', 'stopping', 'stopped', 'failed', 'done')),
            wrapped_key bytea NOT NULL,
            error_code text,
            error_detail jsonb NOT NULL DEFAULT '{}',
            attempts integer NOT NULL DEFAULT 0,
            next_attempt_at timestamptz,
            started_by text NOT NULL,
            created_at timestamptz NOT NULL,
            started_at timestamptz,
            finished_at timestamptz
        )
        """
    )
    op.execute(
        "CREATE INDEX ix_imports_waiting ON imports (import_id) WHERE state IN ('queued', 'running', 'stopping')"
    )
    op.execute(
        """
        CREATE TABLE import_progress (
            import_id bigint PRIMARY KEY REFERENCES imports,
            phase text NOT NULL DEFAULT 'reading' CHECK (phase IN ('reading', 'taking', 'finishing')),
            partitions integer NOT NULL DEFAULT 0,
            partition integer NOT NULL DEFAULT 0,
            records_done integer NOT NULL DEFAULT 0,
            rows_read bigint NOT NULL DEFAULT 0,
            rows_total bigint,
            rows_handled bigint NOT NULL DEFAULT 0,
            records_taken bigint NOT NULL DEFAULT 0,
            records_changed bigint NOT NULL DEFAULT 0,
            records_unchanged bigint NOT NULL DEFAULT 0,
            records_rejected bigint NOT NULL DEFAULT 0,
            rows_taken bigint NOT NULL DEFAULT 0,
            rows_changed bigint NOT NULL DEFAULT 0,
            rows_unchanged bigint NOT NULL DEFAULT 0,
            rows_rejected bigint NOT NULL DEFAULT 0,
            new_dead_letters bigint NOT NULL DEFAULT 0,
            unexpected integer NOT NULL DEFAULT 0
        ) WITH (fillfactor = 50)
        """
    )
    op.execute(
        """
        CREATE TABLE import_rejections (
            import_id bigint NOT NULL REFERENCES imports,
            code text NOT NULL,
            field text NOT NULL,
            rows bigint NOT NULL,
            PRIMARY KEY (import_id, code, field)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE dead_letters (
            dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            import_id bigint NOT NULL REFERENCES imports,
            kind text NOT NULL,
            source text NOT NULL,
            fingerprint bytea NOT NULL,
            row_number bigint NOT NULL,
            part text NOT NULL,
            state text NOT NULL CHECK (state IN ('open', 'replayed', 'discarded')),
            code text NOT NULL,
            field text NOT NULL,
            detail jsonb NOT NULL,
            sealed_value bytea,
            sealed_raw bytea,
            sealed_mended bytea,
            mended text[] NOT NULL DEFAULT '{}',
            masked_value text NOT NULL,
            masked jsonb NOT NULL,
            blinds bytea[] NOT NULL,
            created_at timestamptz NOT NULL,
            decided_by text,
            decided_at timestamptz,
            UNIQUE (kind, source, fingerprint)
        )
        """
    )
    op.execute("CREATE INDEX ix_dead_letters_import ON dead_letters (import_id, dead_letter_id)")
    op.execute("CREATE INDEX ix_dead_letters_open ON dead_letters (dead_letter_id) WHERE state = 'open'")
    op.execute(
        "CREATE INDEX ix_dead_letters_mended ON dead_letters (kind, source) WHERE sealed_mended IS NOT NULL"
    )
    op.execute("CREATE INDEX ix_dead_letters_blinds ON dead_letters USING gin (blinds)")
    op.execute(
        """
        CREATE TABLE ingestion_settings (
            is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
            dead_letter_days integer NOT NULL CHECK (dead_letter_days BETWEEN 1 AND 3650)
        )
        """
    )
    op.execute("INSERT INTO ingestion_settings (dead_letter_days) VALUES (365)")
