"""Goal: equal identifiers get equal forms, and what is no one person's identifier never links.

Method: tables; and Hypothesis against the published number metadata.
"""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.identity.internal.domain.kinds import KIND_RULES, STRENGTH, ScopeRule
from feilun.identity.internal.domain.masking import mask
from feilun.identity.internal.domain.normalise import NormalClaim, last_four_digits, normalise, search_forms

PHONE, EMAIL, CARD, DEVICE = (
    IdentifierKind.PHONE,
    IdentifierKind.EMAIL,
    IdentifierKind.CARD,
    IdentifierKind.DEVICE,
)


def _normal(
    kind: IdentifierKind, value: str, *, scope: str = "", verified: bool = True
) -> NormalClaim | None:
    return normalise(IdentifierClaim(kind, value, scope, verified), source="erp")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("13812345678", "+8613812345678"),
        (" 138 1234 5678 ", "+8613812345678"),
        ("138-1234-5678", "+8613812345678"),
        ("(138)12345678", "+8613812345678"),
        ("１３８１２３４５６７８", "+8613812345678"),
        ("+86 138 1234 5678", "+8613812345678"),
        ("＋８６１３８１２３４５６７８", "+8613812345678"),
        ("008613812345678", "+8613812345678"),
        ("8613812345678", "+8613812345678"),
        ("86-138-1234-5678", "+8613812345678"),
        ("013812345678", "+8613812345678"),
        ("13812345678.0", "+8613812345678"),
        ("\u202d138\u200b12345678\u202c", "+8613812345678"),
        ("17012345678", "+8617012345678"),
        ("17112345678", "+8617112345678"),
        ("16212345678", "+8616212345678"),
        ("16712345678", "+8616712345678"),
        ("19912345678", "+8619912345678"),
        ("15412345678", "+8615412345678"),
        ("010-62345678", "+861062345678"),
        ("021 6234 5678", "+862162345678"),
        ("0755-82345678", "+8675582345678"),
        ("(0571) 87654321", "+8657187654321"),
        ("0951-6234567", "+869516234567"),
        ("+86 10 6234 5678", "+861062345678"),
        ("+852 9123 4567", "+85291234567"),
        ("+1 650-253-0000", "+16502530000"),
    ],
)
def test_personal_phones_get_one_form_and_link(value: str, expected: str) -> None:
    claim = _normal(PHONE, value)

    assert claim == NormalClaim(PHONE, "", expected, is_verified=True, is_linking=True, last4=expected[-4:])


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_a_plain_mobile_is_what_any_other_writing_of_it_is_and_what_the_metadata_say(value: str) -> None:
    claim = _normal(PHONE, value)
    number = phonenumbers.parse(value, "CN")

    assert claim is not None
    for written in (f"+86 {value[:3]} {value[3:7]} {value[7:]}", f"0086-{value}", f"0{value}", f"{value}.0"):
        assert _normal(PHONE, written) == claim
    assert claim.value == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    assert claim.last4 == value[-4:]
    if claim.is_linking and phonenumbers.is_valid_number(number):
        assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


@pytest.mark.parametrize(
    ("value", "last4"),
    [
        ("138****1234", "1234"),
        ("138 **** 1234", "1234"),
        ("138xxxx1234", "1234"),
        ("138XXXX1234", "1234"),
        ("138••••1234", "1234"),
        ("+86138****1234", "1234"),
        ("1381234****", None),
        ("13800138000-1234", "8000"),
        ("13812345678-0123", "5678"),
        ("13812345678转1234", "5678"),
        ("13812345678 轉 88", "5678"),
        ("13812345678分机12", "5678"),
        ("13812345678 ext. 123", "5678"),
        ("13812345678x123", "5678"),
        ("13812345678,1234", "5678"),
        ("13812345678#1234", "5678"),
        ("010-62345678-801", "5678"),
        ("010-62345678转801", "5678"),
        ("95279", None),
        ("9527912345", "2345"),
        ("9501312345678", "5678"),
        ("96110", None),
        ("10086", None),
        ("12345", None),
        ("11111111111", "1111"),
        ("12345678901", "8901"),
        ("13800138000", "8000"),
        ("+8613800138000", "8000"),
        ("13800000000", "0000"),
        ("18888888888", "8888"),
        ("13912345678/13812345678", "5678"),
        ("4008123123", "3123"),
        ("800-820-8888", "8888"),
        ("02112345678901234", "1234"),
        ("abc", None),
        ("12", None),
        ("'; DROP TABLE persons; --", None),
        ("1" * 300, "1111"),
    ],
)
def test_masked_virtual_shared_and_unreadable_phones_do_not_link(value: str, last4: str | None) -> None:
    claim = _normal(PHONE, value)

    assert claim is not None
    assert (claim.is_linking, claim.last4) == (False, last4)
    assert len(claim.value) <= 254


