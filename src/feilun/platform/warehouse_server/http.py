"""The ASGI application: ClickHouse's HTTP protocol as `clickhouse-connect` and curl speak it, on top of `Engine`."""

import asyncio
import hmac
import json
import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from time import monotonic, perf_counter
from typing import Final
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from starlette.types import Receive, Scope, Send

from feilun.platform.warehouse_server.compression import SUPPORTED, BodyBroken, decompress
from feilun.platform.warehouse_server.engine import Engine, EngineError, Session, engine_error
from feilun.platform.warehouse_server.exchange import ClientGone, Exchange, header_map
from feilun.platform.warehouse_server.forms import read_form
from feilun.platform.warehouse_server.statements import find_insert_data, output_format

_FIRST_BYTES: Final = 1 << 18
"""Result held back before the status goes out, so that most failures still get a status of their own; also how much of a
body is looked at for the INSERT that begins it."""
_IDLE_SECONDS: Final = 3.0
_STATEMENT_BYTES_MAX: Final = 64 << 20
_AUTHENTICATION_FAILED: Final = 516
_QUERY_TOO_LARGE: Final = 246
_CANNOT_DECOMPRESS: Final = 271
_NOT_IMPLEMENTED: Final = 48
_BAD_ARGUMENTS: Final = 36
_STATUS_OF_CODE: Final = {
    _AUTHENTICATION_FAILED: 403,
    497: 403,
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 81, 115, 349), 404),
    **dict.fromkeys(
        (6, 26, 27, 33, 36, 38, 41, 42, 43, 44, 45, 53, 57, 62, 69, 70, 72, 117, 246, 271, 386), 400
    ),
    159: 408,
    202: 503,
    48: 501,
}
"""As in ClickHouse's HTTPHandler; everything else is 500."""
_NOT_SETTINGS: Final = frozenset(
    {
        "query",
        "database",
        "default_format",
        "query_id",
        "session_id",
        "session_timeout",
        "session_check",
        "quota_key",
        "wait_end_of_query",
        "buffer_size",
        "client_protocol_version",
        "role",
        "user",
        "password",
        "compress",
        "decompress",
        "enable_http_compression",
        "log_comment",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "cancel_http_readonly_queries_on_client_close",
        "http_write_exception_in_output_format",
    }
)
"""Parameters of the transport. Sessions are accepted and mean nothing; compression of answers is not offered."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the URL, the headers and a form said, before the body's data."""

    query: str
    database: str | None
    default_format: str
    settings: Mapping[str, str]
    params: Mapping[str, str]


