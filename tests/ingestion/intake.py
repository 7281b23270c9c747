"""Steps that tests of intake take: put a file in, map it, run it."""

from collections.abc import Mapping
from pathlib import Path

from feilun.ingestion import api
from feilun.ingestion.api import HandlerRegistry
from feilun.ingestion.contracts import FieldBinding, FileId, Import, ImportMapping, ReadOptions
from feilun.platform.config import Settings
from feilun.platform.db import Database

COLUMNS = {"number": "number", "sold_at": "date", "price": "price"}


def a_mapping(columns: Mapping[str, str] = COLUMNS, **changes: object) -> ImportMapping:
    bindings = tuple(FieldBinding(field=name, column=column) for name, column in columns.items())
    return ImportMapping(kind="sales", bindings=bindings, **changes)  # type: ignore[arg-type]


def put(database: Database, settings: Settings, content: bytes | str, name: str = "sales.csv") -> FileId:
    raw = content.encode() if isinstance(content, str) else content
    upload = api.receive_file(settings, iter([raw]), name=name, size_bytes=len(raw))
    encoding = api.examine_file(settings, upload)
    with database.transaction() as uow:
        return api.register_file(uow, upload, encoding=encoding).file_id


def put_path(database: Database, settings: Settings, path: Path) -> FileId:
    with database.transaction() as uow:
        return api.take_file(uow, settings, path).file_id


def start(
    database: Database,
    settings: Settings,
    registry: HandlerRegistry,
    file_id: FileId,
    mapping: ImportMapping | None = None,
) -> Import:
    with database.transaction() as uow:
        if mapping is None:
            mapping = api.propose_mapping(uow, settings, registry, file_id, "sales").mapping
        return api.start_import(uow, settings, registry, file_id, mapping)


def run(
    database: Database,
    settings: Settings,
    registry: HandlerRegistry,
    file_id: FileId,
    mapping: ImportMapping | None = None,
) -> Import:
    import_id = start(database, settings, registry, file_id, mapping).import_id
    assert api.run_import(database, settings, import_id, registry)
    with database.transaction() as uow:
        return api.get_import(uow, import_id)


def samples(
    database: Database,
    settings: Settings,
    content: bytes | str,
    name: str = "f.csv",
    reading: ReadOptions | None = None,
) -> dict[str, tuple[str, ...]]:
    """Return column → first cells of a file."""
    file_id = put(database, settings, content, name)
    with database.transaction() as uow:
        layout = api.inspect_file(uow, settings, file_id, reading)
    return {column.name: column.samples for column in layout.columns}
