"""Reads numbers and dates as people and programs write them. Exact, and never guessing: what has two readings is refused.

Which of two readings holds is decided for a whole column (`ColumnEvidence`): one cell like 13/05/2024 or 1.234,56 settles
it for all the others; without such a cell the mapping does.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from feilun.ingestion.contracts import DateOrder, DecimalMark


class CellRefused(ValueError):
    """A cell cannot be read; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


_DMY_SURE: Final = r"^\s*(1[3-9]|2\d|3[01])[/.\-]\d{1,2}[/.\-]\d{2,4}(\s|$)"
_MDY_SURE: Final = r"^\s*\d{1,2}[/.\-](1[3-9]|2\d|3[01])[/.\-]\d{2,4}(\s|$)"
_COMMA_SURE: Final = (
    r"(\d\.\d{3},\d|\d\.\d{3}\.\d{3}|^\D*\d*,(\d{1,2}|\d{4,})\D*$|^\D*0,\d+\D*$|^\D*\d{4,},\d{3}\D*$)"
)
_POINT_SURE: Final = (
    r"(\d,\d{3}\.\d|\d,\d{3},\d{3}|^\D*\d*\.(\d{1,2}|\d{4,})\D*$|^\D*0\.\d+\D*$|^\D*\d{4,}\.\d{3}\D*$)"
)


@dataclass(slots=True)
class ColumnEvidence:
    """What the cells seen so far say about the reading of a column."""

    is_day_first: bool = False
    is_month_first: bool = False
    is_comma_mark: bool = False
    is_point_mark: bool = False

    def observe_dates(self, array: "pa.Array[Any]") -> None:
        """Look for cells with only one reading as day and month."""
        self.is_day_first = self.is_day_first or _any_match(array, _DMY_SURE)
        self.is_month_first = self.is_month_first or _any_match(array, _MDY_SURE)

    def observe_numbers(self, array: "pa.Array[Any]") -> None:
        """Look for cells with only one reading of comma and point."""
        self.is_comma_mark = self.is_comma_mark or _any_match(array, _COMMA_SURE)
        self.is_point_mark = self.is_point_mark or _any_match(array, _POINT_SURE)

    def date_order(self, chosen: DateOrder | None) -> DateOrder | None:
        """Return the order to read ambiguous dates in; None when they have to be refused."""
        if self.is_day_first and self.is_month_first:
            return None
        if self.is_day_first:
            return DateOrder.DMY
        return DateOrder.MDY if self.is_month_first else chosen

    def decimal_mark(self, chosen: DecimalMark | None) -> DecimalMark:
        """Return the decimal mark of ambiguous numbers; a point when nothing says otherwise."""
        if self.is_comma_mark and self.is_point_mark:
            return chosen or DecimalMark.UNCLEAR
        if self.is_comma_mark:
            return DecimalMark.COMMA
        return DecimalMark.POINT if self.is_point_mark else chosen or DecimalMark.POINT


def _any_match(array: "pa.Array[Any]", pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(array, pattern)).as_py())


# Numbers

_CURRENCY: Final = re.compile(r"(?i)(?:cn¥|rmb|cny|usd|eur|gbp|hkd|us\$|hk\$|[¥$€£₩元圆])")
_SPACES: Final = re.compile(r"[\s\u00a0\u2009\u202f'’]")
_SCIENTIFIC: Final = re.compile(r"^\d+(?:\.\d+)?[eE][+-]?\d{1,2}$")
_DIGITS_MAX: Final = 28


def parse_decimal(text: str, mark: DecimalMark) -> Decimal:
    """Return the number written in `text`. Raises: CellRefused."""
    plain = unicodedata.normalize("NFKC", text)
    plain = _SPACES.sub("", _CURRENCY.sub("", plain)).replace("−", "-").replace("–", "-")
    is_negative = False
    if plain.startswith("(") and plain.endswith(")"):
        plain, is_negative = plain[1:-1], True
    if plain[:1] in ("-", "+"):
        is_negative, plain = is_negative != (plain[0] == "-"), plain[1:]
    elif plain.endswith("-"):
        is_negative, plain = not is_negative, plain[:-1]
    if plain.isascii() and plain.isdigit():
        digits = plain
    elif _SCIENTIFIC.match(plain):
        digits = format(Decimal(plain), "f")
    else:
        digits = _point_form(plain, mark)
    if len(digits) > _DIGITS_MAX:
        raise CellRefused("ingestion.number_too_large")
    return plain_decimal(Decimal("-" + digits if is_negative else digits))


