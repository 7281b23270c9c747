"""A browser and the whole program for it. One program per test process; every test gets a profile of its own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.program import PASSWORD, USERNAME, Program, running_program
from tools.launcher import chromium

ROOT: Final = Path(__file__).resolve().parents[2]
SCREENSHOTS: Final = ROOT / "var" / "screenshots"
WIDTHS: Final = {1440: 900, 375: 812}
LOCALES: Final = ("zh-CN", "en")
THEMES: Final = ("light", "dark")
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # /dev/shm is small in containers; without this a large page crashes the tab.
    "--disable-dev-shm-usage",
)
_PATIENCE_MS: Final = 15_000
_SESSION_COOKIE: Final = "feilun_session"


def session_cookie(value: str) -> str:
    """Return the Cookie header of a session, for `Program.request`."""
    return f"{_SESSION_COOKIE}={value}"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The whole program on an empty data directory; the administrator still has the one-time password."""
    with running_program(tmp_path_factory.mktemp("site") / "data") as program:
        yield program


@pytest.fixture(scope="session")
def admin_cookie(site: Program) -> str:
    """Value of a session cookie of the administrator, whose password is now `PASSWORD`."""
    status, cookie, _ = site.request("POST", "/api/v1/session", {"username": USERNAME, "password": PASSWORD})
    if status != 200:
        first = {"username": USERNAME, "password": site.one_time_password}
        _, cookie, _ = site.request("POST", "/api/v1/session", first)
        change = {"current_password": site.one_time_password, "new_password": PASSWORD}
        status, _, body = site.request("POST", "/api/v1/session/password", change, cookie=cookie)
        assert status == 204, body
    return cookie.partition("=")[2]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium of the system."""
    executable = chromium.find()
    if executable is None:
        reason = "no Chromium: apt install chromium, or name one in FEILUN_CHROMIUM"
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(_FLAGS), headless=True)
        yield browser
        browser.close()


@pytest.fixture
def visitor(browser: Browser, site: Program) -> Iterator[Page]:
    """A page of someone who is not logged in, in Chinese, at desktop width."""
    context = new_context(browser, site)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(browser: Browser, site: Program, admin_cookie: str) -> Iterator[Page]:
    """A page of the administrator, in Chinese, at desktop width."""
    context = new_context(browser, site)
    context.add_cookies([{"name": _SESSION_COOKIE, "value": admin_cookie, "url": site.address}])
    yield context.new_page()
    context.close()


def new_context(browser: Browser, site: Program) -> BrowserContext:
    """Return a browser profile of its own: Chinese, desktop width, nothing remembered. Close it."""
    context = browser.new_context(
        base_url=site.address,
        viewport={"width": 1440, "height": WIDTHS[1440]},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    context.set_default_timeout(_PATIENCE_MS)
    expect.set_options(timeout=_PATIENCE_MS)
    return context


@pytest.fixture
def take_pictures(pytestconfig: pytest.Config) -> Callable[[Page, str], None]:
    """Return a function that saves the open page in var/screenshots: two widths, two languages, light and dark.

    It reloads the page, and it does so only with `--pictures`, because it costs ten seconds.
    """
    return _take_pictures if pytestconfig.getoption("--pictures") else lambda page, name: None


def _take_pictures(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    for locale in LOCALES:
        for theme in THEMES:
            choose = "([l, t]) => { localStorage.setItem('feilun.locale', l); localStorage.setItem('feilun.theme', t) }"
            page.evaluate(choose, [locale, theme])
            for width, height in WIDTHS.items():
                page.set_viewport_size({"width": width, "height": height})
                page.reload()
                page.wait_for_load_state("networkidle")
                page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{locale}-{theme}.png")
    page.evaluate("localStorage.clear()")
    if before:
        page.set_viewport_size(before)
    page.reload()


@pytest.fixture
def check_accessibility() -> Callable[[Page], None]:
    """Return a function that fails on any serious or critical finding of axe on the open page."""
    return _check_accessibility


def _check_accessibility(page: Page) -> None:
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]})
    grave = [
        f"{violation['id']} ({violation['impact']}): {violation['help']}: "
        + "; ".join(" ".join(node["target"]) for node in violation["nodes"][:3])
        for violation in results.response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    assert not grave, "\n".join(grave)
