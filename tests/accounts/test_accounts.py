"""Company accounts and their contacts, as files bring them and operators change them."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from feilun.accounts import api
from feilun.accounts.contracts import AccountFilter, AccountId, AccountState
from feilun.accounts.errors import AccountNotFound, ContactNotFound, CustomerNotFound
from feilun.accounts.events import ACCOUNT_RECORDED
from feilun.accounts.intake import AccountHandler, ReceivableHandler
from feilun.accounts.internal.domain import credit_code
from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.ingestion.contracts import MappedRow
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.i18n import LOCALES, catalogue
from feilun.platform.log import Origin
from tests.accounts.builders import (
    CREDIT_CODE,
    TODAY,
    DetailsKept,
    a_context,
    account,
    events,
    take_accounts,
)

ACME = {
    "code": "K001",
    "name": "杭州某某贸易有限公司",
    "credit_code": " 9133 0100-799655058b",
    "payment_terms_days": 30,
    "credit_limit": Decimal("500000.00005"),
    "state": "冻结",
    "owner": "李雷",
    "parent_code": "K000",
}
WANG = {"contact_name": "王小二", "contact_phone": "13800000001", "contact_role": "采购"}


def contacts(uow: UnitOfWork, code: str) -> list[tuple[str | None, str | None]]:
    return [(c.role, c.title) for c in api.list_contacts(uow, account(uow, code).account_id)]


def test_an_account_is_kept_in_standard_words_with_the_raw_one_beside(uow: UnitOfWork) -> None:
    assert take_accounts(uow, ACME) == ["taken"]

    stored = account(uow, "K001")

    assert (stored.state, stored.raw_state) == (AccountState.SUSPENDED, "冻结")
    assert stored.credit_code == CREDIT_CODE
    assert (stored.credit_limit, stored.currency, stored.payment_terms_days) == (
        Decimal("500000.0001"),
        "CNY",
        30,
    )
    assert (stored.parent_code, stored.parent_id) == ("K000", None)


def test_the_parent_is_known_once_it_has_come(uow: UnitOfWork) -> None:
    take_accounts(uow, ACME)

    take_accounts(uow, {"code": "k000"})

    assert account(uow, "K001").parent_id == account(uow, "k000").account_id


def test_a_repeated_file_changes_nothing_and_appends_no_event(uow: UnitOfWork) -> None:
    rows: list[Mapping[str, object]] = [{**ACME, **WANG}, {"code": "K001", "contact_phone": "13800000002"}]
    take_accounts(uow, rows)
    before = events(uow, ACCOUNT_RECORDED)

    assert take_accounts(uow, rows) == ["unchanged"]

    assert len(before) == 1
    assert events(uow, ACCOUNT_RECORDED) == before


def test_what_a_file_is_silent_about_stays_and_two_spellings_are_one_account(uow: UnitOfWork) -> None:
    take_accounts(uow, ACME)

    assert take_accounts(uow, {"code": "k001", "industry": "批发"}) == ["changed"]

    stored = account(uow, "K001")
    assert (stored.name, stored.industry, stored.state) == (ACME["name"], "批发", AccountState.SUSPENDED)
    assert events(uow, ACCOUNT_RECORDED)[-1]["fields"] == ["industry"]


def test_rows_of_one_account_each_name_one_contact(uow: UnitOfWork) -> None:
    kept = DetailsKept()
    boss = {"code": "K001", "contact_phone": "13800000002", "contact_title": "总经理"}

    take_accounts(uow, [{**ACME, **WANG}, boss], details=kept)

    assert contacts(uow, "K001") == [("采购", None), (None, "总经理")]
    assert [(said.values, said.origin) for said in kept.offered] == [({"name": "王小二"}, Origin.BACKFILL)]


def test_names_of_people_are_neither_stored_nor_logged(uow: UnitOfWork) -> None:
    take_accounts(uow, {**ACME, **WANG})

    assert "王小二" not in repr(account(uow, "K001")) + repr(contacts(uow, "K001"))
    assert "王小二" not in repr(events(uow, ACCOUNT_RECORDED))
    assert "13800000001" not in repr(events(uow, ACCOUNT_RECORDED))


def test_a_contact_who_cannot_be_told_is_refused_and_the_others_are_taken(uow: UnitOfWork) -> None:
    masked = {"code": "K001", "contact_phone": "138****0002"}

    assert take_accounts(uow, [{**ACME, **WANG}, masked]) == ["taken", "rejected"]
    assert take_accounts(uow, {**masked, "code": "K002"}) == ["rejected"]

    assert contacts(uow, "K001") == [("采购", None)]
    assert api.list_accounts(uow, AccountFilter(), as_of=TODAY, limit=9)[1] == 1


def test_only_a_whole_file_takes_contacts_away_and_only_those_of_its_source(uow: UnitOfWork) -> None:
    take_accounts(uow, [{**ACME, **WANG}, {"code": "K001", "contact_phone": "13800000002"}])
    account_id = account(uow, "K001").account_id
    claim = IdentifierClaim(IdentifierKind.PHONE, "13800000009")
    other = identity.resolve_records(uow, [[claim]], source="crm", origin=Origin.BACKFILL)[0].person_id
    assert other is not None
    api.add_contact(uow, account_id, other, role="财务")

    take_accounts(uow, {**ACME, **WANG})
    assert len(contacts(uow, "K001")) == 3
    assert take_accounts(uow, {**ACME, **WANG}, context=a_context(is_whole=True)) == ["changed"]
    assert contacts(uow, "K001") == [("采购", None), ("财务", None)]

    take_accounts(uow, {"code": "K001", "contact_phone": "13800000002"})
    assert len(contacts(uow, "K001")) == 3


def test_people_merged_into_one_are_one_contact(uow: UnitOfWork) -> None:
    take_accounts(uow, [{**ACME, **WANG}, {"code": "K001", "contact_email": "w@example.com"}])
    first, second = (c.person_id for c in api.list_contacts(uow, account(uow, "K001").account_id))

    identity.merge_persons(uow, first, second, reason="同一个人")

    assert contacts(uow, "K001") == [("采购", None)]
    assert len(api.list_contacts_of(uow, identity.member_ids(uow, first))) == 2
    api.remove_contact(uow, account(uow, "K001").account_id, first)
    assert contacts(uow, "K001") == []


def test_contacts_are_named_and_removed_by_hand(uow: UnitOfWork) -> None:
    take_accounts(uow, ACME, {"code": "K002", **WANG})
    account_id = account(uow, "K001").account_id
    person_id = api.list_contacts(uow, account(uow, "K002").account_id)[0].person_id

    api.add_contact(uow, account_id, person_id, role="财务")
    api.add_contact(uow, account_id, person_id, role="财务")
    assert contacts(uow, "K001") == [("财务", None)]
    assert len(events(uow, ACCOUNT_RECORDED)) == 3
    api.remove_contact(uow, account_id, person_id)

    with pytest.raises(ContactNotFound):
        api.remove_contact(uow, account_id, person_id)
    with pytest.raises(CustomerNotFound):
        api.add_contact(uow, account_id, PersonId(999_999_999))
    with pytest.raises(AccountNotFound):
        api.add_contact(uow, AccountId(999_999_999), person_id)


def test_erased_people_are_forgotten(uow: UnitOfWork) -> None:
    take_accounts(uow, {**ACME, **WANG})
    person_id = api.list_contacts(uow, account(uow, "K001").account_id)[0].person_id

    api.erase_contacts(uow, [person_id], origin=Origin.LIVE)
    api.erase_contacts(uow, [person_id], origin=Origin.LIVE)

    assert contacts(uow, "K001") == []
    assert [event["fields"] for event in events(uow, ACCOUNT_RECORDED)] == [[], ["contacts"]]


@pytest.mark.parametrize("code", [CREDIT_CODE, "9144030071526726XG", "914403001922038216"])
def test_real_credit_codes_pass(code: str) -> None:
    assert credit_code(code.lower()) == code


@pytest.mark.parametrize("position", range(18))
def test_any_single_wrong_character_of_a_credit_code_is_found(position: int) -> None:
    wrong = "1" if CREDIT_CODE[position] != "1" else "2"

    assert credit_code(CREDIT_CODE[:position] + wrong + CREDIT_CODE[position + 1 :]) is None


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"credit_code": "91330100799655058A"}, "accounts.credit_code_invalid", "credit_code"),
        ({"credit_code": "123"}, "accounts.credit_code_invalid", "credit_code"),
        ({"contact_name": "王小二"}, "accounts.contact_not_identified", "contact_phone"),
        ({"contact_title": "总经理"}, "accounts.contact_not_identified", "contact_phone"),
        ({"parent_code": "k001 "}, "accounts.parent_is_itself", "parent_code"),
        ({"payment_terms_days": -1}, "accounts.number_negative", "payment_terms_days"),
        ({"payment_terms_days": 99_999_999_999}, "accounts.number_out_of_range", "payment_terms_days"),
        ({"credit_limit": Decimal("NaN")}, "accounts.number_out_of_range", "credit_limit"),
        ({"credit_limit": Decimal("-0.01")}, "accounts.number_negative", "credit_limit"),
        ({"currency": "XYZ"}, "accounts.currency_unknown", "currency"),
        ({"state": "神秘"}, "accounts.state_unknown", "state"),
        ({"name": "长" * 201}, "accounts.text_too_long", "name"),
        ({"name": "a\x00b"}, "accounts.text_unstorable", "name"),
        ({"address": "x'); DROP TABLE company_accounts; --" * 40}, "accounts.text_too_long", "address"),
    ],
)
def test_bad_rows_are_refused_with_a_reason(values: Mapping[str, object], code: str, field: str) -> None:
    refused = AccountHandler().check(MappedRow(1, "", {"code": "K001", **values}), a_context())

    assert refused is not None
    assert (refused.code, refused.field) == (code, field)


def test_a_mapping_explains_its_own_words(uow: UnitOfWork) -> None:
    context = a_context(options={"state_words": "神秘=closed, 又=nonsense"})

    take_accounts(uow, {"code": "K1", "state": "神秘"}, context=context)

    assert account(uow, "K1").state is AccountState.CLOSED
    assert AccountHandler().check(MappedRow(1, "", {"code": "K1", "state": "又"}), context) is not None


def test_filters_find_and_take_wildcards_literally(uow: UnitOfWork) -> None:
    take_accounts(uow, ACME, {"code": "K_2", "name": "100% 棉"})

    def found(**wanted: object) -> list[str]:
        page = api.list_accounts(uow, AccountFilter(**wanted), as_of=TODAY, limit=9)[0]  # type: ignore[arg-type]
        return [item.code for item in page]

    assert found(query="某某") == ["K001"]
    assert found(query="_") == ["K_2"]
    assert found(query="0% ") == ["K_2"]
    assert found(query=CREDIT_CODE[:9]) == ["K001"]
    assert found(owner="李雷", state=AccountState.SUSPENDED) == ["K001"]
    assert found(source="shop") == []


@pytest.mark.parametrize("handler", [AccountHandler(), ReceivableHandler()])
def test_proposed_currency_is_the_one_most_rows_name(handler: AccountHandler | ReceivableHandler) -> None:
    sample = [MappedRow(i, "", {"currency": word}) for i, word in enumerate(("人民币", "美元", "USD", "？"))]

    assert handler.propose_options(sample) == {"currency": "USD"}


def test_every_refusal_has_words_in_both_languages() -> None:
    codes = {code for code in catalogue(LOCALES[0]) if code.startswith("accounts.")}

    assert len(codes) > 15
    assert codes == {code for code in catalogue(LOCALES[1]) if code.startswith("accounts.")}
