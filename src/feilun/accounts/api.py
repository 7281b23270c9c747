"""Facade of the accounts room. `as_of` is the business date against which due dates are judged."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from feilun.accounts.contracts import (
    Account,
    AccountFilter,
    AccountId,
    AccountSort,
    Contact,
    Receivable,
    ReceivableFilter,
    ReceivableId,
    ReceivableTotals,
)
from feilun.accounts.errors import AccountNotFound, ContactNotFound, CustomerNotFound, ReceivableNotFound
from feilun.accounts.internal import recording, store
from feilun.identity import api as identity
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin


def get_account(uow: UnitOfWork, account_id: AccountId) -> Account:
    """Return a company account. Raises: AccountNotFound."""
    account = store.select_accounts(uow, [account_id]).get(account_id)
    if account is None:
        raise AccountNotFound(f"no account {account_id}")
    return account


def list_accounts(
    uow: UnitOfWork,
    wanted: AccountFilter,
    *,
    as_of: date,
    sort: AccountSort = AccountSort.CODE,
    limit: int,
    offset: int = 0,
) -> tuple[list[Account], int]:
    """Return one page of company accounts and the number of all that fit."""
    return store.select_account_page(uow, wanted, sort, as_of=as_of, limit=limit, offset=offset)


def list_contacts(uow: UnitOfWork, account_id: AccountId) -> list[Contact]:
    """Return the people who act for an account, first named first; of person records merged into one the first counts."""
    contacts = store.select_contacts(uow, account_id=account_id)
    roots = identity.root_of(uow, {contact.person_id for contact in contacts})
    by_root: dict[PersonId, Contact] = {}
    for contact in contacts:
        by_root.setdefault(roots[contact.person_id], contact)
    return list(by_root.values())


def list_contacts_of(uow: UnitOfWork, person_ids: Sequence[PersonId]) -> list[Contact]:
    """Return what these person records are contacts of: pass `identity.api.member_ids` for all of a customer."""
    return store.select_contacts(uow, person_ids=person_ids)


def add_contact(
    uow: UnitOfWork,
    account_id: AccountId,
    person_id: PersonId,
    *,
    role: str | None = None,
    title: str | None = None,
) -> None:
    """Say that a customer acts for an account; again replaces role and title. Idempotent.

    Raises: AccountNotFound, CustomerNotFound.
    """
    get_account(uow, account_id)
    if person_id not in identity.list_persons(uow, [person_id]):
        raise CustomerNotFound(f"no customer {person_id}")
    recording.add_contact(uow, account_id, person_id, role=role, title=title)


def remove_contact(uow: UnitOfWork, account_id: AccountId, person_id: PersonId) -> None:
    """Say that a customer (with all records merged into it) no longer acts for an account.

    A later file that names them brings them back. Raises: AccountNotFound, ContactNotFound.
    """
    get_account(uow, account_id)
    if not recording.remove_contacts(uow, account_id, identity.member_ids(uow, person_id)):
        raise ContactNotFound(f"customer {person_id} is no contact of account {account_id}")


def erase_contacts(uow: UnitOfWork, person_ids: Iterable[PersonId], *, origin: Origin) -> None:
    """Forget erased people as contacts. Idempotent."""
    recording.erase_contacts(uow, person_ids, origin)


def get_receivable(uow: UnitOfWork, receivable_id: ReceivableId, *, as_of: date) -> Receivable:
    """Return a receivable. Raises: ReceivableNotFound."""
    receivable = store.select_receivables(uow, [receivable_id], as_of=as_of).get(receivable_id)
    if receivable is None:
        raise ReceivableNotFound(f"no receivable {receivable_id}")
    return receivable


def list_receivables(
    uow: UnitOfWork, wanted: ReceivableFilter, *, as_of: date, limit: int, offset: int = 0
) -> tuple[list[Receivable], int]:
    """Return one page of receivables, open ones first and of those the longest due, and the number of all that fit."""
    return store.select_receivable_page(uow, wanted, as_of=as_of, limit=limit, offset=offset)


def totals_of(
    uow: UnitOfWork, account_ids: Iterable[AccountId], *, as_of: date
) -> Mapping[AccountId, Sequence[ReceivableTotals]]:
    """Return what accounts owe by currency, in one statement; accounts that owe nothing are absent."""
    totals = store.select_totals(uow, account_ids, as_of=as_of)
    return {account_id: found for account_id, found in totals.items() if account_id is not None}


def get_totals(uow: UnitOfWork, *, as_of: date) -> Sequence[ReceivableTotals]:
    """Return what all accounts and single customers owe, by currency."""
    return store.select_totals(uow, None, as_of=as_of).get(None, [])
