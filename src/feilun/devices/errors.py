"""Expected errors of the devices room. Rejections of imported rows carry codes of `locales.json` instead of being raised."""

from feilun.kernel.errors import NotFound


class DeviceNotFound(NotFound):
    """No device has this id."""

    code = "devices.device_not_found"


class CustomerNotFound(NotFound):
    """No customer has this id."""

    code = "devices.customer_not_found"
