"""Names: the tokens under which any two characters find them, and how they look to those who may not see them."""

import re
import unicodedata
from typing import Final

_NAME_CHARACTERS_INDEXED: Final = 64
"""Longer names are searched by their beginning only; it bounds the index."""
_SPACES: Final = re.compile(r"[\s·•・.,,、'’\-_/()()]+")
_CJK: Final = re.compile("[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def folded(name: str) -> str:
    """Return a name as it is compared: full-width and case folded, separators as one space."""
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", name).casefold()).strip()


def tokens_of(*names: str | None) -> list[str]:
    """Return the single characters and neighbouring pairs of names, without doubles, sorted."""
    tokens: set[str] = set()
    for name in names:
        for word in folded(name or "")[:_NAME_CHARACTERS_INDEXED].split():
            tokens.update(word)
            tokens.update(word[i : i + 2] for i in range(len(word) - 1))
    return sorted(tokens)


def search_tokens(query: str) -> list[str]:
    """Return the tokens that a name must have to contain every word of the query; empty for an empty query."""
    tokens: set[str] = set()
    for word in folded(query)[:_NAME_CHARACTERS_INDEXED].split():
        tokens.update([word] if len(word) == 1 else (word[i : i + 2] for i in range(len(word) - 1)))
    return sorted(tokens)


def search_words(query: str) -> list[str]:
    """Return the words that a folded name must contain as they are: pairs alone would also find 'abxbc' for 'abc'."""
    return [word for word in folded(query)[:_NAME_CHARACTERS_INDEXED].split() if len(word) > 2]  # noqa: PLR2004


def mask_name(name: str) -> str:
    """Return the first character and stars: '王**', 'J*** S****'."""
    words = name.split()
    if not words:
        return ""
    if _CJK.search(name):
        compact = "".join(words)
        return compact[0] + "*" * min(len(compact) - 1, 3) if len(compact) > 1 else "*"
    return " ".join(word[0] + "*" * 3 for word in words[:4])


def mask_value(field: str, text: str) -> str:
    """Return a masked field's value as those without the right see it."""
    if field == "birthday":
        return "****" + text[4:]
    if field in ("name", "nickname", "company"):
        return mask_name(text)
    return "***"
