"""`python -m feilun.platform.warehouse_server --data DIR --run DIR`: serve one data directory until told to stop.

When ready, `<run>/warehouse.json` (mode 0600) holds url, token and pid. A restart keeps port and token where it can, so that
clients of a warehouse that was killed need not be told.
"""

import argparse
import asyncio
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from feilun.platform.engine_errors import EngineInUse
from feilun.platform.locks import FileLock
from feilun.platform.warehouse_server.engine import Engine, EngineError
from feilun.platform.warehouse_server.http import WarehouseApp

_READY_FILE: Final = "warehouse.json"
_MEGABYTE: Final = 1 << 20
_QUERY_THREADS: Final = 16
"""Requests worked on at once; more wait. Each holds one chDB connection (0.1 MB)."""
_STOP_SECONDS_MAX: Final = 10
"""How long a stop waits for running requests; their queries are cancelled at once, so it is a matter of inserts."""


def main() -> int:
    """Run the server; the exit code is 0 after a clean stop and 1 when it could not start."""
    arguments = _parse_arguments()
    data_dir: Path = arguments.data.resolve()
    run_dir: Path = arguments.run.resolve()
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        FileLock(data_dir / "warehouse.lock").acquire()
    except EngineInUse as error:
        sys.stderr.write(f"warehouse: {error.message}; stop it first\n")
        return 1
    try:
        engine = Engine(data_dir / "chdb", options=_options(arguments.memory))
    except EngineError as error:
        sys.stderr.write(f"warehouse: chDB cannot open {data_dir}: {error}\n")
        return 1
    # uvicorn takes these signals while it serves and sends them once more when it has stopped: by then they are answered.
    signal.signal(signal.SIGTERM, _ignore_signal)
    signal.signal(signal.SIGINT, _ignore_signal)
    try:
        asyncio.run(_serve(engine, run_dir, port=arguments.port, parent=arguments.exit_with_parent))
    finally:
        engine.close()
    return 0


def _ignore_signal(_number: int, _frame: FrameType | None) -> None:
    """Take a signal that uvicorn has already acted upon."""


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="feilun.platform.warehouse_server", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data directory of the warehouse")
    parser.add_argument(
        "--run", type=Path, required=True, help="where warehouse.json is written when it is ready"
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port on 127.0.0.1; 0: the last one, else a free one"
    )
    parser.add_argument(
        "--memory", type=int, default=_default_memory(), help="megabytes the engine may use in all"
    )
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="stop when the process that started this one ends"
    )
    return parser.parse_args()


def _default_memory() -> int:
    """Half of the machine, at least 1 GB."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1024, machine // 2 // _MEGABYTE)


def _options(memory_megabytes: int) -> Mapping[str, str | int]:
    """Settings of the engine; the first group is the server's, the second every query's default."""
    memory = memory_megabytes * _MEGABYTE
    return {
        "max_server_memory_usage": memory,
        "mark_cache_size": 128 * _MEGABYTE,
        "primary_index_cache_size": 64 * _MEGABYTE,
        "index_mark_cache_size": 16 * _MEGABYTE,
        "query_condition_cache_size": 16 * _MEGABYTE,
        "max_thread_pool_size": 1000,
        "timezone": "UTC",
        "max_memory_usage": memory * 8 // 10,
        # Beyond this a grouping or sorting query goes on through the disk instead of failing.
        "max_bytes_before_external_group_by": memory * 4 // 10,
        "max_bytes_before_external_sort": memory * 4 // 10,
        "max_execution_time": 600,
        "implicit_select": 0,
        "allow_introspection_functions": 0,
    }


async def _serve(engine: Engine, run_dir: Path, *, port: int, parent: bool) -> None:
    ready_file = run_dir / _READY_FILE
    last = _last_run(ready_file)
    ready_file.unlink(missing_ok=True)
    token = last.get("token") or secrets.token_urlsafe(32)
    listener = _listen(port or int(last.get("port", 0)), is_wish=port == 0)
    app = WarehouseApp(engine, token=token, query_threads=_QUERY_THREADS)
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_STOP_SECONDS_MAX,
    )
    host, bound = listener.getsockname()
    ready = {"url": f"http://{host}:{bound}", "token": token, "pid": os.getpid(), "port": bound}
    server = _Server(config, when_ready=lambda: _write_private(ready_file, json.dumps(ready)))
    helpers = [
        asyncio.create_task(app.keep_small()),
        asyncio.create_task(_stop_early(app, server, parent=parent)),
    ]
    try:
        await server.serve(sockets=[listener])
    finally:
        for helper in helpers:
            helper.cancel()
        ready_file.unlink(missing_ok=True)
        app.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, *, when_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_ready = when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._when_ready()


async def _stop_early(app: WarehouseApp, server: uvicorn.Server, *, parent: bool) -> None:
    """Notice a stop, or the parent's end, and cancel what still runs, so that stopping takes no longer than a moment."""
    started_by = os.getppid()
    while not server.should_exit:
        await asyncio.sleep(0.2)
        if parent and os.getppid() != started_by:
            server.should_exit = True
    await app.cancel_all()


def _last_run(ready_file: Path) -> Mapping[str, str]:
    """Return port and token of a run that was killed before it could remove its file."""
    try:
        found = json.loads(ready_file.read_text())
        return {"port": str(int(found["port"])), "token": str(found["token"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _listen(port: int, *, is_wish: bool) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted connections inherit it. Head and body of an answer are two writes: without it each answer waits 40 ms
    # for a delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        if not is_wish:
            raise
        listener.bind(("127.0.0.1", 0))
    return listener


def _write_private(path: Path, text: str) -> None:
    """Write a file nobody else may read, whole or not at all."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main())
