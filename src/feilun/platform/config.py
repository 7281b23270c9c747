"""Settings, read once from the environment and the data directory. Every setting is documented in docs/reference/settings.md."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are. Built by `load_settings`; tests build their own."""

    data_dir: Path
    """Everything the program stores, except keys."""
    keys_dir: Path
    """Master keys; kept outside `data_dir` so that a copied or backed-up data directory stays sealed."""
    database_url: str | None
    """External PostgreSQL (`postgresql://…`), or None for the embedded one."""
    warehouse_url: str | None
    """External ClickHouse (`http://user:password@host:8123/database`), or None for the embedded one."""
    host: str
    """Address the API listens on."""
    port: int
    """Port of the pages and the API."""
    base_zone: str
    """IANA zone of business dates, e.g. 'Asia/Shanghai'."""
    currency: str
    """Default currency of orders that name none."""

    @property
    def files_dir(self) -> Path:
        """Uploaded files and spools of running imports."""
        return self.data_dir / "files"

    @property
    def run_dir(self) -> Path:
        """Sockets, pid files and tokens of the running processes."""
        return self.data_dir / "run"


def load_settings(
    *, data_dir: Path | None = None, host: str | None = None, port: int | None = None
) -> Settings:
    """Build settings from `FEILUN_*` variables; arguments win over them.

    Keys live beside the data directory (`<data>.keys`) unless `FEILUN_KEYS` says otherwise.
    """
    data = (data_dir or Path(os.environ.get("FEILUN_DATA", "var/data"))).expanduser().resolve()
    keys = os.environ.get("FEILUN_KEYS")
    return Settings(
        data_dir=data,
        keys_dir=Path(keys).expanduser().resolve() if keys else data.with_name(data.name + ".keys"),
        database_url=os.environ.get("FEILUN_DATABASE_URL") or None,
        warehouse_url=os.environ.get("FEILUN_WAREHOUSE_URL") or None,
        host=host or os.environ.get("FEILUN_HOST", "127.0.0.1"),
        port=port if port is not None else int(os.environ.get("FEILUN_PORT", "8320")),
        base_zone=os.environ.get("FEILUN_ZONE", "Asia/Shanghai"),
        currency=os.environ.get("FEILUN_CURRENCY", "CNY"),
    )
