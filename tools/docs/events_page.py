"""The events page: what every room publishes in the log, read off its `events.py`."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event; `fields` are (name, type, meaning)."""

    type: str
    meaning: str
    fields: tuple[tuple[str, str, str], ...]


def page() -> str:
    """Return the page as Markdown."""
    lines = [
        "# Events",
        "",
        "Facts in the event log, by type. Payloads hold ids and figures that identify nobody directly. Every event also has",
        "`position`, `occurred_at`, `recorded_at`, `origin` (`live`, `backfill`, `replay`), `person_id` and `actor`.",
    ]
    for event in event_types():
        lines += ["", f"## `{event.type}`", "", event.meaning]
        if event.fields:
            lines += ["", "| field | type | meaning |", "| --- | --- | --- |"]
            lines += [
                f"| `{name}` | `{kind.replace('|', chr(92) + '|')}` | {meaning} |"
                for name, kind, meaning in event.fields
            ]
    return "\n".join(lines) + "\n"


def event_types() -> list[EventType]:
    """Return all event types by name: dataclasses with a `type`, and constants 'room.past_tense' with a docstring."""
    paths = sorted((ROOT / "src" / "feilun").glob("*/events.py"))
    return sorted((event for path in paths for event in _events(path)), key=lambda event: event.type)


def _events(path: Path) -> Iterator[EventType]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    room = path.parent.name
    for statement, following in zip(tree.body, [*tree.body[1:], ast.Pass()], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.value, ast.Constant):
            name = statement.value.value
            if isinstance(name, str) and name.startswith(f"{room}."):
                yield EventType(name, _text(following), ())
        elif isinstance(statement, ast.ClassDef):
            fields = list(_fields(statement.body))
            types = [value for name, _, _, value in fields if name == "type" and value]
            shown = tuple((name, kind, meaning) for name, kind, meaning, _ in fields if name != "type")
            if types:
                yield EventType(types[0], " ".join((ast.get_docstring(statement) or "").split()), shown)


def _fields(body: list[ast.stmt]) -> Iterator[tuple[str, str, str, str | None]]:
    for statement, following in zip(body, [*body[1:], ast.Pass()], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            value = statement.value.value if isinstance(statement.value, ast.Constant) else None
            text = value if isinstance(value, str) else None
            yield statement.target.id, ast.unparse(statement.annotation), _text(following), text


def _text(node: ast.stmt) -> str:
    if (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ):
        return " ".join(node.value.value.split())
    return ""
