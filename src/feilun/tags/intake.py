"""Intake of tags from files and other systems: implements ingestion's `RecordHandler`."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.ingestion.contracts import (
    ApplyContext,
    FieldSpec,
    FieldType,
    Label,
    MappedRow,
    OptionSpec,
    Outcome,
    OutcomeState,
    RecordKind,
    Rejection,
)
from feilun.kernel.errors import FeilunError
from feilun.platform.db import UnitOfWork
from feilun.tags.contracts import AssignmentSource, OperationKind, TagDraft, ValueMode
from feilun.tags.errors import ReasonTooLong, TagActionUnknown, TagNameTaken, TagPersonUnknown, TagUnknown
from feilun.tags.internal import store_dictionary
from feilun.tags.internal.batches import RecordChange, change_records, named_tags, wish_named
from feilun.tags.internal.changing import Cause
from feilun.tags.internal.dictionary import create_tag, tags_by_id
from feilun.tags.internal.domain import NAME_MAX, Wish, check_reason

_SHOWN_MAX: Final = 200
_IDENTIFIER_CHARACTERS_MAX: Final = 200
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_SEVERAL: Final = re.compile(r"[,\uff0c;\uff1b\u3001|\n]")
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TRUE: Final = frozenset({"true", "1", "yes", "是"})
_REMOVING: Final = frozenset({"remove", "delete", "del", "-", "取消", "移除", "删除", "去除"})
_ADDING: Final = frozenset({"add", "assign", "set", "+", "添加", "新增", "打标", "增加"})
_IDENTIFIERS: Final = Label("标识", "Identifiers")
_TAG: Final = Label("标签", "Tag")
_CREATES: Final = "creates_tags"
_KINDS: Final = {
    "customer_code": (
        IdentifierKind.ERP_CODE, "客户编码", "Customer code",
        ("客户编号", "客户代码", "会员编号", "会员id", "customer id", "customer_id", "member id", "customer no"),
    ),
    "phone": (IdentifierKind.PHONE, "手机号", "Phone", ("手机", "手机号码", "电话", "mobile", "phone number", "tel")),
    "email": (IdentifierKind.EMAIL, "邮箱", "E-mail", ("电子邮箱", "email", "mail")),
    "unionid": (IdentifierKind.UNIONID, "微信 UnionID", "WeChat UnionID", ("unionid", "union id", "union_id")),
    "openid": (IdentifierKind.OPENID, "微信 OpenID", "WeChat OpenID", ("openid", "open id", "open_id")),
    "external_userid": (
        IdentifierKind.EXTERNAL_USERID, "企业微信外部联系人 ID", "WeCom external user id", ("external_userid", "外部联系人id"),
    ),
    "card": (IdentifierKind.CARD, "会员卡号", "Card number", ("卡号", "会员卡", "card", "card no", "member card")),
}  # fmt: skip


def _field(
    name: str, zh: str, en: str, *synonyms: str, required: bool = False, hint: Label | None = None
) -> FieldSpec:
    return FieldSpec(
        name=name,
        type=FieldType.TEXT,
        label=Label(zh, en),
        hint=hint,
        required=required,
        synonyms=(zh.lower(), en.lower(), *synonyms),
        group=_TAG,
    )


TAGS: Final = RecordKind(
    name="tags",
    label=Label("标签", "Tags"),
    fields=(
        *(
            FieldSpec(
                name=name,
                type=FieldType.TEXT,
                label=Label(zh, en),
                is_personal=True,
                identifier=kind,
                synonyms=(zh.lower(), en.lower(), *synonyms),
                group=_IDENTIFIERS,
            )
            for name, (kind, zh, en, synonyms) in _KINDS.items()
        ),
        _field(
            "tag", "标签", "Tag", "标签名", "标签名称", "标签编码", "tags", "tag name", "tag key", "label", required=True,
            hint=Label("标签的编码或名称；一格可写多个，用逗号分开。", "Key or name of the tag. A cell may hold several, separated by commas."),
        ),
        _field("value", "标签值", "Value", "值", "tag value"),
        _field(
            "action", "动作", "Action", "操作", "operation",
            hint=Label("添加或移除；空着表示添加。", "Add or remove; empty means add."),
        ),
        _field("reason", "原因", "Reason", "备注", "说明", "note", "remark"),
    ),
    options=(
        OptionSpec(
            name=_CREATES,
            type=FieldType.BOOLEAN,
            label=Label("自动新建标签", "Create tags that are missing"),
            hint=Label(
                "字典里没有的标签：选“是”则按名称新建，选“否”则拒收该行并说明原因。",
                "Tags that the dictionary lacks: yes makes them by that name, no rejects the row and says why.",
            ),
            default="false",
        ),
    ),
)  # fmt: skip


class TagHandler:
    """Takes in rows of customer identifiers, tag, value and action."""

    name: str = TAGS.name

    def describe(self, uow: UnitOfWork) -> RecordKind:
        """Return the fields of tags."""
        return TAGS

    def check(self, row: MappedRow, context: ApplyContext) -> Rejection | None:
        """Judge one row: an identifier, an action that is known, texts that can be stored."""
        given = [name for name in _KINDS if name in row.values]
        if not given:
            return _rejection(TagPersonUnknown.code, None, "")
        for name in given:
            text = str(row.values[name])
            if len(text) > _IDENTIFIER_CHARACTERS_MAX or _UNSTORABLE.search(text):
                return _rejection(TagPersonUnknown.code, name, text)
        if _action(row.values) is None:
            return _rejection(TagActionUnknown.code, "action", str(row.values["action"]))
        try:
            check_reason(str(row.values.get("reason", "")))
        except ReasonTooLong as error:
            return Rejection(error.code, "reason", str(row.values["reason"])[:_SHOWN_MAX], error.detail)
        return None

    def apply(
        self, uow: UnitOfWork, groups: Sequence[Sequence[MappedRow]], context: ApplyContext
    ) -> Sequence[Outcome]:
        """Give and take tags; each row by itself, in order. See `RecordHandler.apply`."""
        rows = [row for group in groups for row in group]
        creates = context.options.get(_CREATES, "").strip().lower() in _TRUE
        named = _Named(uow, context, creates=creates)
        outcomes: dict[int, Outcome] = {}
        wished: list[tuple[int, OperationKind, Wish]] = []
        for place, row in enumerate(rows):
            refusal = _wishes(named, row, place, wished)
            if refusal is not None:
                outcomes[place] = Outcome(OutcomeState.REJECTED, (row.number,), refusal)
        places = sorted({place for place, _, _ in wished} - outcomes.keys())
        claims = [_claims(rows[place].values) for place in places]
        resolutions = identity.resolve_records(uow, claims, source=context.source, origin=context.origin)
        people = dict(zip(places, resolutions, strict=True))
        changes: list[RecordChange] = []
        owners: list[int] = []
        for place, kind, wish in wished:
            person_id = people[place].person_id if place in people else None
            if person_id is not None:
                reason = check_reason(str(rows[place].values.get("reason", "")))
                changes.append(RecordChange(person_id=person_id, kind=kind, wish=wish, reason=reason))
                owners.append(place)
        cause = Cause(source=AssignmentSource.IMPORT, origin=context.origin)
        changed: dict[int, list[bool | None]] = {}
        for place, result in zip(owners, change_records(uow, changes, cause), strict=True):
            changed.setdefault(place, []).append(result)
        for place in places:
            outcomes[place] = _outcome(rows[place], changed.get(place), is_new=people[place].is_new)
        return [outcomes[place] for place in range(len(rows))]

    def finish(self, uow: UnitOfWork, context: ApplyContext) -> None:
        """Nothing is left to do."""


class _Named:
    """Looks tags up by key or name, and makes them when the mapping says so."""

    def __init__(self, uow: UnitOfWork, context: ApplyContext, *, creates: bool) -> None:
        self._uow = uow
        self._context = context
        self._creates = creates
        self._tags = named_tags(tags_by_id(uow))

    def wish(self, name: str, value: str | None, kind: OperationKind) -> Wish:
        """Return what a row wants. Raises: as `wish_named`, TagNameInvalid."""
        if name not in self._tags and self._creates and kind is OperationKind.ASSIGN:
            self._make(name, value)
        return wish_named(self._tags, name, value, kind)

    def _make(self, name: str, value: str | None) -> None:
        """Make a tag called `name`; its key is the name where that fits, else a number under the import's own prefix."""
        key = name if _KEY.fullmatch(name) else self._free_key()
        mode = ValueMode.SEVERAL if value else ValueMode.FLAG
        draft = TagDraft(key=key, name=name[: NAME_MAX + 1], value_mode=mode)
        try:
            self._tags[name] = create_tag(self._uow, draft, ZoneInfo(self._context.zone))
        except TagNameTaken:
            # Another import made it meanwhile.
            self._tags = named_tags(tags_by_id(self._uow))

    def _free_key(self) -> str:
        return f"imported_{store_dictionary.next_number(self._uow)}"


