"""The house rules find what they forbid, where it stands, and nothing else."""

from pathlib import PurePosixPath

import pytest

from tools.lint.rules import check

DOCSTRING = '"""Module."""\n'


def _found(text: str, path: str = "src/feilun/orders/internal/service.py") -> list[tuple[int, str]]:
    return [(finding.line, finding.rule) for finding in check(PurePosixPath(path), DOCSTRING + text)]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("session.commit()", "no-commit"),
        ("uow.connection.rollback()", "no-commit"),
        ("datetime.now(UTC)", "no-machine-clock"),
        ("datetime.datetime.utcnow()", "no-machine-clock"),
        ("date.today()", "no-machine-clock"),
        ("time.time()", "no-machine-clock"),
        ("def f():\n import json", "no-hidden-imports"),
        ("if TYPE_CHECKING:\n import json", "no-hidden-imports"),
        ("try:\n f()\nexcept Exception:\n pass", "no-broad-except"),
        ("try:\n f()\nexcept (KeyError, BaseException):\n pass", "no-broad-except"),
        ("try:\n f()\nexcept:\n pass", "no-broad-except"),
    ],
)
def test_a_forbidden_construction_is_found(text: str, rule: str) -> None:
    assert [name for _, name in _found(text)] == [rule]


@pytest.mark.parametrize(
    "text",
    [
        "clock.now()",
        "time.monotonic()",
        "uow.now",
        "try:\n f()\nexcept BaseException:\n undo()\n raise",
        "commit(x)",
    ],
)
def test_what_is_allowed_is_not_found(text: str) -> None:
    assert _found(text) == []


def test_the_edge_may_commit_and_catch_everything() -> None:
    text = "connection.commit()\ntry:\n f()\nexcept Exception:\n report()"

    assert _found(text, "src/feilun/entrypoints/worker.py") == []


def test_the_clock_module_may_read_the_clock() -> None:
    assert _found("datetime.now(UTC)", "src/feilun/kernel/clock.py") == []


def test_an_interface_needs_docstrings_and_internals_do_not() -> None:
    text = "class Order:\n pass\ndef _private(): pass"

    assert _found(text, "src/feilun/orders/contracts.py") == [(2, "documented-interface")]
    assert _found(text) == []


def test_an_excuse_needs_a_reason_and_a_rule_that_exists() -> None:
    assert _found("x.commit()  # allow(no-commit): the import owns its batches") == []
    assert _found("x.commit()  # allow(no-commit)") == [(2, "no-commit")]
    assert _found("x = 1  # allow(no-such): because") == [(2, "no-such")]
