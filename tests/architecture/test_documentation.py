"""Whatever a caller or operator can meet is described: settings, events, error codes, endpoints; in both languages."""

import json
from pathlib import Path
from string import Formatter
from typing import Final

import pytest

from feilun.platform.i18n import LOCALES, catalogue
from tools.docs.errors_page import error_classes
from tools.docs.events_page import event_types
from tools.docs.settings_page import settings

ROOT: Final = Path(__file__).resolve().parents[2]
REFERENCE: Final = ROOT / "docs" / "reference"


def test_every_setting_is_in_the_reference() -> None:
    page = (REFERENCE / "settings.md").read_text(encoding="utf-8")

    assert [setting.name for setting in settings() if f"`{setting.name}`" not in page] == []


def test_every_event_is_described_and_in_the_reference() -> None:
    page = (REFERENCE / "events.md").read_text(encoding="utf-8")

    assert [event.type for event in event_types() if not event.meaning or f"`{event.type}`" not in page] == []


def test_every_error_code_is_in_the_reference_and_in_both_languages() -> None:
    page = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    codes = {error.code for error in error_classes()}

    assert [code for code in sorted(codes) if f"`{code}`" not in page] == []
    assert {locale: sorted(codes - catalogue(locale).keys()) for locale in LOCALES} == {
        locale: [] for locale in LOCALES
    }


def test_error_codes_are_unique_and_carry_their_rooms_name() -> None:
    codes = [error.code for error in error_classes()]

    assert sorted(codes) == sorted(set(codes))
    assert [code for code in codes if "." not in code] == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "src" / "feilun").glob("*/locales.json")), ids=lambda path: path.parent.name
)
def test_messages_exist_in_both_languages_with_the_same_placeholders(path: Path) -> None:
    messages: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))

    assert set(messages) == set(LOCALES)
    assert messages["zh-CN"].keys() == messages["en"].keys()
    differing = [
        code for code, text in messages["en"].items() if _fields(text) != _fields(messages["zh-CN"][code])
    ]
    assert differing == []


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_operation_states_its_permission_and_its_answer() -> None:
    document = json.loads((ROOT / "web" / "openapi.json").read_text(encoding="utf-8"))
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    open_to_all = {"logIn", "logOut", "getSession", "changePassword", "updateSession"}

    without = {operation["operationId"] for operation in operations if "x-permission" not in operation}

    assert without <= open_to_all
