"""Mechanisms without business words: database, event log, consumers, warehouse, jobs, keys, HTTP, configuration."""
