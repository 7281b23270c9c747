"""Makes up the demo company around real orders: pure functions of the orders, a date and a fixed seed.

The orders are real (see examples/demo/ORIGINS.md); people, phones, stores, stock and behaviour are not. The same seed
and date give the same files. Headings are Chinese, as in the exports a retailer would drop in.
"""

import random
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, cast

import pyarrow as pa
import pyarrow.compute as pc

from feilun.entrypoints.demo_accounts import make_accounts, make_devices, make_receivables
from feilun.ingestion.contracts import ImportMapping

SEED: Final = 20111209
"""The date of the source's last sale; any number would do."""

STORES: Final = (
    ("S01", "上海静安店", "华东", "上海"),
    ("S02", "杭州湖滨店", "华东", "杭州"),
    ("S03", "南京新街口店", "华东", "南京"),
    ("S04", "北京三里屯店", "华北", "北京"),
    ("S05", "广州天河店", "华南", "广州"),
    ("S06", "深圳万象店", "华南", "深圳"),
    ("S07", "成都春熙店", "西南", "成都"),
    ("S08", "武汉江汉店", "华中", "武汉"),
)
_PROVINCES: Final = {
    "上海": "上海",
    "杭州": "浙江",
    "南京": "江苏",
    "北京": "北京",
    "广州": "广东",
    "深圳": "广东",
    "成都": "四川",
    "武汉": "湖北",
}
_SURNAMES: Final = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余"
_GIVEN: Final = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰萍红梅欣怡子涵雨桐梓轩思远浩然佳琪诗雅俊熙晨曦若曦一诺"
_STREETS: Final = ("中山路", "人民路", "解放路", "建设路", "和平路", "文昌街", "学府路", "滨江大道")
_CATEGORIES: Final = (
    ("节日装饰", ("CHRISTMAS", "EASTER", "ADVENT", "BAUBLE", "PARTY", "BUNTING", "GARLAND", "WREATH")),
    ("灯饰蜡烛", ("LIGHT", "CANDLE", "LANTERN", "LAMP", "T-LIGHT")),
    ("包袋", ("BAG", "PURSE", "SHOPPER", "SATCHEL", "LUGGAGE")),
    (
        "餐厨",
        (
            "MUG",
            "CUP",
            "TEA",
            "PLATE",
            "BOWL",
            "CAKE",
            "KITCHEN",
            "JAM",
            "SPOON",
            "BAKING",
            "LUNCH",
            "NAPKIN",
            "GLASS",
        ),
    ),
    ("文具礼品", ("CARD", "WRAP", "PENCIL", "PEN ", "NOTEBOOK", "STICKER", "RIBBON", "GIFT", "PAPER")),
    ("玩具童趣", ("TOY", "DOLL", "GAME", "CHILD", "BABY", "KIDS", "PUZZLE", "SPACEBOY", "CIRCUS")),
    ("首饰配件", ("NECKLACE", "EARRING", "BRACELET", "RING", "BROOCH", "HAIR")),
    ("园艺户外", ("GARDEN", "FLOWER", "PLANT", "BIRD", "OUTDOOR", "UMBRELLA", "PICNIC")),
    (
        "家居收纳",
        (
            "BOX",
            "TIN",
            "BASKET",
            "DRAWER",
            "HOOK",
            "STORAGE",
            "CABINET",
            "CUSHION",
            "CLOCK",
            "FRAME",
            "SIGN",
            "DOORMAT",
        ),
    ),
)
_OTHER_CATEGORY: Final = "家居杂货"
_BEHAVIOUR_DAYS: Final = 120
_HOUSEHOLDS: Final = 12
"""Pairs of customers who share a phone though their WeChat ids differ: they fill the merge review."""


@dataclass(frozen=True, slots=True)
class DemoFile:
    """One file of the demo company, in the order in which files are taken in."""

    name: str
    kind: str
    """Record kind: 'orders', 'customers', …"""
    source: str
    """Source system it pretends to come from."""
    table: pa.Table
    options: dict[str, str]

    def mapped(self, proposed: ImportMapping) -> ImportMapping:
        """Return the proposed mapping with what only the maker of the file knows."""
        return replace(proposed, options={**proposed.options, **self.options})


@dataclass(frozen=True, slots=True)
class _Buyer:
    code: str
    city: str
    first: datetime
    last: datetime
    orders: int
    skus: tuple[str, ...]


