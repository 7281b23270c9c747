"""The fields and options of the record kinds 'customers' and 'interactions', with the headings they usually have in files."""

from collections.abc import Iterable
from typing import Final

from feilun.identity.contracts import IdentifierKind
from feilun.ingestion.contracts import FieldSpec, FieldType, Label, OptionSpec, RecordKind
from feilun.profiles.contracts import Field, Protection, ValueType

_IDENTIFIERS: Final = Label("标识", "Identifiers")
_PERSON: Final = Label("客户", "Customer")
_CONSENT: Final = Label("授权", "Consent")
_CUSTOM: Final = Label("自定义字段", "Custom fields")
_EVENT: Final = Label("行为", "Behaviour")

IDENTIFIER_FIELDS: Final = {
    "customer_code": IdentifierKind.ERP_CODE,
    "unionid": IdentifierKind.UNIONID,
    "openid": IdentifierKind.OPENID,
    "external_userid": IdentifierKind.EXTERNAL_USERID,
    "card": IdentifierKind.CARD,
    "phone": IdentifierKind.PHONE,
    "email": IdentifierKind.EMAIL,
    "device": IdentifierKind.DEVICE,
}
CONSENT_CHANNELS: Final = {
    "consent_sms": "sms",
    "consent_email": "email",
    "consent_call": "call",
    "consent_wecom": "wecom",
    "consent_mini_program": "mini_program",
}


def _identifier(
    name: str, zh: str, en: str, *synonyms: str, is_key: bool = False, hint: Label | None = None
) -> FieldSpec:
    return FieldSpec(
        name=name,
        type=FieldType.TEXT,
        label=Label(zh, en),
        hint=hint,
        is_key=is_key,
        is_personal=True,
        identifier=IDENTIFIER_FIELDS[name],
        synonyms=(zh.lower(), en.lower(), *synonyms),
        group=_IDENTIFIERS,
    )


def _identifiers(*, is_keyed: bool) -> tuple[FieldSpec, ...]:
    several = Label("一格可写多个，用逗号分开。", "A cell may hold several, separated by commas.")
    return (
        _identifier(
            "customer_code", "客户编码", "Customer code", "客户编号", "客户代码", "客户号", "客户id", "会员id", "会员编号", "顾客编号",
            "customerid", "customer id", "customer_id", "customer", "customer no", "customer number", "customer_code",
            "client id", "member id", "user id", "user_id", "buyer id", "id", is_key=is_keyed,
        ),
        _identifier(
            "phone", "手机号", "Phone", "手机", "手机号码", "电话", "联系电话", "移动电话", "phone number", "mobile",
            "mobile phone", "telephone", "tel", hint=several,
        ),
        _identifier("email", "邮箱", "E-mail", "电子邮箱", "邮件", "电子邮件", "email", "mail", "email address", hint=several),
        _identifier("unionid", "微信 UnionID", "WeChat UnionID", "unionid", "union id", "union_id", "微信unionid"),
        _identifier("openid", "微信 OpenID", "WeChat OpenID", "openid", "open id", "open_id", "微信openid"),
        _identifier(
            "external_userid", "企业微信外部联系人 ID", "WeCom external user id", "external_userid", "externaluserid",
            "external userid", "企微客户id", "外部联系人id",
        ),
        _identifier("card", "会员卡号", "Card number", "卡号", "会员卡", "vip卡号", "card", "card no", "card_no", "member card", "loyalty card"),
        _identifier("device", "设备标识", "Device id", "设备id", "设备号", "device", "device_id", "deviceid", "client_id"),
    )  # fmt: skip


def _field(
    name: str, field_type: FieldType, zh: str, en: str, *synonyms: str,
    is_personal: bool = False, is_required: bool = False, is_key: bool = False,
    group: Label = _PERSON, hint: Label | None = None,
) -> FieldSpec:  # fmt: skip
    return FieldSpec(
        name=name,
        type=field_type,
        label=Label(zh, en),
        hint=hint,
        required=is_required,
        is_key=is_key,
        is_personal=is_personal,
        synonyms=(zh.lower(), en.lower(), *synonyms),
        group=group,
    )


