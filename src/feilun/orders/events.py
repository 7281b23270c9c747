"""Facts the orders room publishes in the log. Payloads hold ids and numbers only."""

from typing import Final

ORDER_RECORDED: Final = "orders.order_recorded"
"""An order is new or changed. Payload: order_id, number, is_new; previous_person_id when its customer changed (null: anonymous)."""
REFUND_RECORDED: Final = "orders.refund_recorded"
"""A refund is new or changed. Payload: refund_id, number, is_new; previous_person_id when its customer changed."""
REFUND_MATCHED: Final = "orders.refund_matched"
"""Which order lines a refund gives back has changed. Payload: refund_id."""
