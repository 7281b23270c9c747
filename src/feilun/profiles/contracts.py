"""What profiles tell: fields and their values with provenance, customers, consents, interactions, the time line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NewType

from feilun.identity.contracts import Identifier
from feilun.kernel.ids import PersonId

CustomFieldId = NewType("CustomFieldId", int)
ConsentId = NewType("ConsentId", int)
InteractionId = NewType("InteractionId", int)

FieldValue = str | int | Decimal | bool | date | datetime | tuple[str, ...]
"""A value of a field, by its type; several choices are a tuple in the order of the options."""

MANUAL_SOURCE: Final = "manual"
"""Source of what an operator typed."""


class ValueType(StrEnum):
    """Type of a field's value."""

    TEXT = "text"
    """One line, at most 200 characters."""
    LONG_TEXT = "long_text"
    """At most 4,000 characters."""
    NUMBER = "number"
    """A whole number."""
    DECIMAL = "decimal"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"


class Protection(StrEnum):
    """How a field's values are kept and who sees them."""

    OPEN = "open"
    """Does not identify anybody directly; may go to the warehouse."""
    MASKED = "masked"
    """Personal, but searched or calculated with: plain in PostgreSQL, masked without `personal.read`, deleted on erasure."""
    SEALED = "sealed"
    """Personal: ciphertext under the key of the person record it came with; unreadable after erasure."""