_CUSTOMER_FIELDS: Final = (
    _field("name", FieldType.TEXT, "姓名", "Name", "客户姓名", "客户名称", "会员姓名", "名字", "备注名", "customer name", "customer_name", "full name", "full_name", is_personal=True),
    _field("nickname", FieldType.TEXT, "昵称", "Nickname", "微信昵称", "nick", "nick name", is_personal=True),
    _field("gender", FieldType.TEXT, "性别", "Gender", "sex"),
    _field("birthday", FieldType.DATE, "生日", "Birthday", "出生日期", "出生年月", "birth date", "birth_date", "date of birth", "dob", is_personal=True),
    _field("country", FieldType.TEXT, "国家", "Country", "国家/地区", "国家地区"),
    _field("province", FieldType.TEXT, "省份", "Province", "省", "所在省", "state/province", "region"),
    _field("city", FieldType.TEXT, "城市", "City", "市", "所在城市", "town"),
    _field("address", FieldType.TEXT, "地址", "Address", "详细地址", "联系地址", "收货地址", "street", is_personal=True),
    _field("company", FieldType.TEXT, "公司", "Company", "公司名称", "单位", "organisation", "organization", is_personal=True),
    _field("remark", FieldType.TEXT, "备注", "Remark", "说明", "note", "notes", "comment", is_personal=True),
    _field("preferred_language", FieldType.TEXT, "偏好语言", "Preferred language", "语言", "language", "locale"),
    _field("registered_at", FieldType.DATETIME, "注册时间", "Registered at", "注册日期", "入会时间", "入会日期", "开卡时间", "建档时间", "registration date", "joined", "signup date"),
    _field("acquisition_channel", FieldType.TEXT, "获客渠道", "Acquisition channel", "注册渠道", "来源渠道", "客户来源", "渠道", "channel", "lead source"),
    _field("store", FieldType.TEXT, "所属门店", "Home store", "门店", "门店编码", "开卡门店", "注册门店", "store", "store code", "shop"),
    _field("employee", FieldType.TEXT, "专属导购", "Sales associate", "导购", "服务导购", "业务员", "负责人", "owner", "salesperson", "associate"),
    _field(
        "updated_at", FieldType.DATETIME, "更新时间", "Updated at", "修改时间", "最后修改时间", "updated", "updated_at", "last modified",
        hint=Label("来源系统最后修改的时间；没有时以导入时间为准。", "When the source last changed the record; without it the time of the import counts."),
    ),
    _field("consent_sms", FieldType.BOOLEAN, "短信同意", "SMS consent", "接受短信", "短信授权", "sms opt in", "sms_opt_in", group=_CONSENT),
    _field("consent_email", FieldType.BOOLEAN, "邮件同意", "E-mail consent", "接受邮件", "邮件授权", "email opt in", "email_opt_in", "newsletter", group=_CONSENT),
    _field("consent_call", FieldType.BOOLEAN, "电话同意", "Call consent", "接受电话", "电话授权", "call opt in", group=_CONSENT),
    _field("consent_wecom", FieldType.BOOLEAN, "企微同意", "WeCom consent", "企业微信同意", "企微授权", "wecom opt in", group=_CONSENT),
    _field("consent_mini_program", FieldType.BOOLEAN, "小程序同意", "Mini program consent", "订阅消息同意", group=_CONSENT),
)  # fmt: skip

PHONES_VERIFIED: Final = OptionSpec(
    name="phones_verified",
    type=FieldType.BOOLEAN,
    label=Label("手机号可信", "Phones are verified"),
    hint=Label(
        "客户自己验证或长期使用的手机号选“是”，用来关联同一客户；平台虚拟号、代填号选“否”。",
        "Say yes when customers verified the numbers or use them: they link customers. Say no for virtual numbers or numbers"
        " that others typed.",
    ),
    default="true",
)

