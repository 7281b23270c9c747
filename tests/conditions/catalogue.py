"""A small catalogue for tests: a shop with customers, lines of orders and refunds, interactions and tags."""

from decimal import Decimal
from typing import Final

from feilun.conditions import api
from feilun.conditions.contracts import (
    Aggregate,
    Arithmetic,
    Calculated,
    CatalogueParts,
    Column,
    Constant,
    Expression,
    FieldDef,
    Filter,
    Function,
    MeasureDef,
    Now,
    Operator,
    Option,
    Source,
    ValueKind,
)

TABLES: Final = {
    "customers": {
        "person_id": "Int64",
        "registered_at": "Nullable(DateTime64(3, 'UTC'))",
        "birth_year": "Nullable(UInt16)",
        "birth_month": "Nullable(UInt8)",
        "birth_day": "Nullable(UInt8)",
        "gender": "LowCardinality(String)",
        "city": "LowCardinality(String)",
        "sources": "Array(LowCardinality(String))",
        "wedding": "Nullable(Date32)",
        "is_vip": "Nullable(Bool)",
        "credit": "Nullable(Decimal(18, 4))",
        "is_erased": "UInt8",
    },
    "order_lines": {
        "person_id": "Int64",
        "line_id": "Int64",
        "order_id": "Int64",
        "ordered_at": "DateTime64(3, 'UTC')",
        "order_kind": "LowCardinality(String)",
        "sku": "LowCardinality(String)",
        "category": "LowCardinality(String)",
        "store": "LowCardinality(String)",
        "is_gift": "Nullable(Bool)",
        "quantity": "Decimal(18, 4)",
        "unit_price": "Decimal(18, 6)",
        "amount": "Decimal(18, 4)",
        "currency": "LowCardinality(String)",
    },
    "refund_lines": {
        "person_id": "Int64",
        "line_id": "Int64",
        "refunded_at": "DateTime64(3, 'UTC')",
        "sku": "LowCardinality(String)",
        "category": "LowCardinality(String)",
        "quantity": "Decimal(18, 4)",
        "amount": "Decimal(18, 4)",
        "currency": "LowCardinality(String)",
    },
    "interactions": {
        "person_id": "Int64",
        "interaction_id": "Int64",
        "occurred_at": "DateTime64(3, 'UTC')",
        "kind": "LowCardinality(String)",
        "properties": "String",
    },
    "person_tags": {
        "person_id": "Int64",
        "tag": "LowCardinality(String)",
        "value": "LowCardinality(String)",
    },
}
"""Columns of the warehouse tables. Every table also has version and is_deleted."""


def _column(name: str, kind: ValueKind, zh: str, en: str, sql: str | None = None, **more: object) -> Column:
    is_text = kind in (ValueKind.TEXT, ValueKind.CHOICE, ValueKind.PATH)
    return Column(
        name=name,
        kind=kind,
        sql=sql or (f"nullIf({name}, '')" if is_text else name),
        label_zh=zh,
        label_en=en,
        **more,  # type: ignore[arg-type]
    )


GENDERS: Final = (Option("f", "女", "female"), Option("m", "男", "male"))
KINDS: Final = (
    Option("browse", "浏览", "browse"),
    Option("cart", "加购", "add to cart"),
    Option("consult", "咨询", "consultation"),
)

