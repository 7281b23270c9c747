"""The rules, as pure functions from a parsed module to findings."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

_EXCUSE: Final = re.compile(r"#\s*allow\((?P<rule>[a-z-]+)\)(?P<reason>:\s*\S+)?")
_CLOCK_CALLS: Final = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
}
_OUTERMOST: Final = ("src/feilun/entrypoints/", "src/feilun/platform/consumers.py")
"""Where a failure of any kind is met for good: reported, stored, retried."""
_DOCUMENTED: Final = {"api.py", "contracts.py", "events.py", "errors.py"}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One broken rule at one place."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True, slots=True)
class Module:
    """A parsed file of `src/feilun`, `path` relative to the repository."""

    path: PurePosixPath
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The package under `feilun` that the file belongs to."""
        return self.path.parts[2] if len(self.path.parts) > 3 else ""


Rule = Callable[[Module], Iterator[tuple[int, str]]]


def no_commit(module: Module) -> Iterator[tuple[int, str]]:
    """Transactions are opened and closed at the edge, so that a room's work composes."""
    if module.room in ("platform", "entrypoints"):
        return
    for call in _calls(module.tree):
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("commit", "rollback"):
            yield call.lineno, f"{call.func.attr}() in a room: the edge (platform.db) ends transactions"


def no_machine_clock(module: Module) -> Iterator[tuple[int, str]]:
    """Time comes from the injected clock, so that every rule can be tested at any moment."""
    if module.path.parts[-2:] == ("kernel", "clock.py"):
        return
    for call in _calls(module.tree):
        if isinstance(call.func, ast.Attribute):
            owner = ast.unparse(call.func.value).rpartition(".")[2]
            if (owner, call.func.attr) in _CLOCK_CALLS:
                yield (
                    call.lineno,
                    f"{owner}.{call.func.attr}() reads the machine's clock: use uow.now or the injected clock",
                )


def no_hidden_imports(module: Module) -> Iterator[tuple[int, str]]:
    """An import inside a function or under TYPE_CHECKING is how a cycle hides."""
    for outer in ast.walk(module.tree):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in ast.walk(outer):
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    yield (
                        inner.lineno,
                        "import inside a function: move it to the top, or the need to a lower room",
                    )
        elif isinstance(outer, ast.If) and "TYPE_CHECKING" in ast.unparse(outer.test):
            yield outer.lineno, "import under TYPE_CHECKING: move it out, or the need to a lower room"


def no_broad_except(module: Module) -> Iterator[tuple[int, str]]:
    """Only the outermost loops may catch everything: elsewhere it swallows programming errors."""
    if str(module.path).startswith(_OUTERMOST):
        return
    for handler in ast.walk(module.tree):
        if isinstance(handler, ast.ExceptHandler) and not _raises_again(handler):
            names = "" if handler.type is None else ast.unparse(handler.type)
            if handler.type is None or re.search(r"\b(Base)?Exception\b", names):
                yield handler.lineno, "catches everything: name the errors that are expected here"


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def documented_interface(module: Module) -> Iterator[tuple[int, str]]:
    """Every module says what it owns; every facade function, contract, event and error says what it promises."""
    if ast.get_docstring(module.tree) is None:
        yield 1, "module without docstring: say what it owns and the one decision that is not obvious"
    if module.path.name not in _DOCUMENTED:
        return
    for node in module.tree.body:
        if not isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            yield node.lineno, f"{node.name} is part of the room's interface and has no docstring"


RULES: Final[dict[str, Rule]] = {
    "no-commit": no_commit,
    "no-machine-clock": no_machine_clock,
    "no-hidden-imports": no_hidden_imports,
    "no-broad-except": no_broad_except,
    "documented-interface": documented_interface,
}


def check(path: PurePosixPath, text: str) -> list[Finding]:
    """Return what is wrong in one file, in line order."""
    module = Module(path, text, ast.parse(text))
    excuses = _excuses(text)
    findings = {
        Finding(str(path), line, name, message)
        for name, rule in RULES.items()
        for line, message in rule(module)
        if name not in excuses.get(line, {})
    }
    for line, rules in excuses.items():
        findings |= {
            Finding(str(path), line, name, "excuse without a reason" if name in RULES else "no such rule")
            for name, has_reason in rules.items()
            if not has_reason or name not in RULES
        }
    return sorted(findings)


def _excuses(text: str) -> dict[int, dict[str, bool]]:
    found: dict[int, dict[str, bool]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        for match in _EXCUSE.finditer(line):
            found.setdefault(number, {})[match["rule"]] = bool(match["reason"])
    return found


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))