class WarehouseApp:
    """Routes `/ping` and `/`; runs queries in threads; cancels those whose client has gone."""

    def __init__(self, engine: Engine, *, token: str, query_threads: int) -> None:
        self._engine = engine
        self._token = token
        self._workers = ThreadPoolExecutor(query_threads, thread_name_prefix="query")
        self._admin = ThreadPoolExecutor(1, thread_name_prefix="admin")
        """The engine's anchor connection serves one thread at a time, beside busy query threads."""
        self._active = 0
        self._last_used = monotonic()
        self._is_purged = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise ValueError(f"unsupported scope {scope['type']!r}")
        loop = asyncio.get_running_loop()
        exchange = Exchange(receive, send, loop)
        if scope["path"] == "/ping":
            await _answer(send, 200, b"Ok.\n")
        elif scope["path"] != "/" or scope["method"] not in {"GET", "POST"}:
            await _answer(send, 404, b"There is only GET and POST on / and GET on /ping.\n")
        else:
            await self._run(scope, exchange, loop)

    async def keep_small(self) -> None:
        """Return memory to the operating system whenever the warehouse has been idle for some seconds; runs for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(2.0)
            if self._active == 0 and not self._is_purged and monotonic() - self._last_used > _IDLE_SECONDS:
                self._is_purged = True
                await loop.run_in_executor(self._admin, self._engine.release_memory)

    async def cancel_all(self) -> None:
        """Cancel every running query; used when the process has to stop."""
        await asyncio.get_running_loop().run_in_executor(self._admin, self._engine.kill_all)

    def close(self) -> None:
        """Wait for the threads to end."""
        self._workers.shutdown()
        self._admin.shutdown()

    async def _run(self, scope: Scope, exchange: Exchange, loop: asyncio.AbstractEventLoop) -> None:
        self._active += 1
        self._is_purged = False
        gone = loop.create_task(exchange.wait_until_gone())
        try:
            await exchange.read_first()
            tag = secrets.token_hex(8)
            work = loop.run_in_executor(self._workers, self._serve, scope, exchange, tag)
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if exchange.is_gone and not work.done():
                await loop.run_in_executor(self._admin, self._engine.kill, tag)
            await work
        except ClientGone:
            pass
        finally:
            gone.cancel()
            self._active -= 1
            self._last_used = monotonic()

    def _serve(self, scope: Scope, exchange: Exchange, tag: str) -> None:
        """Answer in a worker thread; every expected failure becomes ClickHouse's kind of answer."""
        headers = header_map(scope["headers"])
        reply = _Reply(exchange)
        try:
            self._check_token(headers)
            body = _plain_body(exchange, headers)
            request, data = _read_request(scope, headers, body)
            session = self._engine.open_session()
            try:
                readonly = {"readonly": "2"} if scope["method"] == "GET" else {}
                session.configure(
                    settings={**request.settings, "log_comment": tag, **readonly}, database=request.database
                )
                _execute(session, request, data, reply)
            finally:
                session.close()
        except EngineError as error:
            reply.fail(error)
        except BodyBroken as error:
            reply.fail(engine_error(_CANNOT_DECOMPRESS, "CANNOT_DECOMPRESS", str(error)))
        except FormParserError as error:
            reply.fail(engine_error(_BAD_ARGUMENTS, "BAD_ARGUMENTS", f"broken form: {error}"))
        except ClientGone:
            pass

    def _check_token(self, headers: Mapping[str, str]) -> None:
        given = headers.get("x-clickhouse-key", "")
        kind, _, value = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            given = value
        elif kind.lower() == "basic":
            try:
                given = b64decode(value, validate=True).decode().partition(":")[2]
            except (Base64Error, UnicodeDecodeError):
                given = ""
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            raise engine_error(
                _AUTHENTICATION_FAILED, "AUTHENTICATION_FAILED", "the warehouse's token is missing or wrong"
            )