CUSTOMERS: Final = Source(
    name="customers",
    table="customers",
    label_zh="客户",
    label_en="customers",
    moment=None,
    is_per_person=True,
    columns=(
        _column("city", ValueKind.TEXT, "城市", "city"),
        _column("gender", ValueKind.CHOICE, "性别", "gender", options=GENDERS),
        _column("registered_at", ValueKind.MOMENT, "注册时间", "registration"),
        _column("wedding", ValueKind.DATE, "结婚日", "wedding day"),
        _column(
            "birthday", ValueKind.MONTH_DAY, "生日", "birthday", "toInt32(birth_month) * 100 + birth_day"
        ),
        _column(
            "age",
            ValueKind.NUMBER,
            "年龄",
            "age",
            "toInt32({today_year}) - birth_year - if(toInt32(birth_month) * 100 + birth_day > {today_month_day}, 1, 0)",
        ),
        _column("sources", ValueKind.TEXTS, "来源", "sources"),
        _column("is_vip", ValueKind.BOOLEAN, "贵宾", "VIP"),
        _column("credit", ValueKind.NUMBER, "授信额度", "credit"),
    ),
)
ORDER_LINES: Final = Source(
    name="order_lines",
    table="order_lines",
    label_zh="购买",
    label_en="purchases",
    moment="ordered_at",
    where_sql="order_kind = 'sale' AND currency = {main_currency}",
    columns=(
        _column("order", ValueKind.TEXT, "订单", "order", "toString(order_id)", is_filter=False),
        _column("sku", ValueKind.TEXT, "商品", "product", suggests=True),
        _column("category", ValueKind.PATH, "类目", "category", suggests=True),
        _column("store", ValueKind.TEXT, "门店", "store", suggests=True),
        _column("is_gift", ValueKind.BOOLEAN, "赠品", "gift"),
        _column("quantity", ValueKind.NUMBER, "数量", "quantity"),
        _column("unit_price", ValueKind.NUMBER, "单价", "unit price"),
        _column("amount", ValueKind.NUMBER, "金额", "amount"),
        _column("ordered_at", ValueKind.MOMENT, "下单时间", "time of order"),
        _column("ordered_on", ValueKind.DATE, "下单日期", "day of order", "toDate32(ordered_at, {zone})"),
    ),
)
REFUND_LINES: Final = Source(
    name="refund_lines",
    table="refund_lines",
    label_zh="退款",
    label_en="refunds",
    moment="refunded_at",
    where_sql="currency = {main_currency}",
    columns=(
        _column("sku", ValueKind.TEXT, "商品", "product"),
        _column("category", ValueKind.PATH, "类目", "category"),
        _column("quantity", ValueKind.NUMBER, "数量", "quantity"),
        _column("amount", ValueKind.NUMBER, "金额", "amount"),
        _column("refunded_at", ValueKind.MOMENT, "退款时间", "time of refund"),
    ),
)
INTERACTIONS: Final = Source(
    name="interactions",
    table="interactions",
    label_zh="互动",
    label_en="interactions",
    moment="occurred_at",
    columns=(
        _column("kind", ValueKind.CHOICE, "类型", "kind", options=KINDS),
        _column("occurred_at", ValueKind.MOMENT, "发生时间", "time"),
        _column(
            "text_property",
            ValueKind.TEXT,
            "属性",
            "property",
            "nullIf(JSONExtractString(properties, {property}), '')",
            has_property=True,
        ),
        _column(
            "number_property",
            ValueKind.NUMBER,
            "数值属性",
            "numeric property",
            "toDecimal64OrNull(JSONExtractString(properties, {property}), 4)",
            has_property=True,
        ),
    ),
)
PERSON_TAGS: Final = Source(
    name="person_tags",
    table="person_tags",
    label_zh="标签",
    label_en="tags",
    moment=None,
    columns=(
        _column("tag", ValueKind.TEXT, "标签", "tag"),
        _column("value", ValueKind.TEXT, "标签值", "tag value"),
    ),
)


def _of(source: Source, function: Function, column: str | None = None, prop: str | None = None) -> Aggregate:
    return Aggregate(source.name, function, column, prop)


def _field(
    name: str, kind: ValueKind, zh: str, en: str, expression: Expression | None = None, **more: object
) -> FieldDef:
    return FieldDef(
        name=name,
        kind=kind,
        expression=expression or _of(CUSTOMERS, Function.VALUE, name),
        label_zh=zh,
        label_en=en,
        group="profile",
        **more,  # type: ignore[arg-type]
    )


def _measure(
    name: str, kind: ValueKind, zh: str, en: str, expression: Expression, **more: object
) -> MeasureDef:
    return MeasureDef(
        name=name,
        kind=kind,
        expression=expression,
        label_zh=zh,
        label_en=en,
        group="orders",
        **more,  # type: ignore[arg-type]
    )


_ORDER_COUNT: Final = _of(ORDER_LINES, Function.COUNT_DISTINCT, "order")
_SPEND: Final = _of(ORDER_LINES, Function.SUM, "amount")
_FIRST_ORDER: Final = _of(ORDER_LINES, Function.MIN, "ordered_at")
_LAST_ORDER: Final = _of(ORDER_LINES, Function.MAX, "ordered_at")

