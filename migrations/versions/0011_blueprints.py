"""RFM models, one row per version."""

from alembic import op

revision = "0011_blueprints"
down_revision = "0010_segments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.execute(
        "CREATE TABLE rfm_models ("
        " version integer NOT NULL CONSTRAINT pk_rfm_models PRIMARY KEY,"
        " model jsonb NOT NULL,"
        " calibrated_at timestamptz,"
        " people bigint,"
        " saved_at timestamptz NOT NULL,"
        " saved_by text NOT NULL)"
    )
