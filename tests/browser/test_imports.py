"""Taking a file in through the wizard: correcting the mapping, mending what was rejected."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

_ROWS = """\
单据,成交日期,货号,品名,件数,卖价,会员,电话
W-1001,2026-03-01 10:00,A-1,马克杯,2,39.90,林夏,13911112222
W-1001,2026-03-01 10:00,A-2,杯垫,1,12.50,林夏,13911112222
W-1002,2026-03-02 11:30,A-1,马克杯,1,三十九,周舟,13933334444
"""


@pytest.fixture
def order_file(tmp_path: Path) -> Path:
    """A small order file with unusual headings and one price in words."""
    path = tmp_path / "门店订单.csv"
    path.write_text(_ROWS, encoding="gb18030")
    return path


def _choose_field(page: Page, column: str, field: str) -> None:
    box = page.get_by_role("combobox", name=f"{column}: 对应字段")
    box.click()
    box.fill(field)
    # By keyboard: options move while the list opens and filters.
    expect(page.locator(".ant-select-item-option-active:visible")).to_contain_text(field)
    box.press("Enter")
    expect(page.get_by_role("row").filter(has_text=column).first).to_contain_text(field)


def test_a_file_with_unusual_headings_comes_in_and_its_bad_row_is_mended(
    page: Page, order_file: Path, check_accessibility: Callable[[Page], None]
) -> None:
    page.goto("/data/imports/new?kind=orders")
    page.locator("input[type=file]").set_input_files(order_file)
    expect(page.get_by_role("combobox", name="货号: 对应字段")).to_be_visible()
    for column, field in (
        ("单据", "订单号"),
        ("成交日期", "下单时间"),
        ("货号", "商品编码"),
        ("品名", "商品名称"),
        ("件数", "数量"),
        ("卖价", "单价"),
        ("会员", "客户姓名"),
        ("电话", "手机号"),
    ):
        if field not in page.get_by_role("row").filter(has_text=column).first.inner_text():
            _choose_field(page, column, field)
    page.get_by_label("来源名称").fill("wizard")
    check_accessibility(page)

    page.get_by_role("button", name="预览结果").click()
    expect(page.get_by_text("被拒绝的原因")).to_be_visible()
    page.get_by_role("button", name="开始导入").click()
    page.wait_for_url("**/data/imports/i_*")
    expect(page.get_by_text("完成", exact=True)).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="查看并修正").first.click()

    page.get_by_role("button", name="修正").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("“三十九”").first).to_be_visible()
    drawer.get_by_label("单价").fill("39")
    drawer.get_by_role("button", name="保存并重放").click()

    expect(page.get_by_text("已收下 1 行")).to_be_visible(timeout=30_000)


def test_a_half_done_import_is_found_again_by_its_address(page: Page, order_file: Path) -> None:
    page.goto("/data/imports/new?kind=orders")
    page.locator("input[type=file]").set_input_files(order_file)
    expect(page.get_by_role("combobox", name="货号: 对应字段")).to_be_visible()

    page.reload()

    expect(page.get_by_text("门店订单.csv")).to_be_visible()
    expect(page.get_by_role("combobox", name="货号: 对应字段")).to_be_visible()


def test_a_file_that_is_none_is_refused_in_words(page: Page, tmp_path: Path) -> None:
    broken = tmp_path / "坏文件.xlsx"
    broken.write_bytes(b"PK\x03\x04 this is no workbook")
    page.goto("/data/imports/new?kind=orders")

    page.locator("input[type=file]").set_input_files(broken)

    expect(page.get_by_role("alert")).to_be_visible()
