"""What conditions can ask about orders and refunds: columns of their lines, and measures over them.

Counted orders are sales that are neither unpaid nor closed, as everywhere in this room. Orders in any currency count as
purchases; amounts count in the main currency only.
"""

from decimal import Decimal
from typing import Final

from feilun.conditions.contracts import (
    WEEKDAYS,
    Aggregate,
    Arithmetic,
    Calculated,
    CatalogueParts,
    Column,
    Constant,
    Expression,
    Filter,
    Function,
    MeasureDef,
    Now,
    Operator,
    Option,
    Source,
    ValueKind,
)
from feilun.platform.db import UnitOfWork

_GROUP: Final = "orders"
_KINDS: Final = (
    Option("product", "商品", "Product"),
    Option("fee", "费用", "Fee"),
    Option("adjustment", "调整", "Adjustment"),
)
_STATES: Final = (
    Option("paid", "已付款", "Paid"),
    Option("part_shipped", "部分发货", "Partly shipped"),
    Option("shipped", "已发货", "Shipped"),
    Option("signed", "已签收", "Signed"),
    Option("completed", "已完成", "Completed"),
)


def _in_main_currency(amount: str) -> str:
    return f"if(currency = {{main_currency}}, {amount}, NULL)"


def _text(name: str, zh: str, en: str, sql: str = "") -> Column:
    return Column(name=name, kind=ValueKind.TEXT, sql=sql or name, label_zh=zh, label_en=en, suggests=True)


def _choice(name: str, sql: str, zh: str, en: str, options: tuple[Option, ...]) -> Column:
    return Column(name=name, kind=ValueKind.CHOICE, sql=sql, label_zh=zh, label_en=en, options=options)


def _number(name: str, sql: str, zh: str, en: str, *, is_filter: bool = True) -> Column:
    return Column(name=name, kind=ValueKind.NUMBER, sql=sql, label_zh=zh, label_en=en, is_filter=is_filter)


def _shared_columns(moment: str) -> tuple[Column, ...]:
    return (
        _text("sku", "商品编码", "SKU"),
        Column(
            name="category",
            kind=ValueKind.PATH,
            sql="replaceAll(category, ' / ', '/')",
            label_zh="商品类目",
            label_en="Category",
            suggests=True,
        ),
        _text("brand", "品牌", "Brand"),
        _text("style", "款式/风格", "Style"),
        _text("store", "门店", "Store", "store_code"),
        _text("channel", "渠道", "Channel"),
        _text("source", "数据来源", "Source"),
        _choice("kind", "kind", "行类型", "Kind of line", _KINDS),
        _choice("state", "state", "状态", "State", _STATES),
        _number("amount", _in_main_currency("amount"), "金额", "Amount"),
        _number("quantity", "quantity", "数量", "Quantity"),
        _number("unit_price", _in_main_currency("unit_price"), "单价", "Unit price"),
        _choice(
            "weekday", f"toString(toDayOfWeek({moment}, 0, {{zone}}))", "星期", "Day of the week", WEEKDAYS
        ),
        _number("hour", f"toHour({moment}, {{zone}})", "时刻（点）", "Hour of the day"),
    )


_COST: Final = "toDecimal128(unit_cost, 6) * quantity"
ORDER_LINES: Final = Source(
    name="order_lines",
    table="order_lines",
    label_zh="购买",
    label_en="purchases",
    moment="ordered_at",
    where_sql="order_kind = 'sale' AND state NOT IN ('unpaid', 'closed')",
    columns=(
        *_shared_columns("ordered_at"),
        _number("order_total", _in_main_currency("order_total"), "整单金额", "Order total"),
        _number("discount", _in_main_currency("discount"), "优惠金额", "Discount"),
        _text("country", "收货国家/地区", "Delivery country"),
        _text("province", "收货省份", "Delivery province"),
        _text("city", "收货城市", "Delivery city"),
        Column(
            name="launch_on", kind=ValueKind.DATE, sql="launch_on", label_zh="商品上市日期", label_en="Launch of the product"
        ),
        _number(
            "days_since_launch",
            "dateDiff('day', launch_on, toDate32(toTimeZone(ordered_at, {zone})))",
            "购买时上市天数",
            "Days on the market when bought",
        ),
        _number(
            "margin",
            _in_main_currency(f"toDecimal128(amount - ({_COST}), 6)"),
            "毛利",
            "Margin",
        ),
        _number(
            "costed_amount",
            _in_main_currency("if(isNull(unit_cost), NULL, amount)"),
            "成本已知的金额",
            "Amount with known cost",
            is_filter=False,
        ),
        _number("order", "order_id", "订单", "Order", is_filter=False),
        Column(
            name="ordered_at",
            kind=ValueKind.MOMENT,
            sql="ordered_at",
            label_zh="下单时间",
            label_en="Time of order",
            is_filter=False,
        ),
        Column(
            name="ordered_on",
            kind=ValueKind.DATE,
            sql="toDate32(toTimeZone(ordered_at, {zone}))",
            label_zh="下单日期",
            label_en="Day of order",
            is_filter=False,
        ),
    ),
)  # fmt: skip
REFUND_LINES: Final = Source(
    name="refund_lines",
    table="refund_lines",
    label_zh="退款",
    label_en="refunds",
    moment="refunded_at",
    where_sql="state NOT IN ('unpaid', 'closed')",
    columns=(
        *_shared_columns("refunded_at"),
        Column(
            name="with_goods", kind=ValueKind.BOOLEAN, sql="with_goods", label_zh="退货", label_en="Goods came back"
        ),
        _number("refund", "refund_id", "退款单", "Refund", is_filter=False),
        Column(
            name="refunded_at",
            kind=ValueKind.MOMENT,
            sql="refunded_at",
            label_zh="退款时间",
            label_en="Time of refund",
            is_filter=False,
        ),
    ),
)  # fmt: skip


