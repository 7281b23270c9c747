"""Facts the profiles room publishes in the log. Payloads hold ids and names of fields, never values."""

from typing import Final

PROFILE_CHANGED: Final = "profiles.profile_changed"
"""Values of a person record changed. Payload: fields (names), source."""
CONSENT_CHANGED: Final = "profiles.consent_changed"
"""A person record granted or refused. Payload: consent_id, channel, purpose, state."""
INTERACTION_RECORDED: Final = "profiles.interaction_recorded"
"""A person did something. Payload: interaction_id, kind."""
SURVIVORSHIP_CHANGED: Final = "profiles.survivorship_changed"
"""Rules changed; every customer is chosen anew. Payload: fields (names)."""
CUSTOM_FIELD_CHANGED: Final = "profiles.custom_field_changed"
"""A custom field was made or changed. Payload: custom_field_id, name, is_archived."""
CUSTOMERS_EXPORTED: Final = "profiles.customers_exported"
"""Somebody exported customers. Payload: format, rows, is_masked, filters (names only)."""
