"""One HTTP exchange seen from a worker thread: read the body, start the response, write chunks.

The thread waits while the event loop moves bytes, so a slow peer slows its own query only, and the loop never waits for chDB.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from starlette.types import Receive, Send

T = TypeVar("T")

READ_BYTES: Final = 1 << 20
"""How much body the loop collects before it wakes the thread; uvicorn hands over 64 kB at a time."""


class ClientGone(Exception):
    """The client closed the connection before it had sent its body or taken its result."""


class Exchange:
    """Bridge between one ASGI request and the thread that answers it."""

    def __init__(self, receive: Receive, send: Send, loop: asyncio.AbstractEventLoop) -> None:
        self._receive = receive
        self._send = send
        self._loop = loop
        self._body_read = asyncio.Event()
        self._first: tuple[bytes, bool] = (b"", True)
        self.is_started = False
        self.is_complete = False
        """The whole response is on its way."""
        self.is_gone = False

    @property
    def is_body_read(self) -> bool:
        """Whether the whole body has been taken from the connection."""
        return self._body_read.is_set()

    async def read_first(self) -> None:
        """Read the first piece of the body, so that the thread of a small request need not wait for the loop."""
        self._first = await self._read_some()

    def read_body(self) -> Iterator[bytes]:
        """Yield the body in pieces of about a megabyte. Raises: ClientGone. For the worker thread, once."""
        chunk, has_more = self._first
        while True:
            if chunk:
                yield chunk
            if not has_more:
                return
            chunk, has_more = self._wait(self._read_some())

    def start(self, status: int, headers: Mapping[str, str], chunk: bytes, *, is_last: bool) -> None:
        """Send status, headers and the first piece of the body. For the worker thread."""
        self.is_started = True
        self._wait(self._start(status, headers, chunk, is_last=is_last))

    def write(self, chunk: bytes, *, is_last: bool = False) -> None:
        """Send a further piece of the response. Raises: ClientGone. For the worker thread."""
        if self.is_gone:
            raise ClientGone
        self._wait(self._write(chunk, is_last=is_last))

    async def wait_until_gone(self) -> None:
        """Return when the client has closed the connection or taken its whole response. For the event loop."""
        await self._body_read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.is_gone = not self.is_complete

    def _wait(self, step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, self._loop).result()

    async def _start(self, status: int, headers: Mapping[str, str], chunk: bytes, *, is_last: bool) -> None:
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
        await self._write(chunk, is_last=is_last)

    async def _write(self, chunk: bytes, *, is_last: bool) -> None:
        self.is_complete = is_last
        await self._send({"type": "http.response.body", "body": chunk, "more_body": not is_last})

    async def _read_some(self) -> tuple[bytes, bool]:
        parts: list[bytes] = []
        size = 0
        while size < READ_BYTES:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.is_gone = True
                self._body_read.set()
                raise ClientGone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if not message.get("more_body", False):
                self._body_read.set()
                return b"".join(parts), False
        return b"".join(parts), True


def header_map(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return ASGI headers by lower-case name; of repeated ones the last."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}
