"""Facts the catalog publishes in the log."""

from typing import Final

PRODUCT_RECORDED: Final = "catalog.product_recorded"
"""A product was created or changed. Payload: product_id, fields (names of what changed; empty when created)."""
