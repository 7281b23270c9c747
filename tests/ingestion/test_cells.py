"""How cells are read: numbers, dates, booleans, choices, texts. Ambiguous ones are refused, never guessed."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feilun.identity.contracts import IdentifierKind
from feilun.ingestion.contracts import (
    DateOrder,
    DecimalMark,
    FieldBinding,
    FieldSpec,
    FieldType,
    Label,
    Rejection,
)
from feilun.ingestion.internal.cells import CellParser
from feilun.ingestion.internal.numbers_and_dates import ColumnEvidence

SHANGHAI = ZoneInfo("Asia/Shanghai")


def a_parser(
    kind: FieldType, *, order: DateOrder | None = None, mark: DecimalMark | None = None, zone: ZoneInfo = SHANGHAI,
    table: dict[str, str] | None = None, choices: tuple[str, ...] = (), is_key: bool = False,
    identifier: IdentifierKind | None = None,
) -> CellParser:  # fmt: skip
    spec = FieldSpec(
        name="f",
        type=kind,
        label=Label("字段", "Field"),
        choices=choices,
        is_key=is_key,
        identifier=identifier,
    )
    binding = FieldBinding(
        field="f", column="c", date_order=order, decimal_mark=mark, value_table=table or {}
    )
    return CellParser(spec, binding, zone)


def code_of(value: object) -> str | None:
    return value.code if isinstance(value, Rejection) else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6.95", "6.95"), ("1,234.56", "1234.56"), ("1.234,56", "1234.56"), ("1.234.567", "1234567"), ("1,234,567.8", "1234567.8"),
        ("¥1,234.50", "1234.5"), ("￥ 99", "99"), ("$ 12.00", "12"), ("12€", "12"), ("１２３．４５", "123.45"), ("(1,200.00)", "-1200"),
        ("（300）", "-300"), ("-5", "-5"), ("5-", "-5"), ("−7.5", "-7.5"), ("+3", "3"), ("1 234 567,89", "1234567.89"),
        ("1'234.50", "1234.5"), ("12,5", "12.5"), ("1.2E+05", "120000"), ("-0", "0"), ("0.000000001", "0.000000001"),
        ("12,34,567.00", "1234567"), ("RMB 88.8元", "88.8"), ("US$1,000", "1000"), (" 42 ", "42"), (".5", "0.5"), ("5.", "5"),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(text: str, expected: str) -> None:
    assert a_parser(FieldType.DECIMAL).parse_text(text) == Decimal(expected)


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "12a",
        "1,23.4,5",
        "1,2,3",
        "--1",
        "1.2.3,4,5",
        "12%",
        "1/2",
        "NaN",
        "Infinity",
        "١٢٣x",
        "1,,000",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    assert code_of(a_parser(FieldType.DECIMAL).parse_text(text)) == "ingestion.number_invalid"


def test_a_number_with_two_readings_follows_the_decimal_mark() -> None:
    assert a_parser(FieldType.DECIMAL, mark=DecimalMark.POINT).parse_text("1,234") == Decimal(1234)
    assert a_parser(FieldType.DECIMAL, mark=DecimalMark.COMMA).parse_text("1,234") == Decimal("1.234")
    assert a_parser(FieldType.DECIMAL, mark=DecimalMark.COMMA).parse_text("1.234") == Decimal(1234)
    assert (
        code_of(a_parser(FieldType.DECIMAL, mark=DecimalMark.UNCLEAR).parse_text("1,234"))
        == "ingestion.number_ambiguous"
    )


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1.234", "1.234,56"], DecimalMark.COMMA), (["1,234", "1,234.56"], DecimalMark.POINT), (["1,234"], DecimalMark.POINT),
        (["1,5", "2.5"], DecimalMark.UNCLEAR), (["0,500"], DecimalMark.COMMA), (["1.234.567"], DecimalMark.COMMA),
    ],
)  # fmt: skip
def test_the_column_tells_the_decimal_mark(cells: list[str], expected: DecimalMark) -> None:
    evidence = ColumnEvidence()
    evidence.observe_numbers(pa.array(cells))
    assert evidence.decimal_mark(None) is expected


@given(st.decimals(min_value=-(10**15), max_value=10**15, allow_nan=False, allow_infinity=False, places=4))
def test_every_plain_decimal_is_read_exactly(number: Decimal) -> None:
    assert a_parser(FieldType.DECIMAL).parse_text(format(number, "f")) == number
    assert a_parser(FieldType.DECIMAL).parse_text(f"{number:,f}") == number


@given(st.integers(-(10**9), 10**9), st.integers(0, 3))
def test_a_double_of_a_short_decimal_is_that_decimal(units: int, places: int) -> None:
    number = Decimal(units).scaleb(-places)
    parsed = a_parser(FieldType.DECIMAL).parse_column(pa.array([float(number)]))
    assert parsed.values == [number]


def test_doubles_are_read_as_written_and_nan_is_empty() -> None:
    parsed = a_parser(FieldType.DECIMAL).parse_column(pa.array([6.95, 0.1 + 0.2, float("nan"), 3.0, None]))
    assert parsed.values == [Decimal("6.95"), Decimal("0.3"), None, Decimal(3), None]
    assert a_parser(FieldType.TEXT).parse_column(pa.array([13085.0, None, float("nan")])).values == [
        "13085",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-05 14:02", "2024-03-05T06:02"), ("2024/3/5", "2024-03-04T16:00"), ("2024年3月5日 下午2:05", "2024-03-05T06:05"),
        ("2024年3月5日14时05分", "2024-03-05T06:05"), ("20240305", "2024-03-04T16:00"), ("20240305140200", "2024-03-05T06:02"),
        ("20240305 1402", "2024-03-05T06:02"), ("2024.3.5 9:07:08", "2024-03-05T01:07:08"), ("25/03/2024", "2024-03-24T16:00"),
        ("03/25/2024 1:15 PM", "2024-03-25T05:15"), ("45356.584722222", "2024-03-05T06:02"), ("1709618520", "2024-03-05T06:02"),
        ("1709618520000", "2024-03-05T06:02"), ("2024-03-05T14:02:00+02:00", "2024-03-05T12:02"), ("2024-03-05T14:02Z", "2024-03-05T14:02"),
        ("2024-03-05T14:02:00.123456+0800", "2024-03-05T06:02:00.123456"), ("5 Mar 2024", "2024-03-04T16:00"),
        ("Mar 5, 2024 2:02 pm", "2024-03-05T06:02"), ("05-MAR-24", "2024-03-04T16:00"), ("２０２４－０３－０５", "2024-03-04T16:00"),
        ("上午12:30", None), ("2024-03-05 上午12:30", "2024-03-04T16:30"), ("2024-03-05 12:30 AM", "2024-03-04T16:30"),
        ("Tue, 05 Mar 2024 14:02:00 GMT", "2024-03-05T14:02"), ("5/5/2024", "2024-05-04T16:00"),
    ],
)  # fmt: skip
def test_moments_as_people_and_programs_write_them(text: str, expected: str | None) -> None:
    parsed = a_parser(FieldType.DATETIME).parse_text(text)
    if expected is None:
        assert code_of(parsed) == "ingestion.date_invalid"
    else:
        assert parsed == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("05/03/2024", "ingestion.date_ambiguous"), ("2024-02-30", "ingestion.date_invalid"), ("0000-00-00", "ingestion.date_out_of_range"),
        ("13/13/2024", "ingestion.date_invalid"), ("yesterday", "ingestion.date_invalid"), ("3", "ingestion.date_invalid"),
        ("1850-01-01", "ingestion.date_out_of_range"), ("2024-03-05 25:00", "ingestion.date_invalid"), ("99999999", "ingestion.date_invalid"),
    ],
)  # fmt: skip
def test_what_is_no_moment_is_refused(text: str, code: str) -> None:
    assert code_of(a_parser(FieldType.DATETIME).parse_text(text)) == code


def test_day_and_month_follow_the_column_and_then_the_mapping() -> None:
    evidence = ColumnEvidence()
    evidence.observe_dates(pa.array(["05/03/2024", "06/03/2024"]))
    assert evidence.date_order(DateOrder.MDY) is DateOrder.MDY
    assert evidence.date_order(None) is None
    evidence.observe_dates(pa.array(["25/03/2024 10:00"]))
    assert evidence.date_order(DateOrder.MDY) is DateOrder.DMY
    evidence.observe_dates(pa.array(["03/25/2024"]))
    assert evidence.date_order(DateOrder.DMY) is None


@pytest.mark.parametrize("order", [DateOrder.DMY, DateOrder.MDY])
def test_the_chosen_order_decides(order: DateOrder) -> None:
    expected = date(2024, 3, 5) if order is DateOrder.DMY else date(2024, 5, 3)
    assert a_parser(FieldType.DATE, order=order).parse_text("05/03/2024") == expected


def test_typed_moments_without_zone_are_in_the_mappings_zone() -> None:
    column = pa.array([datetime(2024, 7, 1, 12)], pa.timestamp("us"))  # noqa: DTZ001
    assert a_parser(FieldType.DATETIME, zone=ZoneInfo("Europe/London")).parse_column(column).values == [
        datetime(2024, 7, 1, 11, tzinfo=UTC)
    ]
    aware = pa.array([datetime(2024, 7, 1, 18, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    assert a_parser(FieldType.DATE).parse_column(aware).values == [date(2024, 7, 2)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("是", True), ("Y", True), ("1", True), ("否", False), ("NO", False), ("０", False)],
)
def test_booleans(text: str, expected: bool) -> None:
    assert a_parser(FieldType.BOOLEAN).parse_text(text) is expected


def test_cells_that_are_equal_as_numbers_stay_apart() -> None:
    parser = a_parser(FieldType.TEXT)
    assert [parser.parse_column(pa.array(cells)).values[0] for cells in ([1], [1.0], [True])] == [
        "1",
        "1",
        "true",
    ]


def test_choices_are_translated_by_the_value_table() -> None:
    parser = a_parser(FieldType.CHOICE, choices=("paid", "closed"), table={"已付款": "paid"})
    assert parser.parse_text(" 已付款 ") == "paid"
    assert parser.parse_text("CLOSED") == "closed"
    assert code_of(parser.parse_text("作废")) == "ingestion.choice_unknown"


def test_texts_that_cannot_be_kept_are_refused() -> None:
    assert code_of(a_parser(FieldType.TEXT).parse_text("a\x00b")) == "ingestion.text_unreadable"
    assert code_of(a_parser(FieldType.TEXT).parse_text("\ufffd\ufffd")) == "ingestion.text_unreadable"
    assert code_of(a_parser(FieldType.TEXT).parse_text("x" * 10_001)) == "ingestion.text_too_long"
    assert code_of(a_parser(FieldType.TEXT, is_key=True).parse_text("x" * 201)) == "ingestion.text_too_long"
    assert a_parser(FieldType.TEXT).parse_text("line\nbreak\ttab") == "line\nbreak\ttab"


def test_a_code_rounded_by_a_spreadsheet_is_refused_instead_of_stored() -> None:
    phone = a_parser(FieldType.TEXT, identifier=IdentifierKind.PHONE)
    assert code_of(phone.parse_text("1.38E+10")) == "ingestion.code_rounded"
    assert a_parser(FieldType.TEXT).parse_text("1.38E+10") == "1.38E+10"


def test_formula_errors_are_rejections_for_every_type() -> None:
    for kind in FieldType:
        assert code_of(a_parser(kind, choices=("a",)).parse_text("#DIV/0!")) == "ingestion.cell_error"


@given(st.text(max_size=60), st.sampled_from(list(FieldType)))
def test_no_text_makes_the_parser_fail(text: str, kind: FieldType) -> None:
    a_parser(kind, choices=("a",), order=DateOrder.DMY).parse_text(text)


@given(st.datetimes(min_value=datetime(1901, 1, 1), max_value=datetime(2198, 1, 1)))  # noqa: DTZ001
def test_every_iso_moment_is_read_exactly(moment: datetime) -> None:
    assert a_parser(FieldType.DATETIME, zone=ZoneInfo("UTC")).parse_text(
        moment.isoformat()
    ) == moment.replace(tzinfo=UTC)
