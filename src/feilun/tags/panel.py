"""The tags on the customer page: implements the `Panel` of profiles."""

from collections.abc import Mapping

from feilun.identity.contracts import Person
from feilun.kernel.ids import opaque
from feilun.platform.db import UnitOfWork
from feilun.tags.internal.carrying import carried_by


class TagPanel:
    """Shows the static tags that hold; who, when and why are on the page's tab of tags."""

    name: str = "tags"
    permission: str = "segments.read"

    def show(self, uow: UnitOfWork, person: Person, *, reveal: bool) -> Mapping[str, object] | None:
        """Return the tags of a living person."""
        if person.erased_at is not None:
            return None
        return {
            "items": [
                {
                    "id": opaque("tg", carried.tag.tag_id),
                    "key": carried.tag.key,
                    "name": carried.tag.name,
                    "colour": carried.tag.colour,
                    "value": carried.tag.label_of(carried.holding.value),
                    "expires_at": carried.holding.expires_at.isoformat()
                    if carried.holding.expires_at
                    else None,
                }
                for carried in carried_by(uow, person.members)
            ]
        }
