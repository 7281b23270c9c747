"""How commands speak to a person at a terminal: in the terminal's language, progress on standard error."""

import os
import sys

from feilun.kernel.errors import FeilunError
from feilun.platform.i18n import Locale, translate


def terminal_locale() -> Locale:
    """Return the language of the terminal: Chinese when LC_ALL, LC_MESSAGES or LANG says so, English otherwise."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh-CN" if spoken.startswith("zh") else "en"


def say(code: str, /, **detail: object) -> None:
    """Print one line of progress; a `Tell`."""
    print(f"feilun: {translate(code, terminal_locale(), detail)}", file=sys.stderr, flush=True)  # noqa: T201


def say_error(error: FeilunError) -> None:
    """Print what an expected error means and what to do."""
    message = translate(error.code, terminal_locale(), error.detail, fallback=error.message)
    print(f"feilun: {message} [{error.code}]", file=sys.stderr, flush=True)  # noqa: T201
