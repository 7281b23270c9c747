"""Takes what records of other rooms, such as orders, say about people."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from feilun.ingestion.contracts import PersonDetails
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin
from feilun.profiles.internal.domain.builtin import BUILTIN_FIELDS
from feilun.profiles.internal.domain.values import ValueRefused, canonical
from feilun.profiles.internal.recording import Said, living, record_values

_LIVE_AGE: Final = timedelta(days=1)


def offer(uow: UnitOfWork, details: Sequence[PersonDetails]) -> None:
    """See `feilun.profiles.api.offer`."""
    alive = living(uow, {detail.person_id for detail in details})
    by_source: dict[tuple[str, Origin], list[Said]] = {}
    for detail in details:
        if detail.person_id not in alive:
            continue
        # An order of last year tells history, however it comes in; only a fresh one is news that something may follow.
        is_news = uow.now - detail.seen_at < _LIVE_AGE
        origin = detail.origin if is_news else Origin.BACKFILL
        said = by_source.setdefault((detail.source, origin), [])
        for name, value in detail.values.items():
            text = _fitting(name, value)
            if text is not None:
                said.append(Said(detail.person_id, name, text, detail.seen_at, is_dated=True))
    for (source, origin), said in by_source.items():
        record_values(uow, BUILTIN_FIELDS, said, origin=origin, source=source)


def _fitting(name: str, value: str) -> str | None:
    field = BUILTIN_FIELDS.get(name)
    if field is None:
        return None
    try:
        return canonical(field, value)
    except ValueRefused:
        return None
