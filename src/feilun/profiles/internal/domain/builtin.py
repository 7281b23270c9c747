"""The fields every installation has. Which are masked and which sealed is decided in ADR-0007 and docs/concepts/profiles.md."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from feilun.profiles.contracts import Field, FieldOption, Protection, ValueType

CUSTOM_PREFIX: Final = "custom."

_GENDERS: Final = (
    FieldOption("female", "女", "Female"),
    FieldOption("male", "男", "Male"),
    FieldOption("other", "其他", "Other"),
)

_FIELDS: Final = (
    Field(name="name", type=ValueType.TEXT, label_zh="姓名", label_en="Name", protection=Protection.MASKED),
    Field(
        name="nickname",
        type=ValueType.TEXT,
        label_zh="昵称",
        label_en="Nickname",
        protection=Protection.MASKED,
    ),
    Field(name="gender", type=ValueType.CHOICE, label_zh="性别", label_en="Gender", options=_GENDERS),
    Field(
        name="birthday",
        type=ValueType.DATE,
        label_zh="生日",
        label_en="Birthday",
        protection=Protection.MASKED,
    ),
    Field(name="country", type=ValueType.TEXT, label_zh="国家/地区", label_en="Country"),
    Field(name="province", type=ValueType.TEXT, label_zh="省份", label_en="Province"),
    Field(name="city", type=ValueType.TEXT, label_zh="城市", label_en="City"),
    Field(
        name="address",
        type=ValueType.LONG_TEXT,
        label_zh="地址",
        label_en="Address",
        protection=Protection.SEALED,
    ),
    Field(
        name="company", type=ValueType.TEXT, label_zh="公司", label_en="Company", protection=Protection.MASKED
    ),
    Field(
        name="remark",
        type=ValueType.LONG_TEXT,
        label_zh="备注",
        label_en="Remark",
        protection=Protection.SEALED,
    ),
    Field(name="preferred_language", type=ValueType.TEXT, label_zh="偏好语言", label_en="Preferred language"),
    Field(name="registered_at", type=ValueType.DATETIME, label_zh="注册时间", label_en="Registered at"),
    Field(
        name="acquisition_channel", type=ValueType.TEXT, label_zh="获客渠道", label_en="Acquisition channel"
    ),
    Field(name="store", type=ValueType.TEXT, label_zh="所属门店", label_en="Home store"),
    Field(name="employee", type=ValueType.TEXT, label_zh="专属导购", label_en="Sales associate"),
)

BUILTIN_FIELDS: Final[Mapping[str, Field]] = MappingProxyType({field.name: field for field in _FIELDS})

KEPT_ON_ERASURE: Final = frozenset(
    field.name for field in _FIELDS if field.protection is Protection.OPEN and field.name != "employee"
)
"""What remains of an erased person, for statistics. Custom fields go altogether: nobody can promise what was typed there."""
