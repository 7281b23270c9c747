"""Collecting problems: all of them up to a number that somebody may still read."""

from typing import Final

from feilun.conditions.contracts import VALUES_TOTAL_MAX, Problem

PROBLEMS_MAX: Final = 50
_SHOWN_MAX: Final = 60
"""Characters of hostile names repeated in a problem."""


class Problems:
    """Problems found so far, and what was used up of the limits that go for the whole condition."""

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self._values = 0

    def add(self, code: str, path: str, **detail: object) -> None:
        """Note a problem; beyond the limit it is dropped, for the first ones say enough."""
        if len(self.found) < PROBLEMS_MAX:
            self.found.append(Problem(code, path, detail))

    @property
    def is_full(self) -> bool:
        """Nothing more is noted, so nothing more needs to be looked for."""
        return len(self.found) >= PROBLEMS_MAX

    def take_values(self, count: int) -> bool:
        """Count values of lists; False when the condition has more of them than it may."""
        self._values += count
        return self._values <= VALUES_TOTAL_MAX


def shown(name: object) -> str:
    """Return a name as a problem may repeat it: short, and without what cannot be shown."""
    text = name if isinstance(name, str) else type(name).__name__
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:_SHOWN_MAX])


def pointer(path: str, key: object) -> str:
    """Return the JSON pointer to a key below `path`; that of a key too long or strange to repeat is `path` itself."""
    if not isinstance(key, str) or key != shown(key):
        return path
    return f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
