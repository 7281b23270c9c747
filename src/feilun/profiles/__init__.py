"""Profiles: what is known about a customer besides who they are.

Owns field values by origin and source, the rule that chooses between them, custom fields, consents, interactions, the
customer page's view and the searchable list of customers. Guarantees that a merge and its split lose no value, that the chosen
value does not depend on the order in which sources spoke, and that direct personal values are sealed or removed on erasure.
"""
