"""Expected errors of conditions; each code has a message in `locales.json`."""

from collections.abc import Sequence

from feilun.conditions.contracts import Problem
from feilun.kernel.errors import Invalid


class ConditionInvalid(Invalid):
    """The condition cannot be read or does not fit the catalogue; `problems` says all that is wrong and where."""

    code = "conditions.invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        super().__init__(
            f"{len(problems)} problems; the first is {first.code} at {first.path or '/'}",
            count=len(problems),
            problems=[{"code": p.code, "path": p.path, "detail": dict(p.detail)} for p in problems],
        )
        self.problems = tuple(problems)
