"""The record of truth: one SQLAlchemy engine on PostgreSQL, one `UnitOfWork` per request or job.

Rooms receive an open `UnitOfWork` and never commit; the edge (`Database.transaction`) does.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from psycopg import Connection as PsycopgConnection
from psycopg import sql
from sqlalchemy import Connection, Engine, MetaData, create_engine
from sqlalchemy.engine import URL, make_url

from feilun.kernel.clock import Clock, SystemClock
from feilun.platform.keys import Keyring

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)
"""Every room's tables register here, so that migrations can be compared with the code (`alembic check`)."""


@dataclass(slots=True)
class UnitOfWork:
    """One transaction and what its code needs: the connection, the moment it began, the clock, the keys, the actor."""

    connection: Connection
    clock: Clock
    keyring: Keyring
    actor: str
    """Who acts: 'operator:12', 'api_key:3', 'system', 'import:7'. Stored with changes."""
    now: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.clock.now()

    @property
    def driver(self) -> PsycopgConnection[tuple[object, ...]]:
        """The psycopg connection under the transaction, for COPY."""
        driver = self.connection.connection.driver_connection
        assert isinstance(driver, PsycopgConnection)
        return driver

    def copy_rows(
        self,
        table: str,
        columns: Sequence[str],
        rows: Iterator[Sequence[object]] | Sequence[Sequence[object]],
    ) -> int:
        """COPY rows into a table (or temporary table) of this transaction; returns how many. Values adapt as in psycopg."""
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        count = 0
        with self.driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        return count


class Database:
    """Owns the engine. One per process."""

    def __init__(
        self, url: str | URL, keyring: Keyring, *, clock: Clock | None = None, pool_size: int = 10
    ) -> None:
        self.url = make_url(url).set(drivername="postgresql+psycopg")
        self.keyring = keyring
        self.clock: Clock = clock or SystemClock()
        self.engine: Engine = create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            pool_recycle=1800,
            connect_args={"options": "-c timezone=UTC", "prepare_threshold": 5},
        )

    @contextmanager
    def transaction(self, *, actor: str = "system") -> Iterator[UnitOfWork]:
        """Open a unit of work; commit when the block ends, roll back when it raises."""
        with self.engine.begin() as connection:
            yield UnitOfWork(connection, self.clock, self.keyring, actor)

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def lock_key(name: str, number: int = 0) -> int:
    """Return a stable 63-bit advisory-lock key for a named thing."""
    value = 14695981039346656037
    for byte in f"{name}:{number}".encode():
        value = (value ^ byte) * 1099511628211 % (1 << 64)
    return value >> 1
