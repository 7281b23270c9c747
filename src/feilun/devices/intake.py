"""Intake of devices: implements ingestion's `RecordHandler` for the record kind 'devices'."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from feilun.devices.contracts import DeviceState
from feilun.devices.internal import fields, recording, store
from feilun.devices.internal.domain import STATE_WORDS, binding_state, own_words
from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.ingestion.contracts import ApplyContext, MappedRow, Outcome, OutcomeState, RecordKind, Rejection
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork

_TEXT_MAX: Final = 200
_SHOWN_MAX: Final = 200
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FUTURE_TOLERANCE: Final = timedelta(days=1)
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_EXAMPLE: Final = "返厂=faulty"
_NO: Final = frozenset({"false", "0", "no", "n", "否"})

_Claims = tuple[IdentifierClaim, ...]


@dataclass(frozen=True, slots=True)
class _Options:
    state_words: Mapping[str, str]
    has_verified_phones: bool

    def state_of(self, word: object) -> str | None:
        return self.state_words.get(str(word).strip().lower())


def _options(context: ApplyContext) -> _Options:
    return _Options(
        {**STATE_WORDS, **own_words(context.options.get("state_words", ""))},
        context.options.get("phones_verified", "true").strip().lower() not in _NO,
    )


def _rejection(code: str, name: str, value: object, **detail: object) -> Rejection:
    return Rejection(f"devices.{code}", name, str(value)[:_SHOWN_MAX], detail)


class DeviceHandler:
    """Takes in device files."""

    name: str = "devices"

    def describe(self, uow: UnitOfWork) -> RecordKind:
        """Return the fields and options of devices."""
        return fields.DEVICES

    def check(self, row: MappedRow, context: ApplyContext) -> Rejection | None:
        """Judge one row: storable text, times that have been, a known state, at most one owner."""
        values, options = row.values, _options(context)
        for name, value in values.items():
            if isinstance(value, str):
                if len(value) > _TEXT_MAX:
                    return _rejection("text_too_long", name, value, limit=_TEXT_MAX)
                if _UNSTORABLE.search(value):
                    return _rejection("text_unstorable", name, repr(value)[1:-1])
            elif isinstance(value, datetime) and not _EARLIEST <= value <= context.now + _FUTURE_TOLERANCE:
                return _rejection("date_out_of_range", name, value)
        if "state" in values and options.state_of(values["state"]) is None:
            return _rejection("state_unknown", "state", values["state"], example=_EXAMPLE)
        if "store" in values and values.keys() & fields.OWNER_IDENTIFIERS.keys():
            return _rejection("owner_ambiguous", "store", values["store"])
        return _contradiction(values, options)

    def apply(
        self, uow: UnitOfWork, groups: Sequence[Sequence[MappedRow]], context: ApplyContext
    ) -> Sequence[Outcome]:
        """Take in devices; what a file is silent about stays, and where rows differ, the last one counts.

        See `RecordHandler.apply`.
        """
        options = _options(context)
        records = [_merged(group) for group in groups]
        claims = [_claims_of(values, options) for values in records]
        distinct = [claimed for claimed in dict.fromkeys(claims) if claimed]
        resolutions = identity.resolve_records(uow, distinct, source=context.source, origin=context.origin)
        persons = {claimed: found.person_id for claimed, found in zip(distinct, resolutions, strict=True)}
        codes = [str(values["device_id"]) for values in records]
        # Resolving locked the people the file names; those who have the devices now are locked here.
        others = store.find_owners(uow, context.source, codes) - set(persons.values())
        if others:
            identity.lock_persons(uow, others)
        stored = store.lock_devices(uow, context.source, codes)
        drafts: dict[str, Mapping[str, object]] = {}
        refusals: list[Rejection | None] = []
        for code, values, claimed in zip(codes, records, claims, strict=True):
            owner = persons.get(claimed)
            if claimed and owner is None:
                refusals.append(_rejection("owner_not_identified", "phone", ""))
                continue
            known = drafts.get(code) or (stored[code].values if code in stored else {})
            drafts[code] = _after(known, values, owner, options)
            refusals.append(None)
        states = recording.record_devices(uow, drafts, stored, context) if drafts else {}
        return [
            Outcome(states[code], tuple(row.number for row in group))
            if refused is None
            else Outcome(OutcomeState.REJECTED, tuple(row.number for row in group), refused)
            for code, group, refused in zip(codes, groups, refusals, strict=True)
        ]

    def finish(self, uow: UnitOfWork, context: ApplyContext) -> None:
        """Nothing is left to do."""


def _merged(group: Sequence[MappedRow]) -> dict[str, object]:
    """Return the values of a device; where its rows differ, the last one counts, and its owner replaces an earlier one."""
    values: dict[str, object] = {}
    owners = {"store", *fields.OWNER_IDENTIFIERS}
    for row in group:
        if row.values.keys() & owners:
            values = {name: value for name, value in values.items() if name not in owners}
        values.update(row.values)
    return values


def _claims_of(values: Mapping[str, object], options: _Options) -> _Claims:
    """Return the identifiers of a device's owner; the device's own id is one of them once somebody is named.

    A device nobody is named for claims nothing: a purifier in the warehouse would become a customer.
    """
    claims = [
        IdentifierClaim(
            kind,
            str(values[name]),
            verified=options.has_verified_phones or kind is not IdentifierKind.PHONE,
        )
        for name, kind in fields.OWNER_IDENTIFIERS.items()
        if name in values
    ]
    if claims:
        claims.append(IdentifierClaim(IdentifierKind.DEVICE, str(values["device_id"])))
    return tuple(claims)


def _contradiction(values: Mapping[str, object], options: _Options) -> Rejection | None:
    """Return why times and state contradict each other. A device bound again was unbound before it was bound."""
    bound_at, unbound_at = values.get("bound_at"), values.get("unbound_at")
    is_unbound = options.state_of(values.get("state", "")) == DeviceState.UNBOUND
    if (
        is_unbound
        and isinstance(bound_at, datetime)
        and isinstance(unbound_at, datetime)
        and unbound_at < bound_at
    ):
        return _rejection("unbound_before_bound", "unbound_at", unbound_at)
    return None


def _after(
    known: Mapping[str, object], said: Mapping[str, object], owner: PersonId | None, options: _Options
) -> dict[str, object]:
    """Return a device after an input. A new owner, person or store, replaces the one before."""
    after = {name: said.get(name, known.get(name)) for name in store.COLUMNS}
    if owner is not None:
        after["person_id"], after["store_code"] = owner, None
    elif "store" in said:
        after["person_id"], after["store_code"] = None, said["store"]
    word = said.get("state")
    if word is not None:
        after["raw_state"], after["state"] = word, options.state_of(word)
    elif after["raw_state"] is None:
        bound_at, unbound_at = after["bound_at"], after["unbound_at"]
        assert bound_at is None or isinstance(bound_at, datetime)
        assert unbound_at is None or isinstance(unbound_at, datetime)
        has_owner = after["person_id"] is not None or after["store_code"] is not None
        after["state"] = binding_state(has_owner=has_owner, bound_at=bound_at, unbound_at=unbound_at).value
    return after
