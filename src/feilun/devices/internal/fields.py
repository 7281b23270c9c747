"""The fields and options of the record kind 'devices', with the headings they usually have in files."""

from typing import Final

from feilun.devices.contracts import DeviceState
from feilun.identity.contracts import IdentifierKind
from feilun.ingestion.contracts import FieldSpec, FieldType, Label, OptionSpec, RecordKind

_DEVICE: Final = Label("设备", "Device")
_OWNER: Final = Label("主人", "Owner")

OWNER_IDENTIFIERS: Final = {
    "customer_code": IdentifierKind.ERP_CODE,
    "phone": IdentifierKind.PHONE,
    "email": IdentifierKind.EMAIL,
    "unionid": IdentifierKind.UNIONID,
    "openid": IdentifierKind.OPENID,
    "external_userid": IdentifierKind.EXTERNAL_USERID,
    "card": IdentifierKind.CARD,
}


def _field(
    name: str, zh: str, en: str, *synonyms: str, group: Label = _DEVICE, field_type: FieldType = FieldType.TEXT,
    is_key: bool = False, hint: Label | None = None,
) -> FieldSpec:  # fmt: skip
    identifier = OWNER_IDENTIFIERS.get(name)
    return FieldSpec(
        name=name,
        type=field_type,
        label=Label(zh, en),
        hint=hint,
        required=is_key,
        is_key=is_key,
        is_personal=identifier is not None,
        identifier=identifier,
        synonyms=(zh.lower(), en.lower(), *synonyms),
        group=group,
    )


DEVICES: Final = RecordKind(
    name="devices",
    label=Label("设备", "Devices"),
    fields=(
        _field("device_id", "设备标识", "Device id", "设备id", "设备号", "设备编号", "设备编码", "device", "device_id", "deviceid", "client_id", "imei", "mac", is_key=True),
        _field("kind", "设备类型", "Device kind", "类型", "设备类别", "品类", "device type", "device_type", "kind", "type"),
        _field("model", "设备型号", "Model", "型号", "规格型号", "device model", "device_model"),
        _field("serial", "序列号", "Serial number", "sn", "机身号", "出厂编号", "serial", "serial no", "serial_number"),
        _field("state", "设备状态", "State", "状态", "绑定状态", "status", "device status"),
        _field("bound_at", "绑定时间", "Bound at", "激活时间", "绑定日期", "激活日期", "bound_at", "activated at", "activated_at", "bind time", field_type=FieldType.DATETIME),
        _field("unbound_at", "解绑时间", "Unbound at", "解绑日期", "unbound_at", "unbind time", field_type=FieldType.DATETIME),
        _field(
            "store", "门店编码", "Store code", "门店", "所属门店", "安装门店", "store", "store_code", "store id", "shop", group=_OWNER,
            hint=Label("门店的设备填这里；客户的设备填客户标识。", "For devices of stores; a customer's device names the customer instead."),
        ),
        _field("customer_code", "客户编码", "Customer code", "客户编号", "会员编号", "会员id", "customer", "customer_code", "customer id", "member id", "user id", group=_OWNER),
        _field("phone", "手机号", "Phone", "手机", "用户手机", "绑定手机", "电话", "mobile", "phone number", group=_OWNER),
        _field("email", "邮箱", "E-mail", "电子邮箱", "email", group=_OWNER),
        _field("unionid", "微信 UnionID", "WeChat UnionID", "unionid", "union_id", group=_OWNER),
        _field("openid", "微信 OpenID", "WeChat OpenID", "openid", "open_id", group=_OWNER),
        _field("external_userid", "企业微信外部联系人 ID", "WeCom external user id", "external_userid", "外部联系人id", group=_OWNER),
        _field("card", "会员卡号", "Card number", "卡号", "会员卡", "card", "card no", group=_OWNER),
    ),
    options=(
        OptionSpec(
            name="state_words",
            type=FieldType.TEXT,
            label=Label("状态对照", "State words"),
            hint=Label(
                f"例：待机=bound, 返厂=faulty。可用：{' '.join(DeviceState)}",
                f"E.g. standby=bound, sent in=faulty. Known: {' '.join(DeviceState)}",
            ),
            default="",
        ),
        OptionSpec(
            name="phones_verified",
            type=FieldType.BOOLEAN,
            label=Label("手机号可信", "Phones are verified"),
            hint=Label(
                "绑定时验证过的手机号选“是”，用来关联同一客户。",
                "Say yes when binding a device verified the number: it links customers.",
            ),
            default="true",
        ),
    ),
)  # fmt: skip
