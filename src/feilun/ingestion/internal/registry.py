"""The record handlers of one process, by record kind."""

from collections.abc import Iterable

from feilun.ingestion.errors import KindNotFound
from feilun.ingestion.ports import RecordHandler


class HandlerRegistry:
    """What `entrypoints` builds once and hands to every call that needs handlers."""

    def __init__(self, handlers: Iterable[RecordHandler] = ()) -> None:
        self._handlers = {handler.name: handler for handler in handlers}

    def get(self, kind: str) -> RecordHandler:
        """Return the handler of a record kind. Raises: KindNotFound."""
        handler = self._handlers.get(kind)
        if handler is None:
            raise KindNotFound(f"no record kind {kind!r}", kind=kind)
        return handler

    def all(self) -> list[RecordHandler]:
        """Return all handlers in the order they were given."""
        return list(self._handlers.values())
