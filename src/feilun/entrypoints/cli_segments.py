"""`feilun segments …`: what segments there are, who is in them and why, and definitions as files."""

import json
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from feilun.conditions.contracts import Explanation
from feilun.entrypoints.cli_import import DataOption
from feilun.entrypoints.terminal import terminal_locale
from feilun.entrypoints.wiring import open_rooms
from feilun.kernel.ids import PersonId, opaque
from feilun.platform.config import load_settings
from feilun.platform.i18n import translate
from feilun.profiles import api as profiles
from feilun.profiles.timeline_http import person_id_of
from feilun.segments import api
from feilun.segments.contracts import SegmentFilter
from feilun.segments.http_shapes import SegmentFile, SegmentFileEntry

app = typer.Typer(no_args_is_help=True, help="Segments: groups of customers that conditions decide about.")
console: Final = Console(highlight=False)

_LISTED_MAX: Final = 2_000
KeyArgument = Annotated[str, typer.Argument(help="Key of the segment.")]
FileArgument = Annotated[Path, typer.Argument(help="JSON file.", exists=True, dir_okay=False)]


@app.command("list")
def list_segments(data: DataOption = None) -> None:
    """List segments with size and health."""
    with open_rooms(load_settings(data_dir=data)) as rooms, rooms.database.transaction(actor="cli") as uow:
        found, _ = api.list_segments(uow, SegmentFilter(), limit=_LISTED_MAX)
    table = Table("key", "name", "kind", "state", "version", "size", "health", box=None)
    for segment in found:
        size = "-" if segment.status.size is None else str(segment.status.size)
        table.add_row(
            segment.key,
            Text(segment.name),
            segment.kind.value,
            segment.state.value,
            str(segment.version),
            size,
            segment.status.health.value,
        )
    console.print(table)


@app.command()
def show(key: KeyArgument, data: DataOption = None) -> None:
    """Show a segment: its condition in words and as JSON, size, what is wrong with it."""
    locale = terminal_locale()
    with open_rooms(load_settings(data_dir=data)) as rooms, rooms.database.transaction(actor="cli") as uow:
        segment = api.get_segment_by_key(uow, key)
        sentence = api.describe(uow, rooms.segments, segment.condition, locale=locale)
    console.print(Text(f"{segment.name} ({segment.key}, v{segment.version}, {segment.state.value})"))
    console.print(Text(sentence))
    status = segment.status
    console.print(Text(f"{status.health.value}, {'-' if status.size is None else status.size}"))
    if status.problem is not None:
        console.print(Text(translate(status.problem.code, locale, status.problem.detail), "red"))
    print(json.dumps(api.condition_json(segment.condition), ensure_ascii=False, indent=2))  # noqa: T201


@app.command()
def preview(file: FileArgument, data: DataOption = None) -> None:
    """Count the customers whom a condition in a file fits now."""
    locale = terminal_locale()
    with open_rooms(load_settings(data_dir=data)) as rooms:
        condition = json.loads(file.read_text(encoding="utf-8"))
        found = api.preview(rooms.database, rooms.segments, condition, sample=10, locale=locale)
    console.print(Text(found.sentence))
    console.print(Text(f"{found.count} / {found.total} ({found.took_ms} ms)"))
    for person_id in found.sample:
        console.print(opaque("c", person_id))


@app.command()
def members(
    key: KeyArgument,
    data: DataOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 100,
) -> None:
    """Print the ids of members, one a line."""
    with open_rooms(load_settings(data_dir=data)) as rooms, rooms.database.transaction(actor="cli") as uow:
        segment = api.get_segment_by_key(uow, key)
        page = api.list_members(uow, segment.segment_id, after=PersonId(0), limit=limit)
    for person_id in page.person_ids:
        print(opaque("c", person_id))  # noqa: T201
    console.print(Text(f"{len(page.person_ids)} / {page.total}"), style="dim")


@app.command()
def explain(
    key: KeyArgument,
    customer: Annotated[str, typer.Argument(help="Id of the customer, e.g. c_7k3n0q9xw2.")],
    data: DataOption = None,
) -> None:
    """Tell why a customer is in a segment, or not."""
    locale = terminal_locale()
    with open_rooms(load_settings(data_dir=data)) as rooms, rooms.database.transaction(actor="cli") as uow:
        segment = api.get_segment_by_key(uow, key)
        found = api.explain_segment(
            uow, rooms.segments, segment.segment_id, person_id_of(customer), locale=locale
        )
        name = profiles.names_of(uow, [found.person_id], reveal=False).get(found.person_id)
    console.print(Text(f"{opaque('c', found.person_id)} {name or ''}"))
    _print_tree(found.tree, 0)
    raise typer.Exit(0 if found.tree.holds else 1)


def _print_tree(node: Explanation, depth: int) -> None:
    mark, colour = ("✓", "green") if node.holds else ("✗", "red")
    actual = ", ".join(f"{value.label}: {value.value}" for value in node.actual)
    line = f"{'  ' * depth}{mark} {node.sentence}{f'  [{actual}]' if actual else ''}"
    console.print(Text(line, colour if node.is_decisive else ""))
    for part in node.parts:
        _print_tree(part, depth + 1)


@app.command("export")
def export_definitions(
    keys: Annotated[list[str] | None, typer.Argument(help="Keys; none: all.")] = None,
    data: DataOption = None,
) -> None:
    """Print definitions as a file that `segments import` takes."""
    with open_rooms(load_settings(data_dir=data)) as rooms, rooms.database.transaction(actor="cli") as uow:
        ids = [api.get_segment_by_key(uow, key).segment_id for key in keys or ()]
        entries = api.export_definitions(uow, ids)
    file = SegmentFile(segments=[SegmentFileEntry.model_validate(entry) for entry in entries])
    sys.stdout.write(file.model_dump_json(indent=2) + "\n")


@app.command("import")
def import_definitions(
    file: FileArgument,
    data: DataOption = None,
    is_agreed: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Show what a file of definitions would change, and take in new and changed ones."""
    locale = terminal_locale()
    entries = [
        entry.model_dump()
        for entry in SegmentFile.model_validate_json(file.read_text(encoding="utf-8")).segments
    ]
    with open_rooms(load_settings(data_dir=data)) as rooms:
        with rooms.database.transaction(actor="cli") as uow:
            items = api.import_definitions(uow, rooms.segments, entries, is_applied=False)
        table = Table("key", "name", "", box=None)
        for item in items:
            problems = "; ".join(
                f"{problem.path}: {translate(problem.code, locale, problem.detail)}"
                for problem in item.problems
            )
            table.add_row(
                item.key, Text(item.name), Text(problems or f"{item.verdict.value} {', '.join(item.changes)}")
            )
        console.print(table)
        if not is_agreed and not typer.confirm(translate("segments.import_confirm", locale)):
            raise typer.Exit(1)
        with rooms.database.transaction(actor="cli") as uow:
            api.import_definitions(uow, rooms.segments, entries, is_applied=True)
