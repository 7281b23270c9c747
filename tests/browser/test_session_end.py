"""A session that ends while somebody works."""

import json

from playwright.sync_api import Page, expect

from tests.browser.conftest import session_cookie
from tests.program import Program

_PASSWORD = "一次就换掉它-2026"


def _an_operator(site: Program, admin_cookie: str, username: str) -> None:
    """Create an operator whose password is `_PASSWORD`."""
    body = {"username": username, "display_name": "李丽", "role": "operator"}
    status, _, answer = site.request("POST", "/api/v1/operators", body, cookie=session_cookie(admin_cookie))
    assert status == 201, answer
    one_time = json.loads(answer)["one_time_password"]
    status, cookie, _ = site.request("POST", "/api/v1/session", {"username": username, "password": one_time})
    assert status == 200
    change = {"current_password": one_time, "new_password": _PASSWORD}
    status, _, answer = site.request("POST", "/api/v1/session/password", change, cookie=cookie)
    assert status == 204, answer


def test_an_ended_session_asks_for_the_password_in_place(
    visitor: Page, site: Program, admin_cookie: str
) -> None:
    _an_operator(site, admin_cookie, "ended.session")
    visitor.goto("/login")
    visitor.get_by_label("用户名").fill("ended.session")
    visitor.get_by_label("密码", exact=True).fill(_PASSWORD)
    visitor.get_by_role("button", name="登录").click()
    expect(visitor.get_by_role("link", name="客户", exact=True)).to_be_visible()
    visitor.goto("/products")
    expect(visitor.get_by_role("heading", name="商品", exact=True)).to_be_visible()

    visitor.context.clear_cookies()
    visitor.get_by_role("searchbox").fill("杯子")
    dialog = visitor.get_by_role("dialog")
    expect(dialog).to_contain_text("登录已过期")
    dialog.get_by_label("密码", exact=True).fill(_PASSWORD)
    dialog.get_by_role("button", name="登录").click()

    expect(dialog).to_be_hidden()
    expect(visitor).to_have_url(f"{site.address}/products?q=%E6%9D%AF%E5%AD%90")
