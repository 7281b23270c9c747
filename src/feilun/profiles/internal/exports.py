"""Exported customers as CSV or XLSX: rows stream, texts cannot be taken for formulas, numbers stay numbers."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import xlsxwriter

from feilun.platform.i18n import Locale
from feilun.profiles.contracts import CustomerRow, ExportFormat, Field
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
    """One column: heading and how to read it off a row."""

    label_zh: str
    label_en: str
    read: Callable[[CustomerRow], Cell]


def columns_of(custom: Sequence[Field]) -> list[ExportColumn]:
    """Return the columns of an export: the list's own and every open custom field."""
    return [*_COLUMNS, *(_custom_column(field) for field in custom)]


def write_csv(rows: Iterable[CustomerRow], columns: Sequence[ExportColumn], locale: Locale, zone: ZoneInfo) -> Iterator[bytes]:
    """Yield a CSV file in pieces."""
    buffer = io.StringIO()
    buffer.write(_BYTE_ORDER_MARK)
    writer = csv.writer(buffer)
    writer.writerow([guarded(heading) for heading in _headings(columns, locale)])
    for row in rows:
        writer.writerow([_csv_cell(column.read(row), zone) for column in columns])
        if buffer.tell() > _CSV_FLUSH_CHARACTERS:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def write_xlsx(
    path: Path, rows: Iterable[CustomerRow], columns: Sequence[ExportColumn], locale: Locale, zone: ZoneInfo
) -> None:
    """Write a workbook; rows go to disk as they come."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet()
        moment_format = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for place, heading in enumerate(_headings(columns, locale)):
            sheet.write_string(0, place, guarded(heading))
        for number, row in enumerate(rows, start=1):
            for place, column in enumerate(columns):
                cell = column.read(row)
                if isinstance(cell, bool):
                    sheet.write_boolean(number, place, cell)
                elif isinstance(cell, (int, Decimal)):
                    sheet.write_number(number, place, cell)
                elif isinstance(cell, datetime):
                    sheet.write_datetime(number, place, cell.astimezone(zone).replace(tzinfo=None), moment_format)
                elif cell is not None:
                    sheet.write_string(number, place, guarded(cell))


def media_type_of(export_format: ExportFormat) -> str:
    """Return the MIME type of a format."""
    if export_format is ExportFormat.CSV:
        return "text/csv; charset=utf-8"
    return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _headings(columns: Sequence[ExportColumn], locale: Locale) -> list[str]:
    return [column.label_zh if locale == "zh-CN" else column.label_en for column in columns]


def _csv_cell(cell: Cell, zone: ZoneInfo) -> object:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        return cell.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(cell, Decimal):
        return format(cell.normalize() + 0, "f")
    return guarded(cell) if isinstance(cell, str) else cell


def _builtin(name: str, read: Callable[[CustomerRow], Cell]) -> ExportColumn:
    field = BUILTIN_FIELDS[name]
    return ExportColumn(field.label_zh, field.label_en, read)


def _phone(row: CustomerRow) -> str | None:
    # The country code's plus sign would get an apostrophe; Chinese numbers are written as everybody writes them.
    return row.phone.removeprefix("+86") if row.phone else None


def _gender_labels() -> dict[str, str]:
    return {option.value: option.label_zh for option in BUILTIN_FIELDS["gender"].options}


def _custom_column(field: Field) -> ExportColumn:
    name = field.name.removeprefix(CUSTOM_PREFIX)

    def read(row: CustomerRow) -> Cell:
        value = row.custom.get(name)
        if isinstance(value, tuple):
            return "、".join(value)
        if isinstance(value, (str, int, Decimal, bool, datetime)) or value is None:
            return value
        return value.isoformat()

    return ExportColumn(field.label_zh, field.label_en, read)


_COLUMNS: Final = (
    _builtin("name", lambda row: row.name),
    _builtin("nickname", lambda row: row.nickname),
    ExportColumn("手机号", "Phone", _phone),
    _builtin("gender", lambda row: _gender_labels().get(row.gender or "", row.gender)),
    _builtin("birthday", lambda row: row.birthday),
    _builtin("country", lambda row: row.country),
    _builtin("province", lambda row: row.province),
    _builtin("city", lambda row: row.city),
    _builtin("registered_at", lambda row: row.registered_at),
    ExportColumn("来源", "Sources", lambda row: "、".join(row.sources)),
    ExportColumn("订单数", "Orders", lambda row: row.orders),
    ExportColumn("净消费", "Net spend", lambda row: row.net_spend),
    ExportColumn("退款额", "Refund amount", lambda row: row.refund_amount),
    ExportColumn("退货率", "Return rate", lambda row: row.return_rate),
    ExportColumn("币种", "Currency", lambda row: row.currency),
    ExportColumn("首次下单", "First order", lambda row: row.first_ordered_at),
    ExportColumn("最近下单", "Last order", lambda row: row.last_ordered_at),
    ExportColumn("创建时间", "Created at", lambda row: row.created_at.astimezone(UTC)),
)
