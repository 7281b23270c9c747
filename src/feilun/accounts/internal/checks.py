"""What both intakes check of a row by itself: storable text, numbers within limits, sane dates, known currency and state."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from feilun.accounts.internal.options import IntakeOptions
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.ingestion.contracts import ApplyContext, Rejection
from feilun.kernel.currencies import CURRENCIES, currency_code

AMOUNT_MAX: Final = Decimal(10) ** 12
"""Below numeric(18,4), with room for sums."""
DAYS_MAX: Final = 3_650
_TEXT_MAX: Final = {"address": 500}
_TEXT_MAX_OTHER: Final = 200
_SHOWN_MAX: Final = 200
_EARLIEST: Final = date(1970, 1, 1)
_LATEST_AHEAD: Final = timedelta(days=50 * 366)
"""Instalments of decades exist; half a century ahead is a misread year."""
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_SEVERAL: Final = re.compile(r"[,,、;;/|\n]")
_SHARED_CELL: Final = frozenset({IdentifierKind.PHONE, IdentifierKind.EMAIL})


def rejection(code: str, name: str, value: object, **detail: object) -> Rejection:
    """Return why a row is refused; long cells are shortened."""
    return Rejection(f"accounts.{code}", name, str(value)[:_SHOWN_MAX], detail)


def check_values(
    values: Mapping[str, object], context: ApplyContext, options: IntakeOptions, *, example: str
) -> Rejection | None:
    """Judge what accounts and receivables have in common. `example` shows how to explain an unknown state."""
    for name, value in values.items():
        refused = _check_value(name, value, context)
        if refused is not None:
            return refused
    code = currency_code(str(values.get("currency", options.currency)))
    if code not in CURRENCIES:
        return rejection("currency_unknown", "currency", code)
    word = values.get("state")
    if word is not None and options.state_of(str(word)) is None:
        return rejection("state_unknown", "state", word, example=example)
    return None


def _check_value(name: str, value: object, context: ApplyContext) -> Rejection | None:
    if isinstance(value, str):
        limit = _TEXT_MAX.get(name, _TEXT_MAX_OTHER)
        if len(value) > limit:
            return rejection("text_too_long", name, value, limit=limit)
        if _UNSTORABLE.search(value):
            return rejection("text_unstorable", name, repr(value)[1:-1])
    elif isinstance(value, Decimal):
        if not value.is_finite() or abs(value) > AMOUNT_MAX:
            return rejection("number_out_of_range", name, value, limit=str(AMOUNT_MAX))
    elif isinstance(value, int):
        if abs(value) > DAYS_MAX:
            return rejection("number_out_of_range", name, value, limit=str(DAYS_MAX))
    elif isinstance(value, date) and not _EARLIEST <= value <= context.now.date() + _LATEST_AHEAD:
        return rejection("date_out_of_range", name, value)
    return None


def claims_of(
    values: Mapping[str, object],
    kinds: Mapping[str, IdentifierKind],
    options: IntakeOptions,
) -> tuple[IdentifierClaim, ...]:
    """Return the identifiers a row claims for a person; phones and mail addresses may share a cell."""
    claims: dict[IdentifierClaim, None] = {}
    for name, kind in kinds.items():
        cell = values.get(name)
        if cell is None:
            continue
        for part in _SEVERAL.split(str(cell)) if kind in _SHARED_CELL else (str(cell),):
            if part.strip():
                is_verified = options.has_verified_phones or kind is not IdentifierKind.PHONE
                claim = IdentifierClaim(kind, part.strip(), verified=is_verified)
                claims[claim] = None
    return tuple(claims)
