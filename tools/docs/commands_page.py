"""The command page: every command of `./feilun` with its arguments and options."""

from collections.abc import Iterator

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from feilun.entrypoints.cli import app

_FOR_ENGINEERS = """\
## For engineers

These need the development packages (`requirements/dev.txt`), which the launcher installs by itself.

- `feilun check [--only NAME]`: formatting, types, boundaries, house rules, web checks, fresh reference pages
- `feilun test [--long] [--update-golden] [pytest arguments]`: every check, then every test, browsers included
- `feilun bench [NAME]`: list benchmarks, or run one and print its result as one JSON line
- `feilun docs [--check]`: write these reference pages and build the documentation
"""


def page() -> str:
    """Return the page as Markdown."""
    lines = ["# Commands", "", "`./feilun` prepares what is missing, then runs the command."]
    for path, command in _walk(get_command(app), ()):
        lines += ["", f"## `feilun {' '.join(path)}`", "", _one_line(command.help)]
        rows = [_row(parameter) for parameter in command.params]
        if rows:
            lines += ["", "| argument or option | meaning |", "| --- | --- |", *rows]
    return "\n".join([*lines, "", _FOR_ENGINEERS])


def _walk(command: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    if isinstance(command, TyperGroup):
        for name in sorted(command.commands):
            yield from _walk(command.commands[name], (*path, name))
    elif isinstance(command, TyperCommand) and not command.hidden:
        yield path, command


def _row(parameter: object) -> str:
    if isinstance(parameter, TyperOption):
        names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
        return f"| {names} | {_one_line(parameter.help)} |"
    assert isinstance(parameter, TyperArgument)
    return f"| `{(parameter.name or '').upper()}` | {_one_line(parameter.help)} |"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")
