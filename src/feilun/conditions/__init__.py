"""The condition language: who is meant, as a tree of plain values over a typed catalogue of fields.

Owns the tree and its JSON form, checking it, binding it to a moment, evaluating it as warehouse SQL and in memory (both say
the same, always), and reading it back as a sentence. Pure: it reads no database and no clock. It does not know where
definitions are kept or who is a member of what; `segments` does.
"""
