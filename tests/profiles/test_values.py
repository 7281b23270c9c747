"""Typed values, names and survivorship: pure rules, by example and by property."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feilun.profiles.contracts import (
    MANUAL_SOURCE,
    Field,
    FieldOption,
    Survivorship,
    SurvivorshipRule,
    ValueType,
)
from feilun.profiles.internal.domain.names import mask_name, search_tokens, search_words, tokens_of
from feilun.profiles.internal.domain.rows import guarded
from feilun.profiles.internal.domain.survivorship import Candidate, Choice, choose
from feilun.profiles.internal.domain.values import ValueRefused, canonical, typed

_OPTIONS = (FieldOption("oily", "油性", "Oily"), FieldOption("dry", "干性", "Dry"))


def _field(value_type: ValueType) -> Field:
    options = _OPTIONS if value_type in (ValueType.CHOICE, ValueType.MULTI_CHOICE) else ()
    return Field(name="custom.x", type=value_type, label_zh="甲", label_en="X", options=options)


@pytest.mark.parametrize(
    ("value_type", "given_value", "text", "value"),
    [
        (ValueType.TEXT, "  王 \t小明 ", "王 小明", "王 小明"),
        (ValueType.LONG_TEXT, "一行\n二行", "一行\n二行", "一行\n二行"),
        (ValueType.NUMBER, "0042", "42", 42),
        (ValueType.NUMBER, Decimal("7.0"), "7", 7),
        (ValueType.DECIMAL, Decimal("-0.00"), "0", Decimal(0)),
        (ValueType.DECIMAL, "1E+3", "1000", Decimal(1000)),
        (ValueType.DECIMAL, "3.1400", "3.14", Decimal("3.14")),
        (ValueType.DATE, date(1990, 5, 20), "1990-05-20", date(1990, 5, 20)),
        (
            ValueType.DATETIME,
            "2026-01-02T08:00:00+08:00",
            "2026-01-02T00:00:00+00:00",
            datetime(2026, 1, 2, tzinfo=UTC),
        ),
        (ValueType.BOOLEAN, "是", "true", True),
        (ValueType.CHOICE, "油性", "oily", "oily"),
        (ValueType.MULTI_CHOICE, "Dry、油性", '["oily", "dry"]', ("oily", "dry")),
        (ValueType.MULTI_CHOICE, ["dry", "oily"], '["oily", "dry"]', ("oily", "dry")),
    ],
)
def test_values_have_one_canonical_text(
    value_type: ValueType, given_value: object, text: str, value: object
) -> None:
    field = _field(value_type)

    assert canonical(field, given_value) == text
    assert typed(field, text) == value
    assert canonical(field, typed(field, text)) == text


@pytest.mark.parametrize(
    ("value_type", "given_value", "code"),
    [
        (ValueType.TEXT, "x" * 201, "profiles.value_too_long"),
        (ValueType.TEXT, "a\x00b", "profiles.value_unstorable"),
        (ValueType.NUMBER, "1.5", "profiles.not_a_whole_number"),
        (ValueType.NUMBER, True, "profiles.not_a_number"),
        (ValueType.DECIMAL, "NaN", "profiles.not_a_number"),
        (ValueType.DECIMAL, "0.0000001", "profiles.number_out_of_range"),
        (ValueType.DATE, "0001-01-01", "profiles.not_a_date"),
        (ValueType.DATE, "20/05/1990", "profiles.not_a_date"),
        (ValueType.DATETIME, "2026-01-02T08:00:00", "profiles.not_a_moment"),
        (ValueType.BOOLEAN, "maybe", "profiles.not_yes_or_no"),
        (ValueType.CHOICE, "combination", "profiles.not_an_option"),
        (ValueType.MULTI_CHOICE, "oily,combination", "profiles.not_an_option"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_code(
    value_type: ValueType, given_value: object, code: str
) -> None:
    with pytest.raises(ValueRefused) as refused:
        canonical(_field(value_type), given_value)

    assert refused.value.refusal.code == code


_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_SOURCES = ("erp", "wecom", "shop", MANUAL_SOURCE)
_candidates = st.lists(
    st.builds(
        Candidate,
        person_id=st.integers(1, 3),
        source=st.sampled_from(_SOURCES),
        token=st.sampled_from(("", "上海", "北京", "广州")),
        seen_at=st.integers(0, 4).map(lambda days: _NOW + timedelta(days=days)),
    ),
    unique_by=lambda candidate: (candidate.person_id, candidate.source),
    max_size=8,
)
_rules = st.builds(
    Survivorship,
    field=st.just("city"),
    rule=st.sampled_from(SurvivorshipRule),
    sources=st.lists(st.sampled_from(_SOURCES), unique=True).map(tuple),
    manual_wins=st.booleans(),
)


@given(candidates=_candidates, rule=_rules, random=st.randoms())
def test_the_chosen_value_does_not_depend_on_the_order_of_arrival(
    candidates: list[Candidate], rule: Survivorship, random: Random
) -> None:
    shuffled = list(candidates)
    random.shuffle(shuffled)

    first, second = choose(candidates, rule), choose(shuffled, rule)

    def outcome(choice: Choice, among: list[Candidate]) -> tuple[str | None, Candidate | None]:
        winner = choice.index if choice.index is not None else choice.emptied_by
        return choice.rule, None if winner is None else among[winner]

    assert outcome(first, candidates) == outcome(second, shuffled)


@given(candidates=_candidates, rule=_rules)
def test_a_manual_value_wins_unless_the_rule_says_otherwise(
    candidates: list[Candidate], rule: Survivorship
) -> None:
    choice = choose(candidates, rule)
    winner = choice.index if choice.index is not None else choice.emptied_by
    has_manual = any(candidate.source == MANUAL_SOURCE for candidate in candidates)

    if has_manual and rule.manual_wins:
        assert winner is not None
        assert candidates[winner].source == MANUAL_SOURCE
    elif candidates:
        assert winner is not None


def test_each_rule_chooses_what_it_says() -> None:
    old_erp = Candidate(1, "erp", "上海", _NOW)
    new_wecom = Candidate(2, "wecom", "北京", _NOW + timedelta(days=9))
    mid_shop = Candidate(3, "shop", "上海", _NOW + timedelta(days=3))
    candidates = [old_erp, new_wecom, mid_shop]

    def city(rule: SurvivorshipRule, *sources: str) -> Candidate:
        index = choose(candidates, Survivorship("city", rule, sources)).index
        assert index is not None
        return candidates[index]

    assert city(SurvivorshipRule.NEWEST) is new_wecom
    assert city(SurvivorshipRule.SOURCE_PRIORITY, "erp", "wecom") is old_erp
    assert city(SurvivorshipRule.SOURCE_PRIORITY, "pos") is new_wecom
    assert city(SurvivorshipRule.MOST_FREQUENT) is mid_shop


def _finds(query: str, name: str) -> bool:
    return set(search_tokens(query)) <= set(tokens_of(name))


@given(
    name=st.text(st.characters(categories=["Lo", "Lu", "Ll", "Nd"]), min_size=1, max_size=30), data=st.data()
)
def test_any_part_of_a_name_finds_it(name: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(name) - 1))
    end = data.draw(st.integers(start + 1, len(name)))

    assert _finds(name[start:end], name)


def test_names_are_found_whatever_their_case_and_width() -> None:
    assert _finds("SMITH", "John Smith")
    assert _finds("j smi", "John Smith")
    assert _finds("Ａｎｎａ", "anna")
    assert _finds("小明", "王小明")
    assert not _finds("明小", "王小明")
    assert search_words("ab abc") == ["abc"]


def test_masked_names_keep_their_first_character_only() -> None:
    assert mask_name("王小明") == "王**"
    assert mask_name("李") == "*"
    assert mask_name("John Smith") == "J*** S***"
    assert mask_name("欧阳 娜娜") == "欧***"


@pytest.mark.parametrize("text", ["=1+1", "+8613800138000", "-2", "@SUM(A1)", "\t=1", "\r=1"])
def test_texts_that_could_be_formulas_get_an_apostrophe(text: str) -> None:
    assert guarded(text) == f"'{text}"


def test_other_texts_are_exported_as_they_are() -> None:
    assert guarded("a=b") == "a=b"
    assert guarded("") == ""
