"""Every table that holds facts about people carries the person's id, so that it can be distributed and erased by it."""

import importlib
from pathlib import Path
from typing import Final

from sqlalchemy import Table, text

from feilun.platform.db import Database, metadata

SOURCE: Final = Path(__file__).resolve().parents[2] / "src" / "feilun"
NOT_ABOUT_ONE_PERSON: Final[dict[str, str]] = {
    "custom_fields": "definitions",
    "dead_letters": "rejected before anyone is known; sealed under the key of their import, which erasure destroys",
    "import_mappings": "configuration",
    "import_progress": "counts",
    "import_rejections": "counts",
    "imports": "a run over many people",
    "ingestion_settings": "configuration",
    "survivorship": "configuration",
    "uploaded_files": "many people's rows; removed when the import has ended",
}
"""Table -> why it has no person_id."""


def _tables() -> list[Table]:
    for path in sorted(SOURCE.glob("*/internal/tables.py")):
        importlib.import_module(f"feilun.{path.parts[-3]}.internal.tables")
    return metadata.sorted_tables


def _columns(table: Table) -> set[str]:
    return {column.name for column in table.columns}


def test_every_table_about_people_carries_the_persons_id() -> None:
    without = [
        table.name for table in _tables() if not any(name.endswith("person_id") for name in _columns(table))
    ]

    assert sorted(set(without) - NOT_ABOUT_ONE_PERSON.keys()) == []
    assert sorted(NOT_ABOUT_ONE_PERSON.keys() - set(without)) == [], "allow-listed and no longer needed"


def test_tables_in_code_are_those_of_the_migrations(database: Database) -> None:
    with database.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
                " JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
                " AND a.attnum > 0 AND NOT a.attisdropped"
            )
        )
        migrated: dict[str, set[str]] = {}
        for table, column in rows:
            migrated.setdefault(table, set()).add(column)

    differing = {
        table.name: sorted(_columns(table) ^ migrated.get(table.name, set()))
        for table in _tables()
        if _columns(table) != migrated.get(table.name)
    }

    assert differing == {}


def test_person_ids_are_bigint_everywhere(database: Database) -> None:
    with database.engine.connect() as connection:
        others = connection.execute(
            text(
                "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
                " AND column_name LIKE '%person_id' AND data_type <> 'bigint' ORDER BY 1, 2"
            )
        ).all()

    assert others == []
