"""The RFM map and its model, and what is made from ready definitions."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WIDTHS, session_cookie
from tests.browser.shop import answer_of, day, take_in, wait_until
from tests.program import Program

_ORDERS: Final = "订单号,下单时间,商品编码,商品名称,数量,单价,客户编码\n"
_CUSTOMERS: Final = "客户编码,姓名\n"
_BOUGHT: Final = {
    "R-1": (3, 20, 40, 80, 120, 200),
    "R-2": (5, 60, 90),
    "R-3": (30, 35),
    "R-4": (100,),
    "R-5": (260,),
    "R-6": (380,),
}
"""Days ago of each one's orders."""
_PLACES: Final = (
    "/rfm",
    "/segments/templates",
    "/segments/templates/aipl",
    "/segments/templates/high_returns",
)
_APPEARANCES: Final = [
    (1440, "light", "zh-CN"),
    (1440, "dark", "en"),
    (375, "light", "en"),
    (375, "dark", "zh-CN"),
]


@pytest.fixture(scope="module")
def shoppers(site: Program, admin_cookie: str) -> str:
    """Six customers who ordered often and lately, seldom and long ago; return the cookie to ask about them."""
    cookie = session_cookie(admin_cookie)
    customers = "".join(f"{code},买家{code[-1]}\n" for code in _BOUGHT)
    orders = "".join(
        f"{code}-{days},{day(days)},RFM-X,相框,{place + 1},60.00,{code}\n"
        for code, bought in _BOUGHT.items()
        for place, days in enumerate(bought)
    )
    take_in(site, cookie, "customers", _CUSTOMERS + customers)
    take_in(site, cookie, "orders", _ORDERS + orders)
    wait_until(lambda: _heatmap_people(site, cookie) >= len(_BOUGHT))
    return cookie


def _heatmap(site: Program, cookie: str) -> dict[str, Any]:
    return answer_of(site.request("GET", "/api/v1/rfm/heatmap", cookie=cookie))


def _heatmap_people(site: Program, cookie: str) -> int:
    status, _, body = site.request("GET", "/api/v1/rfm/heatmap", cookie=cookie)
    return int(json.loads(body)["people"]) if status == 200 else 0


def _agree(page: Page) -> None:
    question = page.get_by_role("dialog").last
    expect(question).to_contain_text("不会触发流程、规则或消息")
    question.locator(".ant-btn-primary").click()


def test_a_cell_is_found_by_keyboard_and_opens_as_segment(
    page: Page, site: Program, shoppers: str, check_accessibility: Callable[[Page], None]
) -> None:
    heatmap = _heatmap(site, shoppers)
    scores = heatmap["model"]["scores"]
    cell = max(heatmap["cells"], key=lambda cell: cell["people"])
    page.goto("/rfm")
    page.locator(f"[data-place='{scores}-{scores}']").focus()
    for _ in range(scores - cell["recency"]):
        page.keyboard.press("ArrowDown")
    for _ in range(scores - cell["frequency"]):
        page.keyboard.press("ArrowLeft")
    expect(page.locator(f"[data-place='{cell['recency']}-{cell['frequency']}']")).to_be_focused()
    expect(page.get_by_role("tooltip")).to_contain_text(f"R 最近购买 {cell['recency']} 分")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=f"R{cell['recency']} · F{cell['frequency']}")
    expect(dialog).to_be_visible()
    check_accessibility(page)

    dialog.get_by_role("link", name="以此建人群").click()

    expect(page.get_by_label("名称")).to_have_value(f"RFM：R{cell['recency']} F{cell['frequency']}")
    expect(page.get_by_test_id("count")).to_have_text(f"{cell['people']:,}")


def test_the_model_is_switched_on_changed_and_not_overwritten_unseen(
    page: Page,
    site: Program,
    shoppers: str,
    check_accessibility: Callable[[Page], None],
    take_pictures: Callable[[Page, str], None],
) -> None:
    page.goto("/rfm")
    take_pictures(page, "rfm-shipped")
    page.get_by_role("button", name="启用").click()
    _agree(page)
    expect(page.get_by_role("link", name="查看 4 个 RFM 标签")).to_be_visible()
    tags = answer_of(site.request("GET", "/api/v1/tags", cookie=shoppers))["items"]
    wanted = {"rfm_recency", "rfm_frequency", "rfm_monetary", "rfm_region"}
    assert wanted <= {tag["key"] for tag in tags}

    page.get_by_role("button", name="模型设置").click()
    drawer = page.get_by_role("dialog", name="模型设置")
    drawer.get_by_text("3", exact=True).first.click()
    drawer.get_by_role("radiogroup", name="F 购买频次: 划分方式").get_by_text("固定阈值").click()
    first, second = (drawer.get_by_label(f"F 购买频次：第 {n} 个界限") for n in (1, 2))
    first.fill("4")
    second.fill("2")
    expect(drawer.get_by_text("界限要填满，并且从小到大")).to_be_visible()
    expect(drawer.get_by_role("button", name="保存")).to_be_disabled()
    first.fill("1")
    check_accessibility(page)

    model = answer_of(site.request("GET", "/api/v1/rfm", cookie=shoppers))
    theirs = {name: model[name] for name in model if name not in ("calibrated_at", "people")}
    answer_of(site.request("PUT", "/api/v1/rfm", theirs | {"recalibrate_days": 14}, cookie=shoppers))
    drawer.get_by_role("button", name="保存").click()
    _agree(page)
    expect(drawer.get_by_role("alert")).to_contain_text("刚被他人改成第 2 版")
    drawer.get_by_role("button", name="保留我的修改").click()
    drawer.get_by_role("button", name="保存").click()
    _agree(page)

    expect(drawer).to_be_hidden()
    expect(page.locator("[data-place]")).to_have_count(9)
    saved = answer_of(site.request("GET", "/api/v1/rfm", cookie=shoppers))
    assert (saved["version"], saved["scores"]) == (3, 3)
    assert [float(limit) for limit in saved["scales"]["frequency"]["limits"]] == [1, 2]
    assert {tuple(region["recency"]) for region in saved["regions"]} == {(1, 1), (2, 3)}


def test_ready_definitions_become_a_segment_and_a_tag(page: Page, shoppers: str) -> None:
    page.goto("/segments")
    page.get_by_role("link", name="从现成定义开始").first.click()
    page.get_by_role("link", name="沉睡客户").click()
    days = page.get_by_label("多少天没有下单")
    days.fill("0")
    expect(page.get_by_text("超出范围")).to_be_visible()
    expect(page.get_by_role("button", name="建立人群")).to_be_disabled()
    days.fill("250")
    expect(page.get_by_text("最近下单时间在 250 天以前")).to_be_visible()
    page.get_by_role("button", name="建立人群").click()
    page.get_by_role("link", name="打开人群").click()
    expect(page.get_by_role("heading", name="沉睡客户")).to_be_visible()

    page.goto("/segments/templates/channel_source")
    picked = page.get_by_label("渠道名称")
    picked.fill("小程序")
    picked.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_text("从上往下，第一个符合的值算数")).to_be_visible()
    page.get_by_role("button", name="建立标签").click()
    page.get_by_role("link", name="打开标签").click()
    expect(page.get_by_role("heading", name="渠道来源")).to_be_visible()

    page.goto("/segments/templates/channel_source")
    expect(page.get_by_text("标签“渠道来源”已存在")).to_be_visible()


@pytest.mark.parametrize(("width", "theme", "locale"), _APPEARANCES)
def test_pages_are_accessible_and_fit(
    page: Page,
    shoppers: str,
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

    for place in _PLACES:
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
