"""Translated messages: each room ships `locales.json` beside its code; keys are error and rejection codes and labels."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal

Locale = Literal["zh-CN", "en"]
LOCALES: Final[tuple[Locale, ...]] = ("zh-CN", "en")
DEFAULT_LOCALE: Final[Locale] = "zh-CN"

_PACKAGE = Path(__file__).resolve().parents[1]


class _Missing(dict[str, object]):
    """Leaves a placeholder readable when the error carries no value for it."""

    def __missing__(self, key: str) -> str:
        return "?"


@cache
def catalogue(locale: Locale) -> Mapping[str, str]:
    """Return all messages of one language, from every room."""
    messages: dict[str, str] = {}
    for path in sorted(_PACKAGE.glob("*/locales.json")):
        messages.update(json.loads(path.read_text(encoding="utf-8"))[locale])
    return messages


def translate(
    code: str, locale: Locale, detail: Mapping[str, object] | None = None, *, fallback: str = ""
) -> str:
    """Return the message of a code with the detail filled in; `fallback` (or the code) when there is none."""
    template = catalogue(locale).get(code)
    if template is None:
        return fallback or code
    return template.format_map(_Missing(detail or {}))


def negotiate(accept_language: str | None) -> Locale:
    """Choose the page language from an Accept-Language header: English when it is preferred, Chinese otherwise."""
    best: Locale = DEFAULT_LOCALE
    best_weight = 0.0
    for item in (accept_language or "").split(","):
        tag, _, parameters = item.strip().partition(";")
        try:
            weight = float(parameters.strip().removeprefix("q=")) if parameters else 1.0
        except ValueError:
            continue
        language = tag.strip().lower().split("-")[0]
        if language in ("zh", "en") and weight > best_weight:
            best, best_weight = ("zh-CN" if language == "zh" else "en"), weight
    return best
