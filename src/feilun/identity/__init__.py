"""Identity: who a record is about.

Owns person ids, their identifiers (sealed, with blind indexes), merges and splits, reviews of contradictions and erasure.
Guarantees that one linking identifier belongs to one person record, whatever order or concurrency records arrive in, that a
merge rewrites no fact, and that a split restores both sides. Does not guess: records without a shared identifier stay apart.
"""
