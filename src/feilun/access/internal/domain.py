"""Pure rules of passwords, user names and lock-out."""

import re
import secrets
from datetime import timedelta
from typing import Final

PASSWORD_CHARACTERS_MIN: Final = 10
PASSWORD_CHARACTERS_MAX: Final = 200
DISTINCT_CHARACTERS_MIN: Final = 4
FAILED_ATTEMPTS_MAX: Final = 5
LOCK_DURATION: Final = timedelta(minutes=15)
SESSION_IDLE: Final = timedelta(hours=12)
SESSION_MAX: Final = timedelta(days=7)

_USERNAME: Final = re.compile(r"[\w.@-]{2,64}")
_COMMON: Final = frozenset(
    [
        "1234567890",
        "12345678910",
        "0123456789",
        "1111111111",
        "qwertyuiop",
        "password12",
        "password123",
        "1q2w3e4r5t",
        "abcd123456",
        "a123456789",
        "feilun1234",
        "feilun12345",
        "admin12345",
        "admin123456",
        "woaini1314",
        "5201314520",
        "147258369a",
        "zxcvbnm123",
        "iloveyou12",
    ]
)
_READABLE: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without the letters and digits that are mistaken for one another when a password is read off a screen."""


def is_username(text: str) -> bool:
    """Tell whether a text may be a user name."""
    return _USERNAME.fullmatch(text) is not None


def is_password_acceptable(password: str, *, username: str) -> bool:
    """Tell whether a new password is long enough, not a common one, not one repeated character, without the user name."""
    folded = password.casefold()
    return (
        PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX
        and folded not in _COMMON
        and len(set(folded)) >= DISTINCT_CHARACTERS_MIN
        and username.casefold() not in folded
    )


def one_time_password() -> str:
    """Make a password that can be read aloud: four groups of four characters, 79 bits."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))
