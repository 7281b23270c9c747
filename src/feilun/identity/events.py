"""Events of identity in the log: their types and payloads. Payloads hold ids and kinds, never identifier values."""

from dataclasses import dataclass, fields
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class PersonCreated:
    """A record made a new person record. Its person is the event's `person_id`."""

    type: ClassVar[str] = "identity.person_created"
    source: str
    kinds: tuple[str, ...]
    """Kinds of its first identifiers; they have no `identifier_added` of their own."""


@dataclass(frozen=True, slots=True)
class IdentifierAdded:
    """A known person record got a further identifier."""

    type: ClassVar[str] = "identity.identifier_added"
    kind: str
    is_linking: bool


@dataclass(frozen=True, slots=True)
class PersonsMerged:
    """Two components became one. The event's `person_id` is the root kept."""

    type: ClassVar[str] = "identity.persons_merged"
    merge_id: int
    kept: int
    absorbed: int
    members: tuple[int, ...]
    """Person records whose root changed from `absorbed` to `kept`, `absorbed` included."""
    cause: str


@dataclass(frozen=True, slots=True)
class MergeSplit:
    """One component became two. The event's `person_id` is the root that stays."""

    type: ClassVar[str] = "identity.merge_split"
    merge_id: int
    kept: int
    separated: int
    """Root of the other side."""
    members: tuple[int, ...]
    """Person records whose root changed from `kept` to `separated`, `separated` included."""


@dataclass(frozen=True, slots=True)
class PersonErased:
    """Keys and identifiers of a person are destroyed. The event's `person_id` is the root."""

    type: ClassVar[str] = "identity.person_erased"
    erasure_id: int
    members: tuple[int, ...]


IdentityEvent = PersonCreated | IdentifierAdded | PersonsMerged | MergeSplit | PersonErased


def payload_of(event: IdentityEvent) -> dict[str, object]:
    """Return the event's payload as the log stores it."""
    return {field.name: getattr(event, field.name) for field in fields(event)}
