"""Named points at which a test kills this process, to prove that nothing is lost or doubled there."""

import os
import signal
from typing import Final

_CRASH_AT: Final = os.environ.get("FEILUN_CRASH_AT") if os.environ.get("FEILUN_TESTING") == "1" else None


def crash_here(name: str) -> None:
    """Kill this process without any clean-up when a test asked for this point; otherwise one comparison."""
    if name == _CRASH_AT:
        os.kill(os.getpid(), signal.SIGKILL)
