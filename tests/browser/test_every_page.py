"""Every page in light and dark, wide and narrow: usable by everyone (axe), nothing runs out of the screen."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WIDTHS, session_cookie
from tests.program import Program

_PLACES = (
    "/customers",
    "/products",
    "/data",
    "/data/dead-letters",
    "/data/reviews",
    "/data/refunds",
    "/data/codes",
    "/data/imports/new",
    "/settings/operators",
    "/settings/fields",
    "/settings/rules",
    "/settings/keys",
    "/settings/health",
    "/settings/about",
    "/password",
)
_TABS = ("timeline", "orders", "identities", "fields")
_APPEARANCES = [(1440, "light", "zh-CN"), (1440, "dark", "en"), (375, "light", "en"), (375, "dark", "zh-CN")]


@pytest.fixture(scope="session")
def customer(site: Program, admin_cookie: str) -> str:
    """Address of someone with a phone, a name and a city."""
    body = {
        "identifiers": [{"kind": "phone", "value": "13812347777", "scope": ""}],
        "values": {"name": "宇文山", "city": "苏州"},
    }
    status, _, answer = site.request("POST", "/api/v1/customers", body, cookie=session_cookie(admin_cookie))
    assert status == 201, answer
    return f"/customers/{json.loads(answer)['id']}"


@pytest.mark.parametrize(("width", "theme", "locale"), _APPEARANCES)
def test_pages_are_accessible_and_fit(
    page: Page,
    customer: str,
    check_accessibility: Callable[[Page], None],
    width: int,
    theme: str,
    locale: str,
) -> None:
    page.set_viewport_size({"width": width, "height": WIDTHS[width]})
    choose = (
        f"localStorage.setItem('feilun.theme', '{theme}'); localStorage.setItem('feilun.locale', '{locale}')"
    )
    page.add_init_script(choose)
    broken = []

    for place in (*_PLACES, *(f"{customer}?tab={tab}" for tab in _TABS)):
        page.goto(place)
        expect(page.get_by_role("heading").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        try:
            check_accessibility(page)
        except AssertionError as error:
            broken.append(f"{place}: {error}")
        overflow = page.evaluate("document.documentElement.scrollWidth") - width
        if overflow > 0:
            broken.append(f"{place}: {overflow} px wider than the screen")

    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_log_in_is_accessible(
    visitor: Page, check_accessibility: Callable[[Page], None], theme: str
) -> None:
    visitor.add_init_script(f"localStorage.setItem('feilun.theme', '{theme}')")
    visitor.goto("/login")
    expect(visitor.get_by_label("用户名")).to_be_visible()

    check_accessibility(visitor)
