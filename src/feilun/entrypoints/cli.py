"""The command line. Commands act as 'cli' and go through the same facades as the pages."""

import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn
from rich.console import Console
from rich.table import Table
from rich.text import Text

from feilun import __version__
from feilun.access import api as access
from feilun.entrypoints import backup as backups
from feilun.entrypoints import cli_import, cli_segments, demo
from feilun.entrypoints.cli_import import DataOption
from feilun.entrypoints.doctor import diagnose
from feilun.entrypoints.engines import connect_info
from feilun.entrypoints.erasures import erase_customer, reapply_erasures
from feilun.entrypoints.http import create_app
from feilun.entrypoints.supervisor import Started, run_up
from feilun.entrypoints.terminal import say, say_error, terminal_locale
from feilun.entrypoints.wiring import open_rooms, projectors
from feilun.entrypoints.worker import run_worker, stop_on_signals
from feilun.kernel.errors import FeilunError
from feilun.kernel.ids import PersonId, from_opaque
from feilun.platform import consumers as log_consumers
from feilun.platform.config import Settings, load_settings
from feilun.platform.db import Database
from feilun.platform.i18n import translate
from feilun.platform.keys import load_keyring, rotate_master
from feilun.platform.telemetry import configure_logging
from feilun.platform.warehouse import content_digest, rebuild_warehouse

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Feilun 飞轮: customer growth beside your ERP."
)
operators_app = typer.Typer(no_args_is_help=True, help="Operators of the console.")
warehouse_app = typer.Typer(no_args_is_help=True, help="The analytical copy of the data.")
log_app = typer.Typer(no_args_is_help=True, help="The event log and its consumers.")
keys_app = typer.Typer(no_args_is_help=True, help="The keys that seal personal data.")
app.command("import")(cli_import.import_file)
app.add_typer(operators_app, name="operators")
app.add_typer(warehouse_app, name="warehouse")
app.add_typer(log_app, name="log")
app.add_typer(keys_app, name="keys")
app.add_typer(cli_segments.app, name="segments")

console: Final = Console(highlight=False)

PortOption = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="Port of the pages and the API.")
]
HostOption = Annotated[str | None, typer.Option("--host", help="Address to listen on; default 127.0.0.1.")]


@app.command()
def up(
    data: DataOption = None,
    port: PortOption = None,
    host: HostOption = None,
    with_demo: Annotated[bool, typer.Option("--demo", help="Also load the demo company, once.")] = False,
) -> None:
    """Start everything and keep it running until Ctrl-C."""
    settings = load_settings(data_dir=data, host=host, port=port)
    raise typer.Exit(
        run_up(settings, demo=with_demo, announce=lambda started: _first_password(settings, started))
    )


def _first_password(settings: Settings, started: Started) -> Sequence[str]:
    database = Database(started.database_url, load_keyring(settings.keys_dir))
    try:
        with database.transaction() as uow:
            password = access.ensure_first_admin(uow)
    finally:
        database.close()
    if password is None:
        return []
    return [translate("up.first_password", terminal_locale(), {"username": "admin", "password": password})]


@app.command()
def api(data: DataOption = None, port: PortOption = None, host: HostOption = None) -> None:
    """Run one HTTP process on engines that run already."""
    settings = load_settings(data_dir=data, host=host, port=port)
    configure_logging("api")
    with open_rooms(settings) as rooms:
        uvicorn.run(
            create_app(settings, rooms.database, rooms),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=8,
        )


@app.command()
def worker(data: DataOption = None) -> None:
    """Run one worker on engines that run already: log, consumers, imports."""
    configure_logging("worker")
    stop = threading.Event()
    stop_on_signals(stop)
    with open_rooms(load_settings(data_dir=data)) as rooms:
        run_worker(rooms, stop)


@app.command("demo")
def load_demo(data: DataOption = None) -> None:
    """Load the demo company into a running installation; does nothing when it is there already."""
    with open_rooms(load_settings(data_dir=data)) as rooms:
        demo.load(rooms, tell=say)


@app.command()
def doctor(data: DataOption = None, port: PortOption = None, host: HostOption = None) -> None:
    """Look for what is wrong with this machine or installation and say what to do."""
    findings = diagnose(load_settings(data_dir=data, host=host, port=port))
    table = Table(box=None, show_header=False, pad_edge=False)
    colours = {"ok": "green", "warning": "yellow", "error": "bold red"}
    locale = terminal_locale()
    for finding in findings:
        state = finding.state.value
        text = (
            finding.message[locale]
            if state == "ok"
            else f"{finding.message[locale]}\n→ {finding.remedy[locale]}"
        )
        table.add_row(Text(state, colours[state]), Text(text))
    console.print(table)
    raise typer.Exit(1 if any(finding.state.value == "error" for finding in findings) else 0)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="Directory in which the backup gets a folder of its own.")],
    data: DataOption = None,
) -> None:
    """Write a consistent backup; keys are not in it and the warehouse is rebuilt from it."""
    backups.backup(load_settings(data_dir=data), target, tell=say)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="Directory of a backup.", exists=True)],
    data: DataOption = None,
) -> None:
    """Restore a backup into an empty installation, then erase again whom the key directory says was erased since."""
    settings = load_settings(data_dir=data)
    backups.restore(settings, source, reapply=partial(reapply_erasures, settings), tell=say)


