"""Facts an installation stores about itself in the record of truth: which keys seal it, whether a restore is unfinished."""

from typing import Final

from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import OperationalError

from feilun.kernel.errors import Conflict, FeilunError, Transient
from feilun.platform import migrations
from feilun.platform.config import Settings
from feilun.platform.facts import find_fact, store_fact
from feilun.platform.keys import Keyring, load_keyring

KEY_FINGERPRINT: Final = "key_fingerprint"
WAREHOUSE_REBUILD: Final = "warehouse_rebuild"
BACKUP_AT: Final = "backup_at"


class KeyMismatch(FeilunError):
    """The keys here are not the ones this data was sealed with; detail: path, expected, found."""

    code = "keys.mismatch"
    http_status = 500


class RestoreUnfinished(Conflict):
    """A restore into this database was cut off; its data is not whole."""

    code = "restore.unfinished"


class DatabaseUnreachable(Transient):
    """The record of truth does not take connections; detail: place, reason."""

    code = "up.database_unreachable"


class SchemaNewer(Conflict):
    """The database was migrated by a newer version of the program than this one."""

    code = "up.schema_newer"


def open_engine_for_upkeep(url: str) -> Engine:
    """Return an engine for commands that run the installation rather than serve it."""
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"), connect_args={"options": "-c timezone=UTC"}
    )


def migrate(url: str) -> str:
    """Bring the database to this version's schema; returns the revision. Raises: DatabaseUnreachable, SchemaNewer."""
    try:
        return migrations.upgrade(url)
    except OperationalError as error:
        raise unreachable(url, error) from error
    except CommandError as error:
        raise SchemaNewer(f"the database knows a newer schema: {error}") from error


def pending(url: str) -> tuple[str, ...]:
    """Return the revisions the database lacks, oldest first. Raises: DatabaseUnreachable, SchemaNewer."""
    try:
        return tuple(migrations.pending(url))
    except OperationalError as error:
        raise unreachable(url, error) from error
    except (CommandError, RevisionError) as error:
        raise SchemaNewer(f"the database knows a newer schema: {error}") from error


def unreachable(url: str, error: OperationalError) -> DatabaseUnreachable:
    """Return the expected error for a database that does not answer; never shows the password."""
    place = make_url(url).render_as_string(hide_password=True)
    reason = str(error.orig).strip().splitlines()[0]
    return DatabaseUnreachable(f"{place} does not answer: {reason}", place=place, reason=reason)


def has_table(connection: Connection, name: str) -> bool:
    """Tell whether a table exists in the installation's schema."""
    return (
        connection.execute(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": name}).scalar_one() is True
    )


def ensure_whole(url: str) -> None:
    """Refuse a database into which a restore was cut off. Raises: RestoreUnfinished, DatabaseUnreachable."""
    engine = open_engine_for_upkeep(url)
    try:
        with engine.connect() as connection:
            if has_table(connection, "restore_unfinished"):
                raise RestoreUnfinished("a restore into this database was cut off")
    except OperationalError as error:
        raise unreachable(url, error) from error
    finally:
        engine.dispose()


def prepare_keys(settings: Settings, url: str) -> Keyring:
    """Return the keys of a migrated database; the very first start makes them and notes whose they are.

    Raises:
        KeyMissing: the database knows its keys and they are not here.
        KeyMismatch: other keys are here.
    """
    engine = open_engine_for_upkeep(url)
    try:
        with engine.begin() as connection:
            expected = find_fact(connection, KEY_FINGERPRINT)
            keyring = load_keyring(settings.keys_dir, create=expected is None)
            found = keyring.fingerprint()
            if expected is None:
                store_fact(connection, KEY_FINGERPRINT, found)
            elif found != expected:
                raise KeyMismatch(
                    f"{settings.keys_dir} holds other keys",
                    path=str(settings.keys_dir),
                    expected=expected,
                    found=found,
                )
    finally:
        engine.dispose()
    return keyring