INTERACTIONS: Final = RecordKind(
    name="interactions",
    label=Label("行为", "Behaviour"),
    fields=(
        _field("event_id", FieldType.TEXT, "事件编号", "Event id", "行为编号", "event_id", "eventid", "uuid", is_key=True, group=_EVENT),
        _field("event", FieldType.TEXT, "事件", "Event", "行为", "行为类型", "事件类型", "event type", "event_type", "action", is_required=True, group=_EVENT),
        _field("occurred_at", FieldType.DATETIME, "时间", "Time", "发生时间", "行为时间", "事件时间", "timestamp", "event time", "occurred_at", is_required=True, group=_EVENT),
        *_identifiers(is_keyed=False),
        _field("channel", FieldType.TEXT, "渠道", "Channel", "平台", "platform", group=_EVENT),
        _field("sku", FieldType.TEXT, "商品编码", "SKU", "商品", "货号", "item", "product", "product id", "stock code", group=_EVENT),
        _field("page", FieldType.TEXT, "页面", "Page", "页面路径", "url", "path", group=_EVENT),
        _field("keyword", FieldType.TEXT, "搜索词", "Search term", "关键词", "keyword", "query", is_personal=True, group=_EVENT),
        _field("quantity", FieldType.DECIMAL, "数量", "Quantity", "qty", group=_EVENT),
        _field("duration_seconds", FieldType.DECIMAL, "停留秒数", "Duration in seconds", "停留时长", "duration", group=_EVENT),
    ),
    options=(PHONES_VERIFIED,),
)  # fmt: skip

INTERACTION_PROPERTIES: Final = ("page", "keyword", "quantity", "duration_seconds")

INTERACTION_WORDS: Final = {
    word: kind
    for kind, words in {
        "page_view": "page_view,pageview,view,浏览,访问,页面浏览,查看商品",
        "cart_add": "cart_add,add_to_cart,addtocart,加购,加入购物车",
        "cart_remove": "cart_remove,remove_from_cart,移出购物车",
        "login": "login,sign_in,登录",
        "share": "share,分享,转发",
        "search": "search,搜索",
        "favourite": "favourite,favorite,collect,收藏",
        "checkout": "checkout,begin_checkout,结算,提交订单",
        "coupon_claim": "coupon_claim,领券",
        "consult": "consult,inquiry,enquiry,咨询,询问,客服咨询",
    }.items()
    for word in words.split(",")
}

_TYPES: Final = {
    ValueType.TEXT: FieldType.TEXT,
    ValueType.LONG_TEXT: FieldType.TEXT,
    ValueType.NUMBER: FieldType.INTEGER,
    ValueType.DECIMAL: FieldType.DECIMAL,
    ValueType.DATE: FieldType.DATE,
    ValueType.DATETIME: FieldType.DATETIME,
    ValueType.BOOLEAN: FieldType.BOOLEAN,
    # Read as text: a cell may hold an option's value or its label in either language, and several of them.
    ValueType.CHOICE: FieldType.TEXT,
    ValueType.MULTI_CHOICE: FieldType.TEXT,
}


def customers_kind(custom: Iterable[Field]) -> RecordKind:
    """Return the record kind 'customers' with every custom field in use."""
    return RecordKind(
        name="customers",
        label=Label("客户", "Customers"),
        fields=(*_identifiers(is_keyed=True), *_CUSTOMER_FIELDS, *map(_custom, custom)),
        options=(PHONES_VERIFIED,),
    )


def _custom(field: Field) -> FieldSpec:
    return FieldSpec(
        name=field.name,
        type=_TYPES[field.type],
        label=Label(field.label_zh, field.label_en),
        is_personal=field.protection is not Protection.OPEN,
        synonyms=(field.label_zh.lower(), field.label_en.lower(), field.name.partition(".")[2]),
        group=_CUSTOM,
    )