def shift_orders(orders: pa.Table, *, today: date) -> pa.Table:
    """Return the orders with all dates moved by the same number of days, so that the last sale was yesterday."""
    stamps = orders["InvoiceDate"].cast(pa.timestamp("us"))
    is_sale = pc.and_(
        pc.greater(orders["Quantity"], pa.scalar(0)), pc.greater(orders["UnitPrice"], pa.scalar(0.0))
    )
    last = cast(datetime, pc.max(pc.filter(stamps, is_sale)).as_py())
    shift = timedelta(days=(today - timedelta(days=1) - last.date()).days)
    moved = pc.add(stamps, pa.scalar(shift, pa.duration("us")))
    return orders.set_column(orders.schema.get_field_index("InvoiceDate"), "InvoiceDate", moved)


def make_company(orders: pa.Table, *, today: date) -> list[DemoFile]:
    """Return all files of the demo company for orders already shifted to `today`."""
    chance = random.Random(SEED)
    orders = orders.filter(
        pc.less_equal(orders["InvoiceDate"], pa.scalar(_midnight(today), pa.timestamp("us")))
    )
    buyers = _buyers(orders)
    products = _products(orders, today, chance)
    codes = [str(row["商品编码"]) for row in products]
    members = _erp_customers(buyers, chance)
    return [
        DemoFile("门店.csv", "stores", "erp", pa.Table.from_pylist(_stores()), {}),
        DemoFile("商品.csv", "products", "erp", pa.Table.from_pylist(products), {}),
        DemoFile(
            "ERP客户.csv", "customers", "erp", pa.Table.from_pylist(members), {"phones_verified": "true"}
        ),
        DemoFile("小程序访客.csv", "customers", "mini_program", pa.Table.from_pylist(_visitors(buyers)), {}),
        DemoFile(
            "企微客户.csv",
            "customers",
            "wecom",
            pa.Table.from_pylist(_wecom(members, chance)),
            {"phones_verified": "true"},
        ),
        DemoFile("订单.parquet", "orders", "erp", _with_places(orders), {}),
        DemoFile("库存.csv", "stock", "erp", pa.Table.from_pylist(_stock(codes, today, chance)), {}),
        DemoFile(
            "小程序行为.csv",
            "interactions",
            "mini_program",
            pa.Table.from_pylist(_behaviour(buyers, today, chance)),
            {},
        ),
        *_business(members, today),
    ]


def _business(members: Sequence[dict[str, object]], today: date) -> list[DemoFile]:
    # A chance of its own, so that what is made up here does not change anything made up before.
    chance = random.Random(SEED + 1)
    accounts = make_accounts(members, STORES, chance)
    receivables = make_receivables(accounts, today, chance)
    devices = make_devices(members, STORES, today, chance)
    verified = {"phones_verified": "true"}
    return [
        DemoFile("公司客户.csv", "accounts", "erp", pa.Table.from_pylist(accounts), verified),
        DemoFile("应收.csv", "receivables", "erp", pa.Table.from_pylist(receivables), {}),
        # Customers are known to the device platform by their ERP code, hence the source.
        DemoFile("设备.csv", "devices", "erp", pa.Table.from_pylist(devices), verified),
    ]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 — naive like the source; the mapping names the zone


def _of(code: str, salt: str) -> int:
    """Return a stable number for one customer and purpose, so that one change does not reshuffle all others."""
    return zlib.crc32(f"{SEED}:{salt}:{code}".encode())


def _city_of(code: str) -> str:
    return STORES[_of(code, "city") % len(STORES)][3]


def _buyers(orders: pa.Table) -> list[_Buyer]:
    known = orders.filter(pc.is_valid(orders["CustomerID"]))
    seen: dict[str, list[datetime]] = defaultdict(list)
    invoices: dict[str, set[str]] = defaultdict(set)
    skus: dict[str, Counter[str]] = defaultdict(Counter)
    columns = [known[name].to_pylist() for name in ("CustomerID", "InvoiceDate", "InvoiceNo", "StockCode")]
    for customer, stamp, invoice, sku in zip(*columns, strict=True):
        code = str(customer)
        seen[code].append(stamp)
        invoices[code].add(invoice)
        skus[code][sku] += 1
    return [
        _Buyer(
            code,
            _city_of(code),
            min(seen[code]),
            max(seen[code]),
            len(invoices[code]),
            tuple(sku for sku, _ in skus[code].most_common(12) if sku[:5].isdigit()),
        )
        for code in sorted(seen)
    ]


