"""`python supervised.py DATA PORT [--demo]`: a supervisor over the real engines and stand-ins for api and worker."""

import sys
from pathlib import Path

from feilun.entrypoints.supervisor import Started, Supervisor
from feilun.entrypoints.terminal import say_error
from feilun.kernel.errors import FeilunError
from feilun.platform.config import load_settings


def main() -> int:
    def announce(started: Started) -> list[str]:
        return [f"password for {started.address}"]

    settings = load_settings(data_dir=Path(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]))
    stand_in = str(Path(__file__).with_name("stand_in.py"))
    try:
        Supervisor(
            settings,
            demo="--demo" in sys.argv,
            announce=announce,
            command=lambda name: [sys.executable, stand_in, name],
        ).run()
    except FeilunError as error:
        say_error(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
