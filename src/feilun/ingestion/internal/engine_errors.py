"""Tells errors of the engine, which a later try may mend, from errors that come back with the same record."""

import traceback
from typing import Final

from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from feilun.kernel.errors import Transient

_CLASSES: Final = ("08", "40", "53", "57", "58")
"""SQLSTATE classes: connection, rollback (serialisation, deadlock), resources, operator intervention, system error."""


def is_engine_error(error: BaseException) -> bool:
    """Return whether the same work may succeed later without a change to it."""
    if isinstance(error, Transient | DisconnectionError | InterfaceError | PoolTimeout):
        return True
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        return error.connection_invalidated or state is None or state[:2] in _CLASSES
    return isinstance(error, ConnectionError)


def trace_of(error: BaseException) -> str:
    """Return where an error happened, for the log: no message and no values, because those may be personal data."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames)
    )
