"""Tags: one dictionary with groups, owners and validity; who carries which static tag since when and why; bulk changes with undo.

Does not compute anything: the values of computed tags belong to `segments`, which evaluates their conditions.
"""
