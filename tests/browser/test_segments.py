"""Building a condition by mouse and by keyboard alone, why somebody is out, and what a saved segment shows."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import session_cookie
from tests.browser.shop import answer_of, day, take_in, wait_until
from tests.program import Program

_CUSTOMERS: Final = "客户编码,姓名,城市\n"
_ORDERS: Final = "订单号,下单时间,商品编码,商品名称,数量,单价,客户编码\n"
_WARE: Final = "GOLD-X"
_WANTED: Final = {
    "version": 1,
    "where": {
        "all": [
            {
                "measure": {
                    "name": "order_count",
                    "where": [{"column": "sku", "op": "in", "value": [_WARE]}],
                    "period": {"last": 60, "unit": "day"},
                },
                "op": "gte",
                "value": 2,
            },
            {
                "not": {
                    "measure": {
                        "name": "order_count",
                        "where": [{"column": "sku", "op": "in", "value": [_WARE]}],
                        "period": {"last": 30, "unit": "day"},
                    },
                    "op": "gte",
                    "value": 1,
                }
            },
            {"any": [{"field": "city", "op": "in", "value": ["苏州", "扬州"]}]},
        ]
    },
}
"""Bought X twice in 60 days, not in the last 30, and lives in one of these cities."""
_SENTENCE_PARTS: Final = ("60", "30", "苏州", _WARE)


@pytest.fixture(scope="module")
def buyers(site: Program, admin_cookie: str) -> None:
    """Four customers, of whom only 钟离春 fits; the others bought lately, once only, or live elsewhere."""
    cookie = session_cookie(admin_cookie)
    people = {
        "钟离春": ("G-1", "苏州", (50, 40)),
        "澹台远": ("G-2", "苏州", (50, 40, 5)),
        "百里霜": ("G-3", "扬州", (45,)),
        "东郭岚": ("G-4", "拉萨", (50, 40)),
    }
    customers = [f"{code},{name},{city}\n" for name, (code, city, _) in people.items()]
    orders = [
        f"{code}-{days},{day(days)},{_WARE},镀金相框,1,99.00,{code}\n"
        for code, _, bought in people.values()
        for days in bought
    ]
    take_in(site, cookie, "customers", _CUSTOMERS + "".join(customers))
    take_in(site, cookie, "orders", _ORDERS + "".join(orders))
    wait_until(lambda: _count(site, cookie, _WANTED) == 1)


def _count(site: Program, cookie: str, condition: object) -> int:
    body = {"condition": condition, "sample": 0}
    count: int = answer_of(site.request("POST", "/api/v1/conditions/preview", body, cookie=cookie))["count"]
    return count


def _previewed(page: Page) -> list[object]:
    """Collect the conditions that the page asks counts for."""
    asked: list[object] = []

    def note(request: Any) -> None:
        if request.url.endswith("/conditions/preview"):
            asked.append(json.loads(request.post_data)["condition"])

    page.on("request", note)
    return asked


def _open_row(page: Page) -> Locator:
    return page.locator(".cond-form")


def _choose_option(page: Page, box: Locator, text: str) -> None:
    box.click()
    page.locator(".ant-select-dropdown:visible .ant-select-item-option").filter(has_text=text).first.click()


def _add_by_mouse(page: Page, within: Locator, label: str) -> None:
    within.get_by_role("button", name="添加条件", exact=True).last.click()
    page.get_by_role("combobox", name="搜索字段、指标或人群").fill(label)
    page.get_by_role("option", name=label).first.click()
    expect(_open_row(page)).to_be_visible()


def _fill_bought_by_mouse(page: Page, *, days: int, at_least: int) -> None:
    row = _open_row(page)
    row.get_by_role("spinbutton", name="最近多久").fill(str(days))
    row.get_by_role("spinbutton", name="订单数：值").fill(str(at_least))
    row.get_by_role("button", name="限定范围").click()
    values = row.get_by_role("combobox", name="商品编码：值")
    values.click()
    values.fill(_WARE)
    values.press("Enter")
    values.press("Escape")
    row.get_by_role("button", name="完成").click()
    expect(row).to_have_count(0)


@pytest.mark.usefixtures("buyers")
def test_a_gold_condition_is_built_by_mouse(page: Page, check_accessibility: Callable[[Page], None]) -> None:
    asked = _previewed(page)
    page.goto("/segments/new")
    tree = page.get_by_role("tree", name="人群条件")
    _add_by_mouse(page, tree, "订单数")
    _fill_bought_by_mouse(page, days=60, at_least=2)
    _add_by_mouse(page, tree, "订单数")
    _fill_bought_by_mouse(page, days=30, at_least=1)
    tree.get_by_role("button", name="取反").last.click()
    tree.get_by_role("button", name="添加条件组").last.click()
    _add_by_mouse(page, tree.locator(".cond-any"), "城市")
    cities = _open_row(page).get_by_role("combobox", name="城市：值")
    for city in ("苏州", "扬州"):
        cities.fill(city)
        cities.press("Enter")
    cities.press("Escape")
    _open_row(page).get_by_role("button", name="完成").click()

    expect(page.get_by_test_id("count")).to_have_text("1")
    expect(page.get_by_role("link", name="钟离春")).to_be_visible()
    for part in _SENTENCE_PARTS:
        expect(page.locator(".cond-sentence")).to_contain_text(part)
    assert asked[-1] == _WANTED
    check_accessibility(page)


def _press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def _focused(page: Page) -> Locator:
    return page.locator(":focus")


def _add_by_keyboard(page: Page, label: str) -> None:
    page.keyboard.press("+")
    expect(page.get_by_role("combobox", name="搜索字段、指标或人群")).to_be_focused()
    page.keyboard.type(label)
    expect(page.locator('[role="option"][aria-selected="true"]')).to_contain_text(label)
    page.keyboard.press("Enter")
    expect(_focused(page)).to_have_attribute("aria-label", f"{label}：值")


def _tab_to(page: Page, label: str, *, is_back: bool = False) -> None:
    for _ in range(30):
        page.keyboard.press("Shift+Tab" if is_back else "Tab")
        if (
            page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.innerText") or ""
        ) == label:
            return
    raise AssertionError(f"no way to {label}")


@pytest.mark.usefixtures("buyers")
def test_the_same_condition_is_built_by_keyboard_alone(page: Page) -> None:
    asked = _previewed(page)
    page.goto("/segments/new")
    expect(page.get_by_role("tree", name="人群条件")).to_be_visible()
    page.get_by_role("treeitem").first.focus()
    _add_by_keyboard(page, "订单数")
    page.keyboard.type("2")
    _tab_to(page, "最近多久", is_back=True)
    _press(page, "Control+a")
    page.keyboard.type("60")
    _tab_to(page, "限定范围（商品、门店、渠道…）")
    _press(page, "Enter")
    _tab_to(page, "商品编码：值", is_back=True)
    page.keyboard.type(_WARE)
    _press(page, "Enter", "Escape", "Control+Enter")
    first = page.get_by_role("treeitem", level=2).first
    expect(first).to_be_focused()
    expect(first).to_have_accessible_name(f"最近 60 天 订单数（商品编码 是 {_WARE}）不少于 2 笔")

    _press(page, "Control+c", "Control+v", "!", "Enter")
    expect(_focused(page)).to_have_attribute("aria-label", "订单数：值")
    _press(page, "Control+a")
    page.keyboard.type("1")
    _tab_to(page, "最近多久", is_back=True)
    _press(page, "Control+a")
    page.keyboard.type("30")
    _press(page, "Escape")

    page.keyboard.press("(")
    _add_by_keyboard(page, "城市")
    for city in ("苏州", "扬州"):
        page.keyboard.type(city)
        _press(page, "Enter")
    _press(page, "Escape", "Escape")
    # The group came inside of nothing: behind the second row, where it belongs.
    expect(page.get_by_role("treeitem", level=3)).to_be_focused()

    expect(page.get_by_test_id("count")).to_have_text("1")
    expect(page.get_by_role("link", name="钟离春")).to_be_visible()
    assert asked[-1] == _WANTED


def _open_with(page: Page, site: Program, cookie: str, key: str, condition: object = _WANTED) -> str:
    body = {"key": key, "name": "金相框老客", "condition": condition}
    segment = answer_of(site.request("POST", "/api/v1/segments", body, cookie=session_cookie(cookie)))
    segment_id: str = segment["id"]
    page.goto(f"/segments/{segment_id}/edit")
    expect(page.get_by_test_id("count")).to_be_visible()
    return segment_id


def _names(rows: Locator) -> list[str]:
    return [row.get_attribute("aria-label") or "" for row in rows.all()]


@pytest.mark.usefixtures("buyers")
def test_rows_are_dragged_moved_undone_and_redone(page: Page, site: Program, admin_cookie: str) -> None:
    _open_with(page, site, admin_cookie, "gold_moves")
    rows = page.get_by_role("treeitem")
    before = _names(rows)
    assert len(before) == 5

    handle = rows.nth(1).locator(".cond-handle").first
    target = rows.nth(4).locator(".cond-row").first
    start, end = handle.bounding_box(), target.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 8, start["y"] + 12)
    page.mouse.down()
    page.mouse.move(end["x"] + 60, end["y"] + 8, steps=6)
    page.mouse.move(end["x"] + 60, end["y"] + end["height"] - 4, steps=3)
    page.mouse.up()
    expect(page.get_by_role("treeitem", level=3)).to_have_count(2)

    rows.nth(4).focus()
    _press(page, "Control+z")
    expect(page.get_by_role("treeitem", level=3)).to_have_count(1)
    assert _names(rows) == before
    _press(page, "Control+Shift+Z")
    expect(page.get_by_role("treeitem", level=3)).to_have_count(2)
    _press(page, "Control+z", "Home", "ArrowDown", "Alt+ArrowDown")
    expect(page.get_by_role("treeitem", level=2).nth(1)).to_be_focused()
    _press(page, "Delete", "Control+z", "Control+z")
    assert _names(rows) == before
    expect(page.get_by_role("button", name="保存", exact=True)).to_be_disabled()


@pytest.mark.usefixtures("buyers")
def test_a_person_is_told_why_out(page: Page, site: Program, admin_cookie: str) -> None:
    _open_with(page, site, admin_cookie, "gold_why")

    box = page.get_by_role("combobox", name="选择客户")
    box.click()
    box.fill("澹台远")
    page.locator(".ant-select-item-option").filter(has_text="澹台远").click()

    expect(page.locator(".cond-verdict")).to_contain_text("不符合条件")
    parts = page.locator(".cond-why li li")
    expect(parts.filter(has_text="30 天").first).to_have_attribute("data-holds", "false")
    expect(parts.filter(has_text="60 天").first).to_have_attribute("data-holds", "true")
    expect(parts.filter(has_text="60 天").first).to_contain_text("3 笔")


@pytest.mark.usefixtures("buyers")
def test_problems_stand_on_their_row_and_stop_saving(page: Page) -> None:
    page.goto("/segments/new")
    page.get_by_label("名称").fill("未完成")
    _add_by_mouse(page, page.get_by_role("tree"), "订单数")
    _press(page, "Escape")

    row = page.get_by_role("treeitem", level=2)
    expect(row).to_have_accessible_description("请填写比较的值。")
    expect(page.get_by_role("button", name="保存", exact=True)).to_be_disabled()


@pytest.mark.usefixtures("buyers")
def test_a_segment_is_saved_and_shows_its_members(
    page: Page,
    site: Program,
    admin_cookie: str,
    check_accessibility: Callable[[Page], None],
    take_pictures: Callable[[Page, str], None],
) -> None:
    page.goto("/segments/new")
    page.get_by_label("名称").fill("苏扬客户")
    _add_by_mouse(page, page.get_by_role("tree"), "城市")
    cities = _open_row(page).get_by_role("combobox", name="城市：值")
    cities.fill("苏州")
    cities.press("Enter")
    cities.press("Escape")
    expect(page.get_by_test_id("count")).to_have_text("2")
    take_pictures_of_editor = page.url
    page.get_by_role("button", name="保存", exact=True).click()

    expect(page.get_by_role("heading", name="苏扬客户")).to_be_visible()
    assert page.url != take_pictures_of_editor
    expect(page.locator(".figures")).to_contain_text("2", timeout=60_000)
    check_accessibility(page)
    take_pictures(page, "segment")
    page.get_by_role("link", name="成员").click()
    for name in ("钟离春", "澹台远"):
        expect(page.get_by_role("link", name=name)).to_be_visible()
    expect(page.get_by_role("link", name="百里霜")).to_have_count(0)
    check_accessibility(page)
    page.goto("/segments")
    expect(page.get_by_role("link", name="苏扬客户")).to_be_visible()
    check_accessibility(page)
    take_pictures(page, "segments")


@pytest.mark.usefixtures("buyers")
def test_unsaved_work_is_not_lost_by_a_click(page: Page) -> None:
    page.goto("/segments/new")
    page.get_by_label("名称").fill("别丢了")
    page.get_by_role("link", name="客户", exact=True).click()

    dialog = page.get_by_role("dialog", name="离开而不保存？")
    dialog.get_by_role("button", name="留在此页").click()
    expect(page.get_by_label("名称")).to_have_value("别丢了")
    page.get_by_role("link", name="客户", exact=True).click()
    dialog.get_by_role("button", name="离开", exact=True).click()
    page.wait_for_url("**/customers")


@pytest.mark.usefixtures("buyers")
def test_every_page_of_segments_fits_a_phone(
    page: Page,
    site: Program,
    admin_cookie: str,
    take_pictures: Callable[[Page, str], None],
) -> None:
    segment_id = _open_with(page, site, admin_cookie, "gold_phone")
    take_pictures(page, "condition-editor")
    page.set_viewport_size({"width": 375, "height": 812})
    tabs = ("overview", "members", "changes", "profile", "overlap", "audiences", "why", "versions")
    addresses = [f"/segments/{segment_id}?tab={tab}" for tab in tabs]
    others = ["/segments", "/segments/new", "/segments/overlap", "/segments/audiences"]
    for address in (*addresses, *others, f"/segments/{segment_id}/edit"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, address