@dataclass(frozen=True, slots=True)
class FieldOption:
    """One choice of a choice field."""

    value: str
    label_zh: str
    label_en: str
    is_archived: bool = False
    """Kept for values that have it; no longer offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a customer, built in or custom."""

    name: str
    """'city', or 'custom.skin_type' for a custom field."""
    type: ValueType
    label_zh: str
    label_en: str
    protection: Protection = Protection.OPEN
    options: tuple[FieldOption, ...] = ()
    is_custom: bool = False
    is_required: bool = False
    default: str | None = None
    """Canonical text of the value that forms start with."""
    is_archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomField:
    """A field that an administrator added, without code. `type` and `is_personal` never change."""

    custom_field_id: CustomFieldId
    name: str
    """Without the 'custom.' in front."""
    type: ValueType
    label_zh: str
    label_en: str
    is_required: bool
    """Creating and editing by hand refuse an empty value; files may leave it out."""
    is_personal: bool
    """Sealed under the person's key; not searchable, not in the warehouse."""
    default: str | None
    options: tuple[FieldOption, ...]
    position: int
    archived_at: datetime | None
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomFieldDraft:
    """What an administrator says about a new custom field."""

    name: str
    type: ValueType
    label_zh: str
    label_en: str
    is_required: bool = False
    is_personal: bool = False
    default: str | None = None
    options: tuple[FieldOption, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomFieldChange:
    """What changes about a custom field; None leaves it as it is."""

    label_zh: str | None = None
    label_en: str | None = None
    is_required: bool | None = None
    default: str | None = None
    """An empty text removes the default."""
    options: tuple[FieldOption, ...] | None = None
    position: int | None = None
    is_archived: bool | None = None


class SurvivorshipRule(StrEnum):
    """How one of several values of a field is chosen."""

    SOURCE_PRIORITY = "source_priority"
    """The first source of the list that has a value; within one source and among unlisted ones the newest."""
    NEWEST = "newest"
    """The value that was seen last."""
    MOST_FREQUENT = "most_frequent"
    """The value most records and sources agree on; among equals the newest."""


@dataclass(frozen=True, slots=True)
class Survivorship:
    """The rule of one field; `field` '*' holds for all fields without a rule of their own."""

    field: str
    rule: SurvivorshipRule
    sources: tuple[str, ...] = ()
    """For SOURCE_PRIORITY, most trusted first."""
    manual_wins: bool = True
    """What an operator typed beats every source, whatever the rule says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueCandidate:
    """What one source said about a field, through one person record."""

    value: FieldValue | None
    """None when an operator emptied the field, or the caller may not see the value."""
    text: str
    """The value as text; masked when the caller may not see it."""
    source: str
    seen_at: datetime
    """Since when the source has said this, as far as is known; repeating it in a later file does not make it newer."""
    recorded_at: datetime
    person_id: PersonId
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProvenance:
    """A field of a customer: what holds, why, and what it won against."""

    field: Field
    chosen: ValueCandidate | None
    rule: str | None
    """'only', 'manual', or the survivorship rule that decided; None without a value."""
    losing: tuple[ValueCandidate, ...]
    is_masked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRow:
    """One customer in a list. Figures are in `currency`."""

    person_id: PersonId
    name: str | None
    nickname: str | None
    phone: str | None
    """The phone seen last, masked without the right; only where the list was asked for it."""
    gender: str | None
    birthday: str | None
    country: str | None
    province: str | None
    city: str | None
    identifier_kinds: tuple[str, ...]
    sources: tuple[str, ...]
    member_count: int
    """Person records merged into this customer, itself included."""
    currency: str | None
    orders: int
    net_spend: Decimal
    refunds: int
    refund_amount: Decimal
    return_rate: Decimal | None
    first_ordered_at: datetime | None
    last_ordered_at: datetime | None
    registered_at: datetime | None
    created_at: datetime
    custom: Mapping[str, FieldValue]
    """Values of custom fields that are not personal, by their name without 'custom.'."""


class CustomerSort(StrEnum):
    """Orders of the customer list; a leading minus means descending."""

    LAST_ORDERED_AT_DESC = "-last_ordered_at"
    LAST_ORDERED_AT = "last_ordered_at"
    FIRST_ORDERED_AT_DESC = "-first_ordered_at"
    FIRST_ORDERED_AT = "first_ordered_at"
    NET_SPEND_DESC = "-net_spend"
    NET_SPEND = "net_spend"
    ORDERS_DESC = "-orders"
    ORDERS = "orders"
    REFUND_AMOUNT_DESC = "-refund_amount"
    REFUND_AMOUNT = "refund_amount"
    NAME = "name"
    NAME_DESC = "-name"
    CREATED_AT_DESC = "-created_at"
    CREATED_AT = "created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFilter:
    """Which customers to list; None means any. Erased ones are never listed."""

    query: str | None = None
    """Phone (full or last four), any identifier, order number, or two characters of the name and more."""
    has_orders: bool | None = None
    last_ordered_from: datetime | None = None
    last_ordered_to: datetime | None = None
    """Exclusive."""
    net_spend_min: Decimal | None = None
    net_spend_max: Decimal | None = None
    city: str | None = None
    source: str | None = None
    identifier_kind: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    """Field name → value as text; fields that are neither personal nor sealed."""
    among: tuple[PersonId, ...] | None = None
    """Only these customers, by root: what a `PersonGroups` of a room above knows, e.g. who carries a tag."""
    also_found: tuple[PersonId, ...] = ()
    """Whom `query` means besides, by root, as a `PersonGroups` knows; without a query they mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPage:
    """One page of customers."""

    rows: tuple[CustomerRow, ...]
    total: int
    is_total_capped: bool
    """There are more than `total`; counting stopped there."""
    next_cursor: str | None
    """Continues after the last row even while customers come and go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerHead:
    """The head of a customer page."""

    person_id: PersonId
    members: tuple[PersonId, ...]
    display_name: str | None
    name: str | None
    gender: str | None
    birthday: str | None
    city: str | None
    sources: tuple[str, ...]
    created_at: datetime
    erased_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFigures:
    """A customer's orders in numbers, read from the orders themselves. Amounts in `currency`."""

    currency: str | None
    orders: int
    net_spend: Decimal
    product_sales: Decimal
    refunds: int
    refund_amount: Decimal
    return_rate: Decimal | None
    average_basket: Decimal | None
    first_ordered_at: datetime | None
    last_ordered_at: datetime | None
    other_currencies: tuple[str, ...]


class ConsentState(StrEnum):
    """What a customer said."""

    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A customer's word on one channel and purpose. History is kept; the newest one holds, and a refusal wins a tie."""

    consent_id: ConsentId
    person_id: PersonId
    channel: str
    purpose: str
    state: ConsentState
    stated_at: datetime
    source: str
    recorded_at: datetime
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentStatement:
    """A consent to record."""

    person_id: PersonId
    channel: str
    state: ConsentState
    stated_at: datetime
    source: str
    purpose: str = "marketing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """Something a customer did: looked at a page, put something into a cart, logged in …"""

    interaction_id: InteractionId
    person_id: PersonId
    kind: str
    occurred_at: datetime
    channel: str | None
    source: str
    sku: str | None
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelView:
    """What a panel of an upper room shows on the customer page."""

    name: str
    content: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerView:
    """Everything the customer page shows at once."""

    requested_id: PersonId
    head: CustomerHead
    is_alias: bool
    """The id asked for was merged into this customer."""
    figures: CustomerFigures
    fields: tuple[FieldProvenance, ...]
    identifiers: tuple[Identifier, ...]
    consents: tuple[Consent, ...]
    """The one that holds, per channel and purpose."""
    panels: tuple[PanelView, ...]
    is_masked: bool


class TimelineKind(StrEnum):
    """What a time line entry is. Their order breaks ties of equal moments."""

    PROFILE_CHANGE = "profile_change"
    CONSENT = "consent"
    MERGE = "merge"
    SPLIT = "split"
    INTERACTION = "interaction"
    ORDER = "order"
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One thing that happened, newest first."""

    kind: TimelineKind
    entry_id: int
    """Id within its kind."""
    occurred_at: datetime
    person_id: PersonId | None
    source: str
    values: Mapping[str, object]
    """Facts to show, by kind; never direct personal values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One page of a time line."""

    entries: tuple[TimelineEntry, ...]
    next_cursor: str | None


class ExportFormat(StrEnum):
    """File formats of an export."""

    CSV = "csv"
    XLSX = "xlsx"
