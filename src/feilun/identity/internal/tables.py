"""Tables of identity. Direct values only sealed (`sealed`) or as blind indexes; `evidence` is masked text.

Person-scoped tables have no foreign keys to `persons`: person records are never deleted, and the check would cost bulk intake
a look-up per row. Lists of merges and reviews, which are small, have them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Sequence,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from feilun.platform.db import metadata

_MOMENT = DateTime(timezone=True)

person_id_seq = Sequence("person_id_seq", data_type=BigInteger, metadata=metadata)
"""Ids are never reused: facts and logs outlive erased people."""

persons = Table(
    "persons",
    metadata,
    Column("person_id", BigInteger, primary_key=True, autoincrement=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("source", Text, nullable=False),
    Column("erased_at", _MOMENT),
)

person_keys = Table(
    "person_keys",
    metadata,
    Column("person_id", BigInteger, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False),
)

identifiers = Table(
    "identifiers",
    metadata,
    Column("person_id", BigInteger, primary_key=True, autoincrement=False),
    Column("identifier_id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("blind_full", LargeBinary, nullable=False),
    Column("blind_last4", LargeBinary),
    Column("is_verified", Boolean, nullable=False),
    Column("is_linking", Boolean, nullable=False),
    Column("source", Text, nullable=False),
    Column("first_seen_at", _MOMENT, nullable=False),
    Column("last_seen_at", _MOMENT, nullable=False),
    # The blind index comes first so that a search by value needs no scope.
    Index(
        "uq_identifiers_linking",
        "blind_full",
        "kind",
        "scope",
        unique=True,
        postgresql_where=text("is_linking"),
    ),
    Index(
        "uq_identifiers_loose",
        "blind_full",
        "kind",
        "scope",
        "person_id",
        unique=True,
        postgresql_where=text("NOT is_linking"),
    ),
    Index("ix_identifiers_last4", "blind_last4", postgresql_where=text("blind_last4 IS NOT NULL")),
)

person_aliases = Table(
    "person_aliases",
    metadata,
    Column("alias_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", BigInteger, nullable=False, index=True),
    CheckConstraint("person_id < alias_id", name="root_is_lowest"),
)

merges = Table(
    "merges",
    metadata,
    Column("merge_id", BigInteger, Identity(always=True), primary_key=True),
    Column("left_person_id", BigInteger, ForeignKey("persons.person_id"), nullable=False, index=True),
    Column("right_person_id", BigInteger, ForeignKey("persons.person_id"), nullable=False, index=True),
    Column("kept_person_id", BigInteger, nullable=False),
    Column("absorbed_person_id", BigInteger, nullable=False),
    Column("cause", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("merged_by", Text, nullable=False),
    Column("merged_at", _MOMENT, nullable=False),
    Column("split_by", Text),
    Column("split_at", _MOMENT),
    Column("split_reason", Text),
    CheckConstraint("left_person_id < right_person_id", name="ordered"),
    CheckConstraint("cause IN ('identifier', 'review', 'manual')", name="cause"),
)

keep_apart = Table(
    "keep_apart",
    metadata,
    Column("left_person_id", BigInteger, ForeignKey("persons.person_id"), primary_key=True),
    Column("right_person_id", BigInteger, ForeignKey("persons.person_id"), primary_key=True, index=True),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", _MOMENT, nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint("left_person_id < right_person_id", name="ordered"),
)

merge_reviews = Table(
    "merge_reviews",
    metadata,
    Column("review_id", BigInteger, Identity(always=True), primary_key=True),
    Column("left_person_id", BigInteger, ForeignKey("persons.person_id"), nullable=False),
    Column("right_person_id", BigInteger, ForeignKey("persons.person_id"), nullable=False, index=True),
    Column("shared_kind", Text, nullable=False),
    Column("shared_blind", LargeBinary),
    Column("conflicting_kind", Text),
    Column("evidence", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("opened_at", _MOMENT, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", _MOMENT),
    Column("reason", Text, nullable=False, server_default=""),
    CheckConstraint("left_person_id < right_person_id", name="ordered"),
    CheckConstraint("state IN ('open', 'merged', 'kept_apart')", name="state"),
    Index("ix_merge_reviews_pair", "left_person_id", "right_person_id"),
    Index(
        "uq_merge_reviews_open",
        "left_person_id",
        "right_person_id",
        unique=True,
        postgresql_where=text("state = 'open'"),
    ),
    Index("ix_merge_reviews_state", "state", "opened_at"),
)

erasures = Table(
    "erasures",
    metadata,
    Column("erasure_id", BigInteger, Identity(always=True), primary_key=True),
    Column("person_id", BigInteger, nullable=False),
    Column("members", ARRAY(BigInteger), nullable=False),
    Column("erased_by", Text, nullable=False),
    Column("erased_at", _MOMENT, nullable=False, index=True),
)
