"""Makes up the demo company's business customers: accounts, who acts for them, what they owe; and devices of people and stores.

Everything here is invented and says so: company names end in 虚构, credit codes name a region that does not exist.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

Row = dict[str, object]

ACCOUNTS: Final = 36
_WORDS: Final = (
    "晨光",
    "远山",
    "青禾",
    "云栖",
    "南风",
    "拾光",
    "木白",
    "海棠",
    "知行",
    "九里",
    "半夏",
    "原野",
)
_INDUSTRIES: Final = {
    "批发": "商贸",
    "连锁零售": "连锁超市",
    "酒店民宿": "酒店管理",
    "婚庆礼品": "礼品",
    "餐饮": "餐饮管理",
    "电商": "电子商务",
}
_ROLES: Final = (("采购", "采购经理"), ("决策人", "总经理"), ("财务", "财务主管"))
_TERMS: Final = (0, 15, 30, 30, 45, 60)
_DEVICE_KINDS: Final = (("智能香薰机", "DA-1"), ("蓝牙蜡烛灯", "DL-2"), ("智能花盆", "DP-3"))
_STORE_DEVICES: Final = (("客流计数器", "SC-10"), ("电子价签网关", "SG-20"))
_BAD_AFTER_DAYS: Final = 120
_DEVICE_OWNERS: Final = 240
_CREDIT_CODE_CHARACTERS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def make_accounts(
    members: Sequence[Mapping[str, object]],
    stores: Sequence[tuple[str, str, str, str]],
    chance: random.Random,
) -> list[Row]:
    """Return the rows of the account file: each company once for every person who acts for it. People are customers already."""
    people = chance.sample(list(members), min(len(members), ACCOUNTS * 2))
    rows: list[Row] = []
    for number in range(ACCOUNTS):
        _, _, region, city = stores[number % len(stores)]
        industry, suffix = chance.choice(list(_INDUSTRIES.items()))
        word = _WORDS[number % len(_WORDS)]
        company: Row = {
            "公司编码": f"B{number + 1:03d}",
            "公司名称": f"{city}{word}{suffix}有限公司(虚构)",
            "公司简称": f"{word}{suffix}",
            "统一社会信用代码": _credit_code(number),
            "行业": industry,
            "区域": region,
            "公司地址": f"{city}市某路{chance.randint(1, 400)}号(虚构)",
            "状态": chance.choice(("合作中", "合作中", "合作中", "合作中", "冻结")),
            "负责人": chance.choice(("销售一部 小林", "销售一部 小周", "销售二部 小何")),
            "上级公司编码": "B001" if number and number % 12 == 0 else None,
            "账期天数": str(chance.choice(_TERMS)),
            "信用额度": str(chance.choice((20_000, 50_000, 100_000, 300_000))),
        }
        for (role, title), person in zip(_ROLES, people[number::ACCOUNTS], strict=False):
            contact = {
                "联系人": person["姓名"],
                "联系人手机": person["手机号"],
                "联系人客户编码": person["客户编码"],
                "联系人角色": role,
                "联系人职务": title,
            }
            rows.append(company | contact)
    return rows


def _credit_code(number: int) -> str:
    body = f"91999999MA9{number:06d}"
    total = sum(
        _CREDIT_CODE_CHARACTERS.index(character) * pow(3, index, 31) for index, character in enumerate(body)
    )
    return body + _CREDIT_CODE_CHARACTERS[-total % 31]


def make_receivables(
    accounts: Sequence[Mapping[str, object]], today: date, chance: random.Random
) -> list[Row]:
    """Return the rows of the receivable file: most are paid in time, some are open, a few long overdue or written off."""
    rows: list[Row] = []
    terms = {str(row["公司编码"]): int(str(row["账期天数"])) for row in accounts}
    for code, days in terms.items():
        for _ in range(chance.randint(1, 6)):
            issued_on = today - timedelta(days=chance.randint(1, 300))
            due_on = issued_on + timedelta(days=days)
            amount = Decimal(chance.randint(800, 60_000)) / 10
            settled, state = _settlement((today - due_on).days, amount, chance)
            rows.append(
                {
                    "应收单号": f"AR{len(rows) + 1:05d}",
                    "公司编码": code,
                    "应收金额": str(amount),
                    "已收金额": str(settled),
                    "币种": "CNY",
                    "开单日期": issued_on.isoformat(),
                    "到期日": due_on.isoformat(),
                    "核销状态": state,
                }
            )
    return rows


def _settlement(days_overdue: int, amount: Decimal, chance: random.Random) -> tuple[Decimal, str]:
    if days_overdue <= 0:
        state = chance.choices(("已核销", "部分核销", "未核销"), (15, 25, 60))[0]
    elif days_overdue <= _BAD_AFTER_DAYS:
        state = chance.choices(("已核销", "部分核销", "未核销"), (80, 8, 12))[0]
    else:
        state = chance.choices(("已核销", "未核销", "坏账"), (92, 5, 3))[0]
    if state == "已核销":
        return amount, state
    if state == "部分核销":
        return (amount * chance.randint(2, 7) / 10).quantize(Decimal("0.01")), state
    return Decimal(0), state


def make_devices(
    members: Sequence[Mapping[str, object]],
    stores: Sequence[tuple[str, str, str, str]],
    today: date,
    chance: random.Random,
) -> list[Row]:
    """Return the rows of the device file: devices of customers, some given up or faulty, and of stores."""
    rows: list[Row] = []
    for person in chance.sample(list(members), min(len(members), _DEVICE_OWNERS)):
        kind, model = chance.choice(_DEVICE_KINDS)
        bound_on = today - timedelta(days=chance.randint(1, 500))
        rows.append(
            {
                "设备标识": f"DEMO-DV-{len(rows) + 1:05d}",
                "设备类型": kind,
                "设备型号": model,
                "序列号": f"DEMO-SN-{len(rows) + 1:06d}",
                "状态": chance.choices(("在线", "已解绑", "故障"), (86, 10, 4))[0],
                "绑定时间": f"{bound_on.isoformat()} {chance.randint(8, 21):02d}:00:00",
                "手机号": person["手机号"],
                "客户编码": person["客户编码"],
                "门店编码": None,
            }
        )
    for store, _, _, _ in stores:
        for kind, model in _STORE_DEVICES:
            rows.append(
                {
                    "设备标识": f"DEMO-SD-{store}-{model}",
                    "设备类型": kind,
                    "设备型号": model,
                    "序列号": f"DEMO-SN-{store}-{model}",
                    "状态": "在线",
                    "绑定时间": f"{(today - timedelta(days=400)).isoformat()} 09:00:00",
                    "手机号": None,
                    "客户编码": None,
                    "门店编码": store,
                }
            )
    return rows
