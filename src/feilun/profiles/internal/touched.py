"""Which people an event of the log touches."""

from typing import Final

from feilun.kernel.ids import PersonId
from feilun.platform.log import Event

_MOVED_KEYS: Final = ("kept", "absorbed", "separated", "previous_person_id")


def affected_people(event: Event) -> set[PersonId]:
    """Return every person record that an event touches."""
    people = {event.person_id} if event.person_id is not None else set()
    for key in _MOVED_KEYS:
        moved = event.payload.get(key)
        if isinstance(moved, int):
            people.add(PersonId(moved))
    members = event.payload.get("members")
    if isinstance(members, list):
        people.update(PersonId(member) for member in members)
    return people
