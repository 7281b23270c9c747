"""The launcher: what old Pythons are told, what counts as installed, what an interrupted start leaves behind."""

import ast
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
_STARTING_MS_MAX: Final = 400
"""Of a warm launcher up to its exec; about 60 on an idle core, several times that beside other tests."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout under a path with spaces whose environment 'is installed': its python only tells how it was called."""
    copy = tmp_path / "my shop 飞轮"
    copy.mkdir()
    shutil.copy2(ROOT / "feilun", copy)
    shutil.copytree(
        ROOT / "tools" / "launcher", copy / "tools" / "launcher", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy2(ROOT / "tools" / "__init__.py", copy / "tools")
    shutil.copytree(ROOT / "requirements", copy / "requirements")
    python = copy / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    (copy / ".venv" / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s|" "$@"\nprintf "%s" "$PYTHONSAFEPATH$PYTHONPATH"\n')
    python.chmod(0o755)
    _mark_installed(copy, "base", "dev")
    return copy


def _mark_installed(checkout: Path, *locks: str) -> None:
    program = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); from tools.launcher import environment as e; import os;"
        "e._STAMP.write_text(json.dumps({'interpreter': os.path.realpath(e.PYTHON)}"
        " | {name: e._hash(name) for name in sys.argv[2:]}))"
    )
    subprocess.run([sys.executable, "-c", program, str(checkout), *locks], check=True)


def _launch(checkout: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(checkout / "feilun"), *arguments],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | variables,
        check=False,
    )


def test_a_prepared_checkout_becomes_the_program_with_its_arguments(checkout: Path) -> None:
    done = _launch(checkout, "doctor", "--data", "a b", PYTHONPATH="/elsewhere")

    assert (done.stdout, done.stderr) == ("-m|feilun.entrypoints.cli|doctor|--data|a b|1", "")


def test_engineering_commands_become_their_tools(checkout: Path) -> None:
    assert _launch(checkout, "bench", "B8").stdout == "-m|benchmarks.run|B8|"


def test_a_warm_start_takes_no_time(checkout: Path) -> None:
    _launch(checkout, "doctor")
    began = time.monotonic()

    _launch(checkout, "doctor")

    assert (time.monotonic() - began) * 1000 < _STARTING_MS_MAX


def test_a_changed_lock_is_installed_again(checkout: Path) -> None:
    with (checkout / "requirements" / "base.txt").open("a") as lock:
        lock.write("# changed\n")
    with (checkout / "requirements" / "dev.txt").open("a") as lock:
        lock.write("# changed\n")

    done = _launch(checkout, "doctor")

    assert "(requirements/base.txt)" in done.stderr
    assert json.loads((checkout / ".venv" / "feilun-installed.json").read_text())["base"]
    assert done.stdout.startswith("-m|feilun.entrypoints.cli|doctor|")


def test_a_failing_install_is_told_in_words_and_started_again(checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.write_text("#!/bin/sh\necho 'ERROR: no network'\nexit 1\n")
    _mark_installed(checkout, "node")

    done = _launch(checkout, "doctor")

    assert done.returncode == 1
    assert "pip could not install requirements/base.txt" in done.stderr
    assert "ERROR: no network" in done.stderr
    assert (checkout / ".venv" / "feilun-unfinished").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_checkout_is_told_in_words(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    checkout.chmod(0o555)

    done = _launch(checkout, "doctor")

    checkout.chmod(0o755)
    assert "must be writable while Feilun prepares itself" in done.stderr


def test_the_launcher_file_parses_on_python_2_and_early_3() -> None:
    """Checked by the constructions old parsers lack; where an old Python is at hand it is asked as well."""
    text = (ROOT / "feilun").read_text(encoding="utf-8")
    forbidden = (
        ast.JoinedStr,
        ast.AnnAssign,
        ast.NamedExpr,
        ast.AsyncFunctionDef,
        ast.Match,
        ast.Nonlocal,
        ast.Starred,
    )

    assert text.isascii()
    for node in ast.walk(ast.parse(text)):
        assert not isinstance(node, forbidden), ast.dump(node)
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
            assert not node.args.kwonlyargs


@pytest.mark.parametrize("name", ["python2.7", "python3.6", "python3.9", "python3.10"])
def test_an_old_python_is_told_what_to_install(name: str, tmp_path: Path) -> None:
    candidates = [
        shutil.which(name),
        *Path.home().glob(f".pyenv/versions/{name.removeprefix('python')}*/bin/{name}"),
    ]
    old = next((str(path) for path in candidates if path and _works(str(path))), None)
    if old is None:
        pytest.skip(f"{name} is not on this machine")

    done = subprocess.run(
        [old, str(ROOT / "feilun"), "up"],
        capture_output=True,
        encoding="utf-8",
        env={"PATH": str(tmp_path)},
        check=False,
    )

    assert done.returncode == 3
    assert "Feilun needs Python 3.11 or newer" in done.stderr


def _works(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
