"""The ready definitions. Each is a blueprint and a function from its settings to conditions.

What a word means is written once, in the blueprint's description, and shown to whoever starts from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from feilun.blueprints.contracts import (
    Blueprint,
    BuiltSegment,
    BuiltTag,
    BuiltValue,
    Outcome,
    Setting,
    SettingKind,
    Words,
)
from feilun.blueprints.internal.domain.phrases import (
    Json,
    all_of,
    any_of,
    condition,
    field,
    measure,
    never,
    only,
    plain,
    span,
)

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ready:
    """A blueprint and how it is built."""

    blueprint: Blueprint
    build: Callable[[Settings], BuiltSegment | BuiltTag]


def _days(name: str, zh: str, en: str, default: int, *, high: int = 3_650) -> Setting:
    return Setting(
        name=name,
        kind=SettingKind.DAYS,
        label=Words(zh, en),
        default=str(default),
        low=Decimal(1),
        high=Decimal(high),
    )


def _count(name: str, zh: str, en: str, default: int) -> Setting:
    return Setting(
        name=name,
        kind=SettingKind.COUNT,
        label=Words(zh, en),
        default=str(default),
        low=Decimal(1),
        high=Decimal(10_000),
    )


def _number(settings: Settings, name: str) -> str:
    return plain(Decimal(settings[name]))


def _whole(settings: Settings, name: str) -> int:
    return int(Decimal(settings[name]))


def _values(settings: Settings, name: str) -> list[str]:
    """Return the values listed in a text, one a line, each once."""
    lines = (line.strip() for line in settings[name].split("\n"))
    return list(dict.fromkeys(line for line in lines if line))


def _stages(*values: tuple[str, str, str, Json], is_first_match: bool = True) -> BuiltTag:
    return BuiltTag(
        tuple(BuiltValue(value, Words(zh, en), condition(where)) for value, zh, en, where in values),
        is_first_match=is_first_match,
    )


# --- segments ---------------------------------------------------------------------------------------------------------


def _core(settings: Settings) -> BuiltSegment:
    return BuiltSegment(
        condition(
            all_of(
                measure(
                    "order_amount", "gt", _number(settings, "amount"), days=_whole(settings, "amount_days")
                ),
                measure(
                    "order_count", "gt", _number(settings, "orders"), days=_whole(settings, "order_days")
                ),
            )
        )
    )


def _dormant(settings: Settings) -> BuiltSegment:
    return BuiltSegment(condition(measure("last_order_at", "older_than", span(_whole(settings, "days")))))


def _prospect(settings: Settings) -> BuiltSegment:
    days = _whole(settings, "days")
    product_views = [only("kind", "in", "page_view")]
    return BuiltSegment(
        condition(
            all_of(
                {
                    "sequence": [
                        {"source": "interactions", "where": product_views},
                        {
                            "source": "interactions",
                            "where": [only("kind", "in", *_values(settings, "asked"))],
                            "within": span(days),
                        },
                    ],
                    "period": {"last": days, "unit": "day"},
                },
                never(
                    measure(
                        "order_count",
                        "gte",
                        1,
                        days=days,
                        where=[
                            {"column": "launch_on", "op": "in_last", "value": span(_whole(settings, "new"))}
                        ],
                    )
                ),
            )
        )
    )


def _high_returns(settings: Settings) -> BuiltSegment:
    days = _whole(settings, "days")
    return BuiltSegment(
        condition(
            all_of(
                measure("return_rate", "gte", _number(settings, "share"), days=days),
                measure("order_count", "gte", _number(settings, "orders"), days=days),
            )
        )
    )


def _birthday(settings: Settings) -> BuiltSegment:
    return BuiltSegment(condition(field("birthday", "anniversary_in_next", span(_whole(settings, "days")))))


# --- computed tags ----------------------------------------------------------------------------------------------------


def _life_cycle(settings: Settings) -> BuiltTag:
    new, risk, dormant = (_whole(settings, name) for name in ("new", "risk", "dormant"))
    mature = _number(settings, "mature")
    recent = measure("last_order_at", "in_last", span(risk))
    return _stages(
        ("prospect", "潜在", "Prospect", never(measure("order_count", "gte", 1))),
        ("dormant", "沉睡", "Dormant", measure("last_order_at", "older_than", span(dormant))),
        ("churn_risk", "流失风险", "Churn risk", measure("last_order_at", "older_than", span(risk))),
        ("mature", "成熟", "Mature", all_of(recent, measure("order_count", "gte", mature))),
        ("new", "新客", "New", measure("first_order_at", "in_last", span(new))),
        ("growing", "成长", "Growing", recent),
    )


def _aipl(settings: Settings) -> BuiltTag:
    interest, purchase = _whole(settings, "interest"), _whole(settings, "purchase")
    return _stages(
        (
            "loyal",
            "忠诚 L",
            "Loyalty",
            measure("order_count", "gte", _number(settings, "loyal"), days=purchase),
        ),
        ("purchase", "购买 P", "Purchase", measure("order_count", "gte", 1, days=purchase)),
        (
            "interest",
            "兴趣 I",
            "Interest",
            measure(
                "event_count",
                "gte",
                1,
                days=interest,
                where=[only("kind", "in", "page_view", "cart_add", "share", "favourite", "consult")],
            ),
        ),
        ("awareness", "认知 A", "Awareness", field("created_at", "is_not_empty")),
    )


def _price_sensitivity(settings: Settings) -> BuiltTag:
    days = _whole(settings, "days")
    enough = measure("order_count", "gte", _number(settings, "orders"), days=days)

    def saved(least: str) -> Json:
        return all_of(enough, measure("discount_rate", "gte", _number(settings, least), days=days))

    return _stages(
        ("high", "高", "High", saved("high")),
        ("medium", "中", "Medium", saved("medium")),
        ("low", "低", "Low", enough),
    )


def _activity(settings: Settings) -> BuiltTag:
    def seen(days: int) -> Json:
        return any_of(
            measure("event_count", "gte", 1, days=days), measure("order_count", "gte", 1, days=days)
        )

    return _stages(
        ("active", "活跃", "Active", seen(_whole(settings, "active"))),
        ("quiet", "低活跃", "Quiet", seen(_whole(settings, "quiet"))),
        ("silent", "沉默", "Silent", all_of()),
    )


def _channel(settings: Settings) -> BuiltTag:
    names = _values(settings, "channels")
    return _stages(
        *(
            (
                name,
                name,
                name,
                any_of(
                    field("acquisition_channel", "in", [name]),
                    all_of(field("acquisition_channel", "is_empty"), measure("first_channel", "in", [name])),
                ),
            )
            for name in names
        ),
        ("other", "其他", "Other", all_of()),
    )


def _preference(column: str) -> Callable[[Settings], BuiltTag]:
    """Return the builder of a preference: enough orders with it, as one of any number of values."""
    op = "under" if column == "category" else "in"

    def build(settings: Settings) -> BuiltTag:
        return _stages(
            *(
                (
                    value,
                    value,
                    value,
                    measure(
                        "order_count",
                        "gte",
                        _number(settings, "orders"),
                        days=_whole(settings, "days"),
                        where=[only(column, op, value)],
                    ),
                )
                for value in _values(settings, "values")
            ),
            is_first_match=False,
        )

    return build


_PREFERENCE_SETTINGS: Final = (
    _days("days", "看最近多少天", "Days looked back", 365),
    _count("orders", "至少多少笔订单", "Orders at least", 2),
)

_SEGMENTS: Final = (
    Ready(
        Blueprint(
            name="core_customers",
            outcome=Outcome.SEGMENT,
            title=Words("核心客户", "Core customers"),
            description=Words(
                "近 90 天消费超过 5000，且近 30 天下单超过 2 次。",
                "Spent more than 5000 in 90 days and ordered more than twice in 30 days.",
            ),
            settings=(
                Setting(
                    name="amount",
                    kind=SettingKind.AMOUNT,
                    label=Words("消费超过", "Spent more than"),
                    default="5000",
                    low=Decimal(0),
                ),
                _days("amount_days", "消费看最近多少天", "Spending within days", 90),
                _count("orders", "订单数超过", "More orders than", 2),
                _days("order_days", "订单看最近多少天", "Orders within days", 30),
            ),
        ),
        _core,
    ),
    Ready(
        Blueprint(
            name="dormant",
            outcome=Outcome.SEGMENT,
            title=Words("沉睡客户", "Dormant customers"),
            description=Words(
                "买过，但最后一次下单已经超过设定天数（常用 90 或 180）。",
                "Bought before, the last order longer ago than the days set (usually 90 or 180).",
            ),
            settings=(_days("days", "多少天没有下单", "Days without an order", 180),),
        ),
        _dormant,
    ),
    Ready(
        Blueprint(
            name="new_product_prospects",
            outcome=Outcome.SEGMENT,
            title=Words("新品潜客", "New-product prospects"),
            description=Words(
                "浏览后又咨询、加购或收藏，但还没有买过新品。",
                "Looked at products, then asked about, kept or put one into the cart, and has not bought a new product.",
            ),
            settings=(
                _days("days", "看最近多少天", "Days looked back", 30),
                _days("new", "上市多少天内算新品", "New for days after launch", 90),
                Setting(
                    name="asked",
                    kind=SettingKind.TEXT,
                    label=Words("表示兴趣的事件", "Events that show interest"),
                    default="consult\ncart_add\nfavourite",
                ),
            ),
        ),
        _prospect,
    ),
    Ready(
        Blueprint(
            name="high_returns",
            outcome=Outcome.SEGMENT,
            title=Words("高退货客户", "Frequent returners"),
            description=Words(
                "退货金额占商品销售额的比例偏高，且订单数足够说明问题。",
                "Returned a large part of what they bought, over enough orders to mean something.",
            ),
            settings=(
                Setting(
                    name="share",
                    kind=SettingKind.SHARE,
                    label=Words("退货率不低于", "Return rate at least"),
                    default="0.3",
                    low=Decimal(0),
                    high=Decimal(1),
                ),
                _count("orders", "至少多少笔订单", "Orders at least", 3),
                _days("days", "看最近多少天", "Days looked back", 365),
            ),
        ),
        _high_returns,
    ),
    Ready(
        Blueprint(
            name="birthday_soon",
            outcome=Outcome.SEGMENT,
            title=Words("近期生日", "Birthday soon"),
            description=Words("生日就在设定天数之内。", "Their birthday comes within the days set."),
            settings=(_days("days", "多少天以内", "Within days", 7, high=365),),
        ),
        _birthday,
    ),
)
_TAGS: Final = (
    Ready(
        Blueprint(
            name="life_cycle",
            outcome=Outcome.TAG,
            title=Words("生命周期阶段", "Life-cycle stage"),
            description=Words(
                "潜在：没有买过；沉睡、流失风险：最后一次下单超过设定天数；成熟：近期还在买且订单够多；新客：首单在近期；其余为成长。",
                "Prospect: never bought. Dormant, churn risk: last order longer ago than set. Mature: still buying, and often"
                " enough. New: first order lately. Growing: the others.",
            ),
            settings=(
                _days("new", "首单多少天内算新客", "New for days after the first order", 30),
                _days("risk", "多少天未购算流失风险", "At risk after days without an order", 90),
                _days("dormant", "多少天未购算沉睡", "Dormant after days without an order", 180),
                _count("mature", "多少笔订单起算成熟", "Mature from orders", 4),
            ),
        ),
        _life_cycle,
    ),
    Ready(
        Blueprint(
            name="aipl",
            outcome=Outcome.TAG,
            title=Words("AIPL 阶段", "AIPL stage"),
            description=Words(
                "忠诚：期内多次购买；购买：期内买过；兴趣：近期有浏览、加购、收藏、分享或咨询；其余为认知。",
                "Loyalty: bought several times in the period. Purchase: bought in it. Interest: looked, kept, shared or asked"
                " lately. Awareness: the others.",
            ),
            settings=(
                _days("interest", "兴趣看最近多少天", "Interest within days", 30),
                _days("purchase", "购买看最近多少天", "Purchase within days", 365),
                _count("loyal", "多少笔订单起算忠诚", "Loyal from orders", 3),
            ),
        ),
        _aipl,
    ),
    Ready(
        Blueprint(
            name="price_sensitivity",
            outcome=Outcome.TAG,
            title=Words("价格敏感度", "Price sensitivity"),
            description=Words(
                "按优惠占原价的比例分高、中、低；订单太少的人不分。",
                "High, medium or low by how much of the price discounts took away; people with few orders have none.",
            ),
            settings=(
                _days("days", "看最近多少天", "Days looked back", 365),
                _count("orders", "至少多少笔订单", "Orders at least", 2),
                Setting(
                    name="high",
                    kind=SettingKind.SHARE,
                    label=Words("高：优惠占比不低于", "High: discount share at least"),
                    default="0.2",
                    low=Decimal(0),
                    high=Decimal(1),
                ),
                Setting(
                    name="medium",
                    kind=SettingKind.SHARE,
                    label=Words("中：优惠占比不低于", "Medium: discount share at least"),
                    default="0.05",
                    low=Decimal(0),
                    high=Decimal(1),
                ),
            ),
        ),
        _price_sensitivity,
    ),
    Ready(
        Blueprint(
            name="activity",
            outcome=Outcome.TAG,
            title=Words("活跃度", "Activity"),
            description=Words(
                "按最近一次行为或下单离现在多久，分活跃、低活跃、沉默。",
                "Active, quiet or silent by how long ago the last event or order was.",
            ),
            settings=(
                _days("active", "多少天内有行为算活跃", "Active within days", 7),
                _days("quiet", "多少天内有行为算低活跃", "Quiet within days", 30),
            ),
        ),
        _activity,
    ),
    Ready(
        Blueprint(
            name="channel_source",
            outcome=Outcome.TAG,
            title=Words("渠道来源", "Channel of origin"),
            description=Words(
                "客户档案里的获客渠道；没有填写时取第一笔订单的渠道。",
                "The channel on the customer's profile; where it is empty, that of the first order.",
            ),
            settings=(
                Setting(
                    name="channels",
                    kind=SettingKind.TEXT,
                    label=Words("渠道名称", "Names of channels"),
                    default="",
                ),
            ),
        ),
        _channel,
    ),
    Ready(
        Blueprint(
            name="category_preference",
            outcome=Outcome.TAG,
            title=Words("品类偏好", "Category preference"),
            description=Words(
                "期内买某个品类达到设定的订单数；一个人可以有多个偏好。",
                "Ordered from a category often enough in the period; a person may have several.",
            ),
            settings=(
                *_PREFERENCE_SETTINGS,
                Setting(
                    name="values",
                    kind=SettingKind.TEXT,
                    label=Words("品类", "Categories"),
                    default="",
                ),
            ),
        ),
        _preference("category"),
    ),
    Ready(
        Blueprint(
            name="style_preference",
            outcome=Outcome.TAG,
            title=Words("风格偏好", "Style preference"),
            description=Words(
                "期内买某种风格的商品达到设定的订单数；一个人可以有多个偏好。",
                "Ordered products of a style often enough in the period; a person may have several.",
            ),
            settings=(
                *_PREFERENCE_SETTINGS,
                Setting(
                    name="values",
                    kind=SettingKind.TEXT,
                    label=Words("风格", "Styles"),
                    default="",
                ),
            ),
        ),
        _preference("style"),
    ),
)
READY: Final[Mapping[str, Ready]] = {ready.blueprint.name: ready for ready in (*_SEGMENTS, *_TAGS)}
