"""Writes docs/reference/*.md from the code, so that the reference cannot go stale: `python -m tools.docs [--check]`."""
