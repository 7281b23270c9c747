"""Cells of exported files."""

from typing import Final

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe goes before what one could start with."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
