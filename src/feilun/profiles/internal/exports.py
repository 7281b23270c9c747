"""Exported customers as CSV or XLSX: rows stream, texts cannot be taken for formulas, numbers stay numbers."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import xlsxwriter

from feilun.platform.i18n import Locale
from feilun.profiles.contracts import CustomerRow, Field, ValueType
from feilun.profiles.internal.domain.builtin import BUILTIN_FIELDS, CUSTOM_PREFIX
from feilun.profiles.internal.domain.rows import guarded

EXPORT_ROWS_MAX: Final = 200_000
"""A sheet holds 1,048,576 rows; more than this is a matter for the warehouse, not for a spreadsheet."""
_CSV_FLUSH_CHARACTERS: Final = 64 * 1024
_BYTE_ORDER_MARK: Final = "\ufeff"
"""Excel reads a CSV file without it as the machine's old code page, and Chinese becomes noise."""

Cell = str | int | Decimal | bool | datetime | None


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """One column: its stable name, heading and how to read it off a row."""

    name: str
    heading: str
    read: Callable[[CustomerRow], Cell]


def columns_of(custom: Sequence[Field], locale: Locale) -> list[ExportColumn]:
    """Return the columns of an export in the reader's language: the list's own and every open custom field."""
    own = [ExportColumn(name, zh if locale == "zh-CN" else en, read) for name, zh, en, read in _COLUMNS]
    gender = _labels(BUILTIN_FIELDS["gender"], locale)
    own[_GENDER_PLACE] = ExportColumn(
        "gender", own[_GENDER_PLACE].heading, lambda row: gender.get(row.gender or "", row.gender)
    )
    return [*own, *(_custom_column(field, locale) for field in custom)]


def write_csv(
    rows: Iterable[CustomerRow], columns: Sequence[ExportColumn], zone: ZoneInfo
) -> Iterator[bytes]:
    """Yield a CSV file in pieces."""
    buffer = io.StringIO()
    buffer.write(_BYTE_ORDER_MARK)
    writer = csv.writer(buffer)
    writer.writerow([guarded(column.heading) for column in columns])
    for row in rows:
        writer.writerow([_csv_cell(column.read(row), zone) for column in columns])
        if buffer.tell() > _CSV_FLUSH_CHARACTERS:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def write_xlsx(
    path: Path, rows: Iterable[CustomerRow], columns: Sequence[ExportColumn], zone: ZoneInfo
) -> None:
    """Write a workbook; rows go to disk as they come."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "remove_timezone": True,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet()
        moment_format = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for place, column in enumerate(columns):
            sheet.write_string(0, place, guarded(column.heading))
        for number, row in enumerate(rows, start=1):
            for place, column in enumerate(columns):
                cell = column.read(row)
                if isinstance(cell, bool):
                    sheet.write_boolean(number, place, cell)
                elif isinstance(cell, (int, Decimal)):
                    sheet.write_number(number, place, cell)
                elif isinstance(cell, datetime):
                    sheet.write_datetime(
                        number, place, cell.astimezone(zone).replace(tzinfo=None), moment_format
                    )
                elif cell is not None:
                    sheet.write_string(number, place, guarded(cell))


def _csv_cell(cell: Cell, zone: ZoneInfo) -> object:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        return cell.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(cell, Decimal):
        return format(cell.normalize() + 0, "f")
    return guarded(cell) if isinstance(cell, str) else cell


def _labels(field: Field, locale: Locale) -> dict[str, str]:
    return {o.value: o.label_zh if locale == "zh-CN" else o.label_en for o in field.options}


def _custom_column(field: Field, locale: Locale) -> ExportColumn:
    name = field.name.removeprefix(CUSTOM_PREFIX)
    labels = _labels(field, locale)

    def read(row: CustomerRow) -> Cell:
        value = row.custom.get(name)
        if isinstance(value, tuple):
            return "、".join(labels.get(item, item) for item in value)
        if isinstance(value, str):
            # The list keeps decimals as text, so that no digit is lost on the way through JSON.
            return Decimal(value) if field.type is ValueType.DECIMAL else labels.get(value, value)
        return value if isinstance(value, int) else None

    return ExportColumn(field.name, field.label_zh if locale == "zh-CN" else field.label_en, read)


_COLUMNS: Final[Sequence[tuple[str, str, str, Callable[[CustomerRow], Cell]]]] = (
    ("name", "姓名", "Name", lambda row: row.name),
    ("nickname", "昵称", "Nickname", lambda row: row.nickname),
    # The country code's plus sign would get an apostrophe; Chinese numbers are written as everybody writes them.
    ("phone", "手机号", "Phone", lambda row: row.phone.removeprefix("+86") if row.phone else None),
    ("gender", "性别", "Gender", lambda row: row.gender),
    ("birthday", "生日", "Birthday", lambda row: row.birthday),
    ("country", "国家/地区", "Country", lambda row: row.country),
    ("province", "省份", "Province", lambda row: row.province),
    ("city", "城市", "City", lambda row: row.city),
    ("registered_at", "注册时间", "Registered at", lambda row: row.registered_at),
    ("sources", "来源", "Sources", lambda row: "、".join(row.sources)),
    ("orders", "订单数", "Orders", lambda row: row.orders),
    ("net_spend", "净消费", "Net spend", lambda row: row.net_spend),
    ("refund_amount", "退款额", "Refund amount", lambda row: row.refund_amount),
    ("return_rate", "退货率", "Return rate", lambda row: row.return_rate),
    ("currency", "币种", "Currency", lambda row: row.currency),
    ("first_ordered_at", "首次下单", "First order", lambda row: row.first_ordered_at),
    ("last_ordered_at", "最近下单", "Last order", lambda row: row.last_ordered_at),
    ("created_at", "创建时间", "Created at", lambda row: row.created_at),
)
_GENDER_PLACE: Final = 3