def _stores() -> list[dict[str, object]]:
    return [
        {"门店编码": code, "门店名称": name, "大区": region, "城市": city, "品牌": "飞轮生活"}
        for code, name, region, city in STORES
    ]


def _category(description: str) -> str:
    upper = f"{description.upper()} "
    return next(
        (name for name, words in _CATEGORIES if any(word in upper for word in words)), _OTHER_CATEGORY
    )


def _products(orders: pa.Table, today: date, chance: random.Random) -> list[dict[str, object]]:
    names: dict[str, Counter[str]] = defaultdict(Counter)
    prices: dict[str, Counter[float]] = defaultdict(Counter)
    first: dict[str, datetime] = {}
    columns = [orders[name].to_pylist() for name in ("StockCode", "Description", "UnitPrice", "InvoiceDate")]
    for sku, description, price, stamp in zip(*columns, strict=True):
        if not sku[:5].isdigit():
            continue
        if description:
            names[sku][description.strip()] += 1
        if price > 0:
            prices[sku][price] += 1
        first[sku] = min(first.get(sku, stamp), stamp)
    rows: list[dict[str, object]] = []
    for sku in sorted(prices):
        name = names[sku].most_common(1)[0][0] if names[sku] else sku
        price = Decimal(str(prices[sku].most_common(1)[0][0]))
        age = (today - first[sku].date()).days
        stage = "新品" if age < 60 else "在售" if chance.random() > 0.08 else "清仓"
        rows.append(
            {
                "商品编码": sku,
                "商品名称": name,
                "类目": _category(name),
                "风格": chance.choice(("复古", "田园", "极简", "波普")),
                "品牌": "飞轮生活",
                "成本价": str((price * Decimal(chance.randint(38, 66)) / 100).quantize(Decimal("0.01"))),
                "零售价": str(price),
                "生命周期": stage,
                "上市日期": first[sku].date().isoformat(),
                "条码": f"69{_of(sku, 'barcode') % 10**10:010d}0",
            }
        )
    return rows


def _name(code: str) -> str:
    chance = random.Random(_of(code, "name"))
    return chance.choice(_SURNAMES) + "".join(chance.choice(_GIVEN) for _ in range(chance.choice((1, 2, 2))))


def _phone(code: str) -> str:
    return f"154{_of(code, 'phone') % 10**8:08d}"


def _long_id(prefix: str, code: str, salt: str, length: int) -> str:
    """Return an id as long as WeChat's own, marked as made up."""
    digits = "".join(f"{_of(code, f'{salt}{part}'):08x}" for part in range(4))
    return f"{prefix}DEMO{digits}"[:length]


def _unionid(code: str) -> str:
    return _long_id("o", code, "unionid", 28)


def _erp_customers(buyers: Sequence[_Buyer], chance: random.Random) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for buyer in buyers:
        birthday = date(chance.randint(1962, 2006), chance.randint(1, 12), chance.randint(1, 28))
        has_mail = chance.random() < 0.35
        rows.append(
            {
                "客户编码": buyer.code,
                "姓名": _name(buyer.code),
                "手机号": _phone(buyer.code),
                "邮箱": f"demo{buyer.code}@example.com" if has_mail else None,
                "性别": chance.choice(("女", "女", "女", "男", "男")),
                "生日": birthday.isoformat() if chance.random() < 0.8 else None,
                "省份": _PROVINCES[buyer.city],
                "城市": buyer.city,
                "地址": f"{chance.choice(_STREETS)}{chance.randint(1, 400)}号(虚构)",
                "注册时间": (buyer.first - timedelta(minutes=chance.randint(2, 90))).isoformat(
                    " ", "seconds"
                ),
                "短信同意": "是" if chance.random() < 0.62 else "否",
            }
        )
    return rows


def _is_visitor(code: str) -> bool:
    return _of(code, "visitor") % 100 < 45


def _visitors(buyers: Sequence[_Buyer]) -> list[dict[str, object]]:
    """People who browsed the mini-program before anyone knew their phone: only WeChat ids."""
    return [
        {
            "UnionID": _unionid(buyer.code),
            "OpenID": _long_id("o", buyer.code, "openid", 28),
            "昵称": f"小程序用户{_of(buyer.code, 'nick') % 10000:04d}",
            "注册时间": (buyer.first + timedelta(days=1)).isoformat(" ", "seconds"),
        }
        for buyer in buyers
        if _is_visitor(buyer.code)
    ]


