"""Benchmarks: each module measures one promise against a floor measured in the same run.

A module has `NAME` ("B8"), `BAR` (the promise in words), `describe` (one line) and `run() -> Result`.
"""
