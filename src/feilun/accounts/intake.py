"""Intake of company accounts and receivables: implements ingestion's `RecordHandler` for the two record kinds."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain
from typing import Final, cast

from feilun.accounts.contracts import ReceivableState
from feilun.accounts.internal import fields, recording
from feilun.accounts.internal import store_intake as store
from feilun.accounts.internal.checks import check_values, claims_of, rejection
from feilun.accounts.internal.domain import (
    ACCOUNT_WORDS,
    RECEIVABLE_WORDS,
    ZERO,
    code_key,
    credit_code,
    is_settlement,
    settled_state,
)
from feilun.accounts.internal.options import IntakeOptions, propose_options, read_options
from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierClaim
from feilun.ingestion.contracts import (
    ApplyContext,
    MappedRow,
    Outcome,
    OutcomeState,
    PersonDetails,
    RecordKind,
    Rejection,
)
from feilun.ingestion.ports import PersonDetailsSink
from feilun.kernel.currencies import currency_code
from feilun.kernel.ids import PersonId
from feilun.kernel.money import AMOUNT_QUANTUM
from feilun.platform.db import UnitOfWork

_CONTACT_FIELDS: Final = ("contact_name", "contact_role", "contact_title")
_DEBTOR_FIELDS: Final = ("account_code", *fields.DEBTOR_IDENTIFIERS)
_ACCOUNT_EXAMPLE: Final = "待复核=suspended"
_RECEIVABLE_EXAMPLE: Final = "呆账=written_off"

_Claims = tuple[IdentifierClaim, ...]


class AccountHandler:
    """Takes in company accounts and their contacts. `details` is the room that owns attributes of people."""

    name: str = "accounts"

    def __init__(self, details: PersonDetailsSink | None = None) -> None:
        self._details = details

    def describe(self, uow: UnitOfWork) -> RecordKind:
        """Return the fields and options of company accounts."""
        return fields.ACCOUNTS

    def propose_options(self, sample: Sequence[MappedRow]) -> Mapping[str, str]:
        """Propose the default currency."""
        return propose_options(sample)

    def check(self, row: MappedRow, context: ApplyContext) -> Rejection | None:
        """Judge one row: what can be stored, a credit code whose check character fits, a contact somebody can recognise."""
        values = row.values
        refused = check_values(values, context, _account_options(context), example=_ACCOUNT_EXAMPLE)
        if refused is not None:
            return refused
        for name in ("payment_terms_days", "credit_limit"):
            number = values.get(name)
            if isinstance(number, int | Decimal) and number < 0:
                return rejection("number_negative", name, number)
        code = values.get("credit_code")
        if code is not None and credit_code(str(code)) is None:
            return rejection("credit_code_invalid", "credit_code", code)
        if "parent_code" in values and code_key(str(values["parent_code"])) == code_key(str(values["code"])):
            return rejection("parent_is_itself", "parent_code", values["parent_code"])
        named = next((name for name in _CONTACT_FIELDS if name in values), None)
        if named is not None and not values.keys() & fields.CONTACT_IDENTIFIERS.keys():
            return rejection("contact_not_identified", "contact_phone", "")
        return None

    def apply(
        self, uow: UnitOfWork, groups: Sequence[Sequence[MappedRow]], context: ApplyContext
    ) -> Sequence[Outcome]:
        """Take in accounts; rows of one account each name one contact, and a row whose contact cannot be told is rejected.

        What a file is silent about stays; where rows differ, the last one counts. See `RecordHandler.apply`.
        """
        options = _account_options(context)
        claims = [
            [claims_of(row.values, fields.CONTACT_IDENTIFIERS, options) for row in group] for group in groups
        ]
        persons = _resolve(uow, chain.from_iterable(claims), context)
        drafts: dict[str, recording.AccountDraft] = {}
        rejected: list[list[int]] = []
        keys: list[str | None] = []
        details: dict[PersonId, PersonDetails] = {}
        for group, group_claims in zip(groups, claims, strict=True):
            refused = []
            key = None
            for row, claimed in zip(group, group_claims, strict=True):
                person_id = persons.get(claimed)
                if claimed and person_id is None:
                    refused.append(row.number)
                    continue
                code = str(row.values["code"])
                key = code_key(code)
                # Two spellings of one code are one account: the later one adds to the earlier.
                draft = drafts.setdefault(key, recording.AccountDraft(code))
                draft.values.update(_account_values(row.values, options))
                if person_id is not None:
                    draft.contacts.setdefault(person_id, {}).update(_contact_values(row.values))
                    if "contact_name" in row.values:
                        named = {"name": str(row.values["contact_name"])}
                        details[person_id] = PersonDetails(
                            person_id, context.source, context.now, context.origin, named
                        )
            keys.append(key)
            rejected.append(refused)
        states = recording.record_accounts(uow, drafts, context) if drafts else {}
        if details and self._details is not None:
            self._details.offer(uow, [details[person_id] for person_id in sorted(details)])
        return [
            outcome
            for group, key, refused in zip(groups, keys, rejected, strict=True)
            for outcome in _account_outcomes(group, key, refused, states)
        ]

    def finish(self, uow: UnitOfWork, context: ApplyContext) -> None:
        """Nothing is left to do."""


def _account_options(context: ApplyContext) -> IntakeOptions:
    return read_options(context.options, ACCOUNT_WORDS)


def _resolve(
    uow: UnitOfWork, claims: Iterable[_Claims], context: ApplyContext
) -> dict[_Claims, PersonId | None]:
    """Find or make the person of every distinct set of claims."""
    distinct = [claimed for claimed in dict.fromkeys(claims) if claimed]
    if not distinct:
        return {}
    resolutions = identity.resolve_records(uow, distinct, source=context.source, origin=context.origin)
    return {claimed: found.person_id for claimed, found in zip(distinct, resolutions, strict=True)}


def _account_values(values: Mapping[str, object], options: IntakeOptions) -> dict[str, object]:
    result = {name: values[name] for name in store.ACCOUNT_COLUMNS if name in values}
    if "credit_code" in result:
        result["credit_code"] = credit_code(str(result["credit_code"]))
    if "parent_code" in result:
        result["parent_key"] = code_key(str(result["parent_code"]))
    if "credit_limit" in result:
        result["credit_limit"] = _amount(result["credit_limit"])
        result.setdefault("currency", options.currency)
    if "currency" in result:
        result["currency"] = currency_code(str(result["currency"]))
    if "state" in result:
        result["raw_state"] = result["state"]
        result["state"] = options.state_of(str(result["state"]))
    return result


def _contact_values(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(values[f"contact_{name}"]) for name in ("role", "title") if f"contact_{name}" in values}


def _amount(value: object) -> Decimal:
    return cast(Decimal, value).quantize(AMOUNT_QUANTUM, ROUND_HALF_UP)


def _account_outcomes(
    group: Sequence[MappedRow], key: str | None, refused: Sequence[int], states: Mapping[str, OutcomeState]
) -> list[Outcome]:
    outcomes = []
    taken = tuple(row.number for row in group if row.number not in refused)
    if key is not None and taken:
        outcomes.append(Outcome(states[key], taken))
    if refused:
        reason = rejection("contact_not_identified", "contact_phone", "")
        outcomes.append(Outcome(OutcomeState.REJECTED, tuple(refused), reason))
    return outcomes


class ReceivableHandler:
    """Takes in receivables of company accounts and of single customers."""

    name: str = "receivables"

    def describe(self, uow: UnitOfWork) -> RecordKind:
        """Return the fields and options of receivables."""
        return fields.RECEIVABLES

    def propose_options(self, sample: Sequence[MappedRow]) -> Mapping[str, str]:
        """Propose the default currency."""
        return propose_options(sample)

    def check(self, row: MappedRow, context: ApplyContext) -> Rejection | None:
        """Judge one row: what can be stored, somebody who owes, amounts and dates that fit each other."""
        values = row.values
        refused = check_values(values, context, _receivable_options(context), example=_RECEIVABLE_EXAMPLE)
        if refused is not None:
            return refused
        if not any(name in values for name in _DEBTOR_FIELDS):
            return rejection("debtor_missing", "account_code", "")
        return _contradiction(values)

    def apply(
        self, uow: UnitOfWork, groups: Sequence[Sequence[MappedRow]], context: ApplyContext
    ) -> Sequence[Outcome]:
        """Take in receivables; those of unknown accounts or people are rejected. See `RecordHandler.apply`."""
        options = _receivable_options(context)
        records = [_merged(group) for group in groups]
        claims = [claims_of(values, fields.DEBTOR_IDENTIFIERS, options) for values in records]
        persons = _resolve(uow, claims, context)
        accounts = store.find_accounts(
            uow, {pair for values in records if (pair := _account_pair(values, context)) is not None}
        )
        numbers = [str(values["number"]) for values in records]
        # Resolving locked the people the file names; those a receivable is known to name are locked here.
        others = store.find_debtors(uow, context.source, numbers) - set(persons.values())
        if others:
            identity.lock_persons(uow, others)
        stored = store.lock_receivables(uow, context.source, numbers)
        drafts: dict[str, Mapping[str, object]] = {}
        refusals: list[Rejection | None] = []
        for number, values, claimed in zip(numbers, records, claims, strict=True):
            pair = _account_pair(values, context)
            refused = None
            if pair is not None and pair not in accounts:
                refused = rejection("account_unknown", "account_code", values["account_code"])
            elif pair is None and claimed and persons[claimed] is None:
                refused = rejection("debtor_not_identified", "phone", "")
            else:
                debtor = {"account_id": accounts[pair] if pair else None, "person_id": persons.get(claimed)}
                known = drafts.get(number) or (stored[number].values if number in stored else {})
                after = _receivable_after(known, values, debtor, options)
                refused = _contradiction(after)
                if refused is None:
                    drafts[number] = after
            refusals.append(refused)
        states = recording.record_receivables(uow, drafts, stored, context) if drafts else {}
        return [
            Outcome(states[number], _rows(group))
            if refused is None
            else Outcome(OutcomeState.REJECTED, _rows(group), refused)
            for number, group, refused in zip(numbers, groups, refusals, strict=True)
        ]

    def finish(self, uow: UnitOfWork, context: ApplyContext) -> None:
        """Nothing is left to do."""


def _receivable_options(context: ApplyContext) -> IntakeOptions:
    return read_options(context.options, RECEIVABLE_WORDS)


def _contradiction(values: Mapping[str, object]) -> Rejection | None:
    """Return why amounts or dates contradict each other."""
    amount, settled = values.get("amount"), values.get("settled_amount")
    if isinstance(amount, Decimal) and isinstance(settled, Decimal) and not is_settlement(amount, settled):
        return rejection("settled_exceeds_amount", "settled_amount", settled)
    issued_on, due_on = values.get("issued_on"), values.get("due_on")
    if isinstance(issued_on, date) and isinstance(due_on, date) and due_on < issued_on:
        return rejection("due_before_issue", "due_on", due_on)
    return None


def _merged(group: Sequence[MappedRow]) -> dict[str, object]:
    """Return the values of a record; where its rows differ, the last one counts."""
    values: dict[str, object] = {}
    for row in group:
        values.update(row.values)
    return values


def _rows(group: Sequence[MappedRow]) -> tuple[int, ...]:
    return tuple(row.number for row in group)


def _account_pair(values: Mapping[str, object], context: ApplyContext) -> tuple[str, str] | None:
    code = values.get("account_code")
    if code is None:
        return None
    return str(values.get("account_source", context.source)), code_key(str(code))


def _receivable_after(
    known: Mapping[str, object],
    said: Mapping[str, object],
    debtor: Mapping[str, object],
    options: IntakeOptions,
) -> dict[str, object]:
    """Return a receivable after an input: what the input is silent about stays; without a state the amounts tell."""
    after = {name: said.get(name, known.get(name)) for name in store.RECEIVABLE_COLUMNS}
    amount = after["amount"] = _amount(after["amount"])
    if any(value is not None for value in debtor.values()):
        after.update(debtor)
    after["currency"] = currency_code(str(after["currency"])) if after["currency"] else options.currency
    word = said.get("state")
    state = options.state_of(str(word)) if word is not None else known.get("state")
    after["raw_state"] = word if word is not None else known.get("raw_state")
    if after["settled_amount"] is None:
        after["settled_amount"] = amount if state == ReceivableState.SETTLED.value else ZERO
    settled = after["settled_amount"] = _amount(after["settled_amount"])
    if after["raw_state"] is None:
        state = settled_state(amount, settled).value
    after["state"] = state
    return after
