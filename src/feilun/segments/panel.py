"""The segments of a customer on the customer page, and members as people to choose elsewhere."""

import json
from collections.abc import Iterator, Mapping, Sequence

from feilun.identity.contracts import Person
from feilun.kernel.ids import PersonId, opaque
from feilun.platform.db import UnitOfWork
from feilun.segments import api
from feilun.segments.internal import questions, tag_values
from feilun.segments.ports import Surroundings
from feilun.tags import api as tags
from feilun.tags.contracts import TagKind
from feilun.tags.people import TagCarriers


class SegmentsPanel:
    """Implements `profiles.api.Panel`: which segments the customer is in, and since when."""

    name: str = "segments"
    permission: str = "segments.read"

    def show(self, uow: UnitOfWork, person: Person, *, reveal: bool) -> Mapping[str, object] | None:
        """Return the segments; nothing for erased customers."""
        if person.erased_at is not None:
            return None
        return {
            "items": [
                {
                    "id": opaque("s", membership.segment_id),
                    "key": membership.key,
                    "name": membership.name,
                    "since": membership.since.isoformat() if membership.since else None,
                }
                for membership in api.list_memberships(uow, person.person_id)
            ]
        }


class SegmentMembers:
    """Members of a segment, given by its key, as a `PeopleSource` of tags."""

    name: str = "segment"

    def check(self, uow: UnitOfWork, key: str) -> None:
        """Refuse a key that names no segment. Raises: SegmentNotFound."""
        api.get_segment_by_key(uow, key)

    def members(self, uow: UnitOfWork, key: str) -> Iterator[PersonId]:
        """Yield who is in it now. Raises: SegmentNotFound, NotComputedYet."""
        return api.iterate_members(uow, api.get_segment_by_key(uow, key).segment_id)


class FittingPeople:
    """Everybody a condition fits, given as its JSON, as a `PeopleSource` of tags."""

    name: str = "condition"

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    def check(self, uow: UnitOfWork, key: str) -> None:
        """Refuse a condition that cannot be evaluated. Raises: ConditionInvalid."""
        questions.bind_now(uow, self._surroundings, _json(key))

    def members(self, uow: UnitOfWork, key: str) -> Iterator[PersonId]:
        """Yield whom it fits now, as far as the warehouse knows. Raises: ConditionInvalid, PreviewTooSlow, WarehouseAway."""
        return questions.iterate_fitting(uow, self._surroundings, _json(key))


def _json(key: str) -> object:
    try:
        return json.loads(key)
    except ValueError:
        return None  # Which no condition is, and reading it says so.


class AnyTagCarriers:
    """Lets the customer list be narrowed to who carries a tag, static or computed. Implements `PersonGroups` of profiles."""

    name: str = "tag"

    def __init__(self) -> None:
        self._of_static = TagCarriers()

    def members(self, uow: UnitOfWork, key: str) -> Sequence[PersonId]:
        """Return who carries the tag now. Raises: TagNotFound."""
        tag = tags.find_tag(uow, key)
        if tag is not None and tag.kind is TagKind.COMPUTED:
            return tag_values.carriers(uow, tag.tag_id)
        return self._of_static.members(uow, key)

    def find(self, uow: UnitOfWork, text: str) -> Sequence[PersonId]:
        """Return who carries a tag that is called so, by name or key."""
        called = text.strip().casefold()
        computed = [
            tag
            for tag in tags.list_tags(uow, with_archived=False)
            if tag.kind is TagKind.COMPUTED and called in (tag.name.casefold(), tag.key.casefold())
        ]
        people = {person_id for tag in computed for person_id in tag_values.carriers(uow, tag.tag_id)}
        return sorted(people.union(self._of_static.find(uow, text)))


class SegmentGroup:
    """Lets the customer list be narrowed to a segment, given by its key. Implements `PersonGroups` of profiles."""

    name: str = "segment"

    def members(self, uow: UnitOfWork, key: str) -> Sequence[PersonId]:
        """Return who is in it now. Raises: SegmentNotFound, NotComputedYet."""
        return list(api.iterate_members(uow, api.get_segment_by_key(uow, key).segment_id))

    def find(self, uow: UnitOfWork, text: str) -> Sequence[PersonId]:
        """Return nobody: segments are found by their own search, not among people."""
        return ()
