"""Devices that belong to a person or to a store: what they are, whose they are, since when.

Guarantees: a device is one by source and device id; it belongs to one person, one store or nobody; that a person's device was
seen under an id is told to identity, where it never merges two known people. Its readings are no business of this room.
"""
