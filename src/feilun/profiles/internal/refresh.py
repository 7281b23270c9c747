"""Keeps the list of customers: one row per person, computed from values, identities and orders as they are now (ADR-0007)."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from feilun.identity import api as identity
from feilun.identity.contracts import Person
from feilun.kernel.ids import PersonId
from feilun.orders import api as orders
from feilun.orders.contracts import OrderFigures
from feilun.platform.db import UnitOfWork
from feilun.profiles.contracts import Protection, Survivorship
from feilun.profiles.internal import store_customers, store_fields, store_values
from feilun.profiles.internal.catalogue import Catalogue, load_catalogue
from feilun.profiles.internal.domain.builtin import KEPT_ON_ERASURE
from feilun.profiles.internal.domain.names import folded, tokens_of
from feilun.profiles.internal.domain.survivorship import Candidate, choose, rule_of
from feilun.profiles.internal.domain.values import json_value
from feilun.profiles.internal.store_values import StoredValue


@dataclass(frozen=True, slots=True)
class ChosenProfile:
    """The plain values that hold for one person, and who spoke about it."""

    person: Person
    values: Mapping[str, str]
    """Canonical text by field; sealed fields are left out."""
    sources: tuple[str, ...]
    """The root's own source and those that gave values."""


@dataclass(frozen=True, slots=True)
class _Records:
    """What the log said about a person's records."""

    sources: set[str]
    identifier_kinds: set[str]


def refresh_customers(uow: UnitOfWork, person_ids: Iterable[PersonId]) -> None:
    """Bring the rows of these people up to date; ids that were merged away lose theirs. Idempotent.

    What it writes is right when the caller holds the people's locks. Without them it may be overtaken; the event of what
    overtook it is still in the log and brings the person here again.
    """
    wanted = set(person_ids)
    if not wanted:
        return
    catalogue = load_catalogue(uow)
    profiles = choose_profiles(uow, catalogue, wanted)
    figures = orders.figures_of(uow, profiles)
    store_customers.delete_customers(uow, wanted - profiles.keys())
    records = _records(uow, profiles)
    rows = [
        _row(catalogue, profile, figures.get(root), records[root])
        for root, profile in sorted(profiles.items())
    ]
    store_customers.upsert_customers(uow, json.dumps(rows, ensure_ascii=False, default=str))


def choose_profiles(
    uow: UnitOfWork, catalogue: Catalogue, person_ids: Iterable[PersonId]
) -> dict[PersonId, ChosenProfile]:
    """Return the values that hold for the people behind these records, by root."""
    people = identity.list_persons(uow, person_ids)
    roots = {member: root for root, person in people.items() for member in person.members}
    rules = store_fields.list_survivorship(uow)
    by_field: dict[PersonId, dict[str, list[StoredValue]]] = defaultdict(lambda: defaultdict(list))
    sources: dict[PersonId, set[str]] = {root: {person.source} for root, person in people.items()}
    for value in store_values.tokens_of(uow, roots):
        by_field[roots[value.person_id]][value.field].append(value)
        sources[roots[value.person_id]].add(value.source)
    return {
        root: ChosenProfile(
            person,
            _chosen(catalogue, rules, by_field[root], is_erased=person.erased_at is not None),
            tuple(sorted(sources[root])),
        )
        for root, person in people.items()
    }


def candidates_of(values: Sequence[StoredValue]) -> list[Candidate]:
    """Return stored values as survivorship compares them."""
    return [Candidate(v.person_id, v.source, v.token, v.seen_at) for v in values]


def _chosen(
    catalogue: Catalogue,
    rules: Mapping[str, Survivorship],
    values: Mapping[str, Sequence[StoredValue]],
    *,
    is_erased: bool,
) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for name, said in values.items():
        field = catalogue.get(name)
        if (
            field is None
            or field.protection is Protection.SEALED
            or (is_erased and name not in KEPT_ON_ERASURE)
        ):
            continue
        choice = choose(candidates_of(said), rule_of(rules, name))
        text = None if choice.index is None else said[choice.index].value
        if text is not None:
            chosen[name] = text
    return chosen


def _records(uow: UnitOfWork, profiles: Mapping[PersonId, ChosenProfile]) -> dict[PersonId, _Records]:
    roots = {member: root for root, profile in profiles.items() for member in profile.person.members}
    records = {root: _Records(set(), set()) for root in profiles}
    for person_id, source, kinds in store_customers.person_records(uow, roots):
        records[roots[person_id]].sources.add(source)
        records[roots[person_id]].identifier_kinds.update(kinds)
    return records


def _row(
    catalogue: Catalogue, profile: ChosenProfile, figures: OrderFigures | None, records: _Records
) -> dict[str, object]:
    values = profile.values
    name, nickname = values.get("name"), values.get("nickname")
    return {
        "person_id": profile.person.person_id,
        "name": name,
        "nickname": nickname,
        "search_text": folded(f"{name or ''} {nickname or ''}"),
        "name_tokens": tokens_of(name, nickname),
        "gender": values.get("gender"),
        "birthday": values.get("birthday"),
        "country": values.get("country"),
        "province": values.get("province"),
        "city": values.get("city"),
        "registered_at": values.get("registered_at"),
        "fields": {
            field: json_value(catalogue[field], text)
            for field, text in values.items()
            if catalogue[field].protection is Protection.OPEN
        },
        "identifier_kinds": [] if profile.person.erased_at else sorted(records.identifier_kinds),
        "sources": sorted(records.sources.union(profile.sources)),
        "member_count": len(profile.person.members),
        "currency": figures.currency if figures else None,
        "orders": figures.orders if figures else 0,
        "net_spend": figures.net_spend if figures else 0,
        "refunds": figures.refunds if figures else 0,
        "refund_amount": figures.refund_amount if figures else 0,
        "return_rate": figures.return_rate if figures else None,
        "first_ordered_at": _moment(figures.first_ordered_at if figures else None),
        "last_ordered_at": _moment(figures.last_ordered_at if figures else None),
        "created_at": _moment(profile.person.created_at),
        "erased_at": _moment(profile.person.erased_at),
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
