"""Customers, their behaviour and consents in the warehouse. No direct personal values go there (ADR-0007).

A customer's row has the values that hold for the whole person, under the root's id; a record that is merged away loses its row.
Rebuilt by going through the log, which names every person that was ever made.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, cast

from feilun.identity import api as identity
from feilun.identity import events as identity_events
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Event
from feilun.platform.warehouse import FactRows, FactTable
from feilun.profiles import events as profile_events
from feilun.profiles.contracts import Interaction, Protection
from feilun.profiles.internal import store_facts, store_values
from feilun.profiles.internal.catalogue import Catalogue, load_catalogue
from feilun.profiles.internal.domain.builtin import CUSTOM_PREFIX
from feilun.profiles.internal.recording import living
from feilun.profiles.internal.refresh import ChosenProfile, choose_profiles
from feilun.profiles.internal.touched import affected_people

_BEHIND_ADDRESS: Final = re.compile("[?#]")
_TEXT_COLUMNS: Final = (
    "gender", "country", "province", "city", "preferred_language", "acquisition_channel", "store", "employee",
)  # fmt: skip

CUSTOMERS: Final = FactTable(
    name="customers",
    columns={
        "person_id": "Int64",
        "created_at": "DateTime64(3, 'UTC')",
        "registered_at": "Nullable(DateTime64(3, 'UTC'))",
        "birth_year": "Nullable(UInt16)",
        "birth_month": "Nullable(UInt8)",
        "birth_day": "Nullable(UInt8)",
        **dict.fromkeys(_TEXT_COLUMNS, "LowCardinality(String)"),
        "sources": "Array(LowCardinality(String))",
        "identifier_kinds": "Array(LowCardinality(String))",
        "verified_kinds": "Array(LowCardinality(String))",
        "member_count": "UInt32",
        "custom": "Map(LowCardinality(String), String)",
        "is_erased": "UInt8",
    },
    order_by=("person_id",),
    shard_by="person_id",
    comment="One row per customer (root person). custom: canonical texts of custom fields that are not personal.",
)
INTERACTIONS: Final = FactTable(
    name="interactions",
    columns={
        "person_id": "Int64",
        "interaction_id": "Int64",
        "kind": "LowCardinality(String)",
        "occurred_at": "DateTime64(3, 'UTC')",
        "channel": "LowCardinality(String)",
        "source": "LowCardinality(String)",
        "sku": "String",
        "properties": "Map(LowCardinality(String), String)",
    },
    order_by=("person_id", "interaction_id"),
    shard_by="person_id",
    comment="What customers did, under the person record it came with.",
)
CONSENTS: Final = FactTable(
    name="consents",
    columns={
        "person_id": "Int64",
        "consent_id": "Int64",
        "channel": "LowCardinality(String)",
        "purpose": "LowCardinality(String)",
        "state": "LowCardinality(String)",
        "stated_at": "DateTime64(3, 'UTC')",
        "source": "LowCardinality(String)",
    },
    order_by=("person_id", "consent_id"),
    shard_by="person_id",
    comment="Every statement; per channel and purpose the newest holds, and of equal moments the refusal.",
)

_PERSON_EVENTS: Final = frozenset(
    {
        identity_events.PersonCreated.type,
        identity_events.IdentifierAdded.type,
        identity_events.PersonsMerged.type,
        identity_events.MergeSplit.type,
        identity_events.PersonErased.type,
        profile_events.PROFILE_CHANGED,
    }
)


class ProfileProjector:
    """Writes customers, interactions and consents."""

    @property
    def tables(self) -> tuple[FactTable, ...]:
        """The tables it writes."""
        return (CUSTOMERS, INTERACTIONS, CONSENTS)

    @property
    def event_types(self) -> frozenset[str]:
        """Events it wants to see."""
        return _PERSON_EVENTS | {
            profile_events.SURVIVORSHIP_CHANGED,
            profile_events.CONSENT_CHANGED,
            profile_events.INTERACTION_RECORDED,
        }

    def project(self, uow: UnitOfWork, events: Sequence[Event]) -> Mapping[str, FactRows]:
        """Return the facts that the events name, as they are now."""
        touched: dict[PersonId, int] = {}
        interactions: dict[int, int] = {}
        erased: dict[PersonId, int] = {}
        consents: dict[int, int] = {}
        for event in events:
            if event.type in _PERSON_EVENTS:
                people = affected_people(event)
                touched.update(dict.fromkeys(people, event.position))
                if event.type == identity_events.PersonErased.type:
                    erased.update(dict.fromkeys(people, event.position))
            elif event.type == profile_events.INTERACTION_RECORDED:
                interactions[cast(int, event.payload["interaction_id"])] = event.position
            elif event.type == profile_events.CONSENT_CHANGED:
                consents[cast(int, event.payload["consent_id"])] = event.position
            else:
                touched.update(dict.fromkeys(store_values.all_person_ids(uow), event.position))
        return {
            CUSTOMERS.name: _customers(uow, touched),
            INTERACTIONS.name: _interactions(uow, interactions, erased),
            CONSENTS.name: _consents(uow, consents),
        }


def _customers(uow: UnitOfWork, touched: Mapping[PersonId, int]) -> dict[str, Sequence[object]]:
    """Return the rows of roots touched through any of their records, and deletions of touched records that are no roots."""
    catalogue = load_catalogue(uow)
    profiles = choose_profiles(uow, catalogue, touched)
    rows = list(profiles.values())
    identifiers = identity.identifiers_of(uow, profiles, reveal=False) if profiles else {}
    gone = sorted(touched.keys() - profiles.keys())
    columns: dict[str, list[object]] = {
        "created_at": [p.person.created_at for p in rows],
        "registered_at": [_moment(p.values.get("registered_at")) for p in rows],
        **_birthdays(rows),
        **{name: [p.values.get(name, "") for p in rows] for name in _TEXT_COLUMNS},
        "sources": [list(p.sources) for p in rows],
        "custom": [_custom(catalogue, p) for p in rows],
        "identifier_kinds": [
            sorted({i.kind.value for i in identifiers.get(p.person.person_id, ())}) for p in rows
        ],
        "verified_kinds": [
            sorted({i.kind.value for i in identifiers.get(p.person.person_id, ()) if i.is_verified})
            for p in rows
        ],
        "member_count": [len(p.person.members) for p in rows],
        "is_erased": [int(p.person.erased_at is not None) for p in rows],
    }
    deleted: list[object] = [None] * len(gone)
    versions = [max(touched[member] for member in p.person.members if member in touched) for p in rows]
    return {
        "person_id": [p.person.person_id for p in rows] + gone,
        **{name: values + deleted for name, values in columns.items()},
        "version": versions + [touched[person_id] for person_id in gone],
        "is_deleted": [0] * len(rows) + [1] * len(gone),
    }


def _birthdays(rows: Sequence[ChosenProfile]) -> dict[str, list[object]]:
    """Return the parts of birthdays: age and anniversary are asked for apart, and a part may be dropped by itself."""
    days = [date.fromisoformat(p.values["birthday"]) if "birthday" in p.values else None for p in rows]
    return {
        "birth_year": [day.year if day else None for day in days],
        "birth_month": [day.month if day else None for day in days],
        "birth_day": [day.day if day else None for day in days],
    }


def _custom(catalogue: Catalogue, profile: ChosenProfile) -> list[tuple[str, str]]:
    return [
        (name.removeprefix(CUSTOM_PREFIX), text)
        for name, text in sorted(profile.values.items())
        if name.startswith(CUSTOM_PREFIX) and catalogue[name].protection is Protection.OPEN
    ]


def _interactions(
    uow: UnitOfWork, positions: Mapping[int, int], erased: Mapping[PersonId, int]
) -> dict[str, Sequence[object]]:
    """Return interactions by id, and all of erased people anew: their properties may have named them."""
    found = {i.interaction_id: (i, positions[i.interaction_id]) for i in _by_id(uow, positions)}
    for interaction in store_facts.interactions_of(uow, erased) if erased else []:
        version = max(erased[interaction.person_id], positions.get(interaction.interaction_id, 0))
        found[interaction.interaction_id] = (interaction, version)
    rows = [interaction for interaction, _ in found.values()]
    alive = living(uow, {i.person_id for i in rows}) if rows else set()
    return {
        "person_id": [i.person_id for i in rows],
        "interaction_id": [i.interaction_id for i in rows],
        "kind": [i.kind for i in rows],
        "occurred_at": [i.occurred_at for i in rows],
        "channel": [i.channel or "" for i in rows],
        "source": [i.source for i in rows],
        "sku": [i.sku or "" for i in rows],
        "properties": [_properties(i) if i.person_id in alive else [] for i in rows],
        "version": [version for _, version in found.values()],
    }


def _by_id(uow: UnitOfWork, interaction_ids: Iterable[int]) -> list[Interaction]:
    wanted = list(interaction_ids)
    return store_facts.interactions_by_id(uow, wanted) if wanted else []


def _properties(interaction: Interaction) -> list[tuple[str, str]]:
    """Return properties for the warehouse. What stands behind '?' or '#' of an address may name somebody; it stays behind."""
    return [
        (name, _BEHIND_ADDRESS.split(text, maxsplit=1)[0] if name == "page" else text)
        for name, text in sorted(interaction.properties.items())
    ]


def _consents(uow: UnitOfWork, positions: Mapping[int, int]) -> dict[str, Sequence[object]]:
    found = store_facts.consents_by_id(uow, positions) if positions else []
    return {
        "person_id": [c.person_id for c in found],
        "consent_id": [c.consent_id for c in found],
        "channel": [c.channel for c in found],
        "purpose": [c.purpose for c in found],
        "state": [c.state.value for c in found],
        "stated_at": [c.stated_at for c in found],
        "source": [c.source for c in found],
        "version": [positions[c.consent_id] for c in found],
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
