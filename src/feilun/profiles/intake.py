"""Intake of customers and their behaviour: implements ingestion's `RecordHandler`."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.ingestion.contracts import (
    ApplyContext,
    MappedRow,
    Outcome,
    OutcomeState,
    RecordKind,
    Rejection,
)
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import NewEvent, Origin, append_events
from feilun.profiles import events
from feilun.profiles.contracts import ConsentState, ConsentStatement
from feilun.profiles.errors import DateInFuture, FieldInvalid, NotADate, ValueTooLong, ValueUnstorable
from feilun.profiles.internal import store_facts
from feilun.profiles.internal.catalogue import Catalogue, load_catalogue
from feilun.profiles.internal.domain.builtin import BUILTIN_FIELDS
from feilun.profiles.internal.domain.values import ValueRefused, canonical
from feilun.profiles.internal.editing import record_consents
from feilun.profiles.internal.intake_fields import (
    CONSENT_CHANNELS,
    IDENTIFIER_FIELDS,
    INTERACTION_PROPERTIES,
    INTERACTION_WORDS,
    INTERACTIONS,
    customers_kind,
)
from feilun.profiles.internal.recording import Said, record_values
from feilun.profiles.internal.store_facts import NewInteraction

_SHOWN_MAX: Final = 200
_IDENTIFIER_CHARACTERS_MAX: Final = 200
_EVENT_CHARACTERS_MAX: Final = 60
_FUTURE_TOLERANCE: Final = timedelta(days=1)
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_SEVERAL: Final = re.compile(r"[,,、;;/|\n]")
_PAST_FIELDS: Final = ("birthday", "registered_at", "updated_at")
_YEAR_MIN: Final = 1850
_GENDER_WORDS: Final = {
    **dict.fromkeys(("女", "女性", "女士", "f", "female", "w", "woman", "2"), "female"),
    **dict.fromkeys(("男", "男性", "先生", "m", "male", "man", "1"), "male"),
    **dict.fromkeys(("其他", "other", "x"), "other"),
}
_GENDER_UNKNOWN: Final = frozenset({"未知", "保密", "不详", "unknown", "u", "0", "-", "n/a", "none"})


class CustomerHandler:
    """Takes in customer rows of files and connectors."""

    name: str = "customers"

    def __init__(self) -> None:
        self._catalogue: Catalogue = BUILTIN_FIELDS

    def describe(self, uow: UnitOfWork) -> RecordKind:
        """Return the fields of customers, custom ones in use included."""
        self._catalogue = load_catalogue(uow)
        return customers_kind(f for f in self._catalogue.values() if f.is_custom and not f.is_archived)

    def check(self, row: MappedRow, context: ApplyContext) -> Rejection | None:
        """Judge one row: an identifier, texts that can be stored, dates that have been, values that fit their fields."""
        refused = _check_identifiers(row.values) or _check_past(row.values, context.now)
        if refused is not None:
            return refused
        for name, value in row.values.items():
            try:
                self._canonical(name, value)
            except ValueRefused as refusal:
                return _rejection(refusal.refusal, name, value)
        return None

    def apply(
        self, uow: UnitOfWork, groups: Sequence[Sequence[MappedRow]], context: ApplyContext
    ) -> Sequence[Outcome]:
        """Take in customers; where the rows of one customer differ, the last one counts. See `RecordHandler.apply`."""
        self._catalogue = load_catalogue(uow)
        records = [_merged(group) for group in groups]
        claims = [_claims(group, context) for group in groups]
        resolutions = identity.resolve_records(uow, claims, source=context.source, origin=context.origin)
        said: list[Said] = []
        statements: list[ConsentStatement] = []
        for values, resolution in zip(records, resolutions, strict=True):
            if resolution.person_id is not None:
                said.extend(self._said(resolution.person_id, values, context))
                statements.extend(_statements(resolution.person_id, values, context))
        changed = set(record_values(uow, self._catalogue, said, origin=context.origin, source=context.source))
        changed |= record_consents(uow, statements, origin=context.origin, source=context.source)
        outcomes = []
        for group, resolution in zip(groups, resolutions, strict=True):
            rows = tuple(row.number for row in group)
            if resolution.person_id is None:
                outcomes.append(Outcome(OutcomeState.REJECTED, rows, _NOT_IDENTIFIED))
            elif resolution.is_new:
                outcomes.append(Outcome(OutcomeState.TAKEN, rows))
            else:
                is_changed = resolution.person_id in changed
                outcomes.append(Outcome(OutcomeState.CHANGED if is_changed else OutcomeState.UNCHANGED, rows))
        return outcomes

    def finish(self, uow: UnitOfWork, context: ApplyContext) -> None:
        """Nothing is left to do: the list follows the log."""

    def _said(
        self, person_id: PersonId, values: Mapping[str, object], context: ApplyContext
    ) -> Iterable[Said]:
        updated_at = values.get("updated_at")
        is_dated = isinstance(updated_at, datetime)
        seen_at = updated_at if isinstance(updated_at, datetime) else context.now
        for name, value in values.items():
            text = self._canonical(name, value)
            if text is not None:
                yield Said(person_id, name, text, seen_at, is_dated)

    def _canonical(self, name: str, value: object) -> str | None:
        """Return the canonical text of a cell; None for cells that are no field (identifiers, consents). Raises: ValueRefused."""
        field = self._catalogue.get(name)
        if field is None or field.is_archived:
            return None
        if name == "gender":
            word = str(value).strip().lower()
            if word in _GENDER_UNKNOWN:
                return None
            value = _GENDER_WORDS.get(word, word)
        return canonical(field, value)


class InteractionHandler:
    """Takes in what customers did: page views, carts, log-ins …"""

    name: str = "interactions"

    def describe(self, uow: UnitOfWork) -> RecordKind:
        """Return the fields of interactions."""
        return INTERACTIONS

    def check(self, row: MappedRow, context: ApplyContext) -> Rejection | None:
        """Judge one row: an identifier, texts that can be stored, a moment that has been."""
        refused = _check_identifiers(row.values)
        if refused is not None:
            return refused
        for name, value in row.values.items():
            if isinstance(value, str):
                limit = (
                    _EVENT_CHARACTERS_MAX
                    if name == "event"
                    else _SHOWN_MAX * 5
                    if name == "page"
                    else _SHOWN_MAX
                )
                if len(value) > limit:
                    return _rejection(ValueTooLong, name, value)
                if _UNSTORABLE.search(value):
                    return _rejection(ValueUnstorable, name, repr(value))
        occurred_at = row.values.get("occurred_at")
        if isinstance(occurred_at, datetime) and occurred_at > context.now + _FUTURE_TOLERANCE:
            return _rejection(DateInFuture, "occurred_at", occurred_at)
        return None

    def apply(
        self, uow: UnitOfWork, groups: Sequence[Sequence[MappedRow]], context: ApplyContext
    ) -> Sequence[Outcome]:
        """Take in interactions; one known by its id (or, without one, its content) is unchanged. See `RecordHandler.apply`."""
        claims = [_claims(group, context) for group in groups]
        resolutions = identity.resolve_records(uow, claims, source=context.source, origin=context.origin)
        wanted: dict[str, NewInteraction] = {}
        ids: list[str | None] = []
        for group, resolution in zip(groups, resolutions, strict=True):
            if resolution.person_id is None:
                ids.append(None)
                continue
            interaction = _interaction(uow, resolution.person_id, _merged(group))
            ids.append(interaction.source_id if interaction.source_id not in wanted else None)
            wanted.setdefault(interaction.source_id, interaction)
        new = (
            store_facts.insert_interactions(uow, list(wanted.values()), source=context.source)
            if wanted
            else {}
        )
        append_events(uow, _interaction_events(wanted, new, context.origin))
        outcomes = []
        for group, resolution, source_id in zip(groups, resolutions, ids, strict=True):
            rows = tuple(row.number for row in group)
            if resolution.person_id is None:
                outcomes.append(Outcome(OutcomeState.REJECTED, rows, _NOT_IDENTIFIED))
            else:
                is_new = source_id is not None and source_id in new
                outcomes.append(Outcome(OutcomeState.TAKEN if is_new else OutcomeState.UNCHANGED, rows))
        return outcomes

    def finish(self, uow: UnitOfWork, context: ApplyContext) -> None:
        """Nothing is left to do."""


_NOT_IDENTIFIED: Final = Rejection("profiles.no_identifier", None, "")


def _rejection(refusal: type[FieldInvalid], name: str, value: object) -> Rejection:
    return Rejection(refusal.code, name, str(value).replace("\x00", "\\0")[:_SHOWN_MAX], {"field": name})


def _check_identifiers(values: Mapping[str, object]) -> Rejection | None:
    given = [name for name in IDENTIFIER_FIELDS if name in values]
    if not given:
        return _NOT_IDENTIFIED
    for name in given:
        text = str(values[name])
        if len(text) > _IDENTIFIER_CHARACTERS_MAX:
            return _rejection(ValueTooLong, name, text)
        if _UNSTORABLE.search(text):
            return _rejection(ValueUnstorable, name, repr(text))
    return None


def _check_past(values: Mapping[str, object], now: datetime) -> Rejection | None:
    latest = now + _FUTURE_TOLERANCE
    for name in _PAST_FIELDS:
        value = values.get(name)
        if not isinstance(value, date):
            continue
        if value.year < _YEAR_MIN:
            return _rejection(NotADate, name, value)
        if (value > latest) if isinstance(value, datetime) else (value > latest.date()):
            return _rejection(DateInFuture, name, value)
    return None


def _merged(group: Sequence[MappedRow]) -> dict[str, object]:
    values: dict[str, object] = {}
    for row in group:
        values.update(row.values)
    return values


def _claims(group: Sequence[MappedRow], context: ApplyContext) -> list[IdentifierClaim]:
    """Return the identifiers of all rows of a record; phones and mail addresses may share a cell."""
    are_phones_verified = context.options.get("phones_verified", "true").strip().lower() not in {
        "false",
        "0",
        "no",
        "否",
    }
    claims: dict[tuple[IdentifierKind, str], IdentifierClaim] = {}
    for row in group:
        for name, kind in IDENTIFIER_FIELDS.items():
            cell = row.values.get(name)
            if cell is None:
                continue
            is_shared = kind in (IdentifierKind.PHONE, IdentifierKind.EMAIL)
            for part in _SEVERAL.split(str(cell)) if is_shared else (str(cell),):
                value = part.strip()
                if value:
                    is_verified = are_phones_verified or kind is not IdentifierKind.PHONE
                    claims[kind, value] = IdentifierClaim(kind, value, verified=is_verified)
    return list(claims.values())


def _statements(
    person_id: PersonId, values: Mapping[str, object], context: ApplyContext
) -> Iterable[ConsentStatement]:
    updated_at = values.get("updated_at")
    for name, channel in CONSENT_CHANNELS.items():
        value = values.get(name)
        if isinstance(value, bool):
            yield ConsentStatement(
                person_id=person_id,
                channel=channel,
                state=ConsentState.GRANTED if value else ConsentState.REFUSED,
                stated_at=updated_at if isinstance(updated_at, datetime) else context.now,
                source=context.source,
            )


def _interaction(uow: UnitOfWork, person_id: PersonId, values: Mapping[str, object]) -> NewInteraction:
    event = str(values["event"]).strip().lower()
    occurred_at = values["occurred_at"]
    assert isinstance(occurred_at, datetime), "required by the record kind"
    properties = {name: str(values[name]) for name in INTERACTION_PROPERTIES if name in values}
    event_id = values.get("event_id")
    return NewInteraction(
        person_id=person_id,
        kind=INTERACTION_WORDS.get(event, re.sub(r"\s+", "_", event)),
        occurred_at=occurred_at,
        channel=str(values["channel"]) if "channel" in values else None,
        source_id=str(event_id) if event_id is not None else _content_id(uow, values),
        sku=str(values["sku"]) if "sku" in values else None,
        properties=properties,
    )


def _content_id(uow: UnitOfWork, values: Mapping[str, object]) -> str:
    """Return an id of the content. Keyed, because a bare hash of a phone number and a moment can be guessed."""
    content = json.dumps(
        {name: str(value) for name, value in values.items()}, sort_keys=True, ensure_ascii=False
    )
    return f"content:{uow.keyring.blind('interaction', content).hex()}"


def _interaction_events(
    wanted: Mapping[str, NewInteraction], new: Mapping[str, int], origin: Origin
) -> Iterable[NewEvent]:
    for source_id, interaction_id in new.items():
        interaction = wanted[source_id]
        yield NewEvent(
            type=events.INTERACTION_RECORDED,
            occurred_at=interaction.occurred_at,
            origin=origin,
            person_id=interaction.person_id,
            payload={"interaction_id": interaction_id, "kind": interaction.kind},
        )
