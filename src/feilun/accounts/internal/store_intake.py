"""SQL that takes in accounts, contacts and receivables: reads what is stored, locked in key order, and writes what differs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import text

from feilun.accounts.contracts import AccountId
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork

ACCOUNT_COLUMNS: Final[Mapping[str, str]] = {
    "name": "text",
    "short_name": "text",
    "credit_code": "text",
    "industry": "text",
    "region": "text",
    "address": "text",
    "payment_terms_days": "integer",
    "credit_limit": "numeric",
    "currency": "text",
    "state": "text",
    "raw_state": "text",
    "owner": "text",
    "parent_code": "text",
    "parent_key": "text",
}
"""What a file says of an account, with the type its values are sent as."""
RECEIVABLE_COLUMNS: Final[Mapping[str, str]] = {
    "account_id": "bigint",
    "person_id": "bigint",
    "order_number": "text",
    "currency": "text",
    "amount": "numeric",
    "settled_amount": "numeric",
    "issued_on": "date",
    "due_on": "date",
    "state": "text",
    "raw_state": "text",
}


class Stored(NamedTuple):
    """A stored record as comparison needs it."""

    record_id: int
    values: Mapping[str, object]


class ContactWrite(NamedTuple):
    """A contact to insert or change, complete."""

    account_id: int
    person_id: int
    role: str | None
    title: str | None


class StoredContact(NamedTuple):
    """A stored contact as comparison needs it."""

    role: str | None
    title: str | None
    source: str
    is_removed: bool


def lock_accounts(uow: UnitOfWork, source: str, keys: Iterable[str]) -> dict[str, Stored]:
    """Return a source's accounts by code key, locked in key order."""
    rows = uow.connection.execute(
        text(
            f"SELECT code_key, account_id, {', '.join(ACCOUNT_COLUMNS)} FROM company_accounts"
            " WHERE source = :source AND code_key = ANY(:keys) ORDER BY code_key FOR UPDATE"
        ),
        {"source": source, "keys": list(keys)},
    )
    return {
        row.code_key: Stored(row.account_id, {name: getattr(row, name) for name in ACCOUNT_COLUMNS})
        for row in rows
    }


def find_accounts(uow: UnitOfWork, codes: Iterable[tuple[str, str]]) -> dict[tuple[str, str], AccountId]:
    """Return accounts by (source, code key)."""
    pairs = sorted(set(codes))
    rows = uow.connection.execute(
        text(
            "SELECT a.source, a.code_key, a.account_id FROM company_accounts a"
            " JOIN unnest(CAST(:sources AS text[]), CAST(:keys AS text[])) AS wanted (source, key)"
            " ON a.source = wanted.source AND a.code_key = wanted.key"
        ),
        {"sources": [pair[0] for pair in pairs], "keys": [pair[1] for pair in pairs]},
    )
    return {(row.source, row.code_key): AccountId(row.account_id) for row in rows}


def upsert_accounts(
    uow: UnitOfWork, source: str, writes: Mapping[str, tuple[str, Mapping[str, object]]]
) -> dict[str, int]:
    """Store accounts by code key, each with its code as written and all its values; returns ids by code key."""
    names = list(ACCOUNT_COLUMNS)
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in ACCOUNT_COLUMNS.items())
    replaced = ", ".join(f"{name} = excluded.{name}" for name in names)
    rows = uow.connection.execute(
        text(
            f"INSERT INTO company_accounts (source, code, code_key, {', '.join(names)}, first_seen_at, updated_at)"
            f" SELECT :source, code, key, {', '.join(names)}, :now, :now FROM unnest(CAST(:codes AS text[]),"
            f"  CAST(:keys AS text[]), {arrays}) AS item (code, key, {', '.join(names)}) ORDER BY key"
            f" ON CONFLICT (source, code_key) DO UPDATE SET {replaced}, updated_at = excluded.updated_at"
            " RETURNING code_key, account_id"
        ),
        {
            "source": source,
            "now": uow.now,
            "codes": [code for code, _ in writes.values()],
            "keys": list(writes),
            **{name: [values[name] for _, values in writes.values()] for name in names},
        },
    )
    return {row.code_key: row.account_id for row in rows}


def find_contacts(uow: UnitOfWork, account_ids: Iterable[int]) -> dict[tuple[int, int], StoredContact]:
    """Return the contacts of accounts by account and person record, removed ones included. The accounts are locked."""
    rows = uow.connection.execute(
        text(
            "SELECT account_id, person_id, role, title, source, removed_at IS NOT NULL AS is_removed"
            " FROM account_contacts WHERE account_id = ANY(:ids)"
        ),
        {"ids": list(account_ids)},
    )
    return {
        (row.account_id, row.person_id): StoredContact(row.role, row.title, row.source, row.is_removed)
        for row in rows
    }


