"""Running previews: one per editor, a few at once, ended when a newer one comes."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from feilun.segments.errors import PreviewsBusy, PreviewSuperseded

RUNNING_MAX: Final = 3
"""The warehouse answers others beside previews; each of them reads everybody."""
WAIT_SECONDS_MAX: Final = 4.0


class PreviewDesk:
    """Belongs to one process. Editors of one process end each other's older previews there."""

    def __init__(self) -> None:
        self._running = threading.Semaphore(RUNNING_MAX)
        self._guard = threading.Lock()
        self._numbers = itertools.count(1)
        self._active: dict[str, int] = {}
        """Per editor how many previews wait or run."""
        self._newest: dict[str, int] = {}

    @contextmanager
    def turn(self, editor: str | None, end: Callable[[str], None]) -> Iterator[str]:
        """Give a mark for the preview's query when it may run; `end` ends the query with a mark.

        A newer preview of the same editor ends this one. Raises: PreviewSuperseded, PreviewsBusy.
        """
        number = next(self._numbers)
        older = self._announce(editor, number)
        try:
            if older is not None:
                end(self._mark(older))
            if not self._running.acquire(timeout=WAIT_SECONDS_MAX):
                raise PreviewsBusy("too many previews run")
            try:
                if self._is_old(editor, number):
                    raise PreviewSuperseded("a newer preview took its place")
                yield self._mark(number)
            finally:
                self._running.release()
        finally:
            self._leave(editor)

    def is_old(self, editor: str | None, mark: str) -> bool:
        """Tell whether a newer preview of the editor has begun since the one with a mark."""
        return self._is_old(editor, int(mark.rstrip("-").rsplit("-", 1)[1]))

    def _mark(self, number: int) -> str:
        return f"preview-{id(self):x}-{number}-"

    def _announce(self, editor: str | None, number: int) -> int | None:
        if editor is None:
            return None
        with self._guard:
            older = self._newest.get(editor)
            self._active[editor] = self._active.get(editor, 0) + 1
            self._newest[editor] = number
            return older

    def _leave(self, editor: str | None) -> None:
        if editor is None:
            return
        with self._guard:
            self._active[editor] -= 1
            if self._active[editor] == 0:
                del self._active[editor], self._newest[editor]

    def _is_old(self, editor: str | None, number: int) -> bool:
        with self._guard:
            return editor is not None and self._newest[editor] != number
