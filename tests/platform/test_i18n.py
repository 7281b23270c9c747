"""Languages are negotiated as browsers ask; both catalogues say the same things."""

import string

import pytest

from feilun.platform.i18n import LOCALES, catalogue, negotiate, translate


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (None, "zh-CN"),
        ("", "zh-CN"),
        ("en", "en"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh-TW,en;q=0.9", "zh-CN"),
        ("fr,en;q=0.5,zh-CN;q=0.7", "zh-CN"),
        ("de-DE", "zh-CN"),
        ("en;q=broken,zh", "zh-CN"),
    ],
)
def test_the_preferred_of_our_languages_is_chosen(header: str | None, locale: str) -> None:
    assert negotiate(header) == locale


def test_both_languages_have_every_message_with_the_same_placeholders() -> None:
    def placeholders(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    chinese, english = (catalogue(locale) for locale in LOCALES)

    assert chinese.keys() == english.keys()
    assert {code for code in chinese if placeholders(chinese[code]) != placeholders(english[code])} == set()


def test_a_missing_value_leaves_the_sentence_readable() -> None:
    assert translate("access.locked", "en", {}).startswith(
        "Too many wrong passwords: the account is locked. Try again in ?"
    )
