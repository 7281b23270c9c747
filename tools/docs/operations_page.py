"""The API page: every operation of the OpenAPI file with the permission it demands."""

import json
from pathlib import Path
from typing import Any, Final

OPENAPI: Final = Path(__file__).resolve().parents[2] / "web" / "openapi.json"


def page() -> str:
    """Return the page as Markdown."""
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    lines = [
        "# API",
        "",
        "Under `/api/v1`; the whole description is served at `/api/openapi.json`, a page to try it at `/api/docs`.",
        "Log in with a session cookie or send `Authorization: Bearer KEY`.",
    ]
    last = ""
    for tag, line in _rows(document):
        if tag != last:
            last = tag
            lines += [
                "",
                f"## {tag}",
                "",
                "| operation | | permission | what it does |",
                "| --- | --- | --- | --- |",
            ]
        lines.append(line)
    return "\n".join(lines) + "\n"


def _rows(document: dict[str, Any]) -> list[tuple[str, str]]:
    rows = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = next(iter(operation.get("tags", ())), "other")
            permission = f"`{operation['x-permission']}`" if "x-permission" in operation else "—"
            summary = (operation.get("description") or operation.get("summary") or "").split("\n\n")[0]
            cells = (
                f"`{operation['operationId']}`",
                f"`{method.upper()} {path}`",
                permission,
                " ".join(summary.split()),
            )
            rows.append((tag, path, method, f"| {' | '.join(cells)} |"))
    return [(tag, line) for tag, _, _, line in sorted(rows)]