def plain_decimal(number: Decimal) -> Decimal:
    """Return the number without trailing zeros or exponent, so that equal numbers have one form; zero has no sign."""
    if number == 0:
        return Decimal(0)
    number = number.normalize()
    exponent = number.as_tuple().exponent
    return number.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else number


def _point_form(plain: str, mark: DecimalMark) -> str:
    if not re.fullmatch(r"[\d.,]*\d[\d.,]*", plain, re.ASCII):
        raise CellRefused("ingestion.number_invalid")
    commas, points = plain.count(","), plain.count(".")
    if commas and points:
        decimal = "," if plain.rfind(",") > plain.rfind(".") else "."
        if plain.count(decimal) > 1:
            raise CellRefused("ingestion.number_invalid")
        return _without_groups(plain, decimal)
    separator = "," if commas else "."
    if commas + points > 1:
        return _without_groups(plain, "." if commas else ",")
    whole, tail = plain.split(separator)
    can_group = len(tail) == 3 and 1 <= len(whole) <= 3 and whole != "0"  # noqa: PLR2004
    if not can_group:
        return f"{whole or '0'}.{tail}" if tail else whole
    if mark is DecimalMark.UNCLEAR:
        raise CellRefused("ingestion.number_ambiguous")
    is_decimal = mark is (DecimalMark.COMMA if commas else DecimalMark.POINT)
    return f"{whole}.{tail}" if is_decimal else whole + tail


def _without_groups(plain: str, decimal: str) -> str:
    whole, _, tail = plain.partition(decimal)
    group = "." if decimal == "," else ","
    if not re.fullmatch(rf"\d{{1,3}}(?:{re.escape(group)}\d{{2,3}})*{re.escape(group)}\d{{3}}|\d+", whole):
        raise CellRefused("ingestion.number_invalid")
    return whole.replace(group, "") + (f".{tail}" if tail else "")


# Dates

_NOON: Final = {
    "下午": 12,
    "晚上": 12,
    "中午": 12,
    "pm": 12,
    "p.m.": 12,
    "上午": 0,
    "早上": 0,
    "凌晨": 0,
    "am": 0,
    "a.m.": 0,
}
_HALF = "|".join(re.escape(word) for word in _NOON)
_TIME: Final = (
    rf"(?:[T\s,]*(?P<half1>{_HALF})?\s*(?P<hour>\d{{1,2}})(?:[:时点](?P<minute>\d{{1,2}})?(?:[:分](?P<second>\d{{1,2}})?"
    rf"(?:[.,](?P<fraction>\d{{1,9}}))?)?[分秒]?)\s*(?P<half2>{_HALF})?)?"
    r"\s*(?P<zone>z|utc|gmt|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
)
_YEAR_FIRST: Final = re.compile(
    rf"(?i)^(?P<a>\d{{4}})\s*[-/.年]\s*(?P<b>\d{{1,2}})\s*[-/.月]\s*(?P<c>\d{{1,2}})\s*日?{_TIME}$"
)
_YEAR_LAST: Final = re.compile(
    rf"(?i)^(?P<a>\d{{1,2}})[-/.](?P<b>\d{{1,2}})[-/.](?P<c>\d{{4}}|\d{{2}})(?=\s|T|,|$){_TIME}$"
)
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY_NAME: Final = re.compile(
    rf"(?i)^(?:[a-z]{{3,9}},?\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[-\s]+{_MONTH}[-,\s]+(?P<year>\d{{4}}|\d{{2}}){_TIME}$"
)
_NAME_DAY: Final = re.compile(
    rf"(?i)^(?:[a-z]{{3,9}},?\s+)?{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}}){_TIME}$"
)
_COMPACT: Final = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:[T\s]?(\d{2})(\d{2})(\d{2})?)?$")
_NUMERIC: Final = re.compile(r"^\d{1,16}(?:\.\d+)?$")

_SERIAL_ZERO: Final = datetime(1899, 12, 30)  # noqa: DTZ001 — a spreadsheet's local day zero
_SERIALS: Final = (20_000, 80_000)
"""1954 to 2119; smaller whole numbers are more likely mistakes than dates."""
_YEARS: Final = (1900, 2199)


