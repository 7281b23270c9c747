"""Throw-away databases: a server per test run, a migrated template on it, a clone of that per test module.

`FEILUN_TEST_DATABASE_URL` (an administrator's URL) names a server that stands already; otherwise one is started, without
fsync, in a temporary folder. All processes of a run share it.
"""

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from feilun.platform import migrations
from feilun.platform.db import lock_key
from feilun.platform.postgres import EmbeddedPostgres

URL_VARIABLE: Final = "FEILUN_TEST_DATABASE_URL"
_ROOT: Final = Path(__file__).resolve().parents[1]


@contextmanager
def server() -> Iterator[None]:
    """Have a server for this run, told to all its processes by the environment."""
    if os.environ.get(URL_VARIABLE):
        yield
        return
    folder = Path(tempfile.mkdtemp(prefix="feilun-test-"))
    # The server gives up root's rights and has to pass through here.
    folder.chmod(0o755)
    postgres = EmbeddedPostgres(folder / "data", folder / "run", is_durable=False)
    postgres.start()
    os.environ[URL_VARIABLE] = postgres.url
    try:
        yield
    finally:
        del os.environ[URL_VARIABLE]
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def cloned_database() -> Iterator[str]:
    """Give the URL of a fresh copy of the migrated template; it is dropped at the end, connections or not."""
    template = _template()
    name = f"feilun_test_{os.getpid()}_{secrets.token_hex(4)}"
    with _admin() as connection:
        _execute(connection, "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
    try:
        yield url_of(name)
    finally:
        with _admin() as connection:
            _execute(connection, "DROP DATABASE {} WITH (FORCE)", name)


@contextmanager
def empty_database() -> Iterator[str]:
    """Give the URL of a fresh database without any table, for tests of the migrations themselves."""
    name = f"feilun_test_{os.getpid()}_{secrets.token_hex(4)}"
    with _admin() as connection:
        _execute(connection, "CREATE DATABASE {}", name)
    try:
        yield url_of(name)
    finally:
        with _admin() as connection:
            _execute(connection, "DROP DATABASE {} WITH (FORCE)", name)


def url_of(database: str) -> str:
    """Return the URL of a database on the run's server."""
    return make_url(os.environ[URL_VARIABLE]).set(database=database).render_as_string(hide_password=False)


def _admin() -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(os.environ[URL_VARIABLE], autocommit=True)


def _execute(connection: psycopg.Connection[tuple[object, ...]], statement: str, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _template() -> str:
    """Return the name of the migrated template, migrating it when no process did yet.

    The name carries a hash of the migrations: on a server that stays, a later run finds it or makes another.
    """
    digest = hashlib.sha256()
    for path in sorted((_ROOT / "migrations").rglob("*.py")):
        digest.update(path.read_bytes())
    name = f"feilun_template_{digest.hexdigest()[:12]}"
    with _admin() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (lock_key(name),))
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
            making = f"{name}_{os.getpid()}"
            _execute(connection, "CREATE DATABASE {}", making)
            try:
                migrations.upgrade(url_of(making))
                _execute(connection, "ALTER DATABASE {} RENAME TO {}", making, name)
            except BaseException:
                _execute(connection, "DROP DATABASE {} WITH (FORCE)", making)
                raise
    return name
