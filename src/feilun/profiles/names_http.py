"""HTTP of customer names: lists of other rooms carry ids only, and pages show a name beside each."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.kernel.ids import PersonId, from_opaque, opaque
from feilun.platform.http import PAGE_SIZE_MAX, UowDep
from feilun.profiles import api

router = APIRouter(prefix="/api/v1", tags=["profiles"])

_SIDES = 2
"""A list of pairs (merge reviews) names two customers a line."""


class CustomerNameOut(BaseModel):
    """What a customer is called; shortened for callers without the right to personal data."""

    id: str = Field(description="As it was asked for")
    name: str | None


@router.get("/customer-names", operation_id="listCustomerNames")
def list_customer_names(
    uow: UowDep,
    id: Annotated[list[str], Query(max_length=PAGE_SIZE_MAX * _SIDES)],  # noqa: A002 — the name of the parameter outside
    caller: Caller = Guard("customers.read"),
) -> list[CustomerNameOut]:
    """Name customers by id; ids that name nobody are left out."""
    numbers = {text: PersonId(number) for text in id if (number := from_opaque("c", text)) is not None}
    names = api.names_of(uow, numbers.values(), reveal=caller.may("personal.read"))
    return [
        CustomerNameOut(id=opaque("c", person_id), name=names[person_id])
        for person_id in dict.fromkeys(numbers.values())
        if person_id in names
    ]