def parse_moment(text: str, order: DateOrder | None) -> datetime:
    """Return the date and time written in `text`: aware when it names its zone, else naive. Raises: CellRefused."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if match := _YEAR_FIRST.match(plain):
        return _moment(int(match["a"]), int(match["b"]), int(match["c"]), match)
    if match := _COMPACT.match(plain):
        moment = _compact_moment(match)
        if moment is not None:
            return moment
    if _NUMERIC.match(plain):
        return _counted_moment(Decimal(plain))
    if match := _YEAR_LAST.match(plain):
        return _moment(*_ordered(match["a"], match["b"], match["c"], order), match)
    if match := _DAY_NAME.match(plain) or _NAME_DAY.match(plain):
        return _moment(_full_year(match["year"]), _MONTHS[match["month"].lower()], int(match["day"]), match)
    raise CellRefused("ingestion.date_invalid")


def _full_year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < 69 else 1900)  # noqa: PLR2004 — POSIX's pivot


def _ordered(a: str, b: str, c: str, order: DateOrder | None) -> tuple[int, int, int]:
    """Return year, month, day of three numbers with the year last (or, by choice of the mapping, two digits first)."""
    if order is DateOrder.YMD and len(c) <= 2:  # noqa: PLR2004
        return _full_year(a.zfill(2)), int(b), int(c)
    first, second = int(a), int(b)
    if first > 12 or first == second:  # noqa: PLR2004
        return _full_year(c), second, first
    if second > 12:  # noqa: PLR2004
        return _full_year(c), first, second
    if order is DateOrder.DMY:
        return _full_year(c), second, first
    if order is DateOrder.MDY:
        return _full_year(c), first, second
    raise CellRefused("ingestion.date_ambiguous")


def _compact_moment(match: re.Match[str]) -> datetime | None:
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    if not (_YEARS[0] <= year <= _YEARS[1] and 1 <= month <= 12 and 1 <= day <= 31):  # noqa: PLR2004
        return None
    return _checked(year, month, day, int(match[4] or 0), int(match[5] or 0), int(match[6] or 0))


def _counted_moment(number: Decimal) -> datetime:
    """Read a spreadsheet's day count or a count of seconds, milliseconds or microseconds since 1970."""
    if _SERIALS[0] <= number < _SERIALS[1]:
        seconds = int((number * 86_400).to_integral_value())
        return _SERIAL_ZERO + timedelta(seconds=seconds)
    for least, divisor in ((10**8, 1), (10**11, 10**3), (10**14, 10**6)):
        if least <= number < least * 72:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(number * 10**6 / divisor))
    raise CellRefused("ingestion.date_invalid")


def _moment(year: int, month: int, day: int, match: re.Match[str]) -> datetime:
    hour = int(match["hour"] or 0)
    half = (match["half1"] or match["half2"] or "").lower()
    if half:
        is_afternoon = _NOON[half] == 12  # noqa: PLR2004
        if hour <= 12:  # noqa: PLR2004
            hour = hour % 12 + (12 if is_afternoon else 0)
        if half == "中午" and hour in (22, 23):
            hour -= 12
    microsecond = int((match["fraction"] or "0").ljust(6, "0")[:6])
    moment = _checked(
        year, month, day, hour, int(match["minute"] or 0), int(match["second"] or 0), microsecond
    )
    zone = _zone(match["zone"])
    return moment if zone is None else moment.replace(tzinfo=zone)


def _checked(
    year: int, month: int, day: int, hour: int, minute: int, second: int, microsecond: int = 0
) -> datetime:
    if not _YEARS[0] <= year <= _YEARS[1]:
        raise CellRefused("ingestion.date_out_of_range")
    try:
        return datetime(year, month, day, hour, minute, second, microsecond)  # noqa: DTZ001 — the zone follows
    except ValueError:
        raise CellRefused("ingestion.date_invalid") from None


def _zone(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text.lower() in ("z", "utc", "gmt"):
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    if int(digits[:2]) > 14 or int(digits[2:]) > 59:  # noqa: PLR2004
        raise CellRefused("ingestion.date_invalid")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(offset if text[0] == "+" else -offset)


def to_moment(value: datetime | date, zone: tzinfo) -> datetime:
    """Return an aware UTC moment: naive ones and plain dates are in `zone`."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if value.tzinfo is None:
        value = value.replace(tzinfo=zone)
    return value.astimezone(UTC)
