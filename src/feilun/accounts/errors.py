"""Expected errors of the accounts room. Rejections of imported rows carry codes of `locales.json` instead of being raised."""

from feilun.kernel.errors import NotFound


class AccountNotFound(NotFound):
    """No company account has this id."""

    code = "accounts.account_not_found"


class ReceivableNotFound(NotFound):
    """No receivable has this id."""

    code = "accounts.receivable_not_found"


class ContactNotFound(NotFound):
    """The customer is no contact of the account."""

    code = "accounts.contact_not_found"


class CustomerNotFound(NotFound):
    """No customer has this id."""

    code = "accounts.customer_not_found"