@app.command()
def upgrade(
    data: DataOption = None,
    force: Annotated[bool, typer.Option("--force", help="Migrate without a fresh backup.")] = False,
) -> None:
    """Bring the database to this version's schema, once a fresh backup is there."""
    backups.upgrade(load_settings(data_dir=data), force=force, tell=say)


@operators_app.command("reset-password")
def reset_password(username: str, data: DataOption = None) -> None:
    """Give an operator a new one-time password and unlock the account."""
    with open_rooms(load_settings(data_dir=data)) as rooms, rooms.database.transaction(actor="cli") as uow:
        password = access.reset_password(uow, username=username)
    console.print(
        translate("up.first_password", terminal_locale(), {"username": username, "password": password})
    )


@operators_app.command("list")
def list_operators(data: DataOption = None) -> None:
    """List operators and their roles."""
    with open_rooms(load_settings(data_dir=data)) as rooms, rooms.database.transaction(actor="cli") as uow:
        operators = access.list_operators(uow)
    table = Table("username", "name", "role", "active", "last log-in", box=None)
    for operator in operators:
        last = operator.last_login_at.isoformat(" ", "minutes") if operator.last_login_at else "-"
        table.add_row(operator.username, operator.display_name, operator.role, str(operator.is_active), last)
    console.print(table)


@warehouse_app.command("rebuild")
def rebuild(data: DataOption = None) -> None:
    """Drop the warehouse and build it anew from the record of truth; the program may keep running."""
    with open_rooms(load_settings(data_dir=data)) as rooms:
        rebuild_warehouse(
            rooms.database,
            rooms.warehouse(),
            projectors(),
            progress=lambda table, rows: say("warehouse.rebuilding", table=table, rows=rows),
        )


@warehouse_app.command("digest")
def digest(data: DataOption = None) -> None:
    """Print an order-independent digest of every warehouse table, to compare two warehouses."""
    tables = [table for projector in projectors() for table in projector.tables]
    with open_rooms(load_settings(data_dir=data)) as rooms:
        for table, value in content_digest(rooms.warehouse(), tables).items():
            console.print(table, value.rows, f"{value.digest:016x}")


@log_app.command("consumers")
def show_consumers(data: DataOption = None) -> None:
    """Show every consumer's position, lag and last error."""
    with open_rooms(load_settings(data_dir=data)) as rooms, rooms.database.transaction(actor="cli") as uow:
        statuses = log_consumers.list_consumers(uow)
    table = Table("name", "state", "position", "lag", "attempts", "last error", box=None)
    for status in statuses:
        row = (
            status.name,
            status.state.value,
            status.position,
            status.lag,
            status.attempts,
            status.last_error or "",
        )
        table.add_row(*map(str, row))
    console.print(table)


@log_app.command("retry")
def retry(name: str, data: DataOption = None) -> None:
    """Make a failing consumer try again at once."""
    with open_rooms(load_settings(data_dir=data)) as rooms, rooms.database.transaction(actor="cli") as uow:
        log_consumers.retry_now(uow, name)


@log_app.command("skip")
def skip(
    name: str,
    position: int,
    reason: Annotated[str, typer.Option("--reason", prompt=True)],
    data: DataOption = None,
) -> None:
    """Make a consumer pass over one event for good."""
    with open_rooms(load_settings(data_dir=data)) as rooms, rooms.database.transaction(actor="cli") as uow:
        log_consumers.skip_event(uow, name, position, reason=reason)


@keys_app.command("rotate")
def rotate(data: DataOption = None) -> None:
    """Add a new master key: new personal keys use it, old ones stay readable. Back up the key directory afterwards."""
    settings = load_settings(data_dir=data)
    version = rotate_master(settings.keys_dir)
    console.print(
        translate("keys.rotated", terminal_locale(), {"version": version, "path": str(settings.keys_dir)})
    )


@app.command("erase")
def erase(
    customer: Annotated[str, typer.Argument(help="Id of the customer as the page's address shows it: c_…")],
    data: DataOption = None,
    is_agreed: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Erase a customer's personal data for good; orders stay without a name."""
    number = from_opaque("c", customer)
    if number is None:
        raise typer.BadParameter(customer)
    if not is_agreed:
        typer.confirm(translate("cli.erase_confirm", terminal_locale(), {"customer": customer}), abort=True)
    with open_rooms(load_settings(data_dir=data)) as rooms:
        erasure = erase_customer(rooms, PersonId(number), actor="cli")
    console.print(translate("cli.erased", terminal_locale(), {"count": len(erasure.members)}))


@app.command("connections")
def connections(data: DataOption = None) -> None:
    """Print the addresses of the running engines, for psql or clickhouse-client. They contain passwords."""
    for address in connect_info(load_settings(data_dir=data)):
        console.print(address, soft_wrap=True)


@app.command()
def version() -> None:
    """Print the version."""
    console.print(__version__)


def main(run: Callable[[], None] = app) -> None:
    """Run the command line; expected errors become one line in the terminal's language and exit code 1."""
    try:
        run()
    except FeilunError as error:
        say_error(error)
        sys.exit(1)


if __name__ == "__main__":
    main()
