"""Events of tags in the log. Payloads hold ids and keys, never values or reasons; consumers read the assignments."""

from typing import Final

TAG_ASSIGNED: Final = "tags.assigned"
"""A person record carries a tag from now on, or its validity began anew: `assignment_id`, `tag_id`, `key`."""
TAG_REMOVED: Final = "tags.removed"
"""It does not any more: `assignment_id`, `tag_id`, `key`, `cause` (removed, displaced, expired, undone, erased)."""
TAG_CHANGED: Final = "tags.tag_changed"
"""An entry of the dictionary was made, changed or archived: `tag_id`, `key`, `fields`."""
TAG_GROUP_CHANGED: Final = "tags.group_changed"
"""A group became exclusive, or is not any more: `group_id`."""
