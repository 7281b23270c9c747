"""`./feilun bench` lists benchmarks; `./feilun bench NAME [--save]` runs one and prints its result as one JSON line."""

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

import benchmarks
from benchmarks.result import Benchmark, Result

_RESULTS: Final = Path(__file__).parent / "results"


def main() -> int:
    """List, or run one; exit code 1 when the bar is missed."""
    parser = argparse.ArgumentParser(prog="feilun bench", description=__doc__)
    parser.add_argument("name", nargs="?", help="which one, e.g. B8; without it they are listed")
    parser.add_argument(
        "--save", action="store_true", help="append the line to benchmarks/results/NAME.jsonl"
    )
    options = parser.parse_args()
    known = {benchmark.NAME.upper(): benchmark for benchmark in all_benchmarks()}
    if options.name is None:
        for benchmark in known.values():
            print(f"{benchmark.NAME:<8}{benchmark.describe}\n        bar: {benchmark.BAR}")
        return 0
    chosen = known.get(options.name.upper())
    if chosen is None:
        print(f"no benchmark {options.name}; there are: {', '.join(known) or 'none'}", file=sys.stderr)
        return 2
    result = chosen.run()
    line = json.dumps(as_record(chosen, result), ensure_ascii=False)
    print(line)
    if options.save:
        _RESULTS.mkdir(exist_ok=True)
        with (_RESULTS / f"{chosen.NAME}.jsonl").open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
    return 0 if result.is_ok else 1


def all_benchmarks() -> list[Benchmark]:
    """Return every module of this package that is a benchmark, by name."""
    found = []
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name != "run":
            loaded = importlib.import_module(f"benchmarks.{module.name}")
            if hasattr(loaded, "NAME"):
                found.append(cast(Benchmark, loaded))
    return sorted(found, key=lambda benchmark: (len(benchmark.NAME), benchmark.NAME))


def as_record(benchmark: Benchmark, result: Result) -> dict[str, object]:
    """Return the printed form of a result."""
    return {
        "name": benchmark.NAME,
        "value": round(result.value, 4),
        "unit": result.unit,
        "bar": benchmark.BAR,
        "ok": result.is_ok,
        "floor": round(result.floor, 4),
        "floor_unit": result.floor_unit,
        **result.detail,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


if __name__ == "__main__":
    sys.exit(main())
