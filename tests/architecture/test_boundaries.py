"""Conditions on the shape of the code that import-linter cannot state. STYLE of the house: docs/architecture/index.md."""

import ast
import configparser
import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = ROOT / "src" / "feilun"
BASELINE: Final = Path(__file__).with_name("baseline.json")
FILE_LINES_MAX: Final = 600
FUNCTION_LINES_MAX: Final = 70
PURE_PACKAGES: Final = ("kernel", "conditions", "decisions")
IO_LIBRARIES: Final = (
    "sqlalchemy",
    "psycopg",
    "fastapi",
    "clickhouse_connect",
    "chdb",
    "pyarrow",
    "socket",
    "subprocess",
)


def _rooms() -> list[str]:
    return sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))


def _contracts() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter", encoding="utf-8")
    return parser


def test_every_room_with_internals_keeps_them_private() -> None:
    contracts = _contracts()
    protected = {
        contract["protected_modules"].strip(): contract["allowed_importers"].strip()
        for contract in contracts.values()
        if contract.get("type") == "protected"
    }

    expected = {
        f"feilun.{room}.internal": f"feilun.{room}"
        for room in _rooms()
        if (SOURCE / room / "internal").is_dir()
    }

    assert protected == expected


def test_every_room_with_internals_is_layered_inside() -> None:
    inside = _contracts()["importlinter:contract:inside"]["containers"].split()

    assert set(inside) == {f"feilun.{room}" for room in _rooms() if (SOURCE / room / "internal").is_dir()}


def test_no_boundary_has_an_exception() -> None:
    assert [name for name, contract in _contracts().items() if "ignore_imports" in contract] == []


def _pure_modules() -> list[str]:
    paths = [path for room in PURE_PACKAGES for path in (SOURCE / room).rglob("*.py")]
    paths += [*SOURCE.glob("*/contracts.py"), *SOURCE.glob("*/internal/domain.py")]
    return sorted(".".join(path.relative_to(SOURCE.parent).with_suffix("").parts) for path in paths)


def test_pure_modules_load_no_io_library() -> None:
    program = (
        "import importlib, sys\n"
        "for name in sys.argv[2].split(','):\n"
        "    importlib.import_module(name.removesuffix('.__init__'))\n"
        "print(*sorted(set(sys.argv[1].split(',')) & sys.modules.keys()))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, ",".join(IO_LIBRARIES), ",".join(_pure_modules())],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )

    assert done.stdout.split() == []


def _oversized() -> dict[str, int]:
    """Return 'path' or 'path::function' -> lines, for whatever is longer than it may be."""
    found: dict[str, int] = {}
    for folder in ("src", "tools", "benchmarks", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name, text = str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
            lines = text.count("\n")
            if lines > FILE_LINES_MAX:
                found[name] = lines
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    length = (node.end_lineno or node.lineno) - node.lineno + 1
                    if length > FUNCTION_LINES_MAX:
                        found[f"{name}::{node.name}"] = length
    return found


def test_files_and_functions_stay_short() -> None:
    allowed: dict[str, int] = json.loads(BASELINE.read_text(encoding="utf-8"))
    present = _oversized()

    grown = {name: lines for name, lines in present.items() if lines > allowed.get(name, 0)}
    mended = {name: lines for name, lines in allowed.items() if present.get(name, 0) < lines}

    assert not grown, (
        f"longer than {FILE_LINES_MAX} lines (file) or {FUNCTION_LINES_MAX} (function): split by use-case"
    )
    assert not mended, f"{BASELINE.name} only shrinks: lower or remove these"


@pytest.mark.parametrize("name", ["base.txt", "dev.txt", "node.txt"])
def test_locks_name_no_registry_and_pin_by_hash(name: str) -> None:
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    pins = [number for number, line in enumerate(lines) if "==" in line and not line.startswith(("#", " "))]

    assert not [line for line in lines if "://" in line or line.startswith("--")]
    assert pins
    assert all("--hash=sha256:" in lines[number + 1] for number in pins)


def test_the_development_lock_repeats_the_base_lock() -> None:
    """The launcher takes an installed dev.txt for an installed base.txt."""
    base, dev = (
        {
            line.rstrip(" \\")
            for line in (ROOT / "requirements" / name).read_text().splitlines()
            if "==" in line and line[0] != " "
        }
        for name in ("base.txt", "dev.txt")
    )

    assert base - dev == set()
