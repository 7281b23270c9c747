"""Tables of the ingestion room; nobody else imports them. DDL with checks and indexes: migrations/versions/0004_ingestion.py."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from feilun.platform.db import metadata

_MOMENT = DateTime(timezone=True)

uploaded_files = Table(
    "uploaded_files",
    metadata,
    Column("file_id", BigInteger, primary_key=True),
    Column("name", Text, nullable=False),
    Column("stored_name", Text, nullable=False, unique=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("encoding", Text),
    Column("uploaded_by", Text, nullable=False),
    Column("uploaded_at", _MOMENT, nullable=False),
    Column("removed_at", _MOMENT),
)

import_mappings = Table(
    "import_mappings",
    metadata,
    Column("mapping_id", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("headings", LargeBinary, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("updated_at", _MOMENT, nullable=False),
)

imports = Table(
    "imports",
    metadata,
    Column("import_id", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("file_id", BigInteger, ForeignKey("uploaded_files.file_id"), nullable=False),
    Column("mapping", JSONB, nullable=False),
    Column("origin", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("error_code", Text),
    Column("error_detail", JSONB, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", _MOMENT),
    Column("started_by", Text, nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("started_at", _MOMENT),
    Column("finished_at", _MOMENT),
)

import_progress = Table(
    "import_progress",
    metadata,
    Column("import_id", BigInteger, ForeignKey("imports.import_id"), primary_key=True),
    Column("phase", Text, nullable=False),
    Column("partitions", Integer, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("records_done", Integer, nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("rows_total", BigInteger),
    Column("rows_handled", BigInteger, nullable=False),
    Column("records_taken", BigInteger, nullable=False),
    Column("records_changed", BigInteger, nullable=False),
    Column("records_unchanged", BigInteger, nullable=False),
    Column("records_rejected", BigInteger, nullable=False),
    Column("rows_taken", BigInteger, nullable=False),
    Column("rows_changed", BigInteger, nullable=False),
    Column("rows_unchanged", BigInteger, nullable=False),
    Column("rows_rejected", BigInteger, nullable=False),
    Column("new_dead_letters", BigInteger, nullable=False),
    Column("unexpected", Integer, nullable=False),
)

import_rejections = Table(
    "import_rejections",
    metadata,
    Column("import_id", BigInteger, ForeignKey("imports.import_id"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("rows", BigInteger, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("dead_letter_id", BigInteger, primary_key=True),
    Column("import_id", BigInteger, ForeignKey("imports.import_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("row_number", BigInteger, nullable=False),
    Column("part", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    Column("sealed_value", LargeBinary),
    Column("sealed_raw", LargeBinary),
    Column("sealed_mended", LargeBinary),
    Column("mended", ARRAY(Text), nullable=False),
    Column("masked_value", Text, nullable=False),
    Column("masked", JSONB, nullable=False),
    Column("blinds", ARRAY(LargeBinary), nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", _MOMENT),
)

ingestion_settings = Table(
    "ingestion_settings",
    metadata,
    Column("is_only", Boolean, primary_key=True),
    Column("dead_letter_days", Integer, nullable=False),
)
