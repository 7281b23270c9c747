"""Facts the accounts room publishes in the log. Payloads hold ids and field names only."""

from typing import Final

ACCOUNT_RECORDED: Final = "accounts.account_recorded"
"""A company account is new or changed. Payload: account_id, is_new, fields (names of what changed; 'contacts' when people did)."""
RECEIVABLE_RECORDED: Final = "accounts.receivable_recorded"
"""A receivable is new or changed. Payload: receivable_id, account_id (null: a person owes), state, is_new; previous_account_id
when the debtor changed (null: a person owed)."""
