"""Operators, sessions, API keys."""

from alembic import op

revision = "0002_access"
down_revision = "0001_platform"


def upgrade() -> None:
    """Create the access room's tables."""
    op.execute(
        """
        CREATE TABLE operators (
            operator_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            username text NOT NULL,
            display_name text NOT NULL,
            password_hash text NOT NULL,
            role text NOT NULL CHECK (role IN ('admin', 'operator', 'viewer')),
            locale text NOT NULL DEFAULT 'zh-CN',
            is_active boolean NOT NULL DEFAULT true,
            must_change_password boolean NOT NULL,
            failed_attempts integer NOT NULL DEFAULT 0,
            locked_until timestamptz,
            created_at timestamptz NOT NULL,
            last_login_at timestamptz
        )
        """
    )
    op.execute("CREATE UNIQUE INDEX uq_operators_username ON operators (lower(username))")
    op.execute(
        """
        CREATE TABLE sessions (
            token_hash bytea PRIMARY KEY,
            operator_id bigint NOT NULL REFERENCES operators ON DELETE CASCADE,
            created_at timestamptz NOT NULL,
            last_seen_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX ix_sessions_operator ON sessions (operator_id)")
    op.execute(
        """
        CREATE TABLE api_keys (
            key_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text NOT NULL,
            prefix text NOT NULL UNIQUE,
            secret_hash bytea NOT NULL,
            role text NOT NULL CHECK (role IN ('admin', 'operator', 'viewer')),
            created_at timestamptz NOT NULL,
            created_by text NOT NULL,
            expires_at timestamptz,
            last_used_at timestamptz,
            revoked_at timestamptz
        )
        """
    )
