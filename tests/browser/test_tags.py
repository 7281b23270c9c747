"""The dictionary of tags, a customer's tags with who and why, and a bulk change with preview and undo."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import session_cookie
from tests.program import Program

Pictures = Callable[[Page, str], None]


def _post(site: Program, admin_cookie: str, path: str, body: object) -> dict[str, Any]:
    status, _, answer = site.request("POST", path, body, cookie=session_cookie(admin_cookie))
    assert status in (200, 201), answer
    made: dict[str, Any] = json.loads(answer)
    return made


def _customer(site: Program, admin_cookie: str, name: str, phone: str) -> str:
    body = {
        "identifiers": [{"kind": "phone", "value": phone, "scope": ""}],
        "values": {"name": name, "city": "杭州"},
    }
    return str(_post(site, admin_cookie, "/api/v1/customers", body)["id"])


def test_a_tag_is_made_and_found_in_the_dictionary(
    page: Page, check_accessibility: Callable[[Page], None], take_pictures: Pictures
) -> None:
    page.goto("/tags")

    page.get_by_role("button", name="新建标签").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("名称").fill("母婴人群")
    dialog.get_by_label("编码").fill("mother_and_baby")
    dialog.get_by_label("说明").fill("买过母婴品类的客户")
    dialog.get_by_role("button", name="保存").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("searchbox").fill("母婴")

    expect(page.get_by_role("link", name="母婴人群")).to_be_visible()
    expect(page.get_by_text("mother_and_baby")).to_be_visible()
    check_accessibility(page)
    take_pictures(page, "tags")


def test_a_customer_gets_a_tag_and_the_page_says_who_and_why(
    page: Page, site: Program, admin_cookie: str, take_pictures: Pictures
) -> None:
    _post(site, admin_cookie, "/api/v1/tags", {"key": "regular", "name": "老朋友", "colour": "gold"})
    customer = _customer(site, admin_cookie, "上官云", "13812345691")
    page.goto(f"/customers/{customer}?tab=tags")

    page.get_by_role("combobox", name="选择标签").click()
    page.get_by_role("combobox", name="选择标签").fill("老朋友")
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="原因").fill("店长推荐")
    page.get_by_role("button", name="打标签").click()

    row = page.get_by_role("row").filter(has_text="店长推荐").first
    expect(row).to_contain_text("老朋友")
    take_pictures(page, "customer-tags")
    page.get_by_role("button", name="移除 老朋友").click()
    page.get_by_role("dialog").get_by_role("button", name="移除").click()
    expect(page.get_by_text("这位客户没有标签")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="移除")).to_be_visible()


def test_a_bulk_change_is_previewed_run_and_undone(
    page: Page,
    site: Program,
    admin_cookie: str,
    check_accessibility: Callable[[Page], None],
    take_pictures: Pictures,
) -> None:
    tag = _post(site, admin_cookie, "/api/v1/tags", {"key": "hangzhou", "name": "杭州客户", "colour": "blue"})
    _customer(site, admin_cookie, "端木杭", "13812345692")
    page.goto(f"/tags/{tag['id']}")

    page.get_by_role("button", name="批量打标签").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("搜索词（手机号、姓名、订单号…）").fill("端木杭")
    dialog.get_by_role("button", name="先看结果").click()
    expect(dialog.get_by_text("端木杭")).to_be_visible()
    dialog.get_by_role("button", name="给 1 位客户打上").click()

    done = page.get_by_role("row").filter(has_text="批量打上")
    expect(done).to_contain_text("完成")
    check_accessibility(page)
    page.get_by_role("link", name="带着它的客户").click()
    expect(page.get_by_role("link", name="端木杭")).to_be_visible()
    take_pictures(page, "tag")
    page.get_by_role("link", name="批量操作").click()
    done.get_by_role("button", name="撤销").click()
    page.get_by_role("dialog").get_by_role("button", name="撤销").click()
    expect(done).to_contain_text("已撤销")
    page.get_by_role("link", name="带着它的客户").click()
    expect(page.get_by_text("还没有客户带着它")).to_be_visible()
