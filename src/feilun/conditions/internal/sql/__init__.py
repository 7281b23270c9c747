"""Bound conditions as ClickHouse SQL: pure text. `feilun.conditions.api` passes on what others may use."""
