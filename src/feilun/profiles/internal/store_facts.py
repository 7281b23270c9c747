"""SQL of consents and interactions."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, text

from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.profiles.contracts import (
    Consent,
    ConsentId,
    ConsentState,
    ConsentStatement,
    Interaction,
    InteractionId,
)


@dataclass(frozen=True, slots=True)
class NewInteraction:
    """A row to insert."""

    person_id: PersonId
    kind: str
    occurred_at: datetime
    channel: str | None
    source_id: str
    sku: str | None
    properties: dict[str, str]


def consents_of(uow: UnitOfWork, person_ids: Iterable[int]) -> list[Consent]:
    """Return every statement of these person records, newest first; of equal moments the refusal."""
    rows = uow.connection.execute(
        text(
            "SELECT * FROM consents WHERE person_id = ANY(CAST(:ids AS bigint[]))"
            " ORDER BY stated_at DESC, state = 'refused' DESC, consent_id DESC"
        ),
        {"ids": list(person_ids)},
    )
    return [consent_of(row) for row in rows]


def latest_statements(
    uow: UnitOfWork, person_ids: Iterable[int], *, source: str
) -> dict[tuple[int, str, str], tuple[datetime, str]]:
    """Return the newest statement a source made per person record, channel and purpose: its moment and state."""
    rows = uow.connection.execute(
        text(
            "SELECT DISTINCT ON (person_id, channel, purpose) person_id, channel, purpose, stated_at, state FROM consents"
            " WHERE person_id = ANY(CAST(:ids AS bigint[])) AND source = :source"
            " ORDER BY person_id, channel, purpose, stated_at DESC, consent_id DESC"
        ),
        {"ids": list(person_ids), "source": source},
    )
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows}


def insert_consents(uow: UnitOfWork, statements: Sequence[ConsentStatement]) -> list[ConsentId]:
    """Store statements; returns their ids in order."""
    rows = uow.connection.execute(
        text(
            "INSERT INTO consents (person_id, channel, purpose, state, stated_at, source, recorded_at, actor)"
            " SELECT n.person_id, n.channel, n.purpose, n.state, n.stated_at, n.source, :now, :actor"
            " FROM unnest(CAST(:people AS bigint[]), CAST(:channels AS text[]), CAST(:purposes AS text[]),"
            " CAST(:states AS text[]), CAST(:moments AS timestamptz[]), CAST(:sources AS text[])) WITH ORDINALITY"
            " AS n(person_id, channel, purpose, state, stated_at, source, place) ORDER BY n.place RETURNING consent_id"
        ),
        {
            "people": [s.person_id for s in statements],
            "channels": [s.channel for s in statements],
            "purposes": [s.purpose for s in statements],
            "states": [s.state.value for s in statements],
            "moments": [s.stated_at for s in statements],
            "sources": [s.source for s in statements],
            "now": uow.now,
            "actor": uow.actor,
        },
    )
    return [ConsentId(row[0]) for row in rows]


def insert_interactions(
    uow: UnitOfWork, interactions: Sequence[NewInteraction], *, source: str
) -> dict[str, InteractionId]:
    """Store interactions whose (source, id) is not stored yet; returns the ids of the new ones by source id."""
    rows = uow.connection.execute(
        text(
            "INSERT INTO interactions (person_id, kind, occurred_at, channel, source, source_id, sku, properties, recorded_at)"
            " SELECT n.person_id, n.kind, n.occurred_at, n.channel, :source, n.source_id, n.sku, n.properties, :now"
            " FROM unnest(CAST(:people AS bigint[]), CAST(:kinds AS text[]), CAST(:moments AS timestamptz[]),"
            " CAST(:channels AS text[]), CAST(:source_ids AS text[]), CAST(:skus AS text[]), CAST(:properties AS jsonb[]))"
            " WITH ORDINALITY AS n(person_id, kind, occurred_at, channel, source_id, sku, properties, place)"
            # In key order, so that two transactions that bring the same ones never wait for each other in a circle.
            " ORDER BY n.source_id ON CONFLICT (source, source_id) DO NOTHING RETURNING source_id, interaction_id"
        ),
        {
            "people": [i.person_id for i in interactions],
            "kinds": [i.kind for i in interactions],
            "moments": [i.occurred_at for i in interactions],
            "channels": [i.channel for i in interactions],
            "source_ids": [i.source_id for i in interactions],
            "skus": [i.sku for i in interactions],
            "properties": [json.dumps(i.properties, ensure_ascii=False) for i in interactions],
            "source": source,
            "now": uow.now,
        },
    )
    return {row[0]: InteractionId(row[1]) for row in rows}


def interactions_before(
    uow: UnitOfWork, person_ids: Iterable[int], *, before: tuple[datetime, int] | None, limit: int
) -> list[Interaction]:
    """Return the interactions of these person records before a moment and id, newest first."""
    rows = uow.connection.execute(
        text(
            "SELECT * FROM interactions WHERE person_id = ANY(CAST(:ids AS bigint[]))"
            " AND (CAST(:at AS timestamptz) IS NULL OR (occurred_at, interaction_id) < (CAST(:at AS timestamptz), :id))"
            " ORDER BY occurred_at DESC, interaction_id DESC LIMIT :limit"
        ),
        {
            "ids": list(person_ids),
            "at": before[0] if before else None,
            "id": before[1] if before else 0,
            "limit": limit,
        },
    )
    return [interaction_of(row) for row in rows]


def interactions_by_id(uow: UnitOfWork, interaction_ids: Iterable[int]) -> list[Interaction]:
    """Return these interactions."""
    rows = uow.connection.execute(
        text("SELECT * FROM interactions WHERE interaction_id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": list(interaction_ids)},
    )
    return [interaction_of(row) for row in rows]


def interactions_of(uow: UnitOfWork, person_ids: Iterable[int]) -> list[Interaction]:
    """Return all interactions of these person records."""
    rows = uow.connection.execute(
        text("SELECT * FROM interactions WHERE person_id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": list(person_ids)},
    )
    return [interaction_of(row) for row in rows]


def consent_kinds(uow: UnitOfWork) -> list[tuple[str, str]]:
    """Return every channel and purpose that anybody has said something about."""
    rows = uow.connection.execute(text("SELECT DISTINCT channel, purpose FROM consents ORDER BY 1, 2"))
    return [(row[0], row[1]) for row in rows]


def consents_by_id(uow: UnitOfWork, consent_ids: Iterable[int]) -> list[Consent]:
    """Return these statements."""
    rows = uow.connection.execute(
        text("SELECT * FROM consents WHERE consent_id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": list(consent_ids)},
    )
    return [consent_of(row) for row in rows]


def clear_properties(uow: UnitOfWork, person_ids: Iterable[int]) -> None:
    """Remove the free properties of interactions, which may name the person."""
    uow.connection.execute(
        text(
            "UPDATE interactions SET properties = '{}' WHERE person_id = ANY(CAST(:ids AS bigint[]))"
            " AND properties <> '{}'"
        ),
        {"ids": list(person_ids)},
    )


def consent_of(row: Row[tuple[object, ...]]) -> Consent:
    """Map a row of `consents`."""
    return Consent(
        consent_id=ConsentId(row.consent_id),
        person_id=PersonId(row.person_id),
        channel=row.channel,
        purpose=row.purpose,
        state=ConsentState(row.state),
        stated_at=row.stated_at,
        source=row.source,
        recorded_at=row.recorded_at,
        actor=row.actor,
    )


def interaction_of(row: Row[tuple[object, ...]]) -> Interaction:
    """Map a row of `interactions`."""
    return Interaction(
        interaction_id=InteractionId(row.interaction_id),
        person_id=PersonId(row.person_id),
        kind=row.kind,
        occurred_at=row.occurred_at,
        channel=row.channel,
        source=row.source,
        sku=row.sku,
        properties=row.properties,
    )
