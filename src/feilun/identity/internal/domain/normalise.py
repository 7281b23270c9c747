"""Turns a claimed identifier into the one form in which equal identifiers are equal, and judges whether it may link.

What cannot link (masked, virtual, shared, unreadable, unverified) is kept as it came, so that people can see it.
"""

import re
import unicodedata
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.identity.internal.domain.kinds import KIND_RULES, ScopeRule

VALUE_CHARACTERS_MAX: Final = 254
"""The longest e-mail address; whatever is longer is cut and does not link."""
SCOPE_CHARACTERS_MAX: Final = 100
_LAST_DIGITS: Final = 4
_PHONE_CHARACTERS_MIN: Final = 7
"""Below this, digits are no phone of which the last four say anything."""
_DEFAULT_REGION: Final = "CN"

_EMPTY_WORDS: Final = frozenset(
    (
        "",
        *[
            "-",
            "--",
            "/",
            "null",
            "none",
            "nil",
            "nan",
            "n/a",
            "na",
            "undefined",
            "无",
            "暂无",
            "未知",
            "空",
            "没有",
            "保密",
        ],
    )
)
"""What systems write when they have nothing; lower case."""
_EMPTY_CHARACTERS_MAX: Final = max(map(len, _EMPTY_WORDS))
_EMPTY_MAILBOXES: Final = frozenset(
    {"none", "null", "na", "no", "noemail", "nomail", "no-reply", "noreply", "unknown", "test", "anonymous"}
)
_SERVICE_NUMBERS: Final = frozenset({"13800138000", "12345678901", "12345678910"})
"""China Mobile's top-up hotline, which half of all sample data uses, and the keyboard's first row."""

