"""What conditions can ask about customers: their fields, custom ones included, consents, and what they did."""

from collections.abc import Iterable
from typing import Final

from feilun.conditions.contracts import (
    WEEKDAYS,
    Aggregate,
    Arithmetic,
    Calculated,
    CatalogueParts,
    Column,
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
from feilun.identity.contracts import IdentifierKind
from feilun.platform.db import UnitOfWork
from feilun.profiles.contracts import Field, Protection, ValueType
from feilun.profiles.internal import store_facts
from feilun.profiles.internal.catalogue import load_catalogue
from feilun.profiles.internal.domain.builtin import BUILTIN_FIELDS, CUSTOM_PREFIX
from feilun.profiles.internal.intake_fields import CONSENT_CHANNELS

_CUSTOMERS: Final = "customers"
_INTERACTIONS: Final = "interactions"
_CONSENTS: Final = "consents"
_PLAIN_TEXTS: Final = (
    "city", "province", "country", "acquisition_channel", "store", "employee", "preferred_language",
)  # fmt: skip
_MONTH_DAY: Final = "toInt32(birth_month) * 100 + birth_day"
_AGE: Final = f"toInt32({{today_year}}) - birth_year - if({_MONTH_DAY} > {{today_month_day}}, 1, 0)"
_MARKETING: Final = "marketing"
_CHANNEL_LABELS: Final = {
    "sms": ("短信", "SMS"),
    "email": ("邮件", "E-mail"),
    "call": ("电话", "Call"),
    "wecom": ("企业微信", "WeCom"),
    "mini_program": ("小程序", "Mini program"),
}
_PURPOSE_LABELS: Final = {_MARKETING: ("营销", "marketing")}
_CONSENT_STATES: Final = (Option("granted", "同意", "Granted"), Option("refused", "拒绝", "Refused"))
_IDENTIFIER_LABELS: Final = {
    IdentifierKind.UNIONID: ("微信 UnionID", "WeChat UnionID"),
    IdentifierKind.EXTERNAL_USERID: ("企业微信外部联系人", "WeCom contact"),
    IdentifierKind.OPENID: ("微信 OpenID", "WeChat OpenID"),
    IdentifierKind.ERP_CODE: ("客户编码", "Customer code"),
    IdentifierKind.CARD: ("会员卡号", "Card number"),
    IdentifierKind.PHONE: ("手机号", "Phone"),
    IdentifierKind.EMAIL: ("邮箱", "E-mail"),
    IdentifierKind.DEVICE: ("设备", "Device"),
}
_KINDS: Final = tuple(
    Option(kind.value, *_IDENTIFIER_LABELS.get(kind, (kind.value, kind.value))) for kind in IdentifierKind
)
_EVENT_KINDS: Final = (
    Option("page_view", "浏览", "Page view"),
    Option("cart_add", "加购", "Added to cart"),
    Option("cart_remove", "移出购物车", "Removed from cart"),
    Option("login", "登录", "Login"),
    Option("share", "分享", "Share"),
    Option("search", "搜索", "Search"),
    Option("favourite", "收藏", "Favourite"),
    Option("checkout", "结算", "Checkout"),
    Option("coupon_claim", "领券", "Coupon claimed"),
    Option("consult", "咨询", "Inquiry"),
)
_KIND_OF_TYPE: Final = {
    ValueType.TEXT: ValueKind.TEXT,
    ValueType.LONG_TEXT: ValueKind.TEXT,
    ValueType.NUMBER: ValueKind.NUMBER,
    ValueType.DECIMAL: ValueKind.NUMBER,
    ValueType.DATE: ValueKind.DATE,
    ValueType.DATETIME: ValueKind.MOMENT,
    ValueType.BOOLEAN: ValueKind.BOOLEAN,
    ValueType.CHOICE: ValueKind.CHOICE,
    ValueType.MULTI_CHOICE: ValueKind.TEXTS,
}
_SQL_OF_KIND: Final = {
    ValueKind.TEXT: "{0}",
    ValueKind.CHOICE: "{0}",
    ValueKind.NUMBER: "toDecimal128OrNull({0}, 6)",
    ValueKind.DATE: "toDate32OrNull({0})",
    ValueKind.MOMENT: "parseDateTime64BestEffortOrNull({0}, 3, 'UTC')",
    ValueKind.BOOLEAN: "if({0} = '', NULL, {0} = 'true')",
    ValueKind.TEXTS: "JSONExtract({0}, 'Array(String)')",
}
"""From the canonical text of a custom field."""


def _column(
    name: str,
    kind: ValueKind,
    zh: str,
    en: str,
    sql: str = "",
    *,
    options: tuple[Option, ...] = (),
    suggests: bool = False,
    is_filter: bool = True,
    has_property: bool = False,
) -> Column:
    return Column(
        name=name,
        kind=kind,
        sql=sql or name,
        label_zh=zh,
        label_en=en,
        options=options,
        suggests=suggests,
        is_filter=is_filter,
        has_property=has_property,
    )


def _builtin_columns() -> tuple[Column, ...]:
    texts = (BUILTIN_FIELDS[name] for name in _PLAIN_TEXTS)
    return (
        _column("gender", ValueKind.CHOICE, "性别", "Gender", options=_options(BUILTIN_FIELDS["gender"])),
        *(_column(f.name, ValueKind.TEXT, f.label_zh, f.label_en, suggests=True) for f in texts),
        _column("birthday", ValueKind.MONTH_DAY, "生日", "Birthday", _MONTH_DAY),
        _column("age", ValueKind.NUMBER, "年龄", "Age", _AGE),
        _column("registered_at", ValueKind.MOMENT, "注册时间", "Registered"),
        _column("created_at", ValueKind.MOMENT, "建档时间", "First known"),
        _column("sources", ValueKind.TEXTS, "数据来源", "Sources", suggests=True),
        _column("identifier_kinds", ValueKind.TEXTS, "已有标识", "Identifiers known", options=_KINDS),
        _column("verified_kinds", ValueKind.TEXTS, "已验证的标识", "Identifiers verified", options=_KINDS),
        _column("member_count", ValueKind.NUMBER, "合并的档案数", "Merged records"),
    )


def _custom_columns(fields: Iterable[Field]) -> tuple[Column, ...]:
    return tuple(
        _column(
            field.name,
            kind := _KIND_OF_TYPE[field.type],
            field.label_zh,
            field.label_en,
            _SQL_OF_KIND[kind].format(f"custom['{field.name.removeprefix(CUSTOM_PREFIX)}']"),
            options=_options(field),
            suggests=kind is ValueKind.TEXT,
        )
        for field in fields
        if field.is_custom and field.protection is Protection.OPEN
    )


def _options(field: Field) -> tuple[Option, ...]:
    return tuple(Option(option.value, option.label_zh, option.label_en) for option in field.options)


_IDENTITY_FIELDS: Final = frozenset({"identifier_kinds", "verified_kinds", "member_count"})


def _field(column: Column) -> FieldDef:
    group = "custom" if column.name.startswith(CUSTOM_PREFIX) else "profile"
    return FieldDef(
        name=column.name,
        kind=column.kind,
        expression=Aggregate(_CUSTOMERS, Function.VALUE, column.name),
        label_zh=column.label_zh,
        label_en=column.label_en,
        group="identity" if column.name in _IDENTITY_FIELDS else group,
        options=column.options,
        suggests=column.suggests,
    )


CONSENTS: Final = Source(
    name=_CONSENTS,
    table="consents",
    label_zh="授权",
    label_en="consents",
    moment="stated_at",
    columns=(
        _column("channel", ValueKind.TEXT, "渠道", "Channel", suggests=True),
        _column("purpose", ValueKind.TEXT, "用途", "Purpose", suggests=True),
        _column("state", ValueKind.CHOICE, "表态", "Statement", options=_CONSENT_STATES),
        _column("source", ValueKind.TEXT, "数据来源", "Source", suggests=True),
    ),
)
INTERACTIONS: Final = Source(
    name=_INTERACTIONS,
    table="interactions",
    label_zh="事件",
    label_en="events",
    moment="occurred_at",
    columns=(
        _column("kind", ValueKind.TEXT, "事件类型", "Kind of event", options=_EVENT_KINDS, suggests=True),
        _column("channel", ValueKind.TEXT, "渠道", "Channel", suggests=True),
        _column("source", ValueKind.TEXT, "数据来源", "Source", suggests=True),
        _column("sku", ValueKind.TEXT, "商品编码", "SKU", suggests=True),
        _column(
            "property", ValueKind.TEXT, "属性（文字）", "Property (text)", "properties[{property}]",
            suggests=True, has_property=True,
        ),
        _column(
            "number_property", ValueKind.NUMBER, "属性（数字）", "Property (number)",
            "toDecimal128OrNull(properties[{property}], 6)", has_property=True,
        ),
        _column(
            "weekday", ValueKind.CHOICE, "星期", "Day of the week",
            "toString(toDayOfWeek(occurred_at, 0, {zone}))", options=WEEKDAYS,
        ),
        _column("hour", ValueKind.NUMBER, "时刻（点）", "Hour of the day", "toHour(occurred_at, {zone})"),
        _column("occurred_at", ValueKind.MOMENT, "发生时间", "Time", is_filter=False),
        _column(
            "occurred_on", ValueKind.DATE, "发生日期", "Day", "toDate32(toTimeZone(occurred_at, {zone}))",
            is_filter=False,
        ),
    ),
)  # fmt: skip


def _events(function: Function, column: str | None = None, name: str | None = None) -> Aggregate:
    return Aggregate(_INTERACTIONS, function, column, name)


def _measure(
    name: str, zh: str, en: str, expression: Aggregate | Calculated, *,
    kind: ValueKind = ValueKind.NUMBER, unit: tuple[str, str] = ("", ""), where: tuple[Filter, ...] = (),
) -> MeasureDef:  # fmt: skip
    return MeasureDef(
        name=name,
        kind=kind,
        expression=expression,
        label_zh=zh,
        label_en=en,
        group="events",
        where=where,
        unit_zh=unit[0],
        unit_en=unit[1],
    )


_SECONDS: Final = ("秒", "s")
_DURATION: Final = _events(Function.SUM, "number_property", "duration_seconds")
_LAST_EVENT: Final = _events(Function.MAX, "occurred_at")
_MEASURES: Final = (
    _measure("event_count", "事件次数", "Events", _events(Function.COUNT), unit=("次", "")),
    _measure("event_days", "有事件的天数", "Days with events",
             _events(Function.COUNT_DISTINCT, "occurred_on"), unit=("天", "days")),
    _measure("event_products", "涉及商品种数", "Different products of events",
             _events(Function.COUNT_DISTINCT, "sku"), unit=("种", "")),
    _measure("event_duration", "停留总时长", "Time spent", _DURATION, unit=_SECONDS),
    _measure("event_duration_max", "最长停留时长", "Longest time spent",
             _events(Function.MAX, "number_property", "duration_seconds"), unit=_SECONDS),
    _measure("event_duration_average", "平均停留时长", "Average time spent",
             Calculated(Arithmetic.RATIO, _DURATION,
                        _events(Function.COUNT)),
             unit=_SECONDS,
             where=(Filter("number_property", Operator.IS_NOT_EMPTY, property="duration_seconds"),)),
    _measure("event_quantity", "事件数量合计", "Quantity of events",
             _events(Function.SUM, "number_property", "quantity")),
    _measure("first_event_at", "首次事件时间", "First event", _events(Function.MIN, "occurred_at"),
             kind=ValueKind.MOMENT),
    _measure("last_event_at", "最近事件时间", "Last event", _LAST_EVENT, kind=ValueKind.MOMENT),
    _measure("days_since_last_event", "距最近事件天数", "Days since last event",
             Calculated(Arithmetic.DAYS_BETWEEN, _LAST_EVENT, Now()), unit=("天", "days")),
    _measure("last_event_channel", "最近事件渠道", "Channel of the last event",
             _events(Function.LAST, "channel"), kind=ValueKind.TEXT),
)  # fmt: skip


class CustomerConditionFields:
    """What this room contributes to the catalogue of conditions."""

    def offer(self, uow: UnitOfWork) -> CatalogueParts:
        """Return fields of customers as they are now, archived custom ones included: their values are still there."""
        columns = (*_builtin_columns(), *_custom_columns(load_catalogue(uow).values()))
        customers = Source(
            name=_CUSTOMERS,
            table="customers",
            label_zh="客户",
            label_en="customers",
            columns=columns,
            moment=None,
            is_per_person=True,
        )
        usual = {(channel, _MARKETING) for channel in CONSENT_CHANNELS.values()}
        consents = sorted(usual | set(store_facts.consent_kinds(uow)))
        return CatalogueParts(
            sources=(customers, INTERACTIONS, CONSENTS),
            fields=(*map(_field, columns), *(_consent(channel, purpose) for channel, purpose in consents)),
            measures=_MEASURES,
        )


def _consent(channel: str, purpose: str) -> FieldDef:
    """The newest statement holds; of equal moments LAST takes the greatest text, and 'refused' is greater than 'granted'."""
    channel_zh, channel_en = _CHANNEL_LABELS.get(channel, (channel, channel))
    purpose_zh, purpose_en = _PURPOSE_LABELS.get(purpose, (purpose, purpose))
    return FieldDef(
        name=f"consent.{channel}.{purpose}",
        kind=ValueKind.CHOICE,
        expression=Aggregate(_CONSENTS, Function.LAST, "state"),
        label_zh=f"{channel_zh}{purpose_zh}授权",
        label_en=f"Consent to {purpose_en} by {channel_en}",
        group="consent",
        where=(
            Filter("channel", Operator.IN, (channel,)),
            Filter("purpose", Operator.IN, (purpose,)),
        ),
        options=_CONSENT_STATES,
    )
