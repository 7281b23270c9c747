"""Deciding about two customers whom one record tied together: merged, or kept apart."""

import json
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import session_cookie
from tests.program import Program

_FILE = """\
客户编码,姓名,手机号
{code}-1,{first},{phone}
{code}-2,{second},{phone}
"""
_WAIT_SECONDS = 60.0


def _take_in(site: Program, admin_cookie: str, content: str) -> None:
    """Import a customer file and wait for its end."""
    cookie = session_cookie(admin_cookie)
    part = 'Content-Disposition: form-data; name="file"; filename="会员.csv"'
    body = f"--x\r\n{part}\r\n\r\n{content}\r\n--x--\r\n".encode()
    kind = "multipart/form-data; boundary=x"
    _, _, answer = site.request(
        "POST", "/api/v1/files?kind=customers", body, cookie=cookie, content_type=kind
    )
    file = json.loads(answer)
    wanted = {"file_id": file["id"], "mapping": file["proposal"]["mapping"]}
    status, _, answer = site.request("POST", "/api/v1/imports", wanted, cookie=cookie)
    assert status == 201, answer
    address = f"/api/v1/imports/{json.loads(answer)['id']}"
    until = time.monotonic() + _WAIT_SECONDS
    state = ""
    while state != "done" and time.monotonic() < until:
        time.sleep(0.3)
        state = json.loads(site.request("GET", address, cookie=cookie)[2])["state"]
    assert state == "done"


def _open_review(page: Page, first: str, second: str) -> None:
    page.goto("/data/reviews")
    row = page.get_by_role("row").filter(has_text=first).filter(has_text=second)
    row.get_by_role("button", name="判断").click()


def test_two_that_share_a_phone_are_decided_to_be_one(page: Page, site: Program, admin_cookie: str) -> None:
    _take_in(
        site, admin_cookie, _FILE.format(code="R", first="端木晴", second="端木小晴", phone="13811110001")
    )
    _open_review(page, "端木晴", "端木小晴")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("不同", exact=True)).to_be_visible()
    expect(drawer.get_by_role("link", name="端木小晴")).to_be_visible()

    drawer.get_by_role("button", name="是同一个人，合并").click()
    expect(drawer.get_by_label("理由")).to_have_attribute("aria-invalid", "true")
    drawer.get_by_label("理由").fill("电话核实")
    drawer.get_by_role("button", name="是同一个人，合并").click()

    expect(drawer).to_be_hidden()
    expect(page.get_by_role("row").filter(has_text="端木小晴")).to_have_count(0)
    page.get_by_title("已合并").click()
    page.get_by_role("row").filter(has_text="端木").get_by_role("button", name="查看").click()
    expect(page.get_by_role("dialog").get_by_text("管理员", exact=False)).to_be_visible()
    expect(page.get_by_role("dialog").get_by_text("电话核实", exact=False)).to_be_visible()


@pytest.mark.parametrize("width", [1440, 375])
def test_two_that_share_a_phone_are_kept_apart(
    page: Page, site: Program, admin_cookie: str, width: int
) -> None:
    first, second = f"令狐一{width}", f"令狐二{width}"
    phone = f"1381111{width:04d}"
    _take_in(site, admin_cookie, _FILE.format(code=f"K{width}", first=first, second=second, phone=phone))
    page.set_viewport_size({"width": width, "height": 812})
    page.goto("/data/reviews")
    entry = page.locator("tr, [role=listitem]").filter(has_text=first).filter(has_text=second)
    entry.get_by_role("button", name="判断").click()
    drawer = page.get_by_role("dialog")

    drawer.get_by_label("理由").fill("母女共用")
    drawer.get_by_role("button", name="是两个人，分开").click()

    expect(drawer).to_be_hidden()
    page.get_by_title("已分开").click()
    expect(entry).to_be_visible()
    page.goto(f"/customers?q={second}")
    expect(page.get_by_role("link", name=second)).to_be_visible()
