"""`feilun import KIND FILE`: proposes a mapping, shows what would be taken, runs the import in the worker and reports."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from feilun.entrypoints.terminal import terminal_locale
from feilun.entrypoints.wiring import Rooms, open_rooms
from feilun.ingestion import api as ingestion
from feilun.ingestion.contracts import Import, ImportMapping, ImportState, Preview, Proposal
from feilun.ingestion.http_shapes import MappingBody, mapping_of
from feilun.kernel.ids import ImportId
from feilun.platform.config import load_settings
from feilun.platform.i18n import translate

console: Final = Console(highlight=False)
_POLL_SECONDS: Final = 0.3
_ENDED: Final = (ImportState.DONE, ImportState.FAILED, ImportState.STOPPED)

DataOption = Annotated[Path | None, typer.Option("--data", help="Data directory; default var/data.")]


def import_file(
    kind: Annotated[str, typer.Argument(help="orders, customers, products, stores, stock or interactions.")],
    file: Annotated[Path, typer.Argument(help="CSV, Excel or Parquet.", exists=True, dir_okay=False)],
    data: DataOption = None,
    source: Annotated[str, typer.Option("--source", help="Name of the system the file comes from.")] = "file",
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="JSON file with a mapping instead of the proposal.")
    ] = None,
    is_whole: Annotated[
        bool, typer.Option("--whole", help="Each record is complete: lines missing from it go away.")
    ] = False,
    is_agreed: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take in a file. Stop with Ctrl-C and run the same command again: nothing is taken twice."""
    with open_rooms(load_settings(data_dir=data)) as rooms:
        with rooms.database.transaction(actor="cli") as uow:
            uploaded = ingestion.take_file(uow, rooms.settings, file)
            proposal = ingestion.propose_mapping(
                uow, rooms.settings, rooms.handlers, uploaded.file_id, kind, source=source
            )
            chosen = _chosen(proposal, mapping, is_whole=is_whole)
            preview = ingestion.preview_import(uow, rooms.settings, rooms.handlers, uploaded.file_id, chosen)
        _show_plan(chosen, preview)
        if not is_agreed and not typer.confirm(_say("cli.import_confirm")):
            raise typer.Exit(1)
        with rooms.database.transaction(actor="cli") as uow:
            started = ingestion.start_import(uow, rooms.settings, rooms.handlers, uploaded.file_id, chosen)
        ended = follow_import(rooms, started.import_id)
    _report(ended)
    raise typer.Exit(0 if ended.state is ImportState.DONE else 1)


def follow_import(rooms: Rooms, import_id: ImportId, *, title: str = "") -> Import:
    """Show an import's progress until it ends; Ctrl-C asks it to stop and waits for its present batch."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=None)
        while True:
            try:
                current = _get(rooms, import_id)
                label = f"{title} {_say('cli.import_phase.' + current.phase)}".strip()
                handled = current.rows_read if current.rows_total is None else current.rows_handled
                progress.update(task, description=label, total=current.rows_total, completed=handled)
                if current.state in _ENDED:
                    return current
                time.sleep(_POLL_SECONDS)
            except KeyboardInterrupt:
                with rooms.database.transaction(actor="cli") as uow:
                    ingestion.stop_import(uow, import_id)


def _get(rooms: Rooms, import_id: ImportId) -> Import:
    with rooms.database.transaction(actor="cli") as uow:
        return ingestion.get_import(uow, import_id)


def _chosen(proposal: Proposal, mapping: Path | None, *, is_whole: bool) -> ImportMapping:
    if mapping is not None:
        return mapping_of(MappingBody.model_validate_json(mapping.read_text(encoding="utf-8")))
    if proposal.missing:
        console.print(_say("cli.import_missing", fields=", ".join(proposal.missing)))
        raise typer.Exit(1)
    return replace(proposal.mapping, is_whole=is_whole)


def _show_plan(mapping: ImportMapping, preview: Preview) -> None:
    table = Table(_say("cli.import_column"), _say("cli.import_field"), box=None)
    for binding in mapping.bindings:
        table.add_row(binding.column, binding.field)
    if mapping.part_column:
        table.add_row(mapping.part_column, _say("cli.import_part"))
    console.print(table)
    for name, value in mapping.options.items():
        console.print(f"{name} = {value}")
    console.print(
        _say(
            "cli.import_preview", checked=preview.checked, rejected=preview.rejected, records=preview.records
        )
    )
    for reason in preview.reasons:
        console.print(f"  {reason.rows} × {_say(reason.code, field=reason.field or '')}")


def _report(ended: Import) -> None:
    table = Table("", _say("cli.import_records"), _say("cli.import_rows"), box=None)
    for name in ("taken", "changed", "unchanged", "rejected"):
        table.add_row(
            _say(f"cli.import_{name}"), str(getattr(ended.records, name)), str(getattr(ended.rows, name))
        )
    console.print(table)
    for reason in ended.reasons:
        console.print(f"  {reason.rows} × {_say(reason.code, field=reason.field or '')}")
    if ended.state is ImportState.FAILED and ended.error_code:
        console.print(_say(ended.error_code, **ended.error_detail))
    elif ended.state is ImportState.STOPPED:
        console.print(_say("cli.import_stopped"))


def _say(code: str, /, **detail: object) -> str:
    return translate(code, terminal_locale(), detail)
