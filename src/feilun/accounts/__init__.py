"""Company accounts (B2B customers), the people who act for them, and what they and single persons owe.

Guarantees: an account is one by source and code; contacts are person records of identity, so that a buyer's own history and
the company's meet in one customer; nothing personal of a contact is stored here or in the log; a repeated file changes nothing.
Does not know orders or attributes of people: receivables name order numbers, contacts' names go through a port.
"""
