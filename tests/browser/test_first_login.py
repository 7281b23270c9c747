"""The first minutes of a new operator: log in with a one-time password, choose one's own, find the console."""

import json
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import session_cookie
from tests.program import Program


def _a_newcomer(site: Program, admin_cookie: str, username: str) -> str:
    """Create an operator; return the one-time password."""
    body = {"username": username, "display_name": "新来的", "role": "operator"}
    status, _, answer = site.request("POST", "/api/v1/operators", body, cookie=session_cookie(admin_cookie))
    assert status == 201, answer
    return str(json.loads(answer)["one_time_password"])


def test_a_one_time_password_is_changed_before_anything_else(
    visitor: Page,
    site: Program,
    admin_cookie: str,
    check_accessibility: Callable[[Page], None],
    take_pictures: Callable[[Page, str], None],
) -> None:
    one_time = _a_newcomer(site, admin_cookie, "xin.lai")
    visitor.goto("/")
    expect(visitor.get_by_label("用户名")).to_be_visible()
    check_accessibility(visitor)
    take_pictures(visitor, "login")

    visitor.get_by_label("用户名").fill("xin.lai")
    visitor.get_by_label("密码", exact=True).fill(one_time)
    visitor.get_by_label("密码", exact=True).press("Enter")
    expect(visitor.get_by_text("设置新密码")).to_be_visible()
    check_accessibility(visitor)
    take_pictures(visitor, "first-password")
    visitor.get_by_label("一次性密码").fill(one_time)
    visitor.get_by_label("新密码", exact=True).fill("一个很长的密码-2026")
    visitor.get_by_label("再输入一次新密码").fill("一个很长的密码-2026")
    visitor.get_by_role("button", name="保存新密码").click()

    expect(visitor.get_by_role("link", name="客户", exact=True)).to_be_visible()


def test_a_wrong_password_is_told_and_opens_nothing(visitor: Page) -> None:
    visitor.goto("/")
    visitor.get_by_label("用户名").fill("nobody")
    visitor.get_by_label("密码", exact=True).fill("wrong")
    visitor.get_by_label("密码", exact=True).press("Enter")

    expect(visitor.get_by_text("用户名或密码不正确")).to_be_visible()
    expect(visitor.get_by_label("密码", exact=True)).to_have_value("")
