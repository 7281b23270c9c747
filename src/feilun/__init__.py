"""Feilun: a self-hosted customer-growth platform. Each sub-package is one room; docs/architecture says how they stand."""

__version__ = "0.1.0"
