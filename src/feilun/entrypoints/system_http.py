"""Endpoints for those who run the program: processes, consumers of the log, engines."""

import json
from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import text

from feilun import __version__
from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.entrypoints.wiring import Rooms
from feilun.kernel.errors import FeilunError
from feilun.platform import consumers
from feilun.platform.consumers import ConsumerState, ConsumerStatus
from feilun.platform.http import SettingsDep, UowDep

router = APIRouter(prefix="/api/v1/system", tags=["system"])


class ProcessOut(BaseModel):
    """A process that the supervisor keeps running; empty when processes are run by something else."""

    name: str
    pid: int | None = None
    state: str
    started_at: datetime | None = None
    restarts: int = 0


class ConsumerOut(BaseModel):
    """A consumer of the event log."""

    name: str
    state: ConsumerState
    position: int
    lag: int
    attempts: int
    last_error: str | None
    next_attempt_at: datetime | None
    updated_at: datetime


class HealthOut(BaseModel):
    """How the program is doing."""

    version: str
    processes: list[ProcessOut]
    consumers: list[ConsumerOut]
    log_position: int
    unsequenced: int = Field(description="Events that wait for a position.")
    database_version: str
    database_bytes: int
    warehouse_version: str | None = Field(description="None while the warehouse does not answer.")
    warehouse_bytes: int | None


class SkipIn(BaseModel):
    """Which event to pass over, and why."""

    position: int = Field(ge=1)
    reason: str = Field(min_length=1, max_length=500)


class PauseIn(BaseModel):
    """Whether the consumer rests."""

    is_paused: bool


def _consumer_out(status: ConsumerStatus) -> ConsumerOut:
    return ConsumerOut(
        name=status.name,
        state=status.state,
        position=status.position,
        lag=status.lag,
        attempts=status.attempts,
        last_error=status.last_error,
        next_attempt_at=status.next_attempt_at,
        updated_at=status.updated_at,
    )


@router.get("/health", operation_id="getHealth", response_model=HealthOut)
def get_health(
    request: Request, uow: UowDep, settings: SettingsDep, caller: Caller = Guard("system.manage")
) -> HealthOut:
    """Return processes, consumers and engines."""
    figures = uow.connection.execute(
        text(
            "SELECT (SELECT position FROM log_head) AS position, (SELECT count(*) FROM event_inbox) AS unsequenced,"
            " current_setting('server_version') AS version, pg_database_size(current_database()) AS size"
        )
    ).one()
    path = settings.run_dir / "processes.json"
    try:
        processes = json.loads(path.read_text())
    except (OSError, ValueError):
        processes = []
    version, size = _warehouse_figures(request.app.state.rooms)
    return HealthOut(
        version=__version__,
        processes=[ProcessOut.model_validate(item) for item in processes],
        consumers=[_consumer_out(status) for status in consumers.list_consumers(uow)],
        log_position=figures.position,
        unsequenced=figures.unsequenced,
        database_version=figures.version,
        database_bytes=figures.size,
        warehouse_version=version,
        warehouse_bytes=size,
    )


def _warehouse_figures(rooms: Rooms) -> tuple[str | None, int | None]:
    try:
        warehouse = rooms.warehouse()
        return warehouse.version(), warehouse.size_bytes()
    except FeilunError:
        return None, None


@router.post("/consumers/{name}/retry", operation_id="retryConsumer", status_code=204)
def retry_consumer(name: str, uow: UowDep, caller: Caller = Guard("system.manage")) -> None:
    """Try the present batch again at once."""
    consumers.retry_now(uow, name)


@router.post("/consumers/{name}/skip", operation_id="skipEvent", status_code=204)
def skip_event(name: str, body: SkipIn, uow: UowDep, caller: Caller = Guard("system.manage")) -> None:
    """Make a consumer pass over one event for good."""
    consumers.skip_event(uow, name, body.position, reason=body.reason)


@router.post("/consumers/{name}/pause", operation_id="pauseConsumer", status_code=204)
def pause_consumer(name: str, body: PauseIn, uow: UowDep, caller: Caller = Guard("system.manage")) -> None:
    """Pause a consumer or let it go on."""
    consumers.set_paused(uow, name, is_paused=body.is_paused)
