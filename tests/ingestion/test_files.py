"""Files as people have them: encodings, delimiters, headings, workbooks, Parquet, broken and oversized ones."""

import gzip
import io
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from feilun.ingestion.contracts import FileFormat, ReadOptions
from feilun.ingestion.errors import (
    CsvBroken,
    EncodingWrong,
    FileBroken,
    FileEmpty,
    FormatUnknown,
    SheetNotFound,
    WorkbookTooLarge,
)
from feilun.ingestion.internal.files import NUMBER, PART, PROBLEM, Table, detect_text_encoding, open_table

CHINESE = (
    "订单号,客户姓名,金额,备注\nD001,王小明,12.50,尽快发货谢谢\nD002,欧阳娜娜,8.00,送到门口\nD003,李华,100,\n"
)


def a_file(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


def rows_of(table: Table) -> list[dict[str, object]]:
    return [row for batch in table.batches() for row in batch.to_pylist()]


def cells_of(table: Table) -> list[list[object]]:
    names = [column.name for column in table.layout.columns]
    return [[row[name] for name in names] for row in rows_of(table)]


@pytest.mark.parametrize(
    ("encoding", "mark", "expected"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8-sig"),
        ("gbk", b"", "gb18030"),
        ("gb18030", b"", "gb18030"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("utf-16-be", b"\xfe\xff", "utf-16-be"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
    ],
)
def test_the_encoding_is_recognised(tmp_path: Path, encoding: str, mark: bytes, expected: str) -> None:
    path = a_file(tmp_path, mark + CHINESE.encode(encoding))

    table = open_table(path, ReadOptions())

    assert table.layout.encoding == expected
    assert [column.name for column in table.layout.columns] == ["订单号", "客户姓名", "金额", "备注"]
    assert cells_of(table)[1] == ["D002", "欧阳娜娜", "8.00", "送到门口"]


def test_big5_and_western_files_are_recognised(tmp_path: Path) -> None:
    traditional = "訂單編號,客戶姓名,備註\n1,陳大文,請儘快送貨到門口謝謝\n2,林小美,這是測試的備註文字\n"
    assert detect_text_encoding(a_file(tmp_path, traditional.encode("big5"))) == "big5"
    western = "code,title,price\n1,Café crème,£3.50\n2,naïve façade,£9.99\n"
    assert detect_text_encoding(a_file(tmp_path, western.encode("cp1252"))) == "cp1252"


def test_a_gbk_character_far_down_the_file_is_found(tmp_path: Path) -> None:
    content = b"number,title\n" + b"1,plain\n" * 800_000 + "2,王小明的订单备注\n".encode("gbk")
    assert detect_text_encoding(a_file(tmp_path, content)) == "gb18030"


def test_a_wrong_encoding_can_be_overruled_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    path = a_file(tmp_path, CHINESE.encode("gbk"))
    assert cells_of(open_table(path, ReadOptions(encoding="gbk")))[0][1] == "王小明"
    with pytest.raises(EncodingWrong):
        open_table(path, ReadOptions(encoding="rot13"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_recognised_and_quotes_protect_it(tmp_path: Path, delimiter: str) -> None:
    lines = [["a", "b", "c"], ["1", f'x{delimiter} "y"\nz', "3"], ["4", "5", ""]]
    content = "\n".join(
        delimiter.join(
            '"' + cell.replace('"', '""') + '"' if any(c in cell for c in f'{delimiter}"\n') else cell
            for cell in line
        )
        for line in lines
    )
    table = open_table(a_file(tmp_path, content.encode()), ReadOptions())
    assert table.layout.delimiter == delimiter
    assert cells_of(table) == [["1", f'x{delimiter} "y"\nz', "3"], ["4", "5", ""]]


def test_repeated_and_empty_headings_get_names_of_their_own_and_are_reported(tmp_path: Path) -> None:
    table = open_table(a_file(tmp_path, b"price,,price,price (2),\n1,x,2,3,\n"), ReadOptions())
    assert [column.name for column in table.layout.columns] == [
        "price",
        "Column 2",
        "price (2)",
        "price (2) (2)",
    ]
    assert [note.code for note in table.layout.notes] == [
        "ingestion.heading_repeated", "ingestion.heading_repeated", "ingestion.column_empty",
    ]  # fmt: skip


def test_titles_above_the_headings_are_passed_over_and_blank_rows_skipped(tmp_path: Path) -> None:
    content = "订单导出,,\n\n单号,日期,金额\nA1,2024-03-05,3\n,,\nA2,2024-03-06,4\n"
    table = open_table(a_file(tmp_path, content.encode()), ReadOptions())
    assert table.layout.header_row == 3
    assert [(row[NUMBER], row["单号"]) for row in rows_of(table)] == [(1, "A1"), (3, "A2")]


def test_a_file_without_headings_gets_numbered_columns(tmp_path: Path) -> None:
    table = open_table(a_file(tmp_path, b"1001,2024-03-05,3.5\n1002,2024-03-06,4\n"), ReadOptions())
    assert table.layout.header_row == 0
    assert [column.name for column in table.layout.columns] == ["Column 1", "Column 2", "Column 3"]
    assert len(rows_of(table)) == 2


def test_short_rows_are_filled_and_long_rows_marked(tmp_path: Path) -> None:
    table = open_table(
        a_file(tmp_path, b"a,b,c\n1,2\n1,2,3,4,5\n1,2,3,,\n7,8,9\n7,8,9\n7,8,9\n"), ReadOptions()
    )
    assert [row[PROBLEM] for row in rows_of(table)][:3] == [None, "ingestion.row_too_long", None]
    assert cells_of(table)[:3] == [["1", "2", ""], ["1", "2", "3,4,5"], ["1", "2", "3"]]


def test_a_line_without_end_and_an_unclosed_quote_are_refused_with_their_line(tmp_path: Path) -> None:
    endless = a_file(tmp_path, b"a,b\n1,2\n" + b"x" * (3 << 20))
    with pytest.raises(CsvBroken) as broken:
        rows_of(open_table(endless, ReadOptions()))
    assert broken.value.detail == {"line": 3}
    unclosed = a_file(tmp_path, b'a,b\n1,"2\n' + b"3,4\n" * 500_000)
    with pytest.raises(CsvBroken):
        rows_of(open_table(unclosed, ReadOptions()))


def test_other_formats_and_empty_files_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(FormatUnknown) as packed:
        open_table(a_file(tmp_path, gzip.compress(b"a,b\n")), ReadOptions())
    assert packed.value.detail == {"format": "gzip"}
    for content in (b"", b"  \n \n"):
        with pytest.raises(FileEmpty):
            open_table(a_file(tmp_path, content), ReadOptions())
    with pytest.raises(FormatUnknown):
        open_table(a_file(tmp_path, bytes(range(256)) * 64), ReadOptions())


def a_workbook(path: Path) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        day = book.add_format({"num_format": "yyyy/m/d"})
        first = book.add_worksheet("一月")
        first.write_row(0, 0, ["单号", "时间", "日期", "金额", "公式", "手机", "备注"])
        first.write_row(1, 0, ["A1", None, None, 6.95])
        first.write_datetime(1, 1, datetime(2024, 3, 5, 14, 2), moment)  # noqa: DTZ001
        first.write_datetime(1, 2, date(2024, 3, 5), day)
        first.write_formula(1, 4, "=3*0.1", None, 0.1 * 3)
        first.write_number(1, 5, 13800138000)
        first.write_string(1, 6, "<b>'x'</b>")
        first.write_row(3, 0, ["A2"])
        first.write_formula(3, 3, "=1/0", None, "#DIV/0!")
        first.write_boolean(3, 4, True)
        first.write_datetime(3, 1, time(9, 30), book.add_format({"num_format": "hh:mm"}))
        second = book.add_worksheet("二月")
        second.write_row(0, 0, ["单号", "时间", "日期", "金额", "公式", "手机", "备注"])
        second.write_row(1, 0, ["B1"])
        other = book.add_worksheet("说明")
        other.write(0, 0, "导出说明")
        other.write(1, 0, "x")
    return path


def test_a_workbook_gives_cached_values_errors_and_sheets_as_parts(tmp_path: Path) -> None:
    table = open_table(a_workbook(tmp_path / "book.xlsx"), ReadOptions())
    rows = rows_of(table)

    assert (table.layout.format, table.layout.read_sheets) == (FileFormat.WORKBOOK, ("一月", "二月"))
    assert table.layout.sheets == ("一月", "二月", "说明")
    assert [note.code for note in table.layout.notes] == ["ingestion.sheets_left_out"]
    assert [(row[NUMBER], row[PART], row["单号"]) for row in rows] == [
        (1, "一月", "A1"),
        (3, "一月", "A2"),
        (4, "二月", "B1"),
    ]
    assert cells_of(table)[0] == [
        "A1",
        "2024-03-05 14:02:00",
        "2024-03-05",
        "6.95",
        "0.3",
        "13800138000",
        "<b>'x'</b>",
    ]
    assert (rows[1]["金额"], rows[1]["公式"]) == ("#DIV/0!", "TRUE")


def test_chosen_sheets_are_read_and_unknown_ones_refused(tmp_path: Path) -> None:
    path = a_workbook(tmp_path / "book.xlsx")
    assert [row["单号"] for row in rows_of(open_table(path, ReadOptions(sheets=("二月",))))] == ["B1"]
    with pytest.raises(SheetNotFound):
        open_table(path, ReadOptions(sheets=("三月",)))


@pytest.mark.parametrize("cut", [40, 400, -200])
def test_a_broken_workbook_is_refused_in_words(tmp_path: Path, cut: int) -> None:
    whole = a_workbook(tmp_path / "book.xlsx").read_bytes()
    with pytest.raises(FileBroken):
        open_table(a_file(tmp_path, whole[:cut]), ReadOptions())


def test_a_zip_that_is_no_workbook_and_an_old_one_cut_short_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(FileBroken):
        open_table(a_file(tmp_path, buffer.getvalue()), ReadOptions())
    with pytest.raises(FileBroken):
        open_table(a_file(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 2000), ReadOptions())


def test_a_stray_cell_at_the_end_of_the_sheet_is_refused_and_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "sparse.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["number", "price"])
        sheet.write(1_048_575, 16_383, "stray")
    with pytest.raises(WorkbookTooLarge):
        open_table(path, ReadOptions())


def test_parquet_keeps_its_types_and_streams(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([1, 2, 3], pa.int32()),
            "price": pa.array([6.95, None, 0.1]),
            "at": pa.array([datetime(2024, 3, 5, 14, 2)] * 3, pa.timestamp("ns")),  # noqa: DTZ001
            "word": pa.array(["a", "b", "a"]).dictionary_encode(),
            "exact": pa.array([1, 2, 3], pa.decimal128(12, 2)),
            "nested": pa.array([[1], [2], []]),
        }
    )
    path = tmp_path / "file.parquet"
    pq.write_table(table, path, row_group_size=2)

    opened = open_table(path, ReadOptions())

    assert (opened.layout.format, opened.layout.rows) == (FileFormat.PARQUET, 3)
    assert [(column.name, column.samples[0]) for column in opened.layout.columns] == [
        ("id", "1"), ("price", "6.95"), ("at", "2024-03-05 14:02:00"), ("word", "a"), ("exact", "1.00"),
    ]  # fmt: skip
    assert [note.code for note in opened.layout.notes] == ["ingestion.column_nested"]
    assert [row[NUMBER] for row in rows_of(opened)] == [1, 2, 3]


def test_broken_parquet_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    pq.write_table(pa.table({"a": list(range(1000))}), path)
    with pytest.raises(FileBroken):
        open_table(a_file(tmp_path, path.read_bytes()[:500]), ReadOptions())
