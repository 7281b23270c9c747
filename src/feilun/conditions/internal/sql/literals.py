"""Values as ClickHouse SQL writes them, and placeholders filled in. Whatever people type passes through here."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from feilun.conditions.contracts import Evaluation

_ESCAPES: Final = {
    "\\": "\\\\", "'": "\\'", "\0": "\\0", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b",
    # Braces stand for parameters in some clients, percent signs in others; they never see them like this.
    "{": "\\x7B", "}": "\\x7D", "%": "\\x25",
}  # fmt: skip
_ESCAPED: Final = re.compile("[\\\\'\x00\n\r\t\b{}%]")
_WHOLE_MAX: Final = 2**31 * 1_000_000
_PLACEHOLDER: Final = re.compile(r"\{(property|zone|today_year|today_month_day|main_currency)\}")


def quote_text(text: str) -> str:
    """Return a text as a literal."""
    return "'" + _ESCAPED.sub(lambda found: _ESCAPES[found[0]], text) + "'"


def text_list(texts: Iterable[str]) -> str:
    """Return texts, sorted, as the inside of a list."""
    return ", ".join(map(quote_text, sorted(texts)))


def moment_literal(milliseconds: int) -> str:
    """Return a moment given in milliseconds since 1970."""
    return f"fromUnixTimestamp64Milli({milliseconds}, 'UTC')"


def date_literal(day: date) -> str:
    """Return a date."""
    return f"toDate32('{day.isoformat()}')"


def number_literal(millionths: int) -> str:
    """Return an exact number given in millionths. A bare 0.1 would be a float; whole numbers need no type."""
    if millionths % 1_000_000 == 0 and abs(millionths) < _WHOLE_MAX:
        return str(millionths // 1_000_000)
    number = (Decimal(millionths) / 1_000_000).normalize()
    scale = max(0, -int(number.as_tuple().exponent))
    return f"toDecimal128('{number:f}', {scale})"


def fill_placeholders(sql: str, evaluation: Evaluation, *, name: str | None = None) -> str:
    """Return a catalogue's expression with its placeholders filled in; `name` is that of a property."""
    today = evaluation.now.astimezone(evaluation.zone)
    values: Mapping[str, str] = {
        "property": quote_text(name or ""),
        "zone": quote_text(evaluation.zone.key),
        "today_year": str(today.year),
        "today_month_day": str(today.month * 100 + today.day),
        "main_currency": quote_text(evaluation.main_currency),
    }
    # In one pass, so that a property called '{zone}' stays what it is.
    return _PLACEHOLDER.sub(lambda found: values[found[1]], sql)