def _of(source: Source, function: Function, column: str) -> Aggregate:
    return Aggregate(source.name, function, column)


def _distinct(column: str) -> Aggregate:
    return _of(ORDER_LINES, Function.COUNT_DISTINCT, column)


def _sum(column: str) -> Aggregate:
    return _of(ORDER_LINES, Function.SUM, column)


def _ratio(left: Expression, right: Expression) -> Calculated:
    return Calculated(Arithmetic.RATIO, left, right)


_PRODUCT: Final = Filter("kind", Operator.IN, ("product",))
_IS_PRICED: Final = Filter("amount", Operator.IS_NOT_EMPTY)
_ORDERS: Final = _distinct("order")
_SPENT: Final = _sum("amount")
_GIVEN_BACK: Final = _of(REFUND_LINES, Function.SUM, "amount")
_FIRST: Final = _of(ORDER_LINES, Function.MIN, "ordered_at")
_LAST: Final = _of(ORDER_LINES, Function.MAX, "ordered_at")


def _measure(
    name: str,
    zh: str,
    en: str,
    expression: Expression,
    *,
    kind: ValueKind = ValueKind.NUMBER,
    unit: tuple[str, str] = ("", ""),
    where: tuple[Filter, ...] = (),
    description: tuple[str, str] = ("", ""),
) -> MeasureDef:
    return MeasureDef(
        name=name,
        kind=kind,
        expression=expression,
        label_zh=zh,
        label_en=en,
        group=_GROUP,
        where=where,
        unit_zh=unit[0],
        unit_en=unit[1],
        description_zh=description[0],
        description_en=description[1],
    )


