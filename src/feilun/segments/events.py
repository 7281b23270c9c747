"""Events of segments in the log. Payloads hold ids and keys only."""

from typing import Final

ENTERED: Final = "segments.entered"
"""A person came to fit a definition. Payload: definition_id, owner_kind, owner_id, key, value (of a computed tag), version,
evaluation_id, cause (live, backfill, time, repair). A first computation, a changed condition and merges write none."""
EXITED: Final = "segments.exited"
"""A person does not fit it any more. Payload as `segments.entered`."""
AUDIENCE_CHANGED: Final = "segments.audience_changed"
"""People of one block of an audience or list changed. Payload: audience_id, block; people (ids) where conditions may use it."""
PEOPLE_EXPORTED: Final = "segments.people_exported"
"""Somebody exported people. Payload: export_id, subject, subject_id, people, is_masked."""