PARTS: Final = (
    CatalogueParts(
        sources=(CUSTOMERS, ORDER_LINES, REFUND_LINES),
        fields=(
            _field("city", ValueKind.TEXT, "城市", "city", suggests=True),
            _field("gender", ValueKind.CHOICE, "性别", "gender", options=GENDERS),
            _field("registered_at", ValueKind.MOMENT, "注册时间", "registration"),
            _field("wedding", ValueKind.DATE, "结婚日", "wedding day"),
            _field("birthday", ValueKind.MONTH_DAY, "生日", "birthday"),
            _field("age", ValueKind.NUMBER, "年龄", "age"),
            _field("sources", ValueKind.TEXTS, "来源", "sources"),
            _field("is_vip", ValueKind.BOOLEAN, "贵宾", "VIP"),
            _field("credit", ValueKind.NUMBER, "授信额度", "credit"),
            _field("last_order_at", ValueKind.MOMENT, "最近下单时间", "last order", _LAST_ORDER),
            _field(
                "last_category",
                ValueKind.PATH,
                "最近购买类目",
                "category bought last",
                _of(ORDER_LINES, Function.LAST, "category"),
            ),
            _field(
                "days_since_order",
                ValueKind.NUMBER,
                "距上次下单天数",
                "days since last order",
                Calculated(Arithmetic.DAYS_BETWEEN, _LAST_ORDER, Now()),
            ),
            _field(
                "days_between_orders",
                ValueKind.NUMBER,
                "平均购买间隔天数",
                "average days between orders",
                Calculated(
                    Arithmetic.RATIO,
                    Calculated(Arithmetic.DAYS_BETWEEN, _FIRST_ORDER, _LAST_ORDER),
                    Calculated(Arithmetic.MINUS, _ORDER_COUNT, Constant(Decimal(1))),
                ),
            ),
        ),
        measures=(
            _measure("order_count", ValueKind.NUMBER, "订单数", "orders", _ORDER_COUNT, unit_zh="笔"),
            _measure(
                "line_count", ValueKind.NUMBER, "购买行数", "order lines", _of(ORDER_LINES, Function.COUNT)
            ),
            _measure("spend", ValueKind.NUMBER, "消费金额", "spend", _SPEND, unit_zh="元"),
            _measure(
                "net_spend",
                ValueKind.NUMBER,
                "净消费金额",
                "net spend",
                Calculated(Arithmetic.MINUS, _SPEND, _of(REFUND_LINES, Function.SUM, "amount")),
                unit_zh="元",
            ),
            _measure(
                "turnover",
                ValueKind.NUMBER,
                "往来金额",
                "turnover",
                Calculated(Arithmetic.PLUS, _SPEND, _of(REFUND_LINES, Function.SUM, "amount")),
                unit_zh="元",
            ),
            _measure(
                "gift_count",
                ValueKind.NUMBER,
                "赠品行数",
                "gift lines",
                _of(ORDER_LINES, Function.COUNT),
                where=(Filter("is_gift", Operator.IS_TRUE),),
            ),
            _measure(
                "average_order",
                ValueKind.NUMBER,
                "客单价",
                "average order value",
                Calculated(Arithmetic.RATIO, _SPEND, _ORDER_COUNT),
                unit_zh="元",
            ),
            _measure(
                "return_rate",
                ValueKind.NUMBER,
                "退货率",
                "return rate",
                Calculated(
                    Arithmetic.RATIO,
                    _of(REFUND_LINES, Function.SUM, "quantity"),
                    _of(ORDER_LINES, Function.SUM, "quantity"),
                ),
            ),
            _measure(
                "highest_price",
                ValueKind.NUMBER,
                "最高单价",
                "highest unit price",
                _of(ORDER_LINES, Function.MAX, "unit_price"),
            ),
            _measure(
                "lowest_price",
                ValueKind.NUMBER,
                "最低单价",
                "lowest unit price",
                _of(ORDER_LINES, Function.MIN, "unit_price"),
            ),
            _measure("first_order_at", ValueKind.MOMENT, "首次下单时间", "first order", _FIRST_ORDER),
            _measure(
                "first_order_on",
                ValueKind.DATE,
                "首次下单日期",
                "day of first order",
                _of(ORDER_LINES, Function.MIN, "ordered_on"),
            ),
            _measure(
                "first_store",
                ValueKind.TEXT,
                "首购门店",
                "first store",
                _of(ORDER_LINES, Function.FIRST, "store"),
            ),
            _measure(
                "last_was_gift",
                ValueKind.BOOLEAN,
                "最近一行为赠品",
                "last line was a gift",
                _of(ORDER_LINES, Function.LAST, "is_gift"),
            ),
            _measure(
                "products",
                ValueKind.TEXTS,
                "买过的商品",
                "products bought",
                _of(ORDER_LINES, Function.SET, "sku"),
            ),
        ),
    ),
    CatalogueParts(
        sources=(INTERACTIONS, PERSON_TAGS),
        fields=(
            _field(
                "tags",
                ValueKind.TEXTS,
                "标签",
                "tags",
                _of(PERSON_TAGS, Function.SET, "tag"),
                options=(Option("gold", "金卡", "gold"), Option("new", "新客", "newcomer")),
            ),
            _field(
                "style",
                ValueKind.TEXTS,
                "风格偏好",
                "style preference",
                _of(PERSON_TAGS, Function.SET, "value"),
                where=(Filter("tag", Operator.IN, ("style",)),),
            ),
        ),
        measures=(
            _measure(
                "interaction_count",
                ValueKind.NUMBER,
                "互动次数",
                "interactions",
                _of(INTERACTIONS, Function.COUNT),
                unit_zh="次",
            ),
            _measure(
                "last_interaction_at",
                ValueKind.MOMENT,
                "最近互动时间",
                "last interaction",
                _of(INTERACTIONS, Function.MAX, "occurred_at"),
            ),
            _measure(
                "seconds_watched",
                ValueKind.NUMBER,
                "观看秒数",
                "seconds watched",
                _of(INTERACTIONS, Function.SUM, "number_property", "seconds"),
            ),
            _measure("tag_count", ValueKind.NUMBER, "标签数", "tags held", _of(PERSON_TAGS, Function.COUNT)),
        ),
    ),
)
CATALOGUE: Final = api.join_catalogue(PARTS)
