"""The language a person chose is met again in another browser."""

import json

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import new_context, session_cookie
from tests.program import PASSWORD, Program


def _a_colleague(site: Program, admin_cookie: str) -> None:
    body = {"username": "yu.yan", "display_name": "于言", "role": "viewer", "locale": "zh-CN"}
    status, _, answer = site.request("POST", "/api/v1/operators", body, cookie=session_cookie(admin_cookie))
    assert status == 201, answer
    one_time = json.loads(answer)["one_time_password"]
    credentials = {"username": "yu.yan", "password": one_time}
    _, cookie, _ = site.request("POST", "/api/v1/session", credentials)
    change = {"current_password": one_time, "new_password": PASSWORD}
    assert site.request("POST", "/api/v1/session/password", change, cookie=cookie)[0] == 204


def _log_in(page: Page) -> None:
    page.goto("/")
    page.get_by_label("用户名").fill("yu.yan")
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_label("密码", exact=True).press("Enter")


def test_the_language_of_the_account_menu_follows_into_another_browser(
    visitor: Page, browser: Browser, site: Program, admin_cookie: str
) -> None:
    _a_colleague(site, admin_cookie)
    _log_in(visitor)
    visitor.get_by_role("button", name="账号与外观").click()
    visitor.get_by_text("语言").hover()
    with visitor.expect_response(lambda answer: answer.request.method == "PATCH"):
        visitor.get_by_text("English", exact=True).click()
    expect(visitor.get_by_role("heading", name="Customers")).to_be_visible()

    elsewhere = new_context(browser, site)
    page = elsewhere.new_page()
    _log_in(page)

    expect(page.get_by_role("heading", name="Customers")).to_be_visible()
    elsewhere.close()
