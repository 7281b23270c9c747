"""Expected errors of the orders room. Rejections of imported rows carry codes of `locales.json` instead of being raised."""

from feilun.kernel.errors import NotFound


class OrderNotFound(NotFound):
    """No order has this id."""

    code = "orders.order_not_found"


class CustomerNotFound(NotFound):
    """No customer has this id."""

    code = "orders.customer_not_found"
