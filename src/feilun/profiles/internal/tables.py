"""Tables of profiles. Direct personal values are in `sealed` under the key of the row's person record."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from feilun.platform.db import metadata

_MOMENT = DateTime(timezone=True)
_AMOUNT = Numeric(18, 4)
_LIVE = text("erased_at IS NULL")

custom_fields = Table(
    "custom_fields",
    metadata,
    Column("custom_field_id", BigInteger, Identity(always=True), primary_key=True),
    Column("object", Text, nullable=False, server_default="customer"),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("label_zh", Text, nullable=False),
    Column("label_en", Text, nullable=False),
    Column("is_required", Boolean, nullable=False),
    Column("is_personal", Boolean, nullable=False),
    Column("default_value", Text),
    Column("options", JSONB, nullable=False),
    Column("position", Integer, nullable=False),
    Column("archived_at", _MOMENT),
    Column("created_at", _MOMENT, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", _MOMENT, nullable=False),
    UniqueConstraint("object", "name"),
    CheckConstraint("object IN ('customer')", name="object"),
)

survivorship = Table(
    "survivorship",
    metadata,
    Column("field", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("sources", ARRAY(Text), nullable=False),
    Column("manual_wins", Boolean, nullable=False),
    Column("updated_at", _MOMENT, nullable=False),
    Column("updated_by", Text, nullable=False),
)

profile_values = Table(
    "profile_values",
    metadata,
    Column("person_id", BigInteger, primary_key=True, autoincrement=False),
    Column("field", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("value", Text),
    Column("sealed", LargeBinary),
    Column("digest", LargeBinary),
    Column("seen_at", _MOMENT, nullable=False),
    Column("recorded_at", _MOMENT, nullable=False),
    Column("actor", Text, nullable=False),
)

profile_changes = Table(
    "profile_changes",
    metadata,
    Column("change_id", BigInteger, Identity(always=True), primary_key=True),
    Column("person_id", BigInteger, nullable=False),
    Column("fields", ARRAY(Text), nullable=False),
    Column("source", Text, nullable=False),
    Column("changed_at", _MOMENT, nullable=False),
    Column("actor", Text, nullable=False),
    Index("ix_profile_changes_person", "person_id", "changed_at"),
)

consents = Table(
    "consents",
    metadata,
    Column("consent_id", BigInteger, Identity(always=True), primary_key=True),
    Column("person_id", BigInteger, nullable=False),
    Column("channel", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("stated_at", _MOMENT, nullable=False),
    Column("source", Text, nullable=False),
    Column("recorded_at", _MOMENT, nullable=False),
    Column("actor", Text, nullable=False),
    Index("ix_consents_person", "person_id", "channel", "purpose", "stated_at"),
)

interactions = Table(
    "interactions",
    metadata,
    Column("interaction_id", BigInteger, Identity(always=True), primary_key=True),
    Column("person_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("occurred_at", _MOMENT, nullable=False),
    Column("channel", Text),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("sku", Text),
    Column("properties", JSONB, nullable=False),
    Column("recorded_at", _MOMENT, nullable=False),
    UniqueConstraint("source", "source_id"),
    Index("ix_interactions_person", "person_id", "occurred_at"),
)

person_records = Table(
    "person_records",
    metadata,
    Column("person_id", BigInteger, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("identifier_kinds", ARRAY(Text), nullable=False),
)

customers = Table(
    "customers",
    metadata,
    Column("person_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text),
    Column("nickname", Text),
    Column("search_text", Text, nullable=False),
    Column("name_tokens", ARRAY(Text), nullable=False),
    Column("gender", Text),
    Column("birthday", Text),
    Column("country", Text),
    Column("province", Text),
    Column("city", Text),
    Column("registered_at", _MOMENT),
    Column("fields", JSONB, nullable=False),
    Column("identifier_kinds", ARRAY(Text), nullable=False),
    Column("sources", ARRAY(Text), nullable=False),
    Column("member_count", Integer, nullable=False),
    Column("currency", Text),
    Column("orders", Integer, nullable=False),
    Column("net_spend", _AMOUNT, nullable=False),
    Column("refunds", Integer, nullable=False),
    Column("refund_amount", _AMOUNT, nullable=False),
    Column("return_rate", _AMOUNT),
    Column("first_ordered_at", _MOMENT),
    Column("last_ordered_at", _MOMENT),
    Column("created_at", _MOMENT, nullable=False),
    Column("erased_at", _MOMENT),
    Index(
        "ix_customers_last_ordered",
        text("coalesce(last_ordered_at, '-infinity')"),
        "person_id",
        postgresql_where=_LIVE,
    ),
    Index(
        "ix_customers_first_ordered",
        text("coalesce(first_ordered_at, '-infinity')"),
        "person_id",
        postgresql_where=_LIVE,
    ),
    Index("ix_customers_net_spend", "net_spend", "person_id", postgresql_where=_LIVE),
    Index("ix_customers_orders", "orders", "person_id", postgresql_where=_LIVE),
    Index("ix_customers_refund_amount", "refund_amount", "person_id", postgresql_where=_LIVE),
    Index("ix_customers_name", text("coalesce(name, nickname, '')"), "person_id", postgresql_where=_LIVE),
    Index("ix_customers_created", "created_at", "person_id", postgresql_where=_LIVE),
    Index("ix_customers_city", "city", postgresql_where=text("city IS NOT NULL")),
    Index("ix_customers_name_tokens", "name_tokens", postgresql_using="gin"),
    Index(
        "ix_customers_fields", "fields", postgresql_using="gin", postgresql_ops={"fields": "jsonb_path_ops"}
    ),
    Index("ix_customers_sources", "sources", postgresql_using="gin"),
)
