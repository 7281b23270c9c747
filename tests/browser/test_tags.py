"""The dictionary of tags, a customer's tags with who and why, and a bulk change with preview and undo."""

import json
import re
import time
from collections.abc import Callable
from typing import Any, Final

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import session_cookie
from tests.program import Program

Pictures = Callable[[Page, str], None]
_PATIENCE_SECONDS: Final = 60.0
_VALUE: Final = re.compile("^值")


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
    expect(page.get_by_text("还没有给这位客户打标签")).to_be_visible()
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


def _known_to_conditions(site: Program, admin_cookie: str, condition: object, people: int) -> None:
    """Wait until conditions see so many people: the warehouse follows within seconds."""
    limit = time.monotonic() + _PATIENCE_SECONDS
    body = {"condition": condition, "sample": 0}
    cookie = session_cookie(admin_cookie)
    while True:
        status, _, answer = site.request("POST", "/api/v1/conditions/preview", body, cookie=cookie)
        # Right after the start the warehouse has no tables yet.
        if status == 200 and json.loads(answer)["count"] == people:
            return
        assert time.monotonic() < limit, answer
        time.sleep(0.5)


def _add_city(page: Page, within: Locator, city: str) -> None:
    within.get_by_role("button", name="添加条件", exact=True).last.click()
    page.get_by_role("combobox", name="搜索字段、指标或人群").fill("城市")
    page.get_by_role("option", name="城市").first.click()
    row = page.locator(".cond-form")
    cities = row.get_by_role("combobox", name="城市：值")
    cities.fill(city)
    cities.press("Enter")
    cities.press("Escape")
    row.get_by_role("button", name="完成").click()
    expect(row).to_have_count(0)


def _in_city(city: str) -> dict[str, object]:
    return {"version": 1, "where": {"field": "city", "op": "in", "value": [city]}}


def _customer_in(site: Program, admin_cookie: str, name: str, phone: str, city: str) -> str:
    body = {
        "identifiers": [{"kind": "phone", "value": phone, "scope": ""}],
        "values": {"name": name, "city": city},
    }
    return str(_post(site, admin_cookie, "/api/v1/customers", body)["id"])


def test_a_computed_tag_is_made_seen_on_a_customer_and_explained(
    page: Page,
    site: Program,
    admin_cookie: str,
    check_accessibility: Callable[[Page], None],
    take_pictures: Pictures,
) -> None:
    customer = _customer_in(site, admin_cookie, "闻人绍", "13812345693", "绍兴")
    _known_to_conditions(site, admin_cookie, _in_city("绍兴"), 1)
    page.goto("/tags")

    page.get_by_role("button", name="新建标签").first.click()
    dialog = page.get_by_role("dialog").first
    dialog.get_by_role("radio", name="计算：由条件决定谁带着它").click()
    dialog.get_by_label("名称", exact=True).fill("江南客户")
    dialog.get_by_label("编码").fill("south")
    dialog.get_by_role("textbox", name=_VALUE).fill("shaoxing")
    dialog.get_by_label("显示名称").fill("绍兴人")
    _add_city(page, page.get_by_role("tree", name="谁带着它"), "绍兴")
    expect(dialog.get_by_test_id("count")).to_have_text("1")
    check_accessibility(page)
    dialog.get_by_role("button", name="保存").click()

    rule = page.get_by_role("listitem").filter(has_text="绍兴人")
    expect(rule).to_contain_text("1 人")
    page.get_by_role("button", name="添加规则").click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("textbox", name=_VALUE).fill("anywhere")
    drawer.get_by_label("显示名称").fill("其他城市")
    _add_city(page, page.get_by_role("tree", name="谁带着它"), "台州")
    drawer.get_by_role("button", name="保存").click()
    expect(drawer).to_be_hidden()
    page.get_by_role("button", name="“其他城市”上移").click()
    expect(page.locator(".tag-rules strong").first).to_have_text("其他城市")
    expect(rule).to_contain_text("1 人")
    check_accessibility(page)
    take_pictures(page, "tag-rules")

    page.get_by_role("link", name="带着它的客户").click()
    page.get_by_role("link", name="闻人绍").click()
    expect(page).to_have_url(f"{site.address}/customers/{customer}")
    page.goto(f"/customers/{customer}?tab=tags")
    row = page.get_by_role("row").filter(has_text="绍兴人")
    expect(row).to_contain_text("从首次计算起")
    take_pictures(page, "customer-computed-tags")
    row.get_by_role("button", name="为什么").click()
    why = page.get_by_role("dialog")
    expect(why.get_by_text("绍兴").first).to_be_visible()
    expect(why.get_by_text("台州").first).to_be_visible()
    check_accessibility(page)


def test_many_are_tagged_by_a_condition_and_found_by_the_tag(
    page: Page, site: Program, admin_cookie: str, take_pictures: Pictures
) -> None:
    tag = _post(site, admin_cookie, "/api/v1/tags", {"key": "huzhou", "name": "湖州客户"})
    _customer_in(site, admin_cookie, "澹台湖", "13812345694", "湖州")
    _known_to_conditions(site, admin_cookie, _in_city("湖州"), 1)
    page.goto(f"/tags/{tag['id']}")

    page.get_by_role("button", name="批量打标签").click()
    dialog = page.get_by_role("dialog").first
    dialog.get_by_role("radio", name="符合条件的客户").click()
    _add_city(page, page.get_by_role("tree", name="符合条件的客户"), "湖州")
    dialog.get_by_role("button", name="先看结果").click()
    dialog.get_by_role("button", name="给 1 位客户打上").click()
    expect(page.get_by_role("row").filter(has_text="批量打上")).to_contain_text("完成")

    page.goto("/customers")
    page.get_by_role("searchbox").fill("湖州客户")
    expect(page.get_by_role("link", name="澹台湖")).to_be_visible()