_PLAIN_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
"""Every block from 13 to 19: new ones are opened faster than number metadata is published."""
_PREFIXED_MOBILE: Final = re.compile(r"(?:(?:\+|00)?86)?0?(1[3-9][0-9]{9})")
_FILLER: Final = re.compile(r"[\s().\-‐-―−_]+")
_EXCEL_FRACTION: Final = re.compile(r"\.0+$")
_MASK: Final = re.compile(r"[*xX•●█]{2,}|\*")
_EXTENSION: Final = re.compile(
    r"(?:转|轉|分机|ext\.?|x|#|,|;ext=)\s*[0-9]{1,6}$"
    r"|(?:(?<=[0-9]{11})|(?<=-[0-9]{8})|(?<=-[0-9]{7}))-[0-9]{1,6}$",
    re.IGNORECASE,
)
"""'13800138000-1234', '13800138000转1234', '010-12345678-801': a privacy number of a shop or a switchboard."""
_SHORT_OR_SERVICE: Final = re.compile(r"(?:95|96|100|12)[0-9]{3,8}")
"""95xxx and 96xxx belong to companies (and to shops' virtual numbers), 100xx and 12xxx to services."""
_PERSONAL_TYPES: Final = frozenset(
    {
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs"})
"""Unicode categories without ink: control, format, half a surrogate pair."""
_ALL_ZEROS: Final = re.compile(r"[0\-:. ]+")


class NormalClaim(NamedTuple):
    """An identifier in normal form. A tuple: bulk intake makes millions of them."""

    kind: IdentifierKind
    scope: str
    value: str
    is_verified: bool
    is_linking: bool
    last4: str | None
    """Last four digits of a phone, known even of a masked one."""


def normalise(claim: IdentifierClaim, *, source: str) -> NormalClaim | None:
    """Return the claim in normal form, or None when it says nothing (empty, '无', 'null' …)."""
    kind, value, is_verified = claim.kind, claim.value, claim.verified
    if kind is IdentifierKind.PHONE and _PLAIN_MOBILE.fullmatch(value):
        can_link = is_verified and _is_personal_mobile(value)
        return NormalClaim(kind, "", "+86" + value, is_verified, can_link, value[-_LAST_DIGITS:])
    if not value.isascii() or not value.isprintable():
        value = _printable(value)
    value = value.strip()
    if len(value) <= _EMPTY_CHARACTERS_MAX and value.lower() in _EMPTY_WORDS:
        return None
    last4: str | None = None
    if kind is IdentifierKind.PHONE:
        value, can_link, last4 = _phone(value)
    elif kind is IdentifierKind.EMAIL:
        value, can_link = _email(value)
    else:
        can_link = "*" not in value and _ALL_ZEROS.fullmatch(value) is None
    if len(value) > VALUE_CHARACTERS_MAX:
        value, can_link = value[:VALUE_CHARACTERS_MAX], False
    return NormalClaim(kind, _scope(claim, source), value, is_verified, can_link and is_verified, last4)


def search_forms(text: str) -> list[tuple[IdentifierKind, str]]:
    """Return what `text` would be stored as, for each kind it could be."""
    forms: list[tuple[IdentifierKind, str]] = []
    for kind in IdentifierKind:
        claim = normalise(IdentifierClaim(kind, text), source="")
        if claim is not None:
            forms.append((kind, claim.value))
    return forms


def last_four_digits(text: str) -> str | None:
    """Return the four digits when `text` is just these: the usual way to look up a phone."""
    digits = _printable(text).strip()
    return digits if len(digits) == _LAST_DIGITS and digits.isascii() and digits.isdigit() else None


def _printable(value: str) -> str:
    """NFKC (full-width digits, ligatures), without control and format characters (NUL, BOM, zero-width, bidi marks)."""
    folded = unicodedata.normalize("NFKC", value)
    return "".join(c for c in folded if unicodedata.category(c) not in _INVISIBLE)


def _scope(claim: IdentifierClaim, source: str) -> str:
    rule = KIND_RULES[claim.kind].scope
    if rule is ScopeRule.NONE:
        return ""
    scope = claim.scope
    if not scope.isascii() or not scope.isprintable():
        scope = _printable(scope)
    scope = scope.strip() or (source if rule is ScopeRule.SOURCE else "")
    return scope[:SCOPE_CHARACTERS_MAX]


def _phone(value: str) -> tuple[str, bool, str | None]:
    """Return E.164, whether it may link, the last four; what is no single person's number stays readable and does not link."""
    text = _EXCEL_FRACTION.sub("", value)
    compact = _FILLER.sub("", text)
    if _MASK.search(compact):
        return compact, False, _last_four(compact)
    base = _EXTENSION.sub("", text)
    if base != text:
        return text, False, _last_four(_FILLER.sub("", base))
    mobile = _PREFIXED_MOBILE.fullmatch(compact)
    if mobile:
        return "+86" + mobile[1], _is_personal_mobile(mobile[1]), compact[-_LAST_DIGITS:]
    if _SHORT_OR_SERVICE.fullmatch(compact):
        return compact, False, _last_four(compact)
    return _other_phone(text, compact)


def _is_personal_mobile(national: str) -> bool:
    """Eight equal digits after the prefix are a placeholder far more often than a bought lucky number."""
    return national not in _SERVICE_NUMBERS and national[3:] != national[-1] * 8


def _other_phone(text: str, compact: str) -> tuple[str, bool, str | None]:
    """Landlines and numbers of other countries, by the published metadata."""
    try:
        number = phonenumbers.parse(text, _DEFAULT_REGION)
    except NumberParseException:
        return compact, False, _last_four(compact)
    if not phonenumbers.is_valid_number(number):
        return compact, False, _last_four(compact)
    can_link = phonenumbers.number_type(number) in _PERSONAL_TYPES
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return e164, can_link, e164[-_LAST_DIGITS:]


def _last_four(compact: str) -> str | None:
    tail = compact[-_LAST_DIGITS:]
    return tail if len(compact) >= _PHONE_CHARACTERS_MIN and tail.isascii() and tail.isdigit() else None


def _email(value: str) -> tuple[str, bool]:
    value = value.lower()
    if _EMAIL.fullmatch(value) is None or "*" in value:
        return value, False
    return value, value.partition("@")[0] not in _EMPTY_MAILBOXES
