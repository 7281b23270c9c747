"""Values of fields: parsing what people and sources write, and the canonical text that is stored and compared."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Final

from feilun.profiles.contracts import Field, FieldValue, ValueType
from feilun.profiles.errors import (
    FieldInvalid,
    NotADate,
    NotAMoment,
    NotAnOption,
    NotANumber,
    NotAWholeNumber,
    NotYesOrNo,
    NumberOutOfRange,
    ValueTooLong,
    ValueUnstorable,
)

TEXT_CHARACTERS_MAX: Final = 200
LONG_TEXT_CHARACTERS_MAX: Final = 4_000
_NUMBER_MAX: Final = 10**15
_DECIMAL_MAX: Final = Decimal(10) ** 14
_DECIMAL_PLACES_MAX: Final = 6
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_YEAR_MIN: Final = 1850
_YES: Final = frozenset({"true", "1", "yes", "y", "是", "有"})
_NO: Final = frozenset({"false", "0", "no", "n", "否", "无"})
_SEPARATORS: Final = re.compile(r"[,,、;;|/\n]")


class ValueRefused(Exception):
    """The value does not fit. Caught inside the room and turned into an error or a rejection of `refusal`'s code."""

    def __init__(self, refusal: type[FieldInvalid]) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def canonical(field: Field, value: object) -> str | None:
    """Return the text under which a value is stored: equal values give equal texts. None when it is empty.

    Accepts typed values and what people write. Raises: ValueRefused.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        if _UNSTORABLE.search(value):
            raise ValueRefused(ValueUnstorable)
    return _WRITERS[field.type](field, value)


def typed(field: Field, text: str) -> FieldValue:
    """Return the value behind a canonical text."""
    match field.type:
        case ValueType.NUMBER:
            return int(text)
        case ValueType.DECIMAL:
            return Decimal(text)
        case ValueType.DATE:
            return date.fromisoformat(text)
        case ValueType.DATETIME:
            return datetime.fromisoformat(text)
        case ValueType.BOOLEAN:
            return text == "true"
        case ValueType.MULTI_CHOICE:
            return tuple(json.loads(text))
        case _:
            return text


def json_value(field: Field, text: str) -> object:
    """Return the value as the list's JSON column keeps it, so that filters by containment find it."""
    value = typed(field, text)
    if isinstance(value, (bool, int)):
        return value
    return list(value) if isinstance(value, tuple) else text


def _text(field: Field, value: object) -> str:
    limit = LONG_TEXT_CHARACTERS_MAX if field.type is ValueType.LONG_TEXT else TEXT_CHARACTERS_MAX
    text = str(value)
    if field.type is ValueType.TEXT:
        text = " ".join(text.split())
    if len(text) > limit:
        raise ValueRefused(ValueTooLong)
    return text


def _number(field: Field, value: object) -> str:
    number = _decimal_of(value)
    if number != number.to_integral_value() or abs(number) > _NUMBER_MAX:
        raise ValueRefused(NotAWholeNumber)
    return str(int(number))


def _decimal(field: Field, value: object) -> str:
    number = _decimal_of(value)
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int), "finite numbers have an exponent"
    if abs(number) > _DECIMAL_MAX or -exponent > _DECIMAL_PLACES_MAX:
        raise ValueRefused(NumberOutOfRange)
    return format(number.normalize() + 0, "f")  # + 0 turns -0 into 0


def _decimal_of(value: object) -> Decimal:
    if isinstance(value, bool):
        raise ValueRefused(NotANumber)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueRefused(NotANumber) from None
    if not number.is_finite():
        raise ValueRefused(NotANumber)
    return number


def _date(field: Field, value: object) -> str:
    if isinstance(value, datetime):
        value = value.date()
    if not isinstance(value, date):
        try:
            value = date.fromisoformat(str(value))
        except ValueError:
            raise ValueRefused(NotADate) from None
    if value.year < _YEAR_MIN:
        raise ValueRefused(NotADate)
    return value.isoformat()


def _datetime(field: Field, value: object) -> str:
    if not isinstance(value, datetime):
        try:
            value = datetime.fromisoformat(str(value))
        except ValueError:
            raise ValueRefused(NotAMoment) from None
    if value.tzinfo is None or value.year < _YEAR_MIN:
        raise ValueRefused(NotAMoment)
    return value.astimezone(UTC).isoformat()


def _boolean(field: Field, value: object) -> str:
    word = str(value).lower()
    if word not in _YES and word not in _NO:
        raise ValueRefused(NotYesOrNo)
    return "true" if word in _YES else "false"


def _choice(field: Field, value: object) -> str:
    word = str(value)
    for option in field.options:
        if word in (option.value, option.label_zh, option.label_en) or word.lower() == option.value.lower():
            return option.value
    raise ValueRefused(NotAnOption)


def _multi_choice(field: Field, value: object) -> str | None:
    words: Sequence[object] = (
        value
        if isinstance(value, (list, tuple))
        else [word.strip() for word in _SEPARATORS.split(str(value))]
    )
    chosen = {_choice(field, word) for word in words if word != ""}
    if not chosen:
        return None
    # In the order of the options, so that equal sets are equal texts.
    return json.dumps([o.value for o in field.options if o.value in chosen], ensure_ascii=False)


_WRITERS: Final[Mapping[ValueType, Callable[[Field, object], str | None]]] = MappingProxyType(
    {
        ValueType.TEXT: _text,
        ValueType.LONG_TEXT: _text,
        ValueType.NUMBER: _number,
        ValueType.DECIMAL: _decimal,
        ValueType.DATE: _date,
        ValueType.DATETIME: _datetime,
        ValueType.BOOLEAN: _boolean,
        ValueType.CHOICE: _choice,
        ValueType.MULTI_CHOICE: _multi_choice,
    }
)
