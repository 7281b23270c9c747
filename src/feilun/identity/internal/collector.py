"""Keeps the garbage collector out of bulk work.

A batch of records makes some hundred thousand small tuples that live until it ends and are in no cycle: reference counting
frees them all, and the collector would walk them again and again (a third of all CPU time of linking, measured).
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_paused_by = 0
_was_enabled = False


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector, in all threads, until the last of those who paused it is done."""
    global _paused_by, _was_enabled  # noqa: PLW0603 — the collector is one per process
    with _lock:
        if _paused_by == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _paused_by += 1
    try:
        yield
    finally:
        with _lock:
            _paused_by -= 1
            if _paused_by == 0 and _was_enabled:
                gc.enable()
