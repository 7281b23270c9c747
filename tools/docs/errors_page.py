"""The error page: every stable code with its HTTP status, its meaning and its message in both languages."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import feilun
from feilun.kernel.errors import FeilunError
from feilun.platform.i18n import LOCALES, catalogue


def page() -> str:
    """Return the page as Markdown."""
    lines = [
        "# Error codes",
        "",
        "Errors come as `application/problem+json` (RFC 9457). `code` is stable; `detail` is the message below, in the",
        "language of `Accept-Language`, with its placeholders filled from `values`.",
    ]
    known = {error.code: error for error in error_classes()}
    codes = sorted(known.keys() | {code for locale in LOCALES for code in catalogue(locale)})
    room = ""
    for code in codes:
        head = code.partition(".")[0]
        if head != room:
            room = head
            lines += ["", f"## {room}"]
        error = known.get(code)
        status = f" — HTTP {error.http_status}" if error else ""
        lines += ["", f"### `{code}`{status} {{ #{code} }}", ""]
        if error and (meaning := inspect.getdoc(error)):
            lines += [" ".join(meaning.split()), ""]
        lines += [f"- {locale}: {catalogue(locale).get(code, '(missing)')}" for locale in LOCALES]
    return "\n".join(lines) + "\n"


def error_classes() -> Iterator[type[FeilunError]]:
    """Yield every error class of the program that has a code of its own, importing all rooms first."""
    for module in pkgutil.walk_packages(feilun.__path__, "feilun."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    yield from sorted(_below(FeilunError), key=lambda error: error.code)


def _below(parent: type[FeilunError]) -> Iterator[type[FeilunError]]:
    for child in parent.__subclasses__():
        if "code" in vars(child) and child.__module__.startswith("feilun."):
            yield child
        yield from _below(child)