def _wecom(members: Sequence[dict[str, object]], chance: random.Random) -> list[dict[str, object]]:
    """WeCom contacts with verified phones: they tie WeChat ids to ERP customers, and a few households share a phone."""
    rows: list[dict[str, object]] = []
    for member in members:
        code = str(member["客户编码"])
        if _of(code, "wecom") % 100 >= 60:
            continue
        rows.append(
            {
                "外部联系人ID": _long_id("wm", code, "wecom", 32),
                "UnionID": _unionid(code),
                "手机号": member["手机号"],
                "备注名": member["姓名"],
                "企微同意": "是" if chance.random() < 0.9 else "否",
            }
        )
    relatives: list[dict[str, object]] = [
        {
            "外部联系人ID": f"{str(first['外部联系人ID'])[:-1]}H",
            "UnionID": f"{str(first['UnionID'])[:-1]}H",
            "手机号": first["手机号"],
            "备注名": f"{str(first['备注名'])[0]}女士",
            "企微同意": "是",
        }
        for first in rows[:_HOUSEHOLDS]
    ]
    return [*rows, *relatives]


def _with_places(orders: pa.Table) -> pa.Table:
    """Add channel and store: members buy where they live or in the mini-program, sales without a customer are in a store."""
    channels: list[str] = []
    stores: list[str | None] = []
    for customer, invoice in zip(
        orders["CustomerID"].to_pylist(), orders["InvoiceNo"].to_pylist(), strict=True
    ):
        number = _of(str(invoice).removeprefix("C"), "channel") % 100
        if customer is None or number < 55:
            channels.append("门店")
            place = _of(str(customer), "city") if customer is not None else _of(str(invoice), "store")
            stores.append(STORES[place % len(STORES)][0])
        else:
            channels.append("小程序" if number < 88 else "天猫")
            stores.append(None)
    placed = orders.append_column("渠道", pa.array(channels)).append_column(
        "门店编码", pa.array(stores, pa.string())
    )
    return placed.drop_columns(["Country"])  # the made-up customers live in China


def _stock(skus: Sequence[str], today: date, chance: random.Random) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for sku in skus:
        if _of(sku, "stock") % 3:
            continue
        for store, _, _, _ in chance.sample(STORES, 2):
            inbound = chance.random() < 0.1
            rows.append(
                {
                    "门店编码": store,
                    "商品编码": sku,
                    "批次": f"B{_of(sku + store, 'batch') % 10**6:06d}",
                    "数量": chance.choice((0, 2, 3, 8, 20, 45, 120)),
                    "有效期至": (today + timedelta(days=chance.randint(20, 700))).isoformat()
                    if chance.random() < 0.2
                    else None,
                    "预计到货日": (today + timedelta(days=chance.randint(2, 30))).isoformat()
                    if inbound
                    else None,
                }
            )
    return rows


def _behaviour(buyers: Iterable[_Buyer], today: date, chance: random.Random) -> list[dict[str, object]]:
    """Page views, carts and log-ins of the last months; some carts of the last days stay unpaid."""
    rows: list[dict[str, object]] = []
    start = _midnight(today) - timedelta(days=_BEHAVIOUR_DAYS)
    for buyer in buyers:
        if not _is_visitor(buyer.code) or not buyer.skus:
            continue
        visits = min(24, 1 + buyer.orders // 2) if buyer.last > start else chance.choice((0, 0, 1))
        for visit in range(visits):
            moment = start + timedelta(seconds=chance.randint(0, _BEHAVIOUR_DAYS * 86_400 - 1))
            for step, (event, sku) in enumerate(_visit(buyer.skus, chance)):
                moment += timedelta(seconds=chance.randint(4, 160))
                rows.append(
                    {
                        "事件编号": f"{buyer.code}-{visit}-{step}",
                        "UnionID": _unionid(buyer.code),
                        "事件": event,
                        "时间": min(moment, _midnight(today)).isoformat(" ", "seconds"),
                        "渠道": "小程序",
                        "商品编码": sku,
                        "停留秒数": str(chance.randint(3, 240)) if event == "page_view" else None,
                    }
                )
    return rows


def _visit(skus: Sequence[str], chance: random.Random) -> list[tuple[str, str | None]]:
    steps: list[tuple[str, str | None]] = [("login", None)]
    viewed = chance.sample(skus, min(len(skus), chance.randint(1, 4)))
    steps += [("page_view", sku) for sku in viewed]
    if chance.random() < 0.35:
        steps.append(("cart_add", viewed[-1]))
    if chance.random() < 0.08:
        steps.append(("share", viewed[0]))
    return steps
