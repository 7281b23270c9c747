"""Facts the devices room publishes in the log. Payloads hold ids and kinds only, never a device's own id or serial."""

from typing import Final

DEVICE_RECORDED: Final = "devices.device_recorded"
"""A device is new or changed; its person is the event's. Payload: device_id, kind, state, is_new; previous_person_id when its
owner changed (null: it was no person's)."""
