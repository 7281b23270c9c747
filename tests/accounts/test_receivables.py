"""Receivables: who owes, what is open, since when it is overdue."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from feilun.accounts import api
from feilun.accounts.contracts import AccountFilter, AccountSort, ReceivableFilter, ReceivableState
from feilun.accounts.events import RECEIVABLE_RECORDED
from feilun.accounts.intake import ReceivableHandler
from feilun.identity import api as identity
from feilun.ingestion.contracts import MappedRow
from feilun.platform.db import UnitOfWork
from tests.accounts.builders import (
    TODAY,
    a_context,
    account,
    events,
    receivable,
    take_accounts,
    take_receivables,
)

DUE = date(2026, 10, 31)


def owed(number: str = "R1", **values: object) -> dict[str, object]:
    return {"number": number, "account_code": "K1", "amount": Decimal(100), "due_on": DUE} | values


def states(uow: UnitOfWork, *records: Mapping[str, object]) -> list[str]:
    return [outcome.state.value for outcome in take_receivables(uow, *records)]


@pytest.mark.parametrize(
    ("said", "state", "settled", "is_open"),
    [
        ({}, "open", 0, 100),
        ({"settled_amount": Decimal(30)}, "part_settled", 30, 70),
        ({"settled_amount": Decimal(100)}, "settled", 100, 0),
        ({"state": "已结清"}, "settled", 100, 0),
        ({"state": "坏账", "settled_amount": Decimal(10)}, "written_off", 10, 0),
        ({"state": "部分收款", "settled_amount": Decimal(10)}, "part_settled", 10, 90),
        ({"amount": Decimal(-100)}, "open", 0, -100),
    ],
)
def test_a_state_is_read_or_told_by_the_amounts(
    uow: UnitOfWork, said: Mapping[str, object], state: str, settled: int, is_open: int
) -> None:
    take_accounts(uow, {"code": "K1"})

    take_receivables(uow, {**owed(), **said})

    stored = receivable(uow, "R1")
    assert (stored.state.value, stored.settled_amount, stored.open_amount, stored.raw_state) == (
        state,
        Decimal(settled),
        Decimal(is_open),
        said.get("state"),
    )


@pytest.mark.parametrize(
    ("as_of", "days"), [(date(2026, 10, 31), 0), (date(2026, 11, 1), 1), (TODAY, 15), (date(2026, 1, 1), 0)]
)
def test_days_overdue_are_counted_from_the_day_after_the_due_date(
    uow: UnitOfWork, as_of: date, days: int
) -> None:
    take_accounts(uow, {"code": "K1"})
    take_receivables(uow, owed(), owed("R2", state="已收"), owed("R3", amount=Decimal(-5)))

    assert receivable(uow, "R1", as_of=as_of).days_overdue == days
    assert receivable(uow, "R2", as_of=as_of).days_overdue == 0
    assert receivable(uow, "R3", as_of=as_of).days_overdue == 0


def test_totals_are_kept_apart_by_account_and_currency(uow: UnitOfWork) -> None:
    take_accounts(uow, {"code": "K1"}, {"code": "K2"}, {"code": "K3"})
    take_receivables(
        uow,
        owed("1", settled_amount=Decimal(40)),
        owed("2", due_on=date(2026, 12, 1)),
        owed("3", currency="美元", due_on=date(2026, 11, 14)),
        owed("4", account_code="K2", state="坏账"),
        owed("5", account_code="K2", amount=Decimal(7), due_on=TODAY),
        {"number": "6", "phone": "13800000001", "amount": Decimal(3), "due_on": DUE},
    )
    one, two, three = (account(uow, code).account_id for code in ("K1", "K2", "K3"))

    totals = api.totals_of(uow, [one, two, three], as_of=TODAY)

    said = {
        account_id: [
            (t.currency, t.open_count, t.open_amount, t.overdue_count, t.overdue_amount, t.days_overdue)
            for t in found
        ]
        for account_id, found in totals.items()
    }
    assert said == {
        one: [
            ("CNY", 2, Decimal(160), 1, Decimal(60), 15),
            ("USD", 1, Decimal(100), 1, Decimal(100), 1),
        ],
        two: [("CNY", 1, Decimal(7), 0, Decimal(0), 0)],
    }
    overall = {t.currency: (t.open_amount, t.overdue_amount) for t in api.get_totals(uow, as_of=TODAY)}
    assert overall == {"CNY": (Decimal(170), Decimal(63)), "USD": (Decimal(100), Decimal(100))}


def test_accounts_are_found_and_sorted_by_how_long_they_are_overdue(uow: UnitOfWork) -> None:
    take_accounts(uow, {"code": "K1"}, {"code": "K2"}, {"code": "K3"})
    take_receivables(uow, owed("1"), owed("2", account_code="K2", due_on=date(2026, 1, 1)))

    def found(sort: AccountSort, *, is_overdue: bool | None = None) -> list[str]:
        wanted = AccountFilter(is_overdue=is_overdue)
        return [a.code for a in api.list_accounts(uow, wanted, as_of=TODAY, sort=sort, limit=9)[0]]

    assert found(AccountSort.DAYS_OVERDUE_DESC) == ["K2", "K1", "K3"]
    assert found(AccountSort.DAYS_OVERDUE) == ["K3", "K1", "K2"]
    assert found(AccountSort.CODE, is_overdue=True) == ["K1", "K2"]
    assert found(AccountSort.CODE, is_overdue=False) == ["K3"]


def test_a_repeated_file_changes_nothing_and_a_payment_does(uow: UnitOfWork) -> None:
    take_accounts(uow, {"code": "K1"})
    assert states(uow, owed()) == ["taken"]
    assert states(uow, owed()) == ["unchanged"]

    assert states(
        uow, {"number": "R1", "account_code": "k1", "amount": Decimal(100), "settled_amount": Decimal(1)}
    ) == ["changed"]

    stored = receivable(uow, "R1")
    assert (stored.state, stored.due_on) == (ReceivableState.PART_SETTLED, DUE)
    assert [event["state"] for event in events(uow, RECEIVABLE_RECORDED)] == ["open", "part_settled"]


def test_a_debtor_that_changes_is_told(uow: UnitOfWork) -> None:
    take_accounts(uow, {"code": "K1"}, {"code": "K2"})
    take_receivables(uow, owed())

    take_receivables(uow, owed(account_code="K2"))
    take_receivables(uow, {"number": "R1", "phone": "13800000001", "amount": Decimal(100)})

    before = [event.get("previous_account_id", "none") for event in events(uow, RECEIVABLE_RECORDED)]
    assert before == ["none", account(uow, "K1").account_id, account(uow, "K2").account_id]
    stored = receivable(uow, "R1")
    assert stored.account_id is None
    assert stored.person_id is not None
    mine = ReceivableFilter(person_ids=tuple(identity.member_ids(uow, stored.person_id)))
    assert api.list_receivables(uow, mine, as_of=TODAY, limit=9)[1] == 1


def test_an_account_of_another_source_is_named_with_it(uow: UnitOfWork) -> None:
    take_accounts(uow, {"code": "K1"}, context=a_context("crm"))

    refused = take_receivables(uow, owed())[0].rejection
    taken = states(uow, owed(account_source="crm"))

    assert refused is not None
    assert (refused.code, refused.value) == ("accounts.account_unknown", "K1")
    assert taken == ["taken"]


def test_what_contradicts_what_is_known_is_refused(uow: UnitOfWork) -> None:
    take_accounts(uow, {"code": "K1"})
    take_receivables(uow, owed(issued_on=date(2026, 10, 1)))

    outcomes = take_receivables(uow, owed(due_on=date(2026, 9, 1)))

    assert outcomes[0].rejection is not None
    assert outcomes[0].rejection.code == "accounts.due_before_issue"
    assert receivable(uow, "R1").due_on == DUE


def test_a_person_who_cannot_be_told_is_refused(uow: UnitOfWork) -> None:
    outcomes = take_receivables(uow, {"number": "R1", "phone": "138****0001", "amount": Decimal(1)})

    assert outcomes[0].rejection is not None
    assert outcomes[0].rejection.code == "accounts.debtor_not_identified"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"account_code": None}, "accounts.debtor_missing"),
        ({"settled_amount": Decimal("100.01")}, "accounts.settled_exceeds_amount"),
        ({"settled_amount": Decimal(-1)}, "accounts.settled_exceeds_amount"),
        ({"issued_on": date(2026, 11, 1)}, "accounts.due_before_issue"),
        ({"due_on": date(2126, 1, 1)}, "accounts.date_out_of_range"),
        ({"due_on": date(1900, 1, 1)}, "accounts.date_out_of_range"),
        ({"amount": Decimal("Infinity")}, "accounts.number_out_of_range"),
        ({"amount": Decimal("1e13")}, "accounts.number_out_of_range"),
        ({"currency": "豆"}, "accounts.currency_unknown"),
        ({"state": "?"}, "accounts.state_unknown"),
        ({"order_number": "1\ud800"}, "accounts.text_unstorable"),
    ],
)
def test_bad_rows_are_refused_with_a_reason(values: Mapping[str, object], code: str) -> None:
    cells = {name: value for name, value in {**owed(), **values}.items() if value is not None}

    refused = ReceivableHandler().check(MappedRow(1, "", cells), a_context())

    assert refused is not None
    assert refused.code == code
