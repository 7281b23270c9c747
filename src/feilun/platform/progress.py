"""Progress of long work: told as a code with its values, so that whoever listens chooses the language."""

from typing import Protocol


class Tell(Protocol):
    """Takes one step of progress; codes are in `locales.json` like those of errors."""

    def __call__(self, code: str, /, **detail: object) -> None:
        """Note that the work has come to `code`."""
        ...


def silent(code: str, /, **detail: object) -> None:
    """Listen to nothing."""