@pytest.mark.parametrize(
    "value", ["", "  ", "-", "--", "无", "暂无", "NULL", "None", "n/a", "未知", "\u200b", "\x00"]
)
@pytest.mark.parametrize("kind", list(IdentifierKind))
def test_a_value_that_says_nothing_is_ignored(kind: IdentifierKind, value: str) -> None:
    assert _normal(kind, value) is None


@pytest.mark.parametrize(
    ("value", "expected", "is_linking"),
    [
        ("Li.Si@QQ.com", "li.si@qq.com", True),
        (" ｌｉ@qq.com ", "li@qq.com", True),
        ("李四@例子.中国", "李四@例子.中国", True),
        ("li@mail.example.co.uk", "li@mail.example.co.uk", True),
        ("no at sign", "no at sign", False),
        ("two@@qq.com", "two@@qq.com", False),
        ("li@localhost", "li@localhost", False),
        ("li si@qq.com", "li si@qq.com", False),
        ("l***@qq.com", "l***@qq.com", False),
        ("noreply@shop.cn", "noreply@shop.cn", False),
        ("test@test.com", "test@test.com", False),
    ],
)
def test_email_is_lower_case_and_links_when_it_is_somebodys(
    value: str, expected: str, is_linking: bool
) -> None:
    claim = _normal(EMAIL, value)

    assert claim is not None
    assert (claim.value, claim.is_linking, claim.scope) == (expected, is_linking, "")


@pytest.mark.parametrize(
    ("value", "expected", "is_linking"),
    [
        (" C-001 ", "C-001", True),
        ("Ｃ００１", "C001", True),
        ("c001", "c001", True),
        ("a\x00b\tc", "abc", True),
        ("6222****1234", "6222****1234", False),
        ("000000", "000000", False),
        ("00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000", False),
        ("0", "0", False),
        ("oXXabcXX", "oXXabcXX", True),
        ("x" * 300, "x" * 254, False),
    ],
)
def test_codes_are_trimmed_and_case_sensitive(value: str, expected: str, is_linking: bool) -> None:
    for kind in (CARD, DEVICE, IdentifierKind.ERP_CODE, IdentifierKind.UNIONID, IdentifierKind.OPENID):
        claim = _normal(kind, value)
        assert claim is not None
        assert (claim.value, claim.is_linking, claim.last4) == (expected, is_linking, None)


@pytest.mark.parametrize("kind", list(IdentifierKind))
def test_unverified_identifiers_are_kept_and_do_not_link(kind: IdentifierKind) -> None:
    claim = _normal(kind, "13812345678" if kind is PHONE else "a@b.cn", verified=False)

    assert claim is not None
    assert (claim.is_verified, claim.is_linking) == (False, False)


def test_scopes_follow_the_table_of_kinds() -> None:
    for kind, rule in KIND_RULES.items():
        claimed, unclaimed = _normal(kind, "a1@b.cn", scope=" ａpp "), _normal(kind, "a1@b.cn")
        assert claimed is not None
        assert unclaimed is not None
        assert claimed.scope == ("" if rule.scope is ScopeRule.NONE else "app")
        assert unclaimed.scope == ("erp" if rule.scope is ScopeRule.SOURCE else "")


def test_every_kind_has_a_rule_and_a_rank_in_the_order_of_the_contract() -> None:
    assert list(KIND_RULES) == list(IdentifierKind) == sorted(STRENGTH, key=lambda kind: STRENGTH[kind])


def test_a_search_text_is_tried_as_every_kind_it_could_be() -> None:
    assert (PHONE, "+8613812345678") in search_forms("138 1234 5678")
    assert (CARD, "138 1234 5678") in search_forms("138 1234 5678")
    assert search_forms(" ") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1234", "1234"),
        (" １２３４ ", "1234"),
        ("123", None),
        ("12345", None),
        ("12a4", None),
        ("١٢٣٤", None),
    ],
)
def test_four_digits_search_for_the_end_of_a_phone(text: str, expected: str | None) -> None:
    assert last_four_digits(text) == expected


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (PHONE, "+8613812341234", "138****1234"),
        (PHONE, "+861062345678", "+86****"),
        (PHONE, "+85291234567", "+85****"),
        (PHONE, "138****1234", "138****1234"),
        (PHONE, "138123412**", "13****"),
        (EMAIL, "zhang@qq.com", "z***@qq.com"),
        (EMAIL, "a@b@qq.com", "a***@qq.com"),
        (EMAIL, "@qq.com", "***@qq.com"),
        (EMAIL, "no at", "n****"),
        (CARD, "62220001", "62****01"),
        (CARD, "6222", "6****"),
        (CARD, "C1", "****"),
        (CARD, "", "****"),
    ],
)
def test_masks_hide_at_least_as_much_as_they_show(kind: IdentifierKind, value: str, expected: str) -> None:
    assert mask(kind, value) == expected
