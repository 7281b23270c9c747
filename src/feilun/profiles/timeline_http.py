"""HTTP of the time line of a customer."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.kernel.ids import PersonId, from_opaque, opaque
from feilun.platform.http import UowDep
from feilun.profiles import api
from feilun.profiles.contracts import TimelineEntry, TimelineKind
from feilun.profiles.errors import CustomerNotFound

router = APIRouter(prefix="/api/v1", tags=["profiles"])


class TimelineEntryOut(BaseModel):
    """One thing that happened."""

    id: str
    kind: TimelineKind
    occurred_at: datetime
    record_id: str | None
    source: str
    values: dict[str, object]


class TimelineOut(BaseModel):
    """One page of a time line, newest first."""

    customer_id: str
    items: list[TimelineEntryOut]
    next_cursor: str | None


def person_id_of(text: str) -> PersonId:
    """Return the person id behind an outside id. Raises: CustomerNotFound."""
    number = from_opaque("c", text)
    if number is None:
        raise CustomerNotFound(f"no customer {text!r}")
    return PersonId(number)


@router.get("/customers/{customer_id}/timeline", operation_id="getCustomerTimeline")
def get_customer_timeline(
    customer_id: str,
    uow: UowDep,
    before: Annotated[str | None, Query(max_length=200, pattern=r"^[A-Za-z0-9_=-]*$")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    kind: Annotated[list[TimelineKind] | None, Query()] = None,
    caller: Caller = Guard("customers.read"),
) -> TimelineOut:
    """Return what happened with a customer, newest first; pass `next_cursor` as `before` for what came earlier."""
    found = api.get_timeline(
        uow,
        person_id_of(customer_id),
        before=before or None,
        limit=limit,
        kinds=kind or (),
        reveal=caller.may("personal.read"),
    )
    return TimelineOut(
        customer_id=customer_id, items=[_entry_out(e) for e in found.entries], next_cursor=found.next_cursor
    )


def _entry_out(entry: TimelineEntry) -> TimelineEntryOut:
    return TimelineEntryOut(
        id=f"{entry.kind.value}:{opaque('t', entry.entry_id)}",
        kind=entry.kind,
        occurred_at=entry.occurred_at,
        record_id=opaque("c", entry.person_id) if entry.person_id else None,
        source=entry.source,
        values=dict(entry.values),
    )