def _wishes(
    named: _Named, row: MappedRow, place: int, wished: list[tuple[int, OperationKind, Wish]]
) -> Rejection | None:
    """Add what a row wants of each tag it names; if one is refused, the whole row is."""
    kind = _action(row.values)
    assert kind is not None, "checked"
    value = str(row.values["value"]) if "value" in row.values else None
    wishes = []
    for part in _SEVERAL.split(str(row.values["tag"])):
        name = part.strip()
        if name:
            try:
                wishes.append((place, kind, named.wish(name, value, kind)))
            except FeilunError as error:
                return Rejection(error.code, "tag", name[:_SHOWN_MAX], error.detail)
    if not wishes:
        return _rejection(TagUnknown.code, "tag", "")
    wished.extend(wishes)
    return None


def _action(values: Mapping[str, object]) -> OperationKind | None:
    word = str(values.get("action", "add")).strip().lower()
    if word in _REMOVING:
        return OperationKind.REMOVE
    return OperationKind.ASSIGN if word in _ADDING else None


def _claims(values: Mapping[str, object]) -> list[IdentifierClaim]:
    return [
        IdentifierClaim(kind, str(values[name]).strip())
        for name, (kind, _, _, _) in _KINDS.items()
        if name in values
    ]


def _outcome(row: MappedRow, changed: Sequence[bool | None] | None, *, is_new: bool) -> Outcome:
    if changed is None or None in changed:
        return Outcome(OutcomeState.REJECTED, (row.number,), _rejection(TagPersonUnknown.code, None, ""))
    if is_new:
        return Outcome(OutcomeState.TAKEN, (row.number,))
    state = OutcomeState.CHANGED if any(changed) else OutcomeState.UNCHANGED
    return Outcome(state, (row.number,))


def _rejection(code: str, name: str | None, value: str) -> Rejection:
    return Rejection(
        code,
        name,
        value.replace("\x00", "\\0")[:_SHOWN_MAX],
        {"field": name or "", "action": value[:_SHOWN_MAX], "tag": value[:_SHOWN_MAX]},
    )
