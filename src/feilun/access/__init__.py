"""Who may do what: operators, sessions, roles, API keys.

Guarantees: passwords only as Argon2id hashes, session tokens and API secrets only as SHA-256, guessing locks the account.
Does not decide which rows a person may see; rooms do, with the `Caller` they are given.
"""
