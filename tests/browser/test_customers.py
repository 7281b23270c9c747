"""Finding a customer, editing one, merging two and splitting them again."""

import json
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import session_cookie
from tests.program import Program


def _new_customer(site: Program, admin_cookie: str, name: str, phone: str) -> str:
    body = {"identifiers": [{"kind": "phone", "value": phone, "scope": ""}], "values": {"name": name}}
    status, _, answer = site.request("POST", "/api/v1/customers", body, cookie=session_cookie(admin_cookie))
    assert status == 201, answer
    customer_id: str = json.loads(answer)["id"]
    return customer_id


def test_a_customer_is_found_by_the_last_four_digits_and_opened(
    page: Page, site: Program, admin_cookie: str, check_accessibility: Callable[[Page], None]
) -> None:
    _new_customer(site, admin_cookie, "欧阳若兰", "13812345671")
    page.goto("/customers")

    page.get_by_role("searchbox").fill("5671")
    page.get_by_role("link", name="欧阳若兰").click()

    expect(page.get_by_role("heading", name="欧阳若兰")).to_be_visible()
    expect(page.get_by_text("138 **** 5671")).to_be_visible()
    page.get_by_role("button", name="显示").click()
    expect(page.get_by_text("138 1234 5671")).to_be_visible()
    check_accessibility(page)


def test_the_address_holds_what_was_searched(page: Page, site: Program, admin_cookie: str) -> None:
    _new_customer(site, admin_cookie, "司徒听雨", "13812345672")
    page.goto("/customers")
    page.get_by_role("searchbox").fill("听雨")
    page.wait_for_url("**/customers?q=*")
    expect(page.get_by_role("link", name="司徒听雨")).to_be_visible()

    page.reload()

    expect(page.get_by_role("searchbox")).to_have_value("听雨")
    expect(page.get_by_role("link", name="司徒听雨")).to_be_visible()


def test_a_field_is_edited_in_place_and_says_where_it_came_from(
    page: Page, site: Program, admin_cookie: str
) -> None:
    customer_id = _new_customer(site, admin_cookie, "慕容远", "13812345673")
    page.goto(f"/customers/{customer_id}?tab=fields")

    page.get_by_role("button", name="编辑 城市").click()
    page.get_by_role("textbox", name="城市").fill("苏州")
    page.get_by_role("button", name="保存").click()

    row = page.locator(".field-row").filter(has_text="城市")
    expect(row).to_contain_text("苏州")
    expect(row).to_contain_text("人工")


def test_two_customers_are_merged_by_hand_and_split_again(
    page: Page, site: Program, admin_cookie: str
) -> None:
    first = _new_customer(site, admin_cookie, "诸葛明", "13812345674")
    _new_customer(site, admin_cookie, "诸葛亮明", "13812345675")
    page.goto(f"/customers/{first}?tab=identities")

    page.get_by_role("button", name="与其他客户合并").click()
    page.get_by_label("搜索同一个人的另一条记录").fill("5675")
    page.get_by_role("button", name="诸葛亮明").click()
    page.get_by_label("合并理由").fill("门店确认为同一人")
    page.get_by_role("button", name="合并", exact=True).click()
    expect(page.get_by_text("手工合并")).to_be_visible()
    expect(page.get_by_text("由 2 条客户记录组成", exact=False)).to_be_visible()

    page.get_by_role("button", name="拆分").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("理由").fill("不是同一人")
    dialog.get_by_role("button", name="拆分").click()

    expect(page.get_by_text("已拆分", exact=True)).to_be_visible()
    page.goto("/customers?q=5675")
    expect(page.get_by_role("link", name="诸葛亮明")).to_be_visible()


def test_the_customer_page_fits_a_phone(page: Page, site: Program, admin_cookie: str) -> None:
    customer_id = _new_customer(site, admin_cookie, "上官小满", "13812345676")
    page.set_viewport_size({"width": 375, "height": 812})

    for tab in ("timeline", "orders", "identities", "fields"):
        page.goto(f"/customers/{customer_id}?tab={tab}")
        expect(page.get_by_role("heading", name="上官小满")).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, tab
