"""The list of decisions, from the first heading and the status of each page in docs/decisions."""

import re
from pathlib import Path
from typing import Final

DECISIONS: Final = Path(__file__).resolve().parents[2] / "docs" / "decisions"
_STATUS: Final = re.compile(r"(?im)^\W*status\W+(?P<status>[a-z][^\n|*]*)")

_NUMBER: Final = re.compile(r"^#\s*(?:ADR-?)?\d*[\s.:—-]*")


def page() -> str:
    """Return the page as Markdown."""
    lines = [
        "# Decisions",
        "",
        "What was chosen, against what, and which check holds it. A decision is never edited after it was accepted, only superseded.",
        "",
        "| | decision | status |",
        "| --- | --- | --- |",
    ]
    for path in sorted(DECISIONS.glob("[0-9]*.md")):
        text = path.read_text(encoding="utf-8")
        title = _NUMBER.sub("", text.partition("\n")[0])
        status = _STATUS.search(text)
        lines.append(
            f"| {path.name[:4]} | [{title}]({path.name}) | {status['status'].strip() if status else 'accepted'} |"
        )
    return "\n".join(lines) + "\n"