def upsert_contacts(uow: UnitOfWork, source: str, writes: Sequence[ContactWrite]) -> None:
    """Store contacts; one that was removed comes back."""
    uow.connection.execute(
        text(
            "INSERT INTO account_contacts (account_id, person_id, role, title, source, first_seen_at, updated_at)"
            " SELECT c.account_id, c.person_id, c.role, c.title, :source, :now, :now"
            " FROM unnest(CAST(:accounts AS bigint[]), CAST(:persons AS bigint[]), CAST(:roles AS text[]), CAST(:titles AS text[]))"
            "  AS c (account_id, person_id, role, title) ON CONFLICT (account_id, person_id) DO UPDATE"
            " SET role = excluded.role, title = excluded.title, source = excluded.source,"
            "  updated_at = excluded.updated_at, removed_at = NULL"
        ),
        {
            "source": source,
            "now": uow.now,
            "accounts": [write.account_id for write in writes],
            "persons": [write.person_id for write in writes],
            "roles": [write.role for write in writes],
            "titles": [write.title for write in writes],
        },
    )


def remove_contacts(uow: UnitOfWork, pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Remove contacts by account and person record (they stay as tombstones); returns those that were there."""
    listed = list(pairs)
    rows = uow.connection.execute(
        text(
            "UPDATE account_contacts c SET removed_at = :now, updated_at = :now"
            " FROM unnest(CAST(:accounts AS bigint[]), CAST(:persons AS bigint[])) AS gone (account_id, person_id)"
            " WHERE c.account_id = gone.account_id AND c.person_id = gone.person_id AND c.removed_at IS NULL"
            " RETURNING c.account_id, c.person_id"
        ),
        {
            "now": uow.now,
            "accounts": [account_id for account_id, _ in listed],
            "persons": [person_id for _, person_id in listed],
        },
    )
    return sorted((row.account_id, row.person_id) for row in rows)


def erase_contacts(uow: UnitOfWork, person_ids: Iterable[PersonId]) -> list[AccountId]:
    """Delete everything said of person records as contacts; returns the accounts they acted for."""
    rows = uow.connection.execute(
        text("DELETE FROM account_contacts WHERE person_id = ANY(:ids) RETURNING account_id"),
        {"ids": sorted(person_ids)},
    )
    return sorted({AccountId(row.account_id) for row in rows})


def find_debtors(uow: UnitOfWork, source: str, numbers: Iterable[str]) -> set[PersonId]:
    """Return the person records that a source's receivables name now; they are locked before the receivables are."""
    rows = uow.connection.execute(
        text(
            "SELECT DISTINCT person_id FROM receivables WHERE source = :source AND number = ANY(:numbers)"
            " AND person_id IS NOT NULL"
        ),
        {"source": source, "numbers": list(numbers)},
    )
    return {PersonId(row.person_id) for row in rows}


def lock_receivables(uow: UnitOfWork, source: str, numbers: Iterable[str]) -> dict[str, Stored]:
    """Return a source's receivables by number, locked in number order."""
    rows = uow.connection.execute(
        text(
            f"SELECT number, receivable_id, {', '.join(RECEIVABLE_COLUMNS)} FROM receivables"
            " WHERE source = :source AND number = ANY(:numbers) ORDER BY number FOR UPDATE"
        ),
        {"source": source, "numbers": list(numbers)},
    )
    return {
        row.number: Stored(row.receivable_id, {name: getattr(row, name) for name in RECEIVABLE_COLUMNS})
        for row in rows
    }


def upsert_receivables(
    uow: UnitOfWork, source: str, writes: Mapping[str, Mapping[str, object]]
) -> dict[str, int]:
    """Store receivables by number with all their values; returns ids by number."""
    names = list(RECEIVABLE_COLUMNS)
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in RECEIVABLE_COLUMNS.items())
    replaced = ", ".join(f"{name} = excluded.{name}" for name in names)
    rows = uow.connection.execute(
        text(
            f"INSERT INTO receivables (source, number, {', '.join(names)}, first_seen_at, updated_at)"
            f" SELECT :source, number, {', '.join(names)}, :now, :now FROM unnest(CAST(:numbers AS text[]), {arrays})"
            f"  AS item (number, {', '.join(names)}) ORDER BY number"
            f" ON CONFLICT (source, number) DO UPDATE SET {replaced}, updated_at = excluded.updated_at"
            " RETURNING number, receivable_id"
        ),
        {
            "source": source,
            "now": uow.now,
            "numbers": list(writes),
            **{name: [values[name] for values in writes.values()] for name in names},
        },
    )
    return {row.number: row.receivable_id for row in rows}