_MONEY: Final = ("元", "")
_TIMES: Final = ("次", "")
_DAYS: Final = ("天", "days")
_COUNTS: Final = (
    _measure("order_count", "订单数", "Orders", _ORDERS, unit=("笔", "")),
    _measure("items", "购买件数", "Items bought", _sum("quantity"), where=(_PRODUCT,), unit=("件", "")),
    _measure("product_count", "购买商品种数", "Different products", _distinct("sku"), where=(_PRODUCT,), unit=("种", "")),
    _measure("category_count", "购买类目数", "Different categories", _distinct("category"), where=(_PRODUCT,), unit=("个", "")),
    _measure("brand_count", "购买品牌数", "Different brands", _distinct("brand"), where=(_PRODUCT,), unit=("个", "")),
    _measure("store_count", "购买门店数", "Different stores", _distinct("store"), unit=("家", "")),
    _measure("channel_count", "购买渠道数", "Different channels", _distinct("channel"), unit=("个", "")),
    _measure("order_days", "下单天数", "Days with orders", _distinct("ordered_on"), unit=_DAYS),
)  # fmt: skip
_AMOUNTS: Final = (
    _measure("order_amount", "消费金额", "Order amount", _SPENT, unit=_MONEY,
             description=("有效订单的总额，未扣退款。", "Totals of counted orders, before refunds.")),
    _measure("product_amount", "商品金额", "Product sales", _SPENT, where=(_PRODUCT,), unit=_MONEY,
             description=("只计商品行，未扣退款。", "Product lines only, before refunds.")),
    _measure("net_spend", "净消费金额", "Net spend", Calculated(Arithmetic.MINUS, _SPENT, _GIVEN_BACK), unit=_MONEY,
             description=("消费金额减去退款金额。", "Order amount less refunds.")),
    _measure("average_basket", "客单价", "Average basket", _ratio(_SPENT, _ORDERS), where=(_IS_PRICED,), unit=_MONEY,
             description=("消费金额 ÷ 订单数。", "Order amount / orders.")),
    _measure("items_per_basket", "连带件数", "Items per basket", _ratio(_sum("quantity"), _ORDERS), where=(_PRODUCT,),
             unit=("件", "")),
    _measure("largest_order", "最大订单金额", "Largest order", _of(ORDER_LINES, Function.MAX, "order_total"), unit=_MONEY),
    _measure("smallest_order", "最小订单金额", "Smallest order", _of(ORDER_LINES, Function.MIN, "order_total"), unit=_MONEY),
    _measure("highest_price", "最高购买单价", "Highest unit price", _of(ORDER_LINES, Function.MAX, "unit_price"),
             where=(_PRODUCT,), unit=_MONEY),
    _measure("discount_amount", "优惠金额", "Discounts", _sum("discount"), unit=_MONEY),
    _measure("discount_rate", "优惠占比", "Share of discounts",
             _ratio(_sum("discount"), Calculated(Arithmetic.PLUS, _SPENT, _sum("discount"))),
             description=("优惠金额 ÷ 优惠前金额；0.2 即 20%。", "Discounts / amount before discounts; 0.2 is 20 %.")),
    _measure("margin", "毛利", "Margin", _sum("margin"), where=(_PRODUCT,), unit=_MONEY,
             description=("只计已知成本的商品，成本按目前的。", "Products with a known cost, at today's cost.")),
    _measure("margin_rate", "毛利率", "Margin rate", _ratio(_sum("margin"), _sum("costed_amount")), where=(_PRODUCT,),
             description=("毛利 ÷ 成本已知的金额；0.3 即 30%。", "Margin / amount with known cost; 0.3 is 30 %.")),
)  # fmt: skip
_REFUNDS: Final = (
    _measure("refund_count", "退款次数", "Refunds", _of(REFUND_LINES, Function.COUNT_DISTINCT, "refund"), unit=_TIMES),
    _measure("refund_amount", "退款金额", "Refund amount", _GIVEN_BACK, unit=_MONEY),
    _measure("return_rate", "退货率", "Return rate", _ratio(_GIVEN_BACK, _SPENT), where=(_PRODUCT,),
             description=("商品退款金额 ÷ 商品金额；0.1 即 10%。", "Refunded product amount / product sales; 0.1 is 10 %.")),
    _measure("last_refund_at", "最近退款时间", "Last refund", _of(REFUND_LINES, Function.MAX, "refunded_at"),
             kind=ValueKind.MOMENT),
)  # fmt: skip
_MOMENTS: Final = (
    _measure("first_order_at", "首次下单时间", "First order", _FIRST, kind=ValueKind.MOMENT),
    _measure("last_order_at", "最近下单时间", "Last order", _LAST, kind=ValueKind.MOMENT),
    _measure("days_since_last_order", "距最近下单天数", "Days since last order",
             Calculated(Arithmetic.DAYS_BETWEEN, _LAST, Now()), unit=_DAYS),
    _measure("days_since_first_order", "距首次下单天数", "Days since first order",
             Calculated(Arithmetic.DAYS_BETWEEN, _FIRST, Now()), unit=_DAYS),
    _measure("average_interval_days", "平均购买间隔", "Average days between orders",
             _ratio(Calculated(Arithmetic.DAYS_BETWEEN, _FIRST, _LAST),
                    Calculated(Arithmetic.MINUS, _ORDERS, Constant(Decimal(1)))),
             unit=_DAYS, description=("首末单相隔天数 ÷（订单数 − 1）。", "Days from first to last order / (orders - 1).")),
)  # fmt: skip
_BOUGHT: Final = tuple(
    _measure(f"{when}_{column}", f"{zh}{column_zh}", f"{en} {column_en}",
             _of(ORDER_LINES, function, column), kind=kind, where=where)
    for when, zh, en, function in (
        ("first", "首次购买", "First", Function.FIRST),
        ("last", "最近购买", "Last", Function.LAST),
    )
    for column, column_zh, column_en, kind, where in (
        ("store", "门店", "store", ValueKind.TEXT, ()),
        ("channel", "渠道", "channel", ValueKind.TEXT, ()),
        ("category", "类目", "category", ValueKind.PATH, (_PRODUCT,)),
        ("sku", "商品", "product", ValueKind.TEXT, (_PRODUCT,)),
    )
)  # fmt: skip
_SETS: Final = (
    _measure("bought_products", "买过的商品", "Products bought", _of(ORDER_LINES, Function.SET, "sku"),
             kind=ValueKind.TEXTS, where=(_PRODUCT,)),
    _measure("bought_brands", "买过的品牌", "Brands bought", _of(ORDER_LINES, Function.SET, "brand"),
             kind=ValueKind.TEXTS, where=(_PRODUCT,)),
    _measure("bought_styles", "买过的款式/风格", "Styles bought", _of(ORDER_LINES, Function.SET, "style"),
             kind=ValueKind.TEXTS, where=(_PRODUCT,)),
    _measure("order_cities", "收货城市", "Delivery cities", _of(ORDER_LINES, Function.SET, "city"),
             kind=ValueKind.TEXTS),
)  # fmt: skip


class OrderConditionFields:
    """What this room contributes to the catalogue of conditions."""

    def offer(self, uow: UnitOfWork) -> CatalogueParts:
        """Return sources and measures of orders and refunds; they are the same in every installation."""
        return CatalogueParts(
            sources=(ORDER_LINES, REFUND_LINES),
            measures=(*_COUNTS, *_AMOUNTS, *_REFUNDS, *_MOMENTS, *_BOUGHT, *_SETS),
        )
