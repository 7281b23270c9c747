"""The settings page: every `FEILUN_*` variable the program reads, with the docstring of the field or constant it fills."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_VARIABLE: Final = re.compile(r"FEILUN_[A-Z_]+")
_FOR_TESTS: Final = {"FEILUN_TESTING", "FEILUN_CRASH_AT"}


class Undocumented(Exception):
    """A variable that the program reads and nothing describes."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable."""

    name: str
    default: str
    meaning: str


def page() -> str:
    """Return the page as Markdown. Raises: Undocumented."""
    lines = [
        "# Settings",
        "",
        "Environment variables, read at start. Options of a command (`--data`, `--port`, `--host`) win over them.",
        "",
        "| variable | default | meaning |",
        "| --- | --- | --- |",
    ]
    lines += [f"| `{item.name}` | {item.default} | {item.meaning} |" for item in settings()]
    return "\n".join(lines) + "\n"


def settings() -> list[Setting]:
    """Return every setting by name. Raises: Undocumented."""
    described = {setting.name: setting for path in _sources() for setting in _described_in(path)}
    read = {name for path in _sources() for name in _literals(path)} - _FOR_TESTS
    missing = sorted(read - described.keys())
    if missing:
        raise Undocumented(
            f"{', '.join(missing)}: put the variable into platform/config.py with a docstring on its field, "
            "or into a module constant with a docstring below it"
        )
    return sorted(described.values(), key=lambda setting: setting.name)


def _sources() -> list[Path]:
    return sorted((ROOT / "src" / "feilun").rglob("*.py"))


def _literals(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _VARIABLE.fullmatch(node.value)
    }


def _described_in(path: Path) -> Iterator[Setting]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield from _constants(tree)
    if path.name == "config.py":
        yield from _fields(tree)


def _constants(tree: ast.Module) -> Iterator[Setting]:
    for statement, following in zip(tree.body, tree.body[1:], strict=False):
        meaning = _text(following)
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value and meaning:
            for name, default in _variables(statement.value):
                yield Setting(name, default, meaning)


def _fields(tree: ast.Module) -> Iterator[Setting]:
    """Follow each keyword of `Settings(…)` back to the variable that it is read from."""
    meanings: dict[str, str] = {}
    (owner,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings")
    for statement, following in zip(owner.body, owner.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            meanings[statement.target.id] = _text(following) or ""
    (load,) = (
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "load_settings"
    )
    local = {
        target.id: statement.value
        for statement in load.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(load):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Settings":
            for keyword in call.keywords:
                used = [
                    local[node.id]
                    for node in ast.walk(keyword.value)
                    if isinstance(node, ast.Name) and node.id in local
                ]
                for name, default in [
                    pair for source in [keyword.value, *used] for pair in _variables(source)
                ][:1]:
                    field = keyword.arg or ""
                    yield Setting(name, default, meanings.get(field) or f"See `Settings.{field}`.")


def _variables(value: ast.expr) -> Iterator[tuple[str, str]]:
    """Yield (variable, default) for every `environ.get("X", default)` or plain "X" in an expression."""
    with_default = {
        node.args[0].value: str(node.args[1].value)
        for node in ast.walk(value)
        if isinstance(node, ast.Call) and len(node.args) > 1
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[1], ast.Constant)
    }
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _VARIABLE.fullmatch(node.value):
            default = with_default.get(node.value)
            yield node.value, f"`{default}`" if default else "—"


def _text(node: ast.stmt) -> str | None:
    if (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ):
        return " ".join(node.value.value.split())
    return None
