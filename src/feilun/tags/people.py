"""Everybody in a customer list as a source of people, and who carries a tag as a filter of that list.

Implements `PeopleSource` and the `PersonGroups` of profiles.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.profiles import api as profiles
from feilun.profiles.contracts import CustomerFilter
from feilun.profiles.ports import PersonGroups
from feilun.tags.errors import PeopleChoiceInvalid, TagNotFound
from feilun.tags.internal import store, store_dictionary

_TEXTS = ("query", "city", "source", "identifier_kind", "tag")
_MOMENTS = ("last_ordered_from", "last_ordered_to")
_AMOUNTS = ("net_spend_min", "net_spend_max")


class TagCarriers:
    """Lets the customer list be narrowed to who carries a static tag, given by its key."""

    name: str = "tag"

    def members(self, uow: UnitOfWork, key: str) -> Sequence[PersonId]:
        """Return who carries the tag now. Raises: TagNotFound."""
        found = store_dictionary.select_tags(uow, "t.key = :key", key=key)
        if not found:
            raise TagNotFound("no such tag", tag=key)
        return store.carriers(uow, found[0].tag_id, after=0, limit=None)

    def find(self, uow: UnitOfWork, text: str) -> Sequence[PersonId]:
        """Return who carries a static tag that is called so, by name or key."""
        called = text.strip().casefold()
        named = [
            tag
            for tag in store_dictionary.select_tags(uow, "t.archived_at IS NULL AND t.kind = 'static'")
            if called in (tag.name.casefold(), tag.key.casefold())
        ]
        return sorted({p for tag in named for p in store.carriers(uow, tag.tag_id, after=0, limit=None)})


class ListedCustomers:
    """The customers of the list under filters, given as JSON. `carriers` knows who carries a tag."""

    name: str = "customers"

    def __init__(self, carriers: PersonGroups) -> None:
        self._carriers = carriers

    def check(self, uow: UnitOfWork, key: str) -> None:
        """Refuse filters that the list would refuse. Raises: PeopleChoiceInvalid, FieldUnknown, FieldInvalid, FieldNotFilterable."""
        next(profiles.customer_ids(uow, self._filter(uow, key)), None)

    def members(self, uow: UnitOfWork, key: str) -> Iterator[PersonId]:
        """Yield who is in the list now. Raises: as `check`."""
        return profiles.customer_ids(uow, self._filter(uow, key))

    def _filter(self, uow: UnitOfWork, key: str) -> CustomerFilter:
        try:
            given = json.loads(key)
            moments = {name: datetime.fromisoformat(given[name]) for name in _MOMENTS if given.get(name)}
            amounts = {name: Decimal(given[name]) for name in _AMOUNTS if given.get(name)}
            fields = {str(name): str(value) for name, value in given.get("field", {}).items()}
        except (ValueError, ArithmeticError, AttributeError, TypeError):
            raise PeopleChoiceInvalid("not filters of the customer list", ways=0) from None
        if any(moment.tzinfo is None for moment in moments.values()):
            raise PeopleChoiceInvalid("moments need a zone", ways=0)
        texts = {name: str(given[name]) for name in _TEXTS if given.get(name)}
        query = texts.get("query")
        return CustomerFilter(
            query=query,
            has_orders=given.get("has_orders"),
            last_ordered_from=moments.get("last_ordered_from"),
            last_ordered_to=moments.get("last_ordered_to"),
            net_spend_min=amounts.get("net_spend_min"),
            net_spend_max=amounts.get("net_spend_max"),
            city=texts.get("city"),
            source=texts.get("source"),
            identifier_kind=texts.get("identifier_kind"),
            fields=fields,
            among=tuple(self._carriers.members(uow, texts["tag"])) if "tag" in texts else None,
            also_found=tuple(self._carriers.find(uow, query)) if query else (),
        )
