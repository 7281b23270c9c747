"""Brings a database to the newest schema. Safe to call from several processes at once (advisory lock)."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from feilun.platform.db import lock_key

_SCRIPTS = Path(__file__).resolve().parents[3] / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


def upgrade(url: str | URL, revision: str = "head") -> str:
    """Migrate to `revision`, all or nothing; returns the revision reached. A no-op when the database is there already."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    config = _config()
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock_key("migrations")})
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            reached = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    return reached or "base"


def pending(url: str | URL) -> list[str]:
    """Return the revisions that the database lacks, oldest first; empty when it is up to date."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    script = ScriptDirectory.from_config(_config())
    return [revision.revision for revision in script.iterate_revisions("head", current or "base")][::-1]