class _Reply:
    """Holds back the first part of a result, so that a failure before it still gets its own status."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._headers: dict[str, str] = {}
        self._began_at = perf_counter()
        self._tag = secrets.token_hex(8)

    def describe(self, data_format: str) -> None:
        self._headers = {
            "Content-Type": "application/octet-stream",
            "X-ClickHouse-Format": data_format,
            "X-ClickHouse-Timezone": "UTC",
            "X-ClickHouse-Server-Display-Name": "feilun",
            "X-ClickHouse-Exception-Tag": self._tag,
        }

    def write(self, chunk: bytes) -> None:
        if self._exchange.is_started:
            self._exchange.write(chunk)
            return
        self._held.append(chunk)
        self._held_bytes += len(chunk)
        if self._held_bytes >= _FIRST_BYTES:
            self._exchange.start(200, self._headers, b"".join(self._held), is_last=False)
            self._held.clear()

    def finish(self, session: Session) -> None:
        if self._exchange.is_started:
            self._exchange.write(b"", is_last=True)
            return
        summary = {
            "read_rows": str(session.rows_read),
            "written_rows": str(session.rows_written),
            "elapsed_ns": str(int((perf_counter() - self._began_at) * 1e9)),
        }
        body = b"".join(self._held)
        headers = {
            **self._headers,
            "X-ClickHouse-Summary": json.dumps(summary),
            "Content-Length": str(len(body)),
        }
        self._exchange.start(200, headers, body, is_last=True)

    def fail(self, error: EngineError) -> None:
        """Answer with the error, or, when the result is already on its way, write it into the result and break off."""
        text = str(error)
        if self._exchange.is_started:
            message = text.encode()
            tag = self._tag.encode()
            self._exchange.write(
                b"\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n"
                % (tag, message, len(message) + 1, tag)
            )
            # Without the last chunk the server closes the connection, so no reader can take the part for the whole.
            raise ResultBroken(text)
        body = text.encode() + b"\n"
        self._exchange.start(
            _STATUS_OF_CODE.get(error.code, 500),
            {
                "Content-Type": "text/plain; charset=UTF-8",
                "Content-Length": str(len(body)),
                "X-ClickHouse-Exception-Code": str(error.code),
                # A body that nobody reads to its end leaves the connection unusable.
                **({} if self._exchange.is_body_read else {"Connection": "close"}),
            },
            body,
            is_last=True,
        )


class ResultBroken(Exception):
    """A query failed after part of its result had been sent."""


def _execute(session: Session, request: Request, data: Iterator[bytes], reply: _Reply) -> None:
    head, data = _look_ahead(chain([request.query.encode() + b"\n"] if request.query else [], data))
    insert = find_insert_data(head)
    if insert is not None:
        reply.describe("TabSeparated")
        rows = _from(data, insert.data_start)
        session.insert(insert.sql, data_format=insert.data_format, chunks=rows)
    else:
        sql = _whole(data)
        if not sql.strip():
            raise engine_error(62, "SYNTAX_ERROR", "Empty query")
        reply.describe(output_format(sql, request.default_format))
        for chunk in session.run(sql, default_format=request.default_format, params=request.params):
            reply.write(chunk)
    reply.finish(session)


def _read_request(
    scope: Scope, headers: Mapping[str, str], body: Iterator[bytes]
) -> tuple[Request, Iterator[bytes]]:
    values = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    if headers.get("content-type", "").startswith("multipart/form-data"):
        form = read_form(headers["content-type"], body, bytes_max=_STATEMENT_BYTES_MAX)
        if form.file_names:
            raise engine_error(
                _NOT_IMPLEMENTED, "NOT_IMPLEMENTED", "external data tables are not supported here"
            )
        values = {**values, **form.values}
        body = iter(())
    request = Request(
        query=values.get("query", ""),
        database=values.get("database") or headers.get("x-clickhouse-database"),
        default_format=headers.get("x-clickhouse-format") or values.get("default_format") or "TabSeparated",
        settings={n: v for n, v in values.items() if n not in _NOT_SETTINGS and not n.startswith("param_")},
        params={n.removeprefix("param_"): v for n, v in values.items() if n.startswith("param_")},
    )
    return request, body


def _plain_body(exchange: Exchange, headers: Mapping[str, str]) -> Iterator[bytes]:
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding in {"", "identity"}:
        return exchange.read_body()
    if encoding not in SUPPORTED:
        raise engine_error(
            _NOT_IMPLEMENTED, "NOT_IMPLEMENTED", f"Content-Encoding {encoding!r} is not supported here"
        )
    return decompress(exchange.read_body(), encoding)


def _look_ahead(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first part of the body and an iterator over all of it."""
    source = iter(chunks)
    head = bytearray()
    for chunk in source:
        head += chunk
        if len(head) >= _FIRST_BYTES:
            break
    first = bytes(head)
    return first, chain([first], source)


def _from(chunks: Iterator[bytes], start: int) -> Iterator[bytes]:
    """Yield the bytes from `start` on, which lies within the first chunk."""
    first = next(chunks)
    if start < len(first):
        yield first[start:]
    yield from chunks


def _whole(chunks: Iterator[bytes]) -> str:
    parts = bytearray()
    for chunk in chunks:
        parts += chunk
        if len(parts) > _STATEMENT_BYTES_MAX:
            raise engine_error(
                _QUERY_TOO_LARGE,
                "QUERY_IS_TOO_LARGE",
                "a statement may have 64 MB; send rows with FORMAT Native",
            )
    try:
        return parts.decode()
    except UnicodeDecodeError as error:
        raise engine_error(_BAD_ARGUMENTS, "BAD_ARGUMENTS", f"the statement is not UTF-8: {error}") from None


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=UTF-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
