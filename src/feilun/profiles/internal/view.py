"""The customer page's view: head, figures, fields with provenance, consents. Read from the records themselves, never from the list."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from feilun.identity import api as identity
from feilun.identity.contracts import Person
from feilun.identity.errors import PersonNotFound
from feilun.kernel.ids import PersonId
from feilun.orders import api as orders
from feilun.platform.db import UnitOfWork
from feilun.platform.keys import PersonKey
from feilun.profiles.contracts import (
    Consent,
    CustomerFigures,
    CustomerHead,
    CustomerView,
    Field,
    FieldProvenance,
    PanelView,
    Protection,
    ValueCandidate,
)
from feilun.profiles.errors import CustomerNotFound
from feilun.profiles.internal import store_customers, store_facts, store_fields, store_values
from feilun.profiles.internal.catalogue import Catalogue, load_catalogue
from feilun.profiles.internal.domain.builtin import KEPT_ON_ERASURE
from feilun.profiles.internal.domain.names import mask_value
from feilun.profiles.internal.domain.survivorship import choose, rule_of
from feilun.profiles.internal.domain.values import typed
from feilun.profiles.internal.recording import open_value
from feilun.profiles.internal.refresh import candidates_of
from feilun.profiles.internal.store_values import StoredValue

_HIDDEN = "***"


def get_person(uow: UnitOfWork, person_id: PersonId) -> Person:
    """Return the person behind an id. Raises: CustomerNotFound."""
    try:
        return identity.get_person(uow, person_id)
    except PersonNotFound:
        raise CustomerNotFound(f"no customer {person_id}", person_id=person_id) from None


def get_customer(
    uow: UnitOfWork, person_id: PersonId, *, reveal: bool, panels: Sequence[PanelView]
) -> CustomerView:
    """See `feilun.profiles.api.get_customer`."""
    person = get_person(uow, person_id)
    fields = provenance_of(uow, person, reveal=reveal)
    return CustomerView(
        requested_id=person_id,
        head=_head(uow, person, fields),
        is_alias=person_id != person.person_id,
        figures=_figures(uow, person.person_id),
        fields=tuple(fields),
        identifiers=tuple(identity.list_identifiers(uow, person.person_id, reveal=reveal)),
        consents=tuple(current_consents(uow, person.members)),
        panels=tuple(panels),
        is_masked=not reveal,
    )


def provenance_of(uow: UnitOfWork, person: Person, *, reveal: bool) -> list[FieldProvenance]:
    """Return every field in use or in the catalogue, with what holds, why, and what it won against."""
    catalogue = load_catalogue(uow)
    rules = store_fields.list_survivorship(uow)
    values: dict[str, list[StoredValue]] = defaultdict(list)
    for value in store_values.values_of(uow, person.members):
        values[value.field].append(value)
    sealed = {value.person_id for said in values.values() for value in said if value.sealed is not None}
    keys = identity.existing_person_keys(uow, sealed) if reveal and sealed else {}
    result = []
    for name, field in catalogue.items():
        if field.is_archived and name not in values:
            continue
        said = values.get(name, [])
        if person.erased_at is not None and name not in KEPT_ON_ERASURE:
            said = []
        choice = choose(candidates_of(said), rule_of(rules, name))
        decided_by = choice.index if choice.index is not None else choice.emptied_by
        candidates = [_candidate(field, value, keys, reveal=reveal) for value in said]
        result.append(
            FieldProvenance(
                field=field,
                chosen=None if decided_by is None else candidates[decided_by],
                rule=choice.rule,
                losing=tuple(
                    sorted(
                        (c for index, c in enumerate(candidates) if index != decided_by),
                        key=lambda c: (c.seen_at, c.source, c.person_id),
                        reverse=True,
                    )
                ),
                is_masked=not reveal and field.protection is not Protection.OPEN,
            )
        )
    return result


def current_consents(uow: UnitOfWork, members: Sequence[PersonId]) -> list[Consent]:
    """Return the statement that holds per channel and purpose over all person records."""
    newest: dict[tuple[str, str], Consent] = {}
    for consent in store_facts.consents_of(uow, members):
        newest.setdefault((consent.channel, consent.purpose), consent)
    return [newest[key] for key in sorted(newest)]


def _candidate(
    field: Field, stored: StoredValue, keys: Mapping[PersonId, PersonKey], *, reveal: bool
) -> ValueCandidate:
    text = open_value(field, stored, keys) if reveal or stored.sealed is None else None
    is_hidden = not reveal and field.protection is not Protection.OPEN
    if is_hidden:
        shown = mask_value(field.name, text) if text is not None else _HIDDEN if stored.token else ""
    else:
        shown = text or ""
    return ValueCandidate(
        value=None if is_hidden or text is None else typed(field, text),
        text=shown,
        source=stored.source,
        seen_at=stored.seen_at,
        recorded_at=stored.recorded_at,
        person_id=stored.person_id,
        actor=stored.actor,
    )


def _head(uow: UnitOfWork, person: Person, fields: Sequence[FieldProvenance]) -> CustomerHead:
    texts = {
        provenance.field.name: provenance.chosen.text
        for provenance in fields
        if provenance.chosen is not None and provenance.chosen.text
    }
    sources = {person.source}
    for provenance in fields:
        sources.update(c.source for c in (provenance.chosen, *provenance.losing) if c is not None)
    sources.update(source for _, source, _ in store_customers.person_records(uow, person.members))
    return CustomerHead(
        person_id=person.person_id,
        members=person.members,
        display_name=texts.get("name") or texts.get("nickname"),
        name=texts.get("name"),
        gender=texts.get("gender"),
        birthday=texts.get("birthday"),
        city=texts.get("city"),
        sources=tuple(sorted(sources)),
        created_at=person.created_at,
        erased_at=person.erased_at,
    )


def _figures(uow: UnitOfWork, root: PersonId) -> CustomerFigures:
    found = orders.figures_of(uow, [root]).get(root)
    if found is None:
        nothing = Decimal(0)
        return CustomerFigures(
            currency=None,
            orders=0,
            net_spend=nothing,
            product_sales=nothing,
            refunds=0,
            refund_amount=nothing,
            return_rate=None,
            average_basket=None,
            first_ordered_at=None,
            last_ordered_at=None,
            other_currencies=(),
        )
    return CustomerFigures(
        currency=found.currency,
        orders=found.orders,
        net_spend=found.net_spend,
        product_sales=found.product_sales,
        refunds=found.refunds,
        refund_amount=found.refund_amount,
        return_rate=found.return_rate,
        average_basket=found.average_basket,
        first_ordered_at=found.first_ordered_at,
        last_ordered_at=found.last_ordered_at,
        other_currencies=found.other_currencies,
    )


def catalogue_fields(catalogue: Catalogue) -> list[Field]:
    """Return the fields that take values, built-in ones first."""
    return [field for field in catalogue.values() if not field.is_archived]
