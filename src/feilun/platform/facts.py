"""Facts an installation stores about itself in the record of truth: its log, its keys, what was asked of it."""

from typing import Final

from sqlalchemy import Connection, text

DEMO_LOADED: Final = "demo_loaded"
"""Present when the demo company was loaded, so that pages can say what they show."""


def find_fact(connection: Connection, key: str) -> str | None:
    """Return a fact of the installation, or None when it is not stored."""
    return connection.execute(
        text("SELECT value FROM installation WHERE key = :key"), {"key": key}
    ).scalar_one_or_none()


def store_fact(connection: Connection, key: str, value: str) -> None:
    """Store a fact of the installation, replacing what was there."""
    connection.execute(
        text(
            "INSERT INTO installation (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = :value"
        ),
        {"key": key, "value": value},
    )


def forget_fact(connection: Connection, key: str) -> None:
    """Remove a fact of the installation; one that is not stored is no error."""
    connection.execute(text("DELETE FROM installation WHERE key = :key"), {"key": key})
