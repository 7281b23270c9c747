"""What a benchmark gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One measurement; printed as one JSON line."""

    value: float
    unit: str
    is_ok: bool
    """Whether the bar is met."""
    floor: float
    """What the same machine does without us, measured in the same run, e.g. raw COPY in rows/s."""
    floor_unit: str
    detail: Mapping[str, object] = field(default_factory=dict)
    """Further figures: sizes, quantiles, versions."""


class Benchmark(Protocol):
    """What a benchmark module looks like."""

    NAME: str
    BAR: str
    describe: str

    def run(self) -> Result:
        """Measure; may take minutes, and cleans up after itself."""
        ...
