"""Endpoints of the accounts room."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.accounts import api
from feilun.accounts.contracts import (
    Account,
    AccountFilter,
    AccountId,
    AccountSort,
    AccountState,
    Contact,
    Receivable,
    ReceivableFilter,
    ReceivableId,
    ReceivableState,
    ReceivableTotals,
)
from feilun.accounts.errors import AccountNotFound, CustomerNotFound, ReceivableNotFound
from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierKind
from feilun.kernel.ids import PersonId, from_opaque, opaque
from feilun.platform.config import Settings
from feilun.platform.db import UnitOfWork
from feilun.platform.http import Page, SettingsDep, UowDep

router = APIRouter(prefix="/api/v1", tags=["accounts"])

_TEXT_MAX = 200
_STORABLE = r"^[^\x00]*$"


class ReceivableTotalsOut(BaseModel):
    """What is owed in one currency."""

    currency: str
    open_count: int
    open_amount: Decimal
    overdue_count: int
    overdue_amount: Decimal
    days_overdue: int


class AccountOut(BaseModel):
    """A company that buys, with what it owes today."""

    id: str
    source: str
    code: str
    name: str | None
    short_name: str | None
    credit_code: str | None
    industry: str | None
    region: str | None
    address: str | None
    payment_terms_days: int | None
    credit_limit: Decimal | None
    currency: str | None
    state: AccountState
    raw_state: str | None
    owner: str | None
    parent_code: str | None
    parent_id: str | None
    updated_at: datetime
    receivables: list[ReceivableTotalsOut]


class ContactOut(BaseModel):
    """A customer who acts for the account. Phone and e-mail are masked for those who may not see personal data."""

    customer_id: str
    role: str | None
    title: str | None
    phone: str | None
    email: str | None
    source: str
    updated_at: datetime


class AccountDetailOut(AccountOut):
    """A company account with its contacts."""

    contacts: list[ContactOut]


class ReceivableOut(BaseModel):
    """An amount owed by an account or by a customer; days overdue are those of today."""

    id: str
    source: str
    number: str
    account_id: str | None
    customer_id: str | None
    order_number: str | None
    currency: str
    amount: Decimal
    settled_amount: Decimal
    open_amount: Decimal
    issued_on: date | None
    due_on: date | None
    state: ReceivableState
    raw_state: str | None
    days_overdue: int
    updated_at: datetime


class ContactIn(BaseModel):
    """A customer who acts for the account."""

    customer_id: str = Field(max_length=40)
    role: str | None = Field(None, min_length=1, max_length=_TEXT_MAX, pattern=_STORABLE)
    title: str | None = Field(None, min_length=1, max_length=_TEXT_MAX, pattern=_STORABLE)


class AccountQuery(BaseModel):
    """Filters and order of the account list."""

    query: str | None = Field(None, max_length=_TEXT_MAX, pattern=_STORABLE)
    source: str | None = Field(None, max_length=_TEXT_MAX, pattern=_STORABLE)
    owner: str | None = Field(None, max_length=_TEXT_MAX, pattern=_STORABLE)
    state: AccountState | None = None
    overdue: bool | None = None
    sort: AccountSort = AccountSort.CODE
    page: int = Field(1, ge=1, le=1_000_000)
    page_size: int = Field(20, ge=1, le=200)


class ReceivableQuery(BaseModel):
    """Filters of the receivable list."""

    state: ReceivableState | None = None
    open: bool | None = None
    overdue: bool | None = None
    page: int = Field(1, ge=1, le=1_000_000)
    page_size: int = Field(20, ge=1, le=200)


def _today(uow: UnitOfWork, settings: Settings) -> date:
    return uow.now.astimezone(ZoneInfo(settings.base_zone)).date()


def _account_id(text: str) -> AccountId:
    number = from_opaque("ac", text)
    if number is None:
        raise AccountNotFound(f"no account {text!r}")
    return AccountId(number)


def _person_id(text: str) -> PersonId:
    number = from_opaque("c", text)
    if number is None:
        raise CustomerNotFound(f"no customer {text!r}")
    return PersonId(number)


def _totals_out(totals: ReceivableTotals) -> ReceivableTotalsOut:
    names = ReceivableTotalsOut.model_fields
    return ReceivableTotalsOut.model_validate({name: getattr(totals, name) for name in names})


def _account_values(account: Account, uow: UnitOfWork, as_of: date) -> dict[str, object]:
    return _values_of(
        account, list(api.totals_of(uow, [account.account_id], as_of=as_of).get(account.account_id, []))
    )


def _values_of(account: Account, totals: list[ReceivableTotals]) -> dict[str, object]:
    names = AccountOut.model_fields.keys() - {"id", "parent_id", "receivables"}
    values: dict[str, object] = {name: getattr(account, name) for name in names}
    return values | {
        "id": opaque("ac", account.account_id),
        "parent_id": opaque("ac", account.parent_id) if account.parent_id else None,
        "receivables": [_totals_out(item) for item in totals],
    }


def _contact_out(uow: UnitOfWork, contact: Contact, root: PersonId, *, reveal: bool) -> ContactOut:
    best: dict[IdentifierKind, str] = {}
    for identifier in identity.list_identifiers(uow, root, reveal=reveal):
        best.setdefault(identifier.kind, identifier.value)
    return ContactOut(
        customer_id=opaque("c", root),
        role=contact.role,
        title=contact.title,
        phone=best.get(IdentifierKind.PHONE),
        email=best.get(IdentifierKind.EMAIL),
        source=contact.source,
        updated_at=contact.updated_at,
    )


def _receivable_page(
    uow: UnitOfWork, wanted: ReceivableFilter, query: ReceivableQuery, as_of: date
) -> Page[ReceivableOut]:
    found, total = api.list_receivables(
        uow, wanted, as_of=as_of, limit=query.page_size, offset=(query.page - 1) * query.page_size
    )
    roots = identity.root_of(uow, {r.person_id for r in found if r.person_id is not None})
    return Page(
        items=[_receivable_out(receivable, roots) for receivable in found],
        total=total,
        page=query.page,
        page_size=query.page_size,
    )


def _receivable_out(receivable: Receivable, roots: dict[PersonId, PersonId]) -> ReceivableOut:
    names = ReceivableOut.model_fields.keys() - {"id", "account_id", "customer_id"}
    values: dict[str, object] = {name: getattr(receivable, name) for name in names}
    person_id, account_id = receivable.person_id, receivable.account_id
    return ReceivableOut.model_validate(
        values
        | {
            "id": opaque("rc", receivable.receivable_id),
            "account_id": None if account_id is None else opaque("ac", account_id),
            "customer_id": None if person_id is None else opaque("c", roots[person_id]),
        }
    )


@router.get("/accounts", operation_id="listAccounts")
def list_accounts(
    wanted: Annotated[AccountQuery, Query()],
    uow: UowDep,
    settings: SettingsDep,
    caller: Caller = Guard("accounts.read"),
) -> Page[AccountOut]:
    """List company accounts by text, source, state, owner; `overdue=true`: those with a receivable past its due date."""
    as_of = _today(uow, settings)
    accounts, total = api.list_accounts(
        uow,
        AccountFilter(
            query=wanted.query or None,
            source=wanted.source or None,
            state=wanted.state,
            owner=wanted.owner or None,
            is_overdue=wanted.overdue,
        ),
        as_of=as_of,
        sort=wanted.sort,
        limit=wanted.page_size,
        offset=(wanted.page - 1) * wanted.page_size,
    )
    owed = api.totals_of(uow, [account.account_id for account in accounts], as_of=as_of)
    return Page(
        items=[
            AccountOut.model_validate(_values_of(account, list(owed.get(account.account_id, []))))
            for account in accounts
        ],
        total=total,
        page=wanted.page,
        page_size=wanted.page_size,
    )


@router.get("/accounts/{account_id}", operation_id="getAccount")
def get_account(
    account_id: str, uow: UowDep, settings: SettingsDep, caller: Caller = Guard("accounts.read")
) -> AccountDetailOut:
    """Return a company account with its contacts and what it owes today."""
    account = api.get_account(uow, _account_id(account_id))
    contacts = api.list_contacts(uow, account.account_id)
    roots = identity.root_of(uow, {contact.person_id for contact in contacts})
    reveal = caller.may("personal.read")
    return AccountDetailOut.model_validate(
        _account_values(account, uow, _today(uow, settings))
        | {
            "contacts": [
                _contact_out(uow, contact, roots[contact.person_id], reveal=reveal) for contact in contacts
            ]
        }
    )


@router.post(
    "/accounts/{account_id}/contacts",
    operation_id="addAccountContact",
    status_code=204,
    response_class=Response,
)
def add_contact(
    account_id: str, contact: ContactIn, uow: UowDep, caller: Caller = Guard("accounts.write")
) -> None:
    """Say that a customer acts for an account; again replaces role and title."""
    api.add_contact(
        uow,
        _account_id(account_id),
        _person_id(contact.customer_id),
        role=contact.role,
        title=contact.title,
    )


@router.delete(
    "/accounts/{account_id}/contacts/{customer_id}",
    operation_id="removeAccountContact",
    status_code=204,
    response_class=Response,
)
def remove_contact(
    account_id: str, customer_id: str, uow: UowDep, caller: Caller = Guard("accounts.write")
) -> None:
    """Say that a customer no longer acts for an account."""
    api.remove_contact(uow, _account_id(account_id), _person_id(customer_id))


@router.get("/accounts/{account_id}/receivables", operation_id="listAccountReceivables")
def list_account_receivables(
    account_id: str,
    query: Annotated[ReceivableQuery, Query()],
    uow: UowDep,
    settings: SettingsDep,
    caller: Caller = Guard("accounts.read"),
) -> Page[ReceivableOut]:
    """List what an account owes or has paid, open receivables first, the longest due first."""
    account = api.get_account(uow, _account_id(account_id))
    wanted = ReceivableFilter(
        account_id=account.account_id, state=query.state, is_open=query.open, is_overdue=query.overdue
    )
    return _receivable_page(uow, wanted, query, _today(uow, settings))


@router.get("/customers/{customer_id}/receivables", operation_id="listCustomerReceivables")
def list_customer_receivables(
    customer_id: str,
    query: Annotated[ReceivableQuery, Query()],
    uow: UowDep,
    settings: SettingsDep,
    caller: Caller = Guard("accounts.read"),
) -> Page[ReceivableOut]:
    """List what a customer owes themselves; what the companies they act for owe is listed with those."""
    wanted = ReceivableFilter(
        person_ids=tuple(_members(uow, customer_id)),
        state=query.state,
        is_open=query.open,
        is_overdue=query.overdue,
    )
    return _receivable_page(uow, wanted, query, _today(uow, settings))


@router.get("/customers/{customer_id}/accounts", operation_id="listCustomerAccounts")
def list_customer_accounts(
    customer_id: str, uow: UowDep, settings: SettingsDep, caller: Caller = Guard("accounts.read")
) -> list[AccountOut]:
    """List the companies a customer acts for."""
    contacts = api.list_contacts_of(uow, _members(uow, customer_id))
    as_of = _today(uow, settings)
    wanted = dict.fromkeys(contact.account_id for contact in contacts)
    return [
        AccountOut.model_validate(_account_values(api.get_account(uow, account_id), uow, as_of))
        for account_id in wanted
    ]


def _members(uow: UnitOfWork, customer_id: str) -> list[PersonId]:
    person_id = _person_id(customer_id)
    if not identity.list_persons(uow, [person_id]):
        raise CustomerNotFound(f"no customer {customer_id!r}")
    return identity.member_ids(uow, person_id)


@router.get("/receivables", operation_id="listReceivables")
def list_receivables(
    query: Annotated[ReceivableQuery, Query()],
    uow: UowDep,
    settings: SettingsDep,
    caller: Caller = Guard("accounts.read"),
) -> Page[ReceivableOut]:
    """List everyone's receivables, open ones first, the longest due first."""
    wanted = ReceivableFilter(state=query.state, is_open=query.open, is_overdue=query.overdue)
    return _receivable_page(uow, wanted, query, _today(uow, settings))


@router.get("/receivables/totals", operation_id="getReceivableTotals")
def get_receivable_totals(
    uow: UowDep, settings: SettingsDep, caller: Caller = Guard("accounts.read")
) -> list[ReceivableTotalsOut]:
    """Return what all accounts and customers owe today, by currency."""
    return [_totals_out(totals) for totals in api.get_totals(uow, as_of=_today(uow, settings))]


@router.get("/receivables/{receivable_id}", operation_id="getReceivable")
def get_receivable(
    receivable_id: str, uow: UowDep, settings: SettingsDep, caller: Caller = Guard("accounts.read")
) -> ReceivableOut:
    """Return one receivable."""
    number = from_opaque("rc", receivable_id)
    if number is None:
        raise ReceivableNotFound(f"no receivable {receivable_id!r}")
    receivable = api.get_receivable(uow, ReceivableId(number), as_of=_today(uow, settings))
    people = [] if receivable.person_id is None else [receivable.person_id]
    return _receivable_out(receivable, identity.root_of(uow, people))
