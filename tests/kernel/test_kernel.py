"""Ids keep their number and hide it; money settles by currency."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feilun.kernel.ids import from_opaque, opaque
from feilun.kernel.money import Money


@given(st.integers(1, 2**50 - 1))
def test_an_opaque_id_leads_back_to_its_number(number: int) -> None:
    text = opaque("c", number)

    assert from_opaque("c", text) == number
    assert from_opaque("o", text) is None


def test_neighbouring_ids_do_not_look_alike() -> None:
    forms = {opaque("c", number)[:6] for number in range(1, 200)}

    assert len(forms) > 190


@pytest.mark.parametrize("number", [0, -1, 2**50])
def test_an_id_out_of_range_is_a_programming_error(number: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        opaque("c", number)


@given(st.text(max_size=20))
def test_any_text_is_an_id_or_none(text: str) -> None:
    number = from_opaque("c", text)

    assert number is None or opaque("c", number) == text


@pytest.mark.parametrize(
    ("amount", "currency", "settled"),
    [("1.005", "CNY", "1.01"), ("-1.005", "CNY", "-1.01"), ("1.5", "JPY", "2"), ("18.1049", "GBP", "18.10")],
)
def test_money_settles_half_up_to_the_smallest_unit(amount: str, currency: str, settled: str) -> None:
    assert Money(Decimal(amount), currency).settled().amount == Decimal(settled)
