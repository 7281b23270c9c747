"""Fakes of ports (clock, channel, HTTP): in memory, and held to the same conformance suites as the real ones."""
