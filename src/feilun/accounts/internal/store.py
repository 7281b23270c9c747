"""SQL for reading accounts, contacts, receivables and totals."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from sqlalchemy import Row, text

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
from feilun.accounts.internal.domain import like_pattern
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork

_ACCOUNT: Final = (
    "a.account_id, a.source, a.code, a.name, a.short_name, a.credit_code, a.industry, a.region, a.address,"
    " a.payment_terms_days, a.credit_limit, a.currency, a.state, a.raw_state, a.owner, a.parent_code, p.account_id AS parent_id,"
    " a.first_seen_at, a.updated_at"
)
_ACCOUNTS: Final = (
    "company_accounts a LEFT JOIN company_accounts p ON p.source = a.source AND p.code_key = a.parent_key"
)
_RECEIVABLE: Final = (
    "receivable_id, source, number, account_id, person_id, order_number, currency, amount, settled_amount, open_amount, issued_on,"
    " due_on, state, raw_state, updated_at"
)
_IS_OPEN: Final = "state IN ('open', 'part_settled')"
_IS_OVERDUE: Final = f"{_IS_OPEN} AND due_on < :as_of AND amount > 0"
"""A credit note is owed to the customer, so it is never overdue."""
_LONGEST: Final = (
    f"(SELECT min(r.due_on) FROM receivables r WHERE r.account_id = a.account_id AND {_IS_OVERDUE})"
)
_SORTS: Final[Mapping[AccountSort, str]] = {
    AccountSort.CODE: "a.code_key, a.account_id",
    AccountSort.CODE_DESC: "a.code_key DESC, a.account_id",
    AccountSort.NAME: "a.name NULLS LAST, a.account_id",
    AccountSort.NAME_DESC: "a.name DESC NULLS LAST, a.account_id",
    AccountSort.UPDATED_AT: "a.updated_at, a.account_id",
    AccountSort.UPDATED_AT_DESC: "a.updated_at DESC, a.account_id",
    # The older the oldest due date, the more days overdue; accounts without overdue receivables have zero days.
    AccountSort.DAYS_OVERDUE: f"{_LONGEST} DESC NULLS FIRST, a.account_id",
    AccountSort.DAYS_OVERDUE_DESC: f"{_LONGEST} NULLS LAST, a.account_id",
}


def _account_of(row: Row[tuple[object, ...]]) -> Account:
    return Account(
        account_id=AccountId(row.account_id),
        source=row.source,
        code=row.code,
        name=row.name,
        short_name=row.short_name,
        credit_code=row.credit_code,
        industry=row.industry,
        region=row.region,
        address=row.address,
        payment_terms_days=row.payment_terms_days,
        credit_limit=row.credit_limit,
        currency=row.currency,
        state=AccountState(row.state),
        raw_state=row.raw_state,
        owner=row.owner,
        parent_code=row.parent_code,
        parent_id=None if row.parent_id is None else AccountId(row.parent_id),
        first_seen_at=row.first_seen_at,
        updated_at=row.updated_at,
    )


def select_accounts(uow: UnitOfWork, account_ids: Iterable[int]) -> dict[AccountId, Account]:
    """Return accounts by id."""
    rows = uow.connection.execute(
        text(f"SELECT {_ACCOUNT} FROM {_ACCOUNTS} WHERE a.account_id = ANY(:ids)"),
        {"ids": list(account_ids)},
    )
    return {account.account_id: account for account in map(_account_of, rows)}


def select_account_page(
    uow: UnitOfWork, wanted: AccountFilter, sort: AccountSort, *, as_of: date, limit: int, offset: int
) -> tuple[list[Account], int]:
    """Return one page of accounts and the number of all that fit."""
    conditions = ["true"]
    values: dict[str, object] = {"as_of": as_of, "limit": limit, "offset": offset}
    if wanted.query:
        values["pattern"] = like_pattern(wanted.query)
        conditions.append(
            "(a.code ILIKE :pattern OR a.name ILIKE :pattern OR a.short_name ILIKE :pattern OR a.credit_code ILIKE :pattern)"
        )
    for column, value in (("source", wanted.source), ("state", wanted.state), ("owner", wanted.owner)):
        if value is not None:
            conditions.append(f"a.{column} = :{column}")
            values[column] = str(value)
    if wanted.is_overdue is not None:
        negation = "" if wanted.is_overdue else "NOT "
        conditions.append(
            f"{negation}EXISTS (SELECT 1 FROM receivables r WHERE r.account_id = a.account_id AND {_IS_OVERDUE})"
        )
    where = " AND ".join(conditions)
    total = uow.connection.execute(
        text(f"SELECT count(*) FROM company_accounts a WHERE {where}"), values
    ).scalar_one()
    rows = uow.connection.execute(
        text(
            f"SELECT {_ACCOUNT} FROM {_ACCOUNTS} WHERE {where} ORDER BY {_SORTS[sort]} LIMIT :limit OFFSET :offset"
        ),
        values,
    )
    return [_account_of(row) for row in rows], int(total)


def select_contacts(
    uow: UnitOfWork, *, account_id: int | None = None, person_ids: Sequence[PersonId] | None = None
) -> list[Contact]:
    """Return the contacts of an account, or all that these person records are, first seen first."""
    rows = uow.connection.execute(
        text(
            "SELECT account_id, person_id, role, title, source, first_seen_at, updated_at FROM account_contacts"
            " WHERE removed_at IS NULL AND (CAST(:account AS bigint) IS NULL OR account_id = :account)"
            " AND (CAST(:persons AS bigint[]) IS NULL OR person_id = ANY(CAST(:persons AS bigint[])))"
            " ORDER BY first_seen_at, account_id, person_id"
        ),
        {"account": account_id, "persons": None if person_ids is None else list(person_ids)},
    )
    return [
        Contact(
            account_id=AccountId(row.account_id),
            person_id=PersonId(row.person_id),
            role=row.role,
            title=row.title,
            source=row.source,
            first_seen_at=row.first_seen_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


def _receivable_of(row: Row[tuple[object, ...]], as_of: date) -> Receivable:
    is_overdue = row.open_amount > 0 and row.due_on is not None and row.due_on < as_of
    return Receivable(
        receivable_id=ReceivableId(row.receivable_id),
        source=row.source,
        number=row.number,
        account_id=None if row.account_id is None else AccountId(row.account_id),
        person_id=None if row.person_id is None else PersonId(row.person_id),
        order_number=row.order_number,
        currency=row.currency,
        amount=row.amount,
        settled_amount=row.settled_amount,
        open_amount=row.open_amount,
        issued_on=row.issued_on,
        due_on=row.due_on,
        state=ReceivableState(row.state),
        raw_state=row.raw_state,
        days_overdue=(as_of - row.due_on).days if is_overdue else 0,
        updated_at=row.updated_at,
    )


def select_receivables(
    uow: UnitOfWork, receivable_ids: Iterable[int], *, as_of: date
) -> dict[ReceivableId, Receivable]:
    """Return receivables by id."""
    rows = uow.connection.execute(
        text(f"SELECT {_RECEIVABLE} FROM receivables WHERE receivable_id = ANY(:ids)"),
        {"ids": list(receivable_ids)},
    )
    return {receivable.receivable_id: receivable for receivable in (_receivable_of(r, as_of) for r in rows)}


def select_receivables_after(uow: UnitOfWork, after: int, limit: int, *, as_of: date) -> list[Receivable]:
    """Return the next receivables by id."""
    rows = uow.connection.execute(
        text(
            f"SELECT {_RECEIVABLE} FROM receivables WHERE receivable_id > :after ORDER BY receivable_id LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    )
    return [_receivable_of(row, as_of) for row in rows]


def select_receivable_page(
    uow: UnitOfWork, wanted: ReceivableFilter, *, as_of: date, limit: int, offset: int
) -> tuple[list[Receivable], int]:
    """Return one page of receivables, open ones first, longest due first, and the number of all that fit."""
    conditions = ["true"]
    values: dict[str, object] = {"as_of": as_of, "limit": limit, "offset": offset}
    if wanted.account_id is not None:
        conditions.append("account_id = :account_id")
        values["account_id"] = wanted.account_id
    if wanted.person_ids is not None:
        # What a contact's company owes is not theirs.
        conditions.append("person_id = ANY(:person_ids) AND account_id IS NULL")
        values["person_ids"] = list(wanted.person_ids)
    if wanted.state is not None:
        conditions.append("state = :state")
        values["state"] = wanted.state.value
    for condition, claim in ((_IS_OPEN, wanted.is_open), (_IS_OVERDUE, wanted.is_overdue)):
        if claim is not None:
            conditions.append(f"({condition}) IS {'TRUE' if claim else 'NOT TRUE'}")
    where = " AND ".join(conditions)
    total = uow.connection.execute(
        text(f"SELECT count(*) FROM receivables WHERE {where}"), values
    ).scalar_one()
    rows = uow.connection.execute(
        text(
            f"SELECT {_RECEIVABLE} FROM receivables WHERE {where}"
            f" ORDER BY ({_IS_OPEN}) DESC, due_on NULLS LAST, receivable_id LIMIT :limit OFFSET :offset"
        ),
        values,
    )
    return [_receivable_of(row, as_of) for row in rows], int(total)


def select_totals(
    uow: UnitOfWork, account_ids: Iterable[int] | None, *, as_of: date
) -> dict[AccountId | None, list[ReceivableTotals]]:
    """Return what is owed by account and currency; None for all accounts and persons together, under the key None."""
    per_account = account_ids is not None
    rows = uow.connection.execute(
        text(
            f"SELECT {'account_id' if per_account else 'NULL::bigint AS account_id'}, currency, count(*) AS open_count,"
            " sum(open_amount) AS open_amount,"
            f" count(*) FILTER (WHERE {_IS_OVERDUE}) AS overdue_count,"
            f" coalesce(sum(open_amount) FILTER (WHERE {_IS_OVERDUE}), 0) AS overdue_amount,"
            f" min(due_on) FILTER (WHERE {_IS_OVERDUE}) AS longest"
            f" FROM receivables WHERE {_IS_OPEN}{' AND account_id = ANY(:ids)' if per_account else ''}"
            " GROUP BY 1, currency ORDER BY 1, open_amount DESC, currency"
        ),
        {"as_of": as_of} | ({"ids": list(account_ids)} if account_ids is not None else {}),
    )
    totals: dict[AccountId | None, list[ReceivableTotals]] = {}
    for row in rows:
        totals.setdefault(row.account_id, []).append(
            ReceivableTotals(
                currency=row.currency,
                open_count=row.open_count,
                open_amount=row.open_amount,
                overdue_count=row.overdue_count,
                overdue_amount=row.overdue_amount,
                days_overdue=(as_of - row.longest).days if row.longest else 0,
            )
        )
    return totals
