"""Pure rules of the catalog: how codes and category paths are compared, how filter text becomes a pattern."""

import re
import unicodedata

_LEVEL = re.compile(r"\s*(?:/|>|\\|\|)\s*")


def code_key(code: str) -> str:
    """Return the form in which codes are compared: NFKC, upper case, no outer blanks.

    The real retail file writes one item as 85049E and 85049e; full-width digits come from hand-kept sheets.
    """
    return unicodedata.normalize("NFKC", code).strip().upper()


def category_path(text: str) -> str:
    """Return a category path with its levels joined by ' / ', whatever separator the source uses."""
    return " / ".join(level for level in _LEVEL.split(text.strip()) if level)


def like_pattern(text: str) -> str:
    """Return an ILIKE pattern that finds `text` anywhere and takes its wildcards literally."""
    return "%" + re.sub(r"([%_\\])", r"\\\1", text) + "%"
