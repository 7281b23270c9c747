"""What can go wrong with the embedded engines, each with a code of its own and a message that says what to do."""

from feilun.kernel.errors import Conflict, FeilunError, Transient


class EngineNotRunning(Transient):
    """The embedded engines of this data directory are not running."""

    code = "engines.not_running"


class EngineInUse(Conflict):
    """Another process already works on this data directory; detail: path, pid."""

    code = "engines.in_use"


class EngineBinariesMissing(FeilunError):
    """There are no PostgreSQL programs where they should be; detail: path."""

    code = "engines.binaries_missing"
    http_status = 500


class EngineVersionMismatch(FeilunError):
    """The data was written by another major version of PostgreSQL; detail: data_version, program_version, path."""

    code = "engines.version_mismatch"
    http_status = 500


class EngineDiskFull(FeilunError):
    """The disk under the data directory has no room to start the engine; detail: path, free_mb."""

    code = "engines.disk_full"
    http_status = 500


class EnginePathClosed(FeilunError):
    """The account PostgreSQL must run as cannot reach a path, and this machine withholds the right to let it; detail: path, user."""

    code = "engines.path_closed"
    http_status = 500


class EngineAccountMissing(FeilunError):
    """Run as root, and there is no account without rights that PostgreSQL could run as."""

    code = "engines.account_missing"
    http_status = 500


class EngineDataForeign(FeilunError):
    """The data belongs to another account of the machine than the one that runs the program; detail: path, owner, user."""

    code = "engines.data_foreign"
    http_status = 500


class EngineSocketUnsafe(FeilunError):
    """The directory for the private socket exists and belongs to someone else; detail: path."""

    code = "engines.socket_unsafe"
    http_status = 500


class EngineStartFailed(FeilunError):
    """PostgreSQL ended while it started, for a reason its log tells; detail: reason, log."""

    code = "engines.start_failed"
    http_status = 500
