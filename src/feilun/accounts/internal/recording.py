"""Takes drafts into the tables: compares with what is stored, writes what differs, appends one event per changed record.

Locks: people first (identity's id order), then accounts or receivables in key order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from feilun.accounts.contracts import AccountId, AccountState
from feilun.accounts.events import ACCOUNT_RECORDED, RECEIVABLE_RECORDED
from feilun.accounts.internal import store_intake as store
from feilun.ingestion.contracts import ApplyContext, OutcomeState
from feilun.kernel.ids import PersonId
from feilun.kernel.origin import Origin
from feilun.platform.db import UnitOfWork
from feilun.platform.log import NewEvent, append_events

CONSOLE = "console"
"""Source of contacts that an operator named."""


@dataclass(slots=True)
class AccountDraft:
    """An account as one input gives it: what is said of it, and its contacts with their role and title."""

    code: str
    values: dict[str, object] = field(default_factory=dict)
    contacts: dict[PersonId, dict[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Change:
    is_new: bool
    fields: list[str]


def record_accounts(
    uow: UnitOfWork, drafts: Mapping[str, AccountDraft], context: ApplyContext
) -> dict[str, OutcomeState]:
    """Store accounts by code key; returns what became of each. What an input is silent about stays."""
    stored = store.lock_accounts(uow, context.source, drafts)
    changes: dict[str, _Change] = {}
    writes: dict[str, tuple[str, Mapping[str, object]]] = {}
    for key, draft in drafts.items():
        known = stored.get(key)
        before = known.values if known else {}
        after = {name: draft.values.get(name, before.get(name)) for name in store.ACCOUNT_COLUMNS}
        after["state"] = after["state"] or AccountState.ACTIVE.value
        differing = [name for name in store.ACCOUNT_COLUMNS if after[name] != before.get(name)]
        if known is None or differing:
            writes[key] = (draft.code, after)
            changes[key] = _Change(known is None, differing if known else [])
    ids = {key: known.record_id for key, known in stored.items()}
    if writes:
        ids |= store.upsert_accounts(uow, context.source, writes)
    for key in _record_contacts(uow, drafts, ids, context):
        change = changes.setdefault(key, _Change(is_new=False, fields=[]))
        if not change.is_new:
            change.fields.append("contacts")
    append_events(
        uow,
        [
            account_event(uow.now, ids[key], change.fields, context.origin, is_new=change.is_new)
            for key, change in changes.items()
        ],
    )
    return {key: _state(changes.get(key)) for key in drafts}


def _state(change: _Change | None) -> OutcomeState:
    if change is None:
        return OutcomeState.UNCHANGED
    return OutcomeState.TAKEN if change.is_new else OutcomeState.CHANGED


def _record_contacts(
    uow: UnitOfWork, drafts: Mapping[str, AccountDraft], ids: Mapping[str, int], context: ApplyContext
) -> list[str]:
    """Store contacts; a whole input removes those of its source that it no longer names. Returns changed accounts' keys."""
    known = store.find_contacts(uow, [ids[key] for key in drafts])
    known_by_account: dict[int, dict[int, store.StoredContact]] = {}
    for (account_id, person_id), stored in known.items():
        known_by_account.setdefault(account_id, {})[person_id] = stored
    writes: list[store.ContactWrite] = []
    gone: list[tuple[int, int]] = []
    changed = []
    for key, draft in drafts.items():
        account_id = ids[key]
        before = known_by_account.get(account_id, {})
        found = len(writes) + len(gone)
        for person_id, said in draft.contacts.items():
            contact = before.get(person_id)
            write = store.ContactWrite(
                account_id,
                person_id,
                said.get("role", contact.role if contact else None),
                said.get("title", contact.title if contact else None),
            )
            if contact is None or contact.is_removed or (contact.role, contact.title) != write[2:]:
                writes.append(write)
        if context.is_whole:
            gone += [
                (account_id, person_id)
                for person_id, stored in before.items()
                if stored.source == context.source
                and not stored.is_removed
                and person_id not in draft.contacts
            ]
        if len(writes) + len(gone) > found:
            changed.append(key)
    if writes:
        store.upsert_contacts(uow, context.source, writes)
    if gone:
        store.remove_contacts(uow, gone)
    return changed


def account_event(
    moment: datetime, account_id: int, fields: Iterable[str], origin: Origin, *, is_new: bool
) -> NewEvent:
    """Return the event of a new or changed account."""
    return NewEvent(
        type=ACCOUNT_RECORDED,
        occurred_at=moment,
        origin=origin,
        payload={"account_id": account_id, "is_new": is_new, "fields": list(fields)},
    )


def add_contact(
    uow: UnitOfWork, account_id: AccountId, person_id: PersonId, *, role: str | None, title: str | None
) -> None:
    """Name a contact because an operator says so."""
    known = store.find_contacts(uow, [account_id]).get((account_id, person_id))
    if known and not known.is_removed and (known.role, known.title) == (role, title):
        return
    source = CONSOLE if known is None else known.source
    store.upsert_contacts(uow, source, [store.ContactWrite(account_id, person_id, role, title)])
    append_events(uow, [account_event(uow.now, account_id, ["contacts"], Origin.LIVE, is_new=False)])


def remove_contacts(uow: UnitOfWork, account_id: AccountId, person_ids: Iterable[PersonId]) -> bool:
    """Remove contacts because an operator says so; tells whether there were any."""
    gone = store.remove_contacts(uow, [(account_id, person_id) for person_id in person_ids])
    if gone:
        append_events(uow, [account_event(uow.now, account_id, ["contacts"], Origin.LIVE, is_new=False)])
    return bool(gone)


def erase_contacts(uow: UnitOfWork, person_ids: Iterable[PersonId], origin: Origin) -> None:
    """Forget erased people as contacts."""
    accounts = store.erase_contacts(uow, person_ids)
    append_events(
        uow,
        [account_event(uow.now, account_id, ["contacts"], origin, is_new=False) for account_id in accounts],
    )


def record_receivables(
    uow: UnitOfWork,
    drafts: Mapping[str, Mapping[str, object]],
    stored: Mapping[str, store.Stored],
    context: ApplyContext,
) -> dict[str, OutcomeState]:
    """Store receivables by number, each with all its values, beside their locked stored ones; returns what became of each."""
    writes = {}
    states: dict[str, OutcomeState] = {}
    for number, after in drafts.items():
        known = stored.get(number)
        if known is not None and all(after[name] == known.values[name] for name in store.RECEIVABLE_COLUMNS):
            states[number] = OutcomeState.UNCHANGED
        else:
            writes[number] = after
            states[number] = OutcomeState.TAKEN if known is None else OutcomeState.CHANGED
    if not writes:
        return states
    ids = store.upsert_receivables(uow, context.source, writes)
    events = []
    for number, values in writes.items():
        known = stored.get(number)
        payload = {
            "receivable_id": ids[number],
            "account_id": values["account_id"],
            "state": values["state"],
            "is_new": known is None,
        }
        if known is not None and known.values["account_id"] != values["account_id"]:
            payload["previous_account_id"] = known.values["account_id"]
        person_id = values["person_id"]
        assert person_id is None or isinstance(person_id, int)
        events.append(
            NewEvent(
                type=RECEIVABLE_RECORDED,
                occurred_at=uow.now,
                origin=context.origin,
                person_id=None if person_id is None else PersonId(person_id),
                payload=payload,
            )
        )
    append_events(uow, events)
    return states
