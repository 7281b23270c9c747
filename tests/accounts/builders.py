"""Short ways to say what account and receivable files hold, and to see what became of it."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import text

from feilun.accounts import api
from feilun.accounts.contracts import Account, AccountFilter, Receivable, ReceivableFilter
from feilun.accounts.intake import AccountHandler, ReceivableHandler
from feilun.ingestion.contracts import ApplyContext, MappedRow, Outcome, PersonDetails
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin
from tests.fakes.clock import START

TODAY = date(2026, 11, 15)
"""The business date of `START` in Shanghai."""
CREDIT_CODE = "91330100799655058B"


class DetailsKept:
    """A sink that keeps what account files offer."""

    def __init__(self) -> None:
        self.offered: list[PersonDetails] = []

    def offer(self, uow: UnitOfWork, details: Sequence[PersonDetails]) -> None:
        self.offered.extend(details)


def a_context(
    source: str = "erp",
    *,
    options: Mapping[str, str] | None = None,
    is_whole: bool = False,
    origin: Origin = Origin.BACKFILL,
) -> ApplyContext:
    return ApplyContext(source, origin, options or {}, is_whole, "Asia/Shanghai", START)


def take(
    uow: UnitOfWork,
    handler: AccountHandler | ReceivableHandler,
    groups: Sequence[Sequence[Mapping[str, object]]],
    context: ApplyContext,
) -> list[Outcome]:
    """Take in records, each given as the values of its rows."""
    numbers = iter(range(1, 1_000))
    rows = [[MappedRow(next(numbers), "", values) for values in group] for group in groups]
    for group in rows:
        for row in group:
            assert handler.check(row, context) is None, handler.check(row, context)
    outcomes = list(handler.apply(uow, rows, context))
    handler.finish(uow, context)
    taken = sorted(number for outcome in outcomes for number in outcome.rows)
    assert taken == [row.number for group in rows for row in group]
    return outcomes


def take_accounts(
    uow: UnitOfWork,
    *groups: Sequence[Mapping[str, object]] | Mapping[str, object],
    details: DetailsKept | None = None,
    context: ApplyContext | None = None,
) -> list[str]:
    """Take in accounts and return the state of each outcome; one row may be given by itself."""
    listed = [[group] if isinstance(group, Mapping) else group for group in groups]
    return [
        outcome.state.value for outcome in take(uow, AccountHandler(details), listed, context or a_context())
    ]


def take_receivables(
    uow: UnitOfWork, *records: Mapping[str, object], context: ApplyContext | None = None
) -> list[Outcome]:
    return take(uow, ReceivableHandler(), [[record] for record in records], context or a_context())


def account(uow: UnitOfWork, code: str) -> Account:
    found = api.list_accounts(uow, AccountFilter(), as_of=TODAY, limit=200)[0]
    return next(item for item in found if item.code == code)


def receivable(uow: UnitOfWork, number: str, *, as_of: date = TODAY) -> Receivable:
    found = api.list_receivables(uow, ReceivableFilter(), as_of=as_of, limit=200)[0]
    return next(item for item in found if item.number == number)


def events(uow: UnitOfWork, event_type: str) -> list[Mapping[str, object]]:
    rows = uow.connection.execute(
        text("SELECT payload FROM event_inbox WHERE type = :type ORDER BY event_id"), {"type": event_type}
    )
    return [row.payload for row in rows]
