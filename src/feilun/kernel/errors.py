"""The base of every expected error. Rooms subclass it in their own `errors.py`; `platform.http` turns it into RFC 9457."""

from collections.abc import Mapping
from typing import ClassVar


class FeilunError(Exception):
    """An expected condition with a stable code.

    Subclasses set `code` ("room.condition") and `http_status`; the constructor takes the values that the translated
    message (`platform/locales`) and the problem document carry. `detail` never holds secrets or personal data.
    """

    code: ClassVar[str]
    http_status: ClassVar[int] = 400

    def __init__(self, message: str, **detail: object) -> None:
        super().__init__(message)
        self.message = message
        self.detail: Mapping[str, object] = detail


class NotFound(FeilunError):
    """Something asked for by id does not exist or lies outside the caller's rows."""

    http_status = 404


class Conflict(FeilunError):
    """The command is well-formed but contradicts the present state."""

    http_status = 409


class Invalid(FeilunError):
    """The input breaks a rule; the detail says which field and what to do."""

    http_status = 422


class Forbidden(FeilunError):
    """The caller is known and may not do this."""

    http_status = 403


class Transient(FeilunError):
    """Something outside failed in a way that a later try may mend (time-out, 5xx, lost connection)."""

    http_status = 503
