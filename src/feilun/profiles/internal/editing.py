"""Making and editing customers by hand, consents and interactions."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.kernel.ids import PersonId, opaque
from feilun.platform.db import UnitOfWork
from feilun.platform.log import NewEvent, Origin, append_events
from feilun.profiles import events
from feilun.profiles.contracts import (
    MANUAL_SOURCE,
    ConsentStatement,
    Field,
    FieldValue,
)
from feilun.profiles.errors import CustomerEmpty, CustomerErased, CustomerExists, FieldRequired
from feilun.profiles.internal import store_customers, store_facts, store_values
from feilun.profiles.internal.catalogue import Catalogue, load_catalogue, parse, writable
from feilun.profiles.internal.domain.builtin import KEPT_ON_ERASURE
from feilun.profiles.internal.recording import Said, publish_changes, record_values
from feilun.profiles.internal.refresh import refresh_customers
from feilun.profiles.internal.view import catalogue_fields, get_person

_CODE_BYTES: Final = 5
"""40 random bits name a customer who came without any identifier; identity refuses a collision by linking, at 1e-6 for a million."""


def create_customer(
    uow: UnitOfWork, claims: Sequence[IdentifierClaim], values: Mapping[str, FieldValue | None]
) -> PersonId:
    """See `feilun.profiles.api.create_customer`."""
    catalogue = load_catalogue(uow)
    parsed = _parsed(catalogue, values)
    for field in catalogue_fields(catalogue):
        if field.default is not None and field.name not in values:
            parsed[field.name] = field.default
    _check_required(catalogue_fields(catalogue), parsed)
    given = [claim for claim in claims if claim.value.strip()]
    if not given and not parsed.get("name"):
        raise CustomerEmpty("a customer needs a name or an identifier")
    for claim in given:
        found = _exact_owner(uow, claim)
        if found is not None:
            raise CustomerExists(
                "an identifier is taken", customer_id=opaque("c", found), kind=claim.kind.value
            )
    person_id = _new_person(uow, given)
    said = [Said(person_id, name, text, uow.now) for name, text in parsed.items() if text is not None]
    record_values(uow, catalogue, said, origin=Origin.LIVE, source=MANUAL_SOURCE)
    refresh_customers(uow, [person_id])
    return person_id


def update_fields(
    uow: UnitOfWork, person_id: PersonId, values: Mapping[str, FieldValue | None], *, reset: Sequence[str]
) -> PersonId:
    """See `feilun.profiles.api.update_fields`."""
    person = get_person(uow, person_id)
    root = identity.lock_persons(uow, [person_id])[person_id]
    person = get_person(uow, root)
    if person.erased_at is not None:
        raise CustomerErased(f"customer {root} is erased", person_id=root)
    catalogue = load_catalogue(uow)
    parsed = _parsed(catalogue, values)
    _check_required([catalogue[name] for name in parsed], parsed)
    for name in reset:
        writable(catalogue, name)
    dropped = (
        store_values.delete_values(uow, person.members, source=MANUAL_SOURCE, fields=reset)
        if reset
        else set()
    )
    publish_changes(uow, {root: sorted(dropped)} if dropped else {}, source=MANUAL_SOURCE, origin=Origin.LIVE)
    # To the record the operator opened: a later split leaves the edit with the person it was made for.
    said = [Said(person_id, name, text, uow.now) for name, text in parsed.items()]
    record_values(uow, catalogue, said, origin=Origin.LIVE, source=MANUAL_SOURCE)
    refresh_customers(uow, [root])
    return root


def record_consents(
    uow: UnitOfWork, statements: Sequence[ConsentStatement], *, origin: Origin, source: str
) -> set[PersonId]:
    """Store statements that say something new; returns whose changed. The caller holds the persons' locks."""
    known = store_facts.latest_statements(uow, {s.person_id for s in statements}, source=source)
    fresh: list[ConsentStatement] = []
    for statement in statements:
        key = (statement.person_id, statement.channel, statement.purpose)
        before = known.get(key)
        # An older or equal word, or the same word again, tells nothing that is not known.
        if before is not None and (statement.stated_at < before[0] or statement.state.value == before[1]):
            continue
        known[key] = (statement.stated_at, statement.state.value)
        fresh.append(statement)
    if not fresh:
        return set()
    ids = store_facts.insert_consents(uow, fresh)
    append_events(
        uow,
        [
            NewEvent(
                type=events.CONSENT_CHANGED,
                occurred_at=statement.stated_at,
                origin=origin,
                person_id=statement.person_id,
                payload={
                    "consent_id": consent_id,
                    "channel": statement.channel,
                    "purpose": statement.purpose,
                    "state": statement.state.value,
                },
            )
            for statement, consent_id in zip(fresh, ids, strict=True)
        ],
    )
    return {statement.person_id for statement in fresh}


def state_consent(uow: UnitOfWork, statement: ConsentStatement) -> None:
    """See `feilun.profiles.api.state_consent`."""
    person = get_person(uow, statement.person_id)
    identity.lock_persons(uow, [person.person_id])
    if get_person(uow, person.person_id).erased_at is not None:
        raise CustomerErased(f"customer {person.person_id} is erased", person_id=person.person_id)
    record_consents(uow, [statement], origin=Origin.LIVE, source=statement.source)


def forget_person_records(uow: UnitOfWork, members: Sequence[PersonId]) -> None:
    """Delete what names erased people: values, free properties of interactions, kinds of identifiers."""
    store_values.erase_values(uow, members, kept=KEPT_ON_ERASURE)
    store_facts.clear_properties(uow, members)
    store_customers.forget_identifiers(uow, members)


def _new_person(uow: UnitOfWork, claims: Sequence[IdentifierClaim]) -> PersonId:
    """Make a person of these identifiers; one who has none that links gets a code of our own."""
    person_id = None
    if claims:
        person_id = identity.resolve_records(uow, [claims], source=MANUAL_SOURCE, origin=Origin.LIVE)[
            0
        ].person_id
    if person_id is None:
        own_code = IdentifierClaim(
            IdentifierKind.ERP_CODE, secrets.token_hex(_CODE_BYTES), scope=MANUAL_SOURCE
        )
        claims = [*claims, own_code]
        person_id = identity.resolve_records(uow, [claims], source=MANUAL_SOURCE, origin=Origin.LIVE)[
            0
        ].person_id
        assert person_id is not None, "its own code links"
    store_customers.note_person_records(
        uow, [(person_id, MANUAL_SOURCE, claim.kind.value) for claim in claims]
    )
    return person_id


def _parsed(catalogue: Catalogue, values: Mapping[str, FieldValue | None]) -> dict[str, str | None]:
    return {name: parse(writable(catalogue, name), value) for name, value in values.items()}


def _check_required(fields: Sequence[Field], parsed: Mapping[str, str | None]) -> None:
    for field in fields:
        if field.is_required and parsed.get(field.name) is None:
            raise FieldRequired(f"{field.name} is required", field=field.name)


def _exact_owner(uow: UnitOfWork, claim: IdentifierClaim) -> PersonId | None:
    """Return who has this identifier; four digits would mean the end of a phone, so they are not asked about."""
    if len(claim.value.strip()) == 4 and claim.value.strip().isdigit():  # noqa: PLR2004
        return None
    found = identity.find_persons(uow, claim.value, limit=1)
    return found[0] if found else None
