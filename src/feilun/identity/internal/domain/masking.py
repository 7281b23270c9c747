"""How identifiers look to those who may not see them: enough to recognise one's own, not enough to use it."""

import re
from typing import Final

from feilun.identity.contracts import IdentifierKind

_CHINESE_MOBILE: Final = re.compile(r"\+86(1[0-9]{2})[0-9]{4}([0-9]{4})")
_MASKED_PHONE: Final = re.compile(r"[0-9]{0,3}\*{4,}[0-9]{0,4}")
_DOTS: Final = "****"


def mask(kind: IdentifierKind, value: str) -> str:
    """Return the masked form, e.g. '138****1234', 'z***@qq.com', 'oA****9z'."""
    if kind is IdentifierKind.PHONE:
        if _MASKED_PHONE.fullmatch(value):
            return value
        mobile = _CHINESE_MOBILE.fullmatch(value)
        return f"{mobile[1]}{_DOTS}{mobile[2]}" if mobile else _ends(value, 3, 4)
    if kind is IdentifierKind.EMAIL and "@" in value:
        name, _, host = value.rpartition("@")
        return f"{name[:1]}***@{host}"
    return _ends(value, 2, 2)


def _ends(value: str, head: int, tail: int) -> str:
    """Keep the ends only while at least as much is hidden as shown."""
    if len(value) >= 2 * (head + tail):
        return value[:head] + _DOTS + value[-tail:]
    return value[: len(value) // 4] + _DOTS
