"""What company accounts tell: the account, its contacts, receivables and their totals."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from feilun.kernel.ids import PersonId

AccountId = NewType("AccountId", int)
ReceivableId = NewType("ReceivableId", int)


class AccountState(StrEnum):
    """Standard states of a company account; the source's own word is kept beside it."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Nothing is to be sold for the moment (frozen, on hold)."""
    CLOSED = "closed"


class ReceivableState(StrEnum):
    """Standard states of a receivable (应收); the source's own word is kept beside it."""

    OPEN = "open"
    PART_SETTLED = "part_settled"
    SETTLED = "settled"
    WRITTEN_OFF = "written_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A company that buys. One by source and code; business data, nothing personal."""

    account_id: AccountId
    source: str
    code: str
    name: str | None
    short_name: str | None
    credit_code: str | None
    """Unified social credit code (统一社会信用代码), 18 characters, its check character verified."""
    industry: str | None
    region: str | None
    address: str | None
    payment_terms_days: int | None
    credit_limit: Decimal | None
    currency: str | None
    """Of the credit limit."""
    state: AccountState
    raw_state: str | None
    owner: str | None
    """The employee in charge, as the source names them."""
    parent_code: str | None
    parent_id: AccountId | None
    """The account of the same source that has the parent's code, once it is known."""
    first_seen_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person who acts for an account."""

    account_id: AccountId
    person_id: PersonId
    """The person record it came with; see `identity.api.root_of`."""
    role: str | None
    """What they do in the purchase: buyer, decision maker, finance …"""
    title: str | None
    source: str
    """The source that named them, 'console' when an operator did."""
    first_seen_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Receivable:
    """An amount somebody owes by a document of a source. Negative amounts are credit notes."""

    receivable_id: ReceivableId
    source: str
    number: str
    account_id: AccountId | None
    person_id: PersonId | None
    order_number: str | None
    currency: str
    amount: Decimal
    settled_amount: Decimal
    open_amount: Decimal
    """Amount less settled amount while it is open or part-settled, else 0."""
    issued_on: date | None
    due_on: date | None
    state: ReceivableState
    raw_state: str | None
    days_overdue: int
    """Whole days since the due date on the business date asked for; 0 when it is not overdue."""
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivableTotals:
    """What is owed in one currency."""

    currency: str
    open_count: int
    open_amount: Decimal
    overdue_count: int
    overdue_amount: Decimal
    days_overdue: int
    """Of the receivable that is overdue the longest; 0 when none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """Which accounts to list; None means any."""

    query: str | None = None
    """Part of the code, name, short name or credit code."""
    source: str | None = None
    state: AccountState | None = None
    owner: str | None = None
    is_overdue: bool | None = None


class AccountSort(StrEnum):
    """Orders of an account list; a leading minus means descending."""

    CODE = "code"
    CODE_DESC = "-code"
    NAME = "name"
    NAME_DESC = "-name"
    UPDATED_AT = "updated_at"
    UPDATED_AT_DESC = "-updated_at"
    DAYS_OVERDUE = "days_overdue"
    DAYS_OVERDUE_DESC = "-days_overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivableFilter:
    """Which receivables to list; None means any."""

    account_id: AccountId | None = None
    person_ids: tuple[PersonId, ...] | None = None
    """Those a person owes themselves: pass all records of the customer."""
    state: ReceivableState | None = None
    is_open: bool | None = None
    is_overdue: bool | None = None
