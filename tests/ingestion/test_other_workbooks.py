"""Workbooks other than .xlsx: Excel 97 (.xls), Excel binary (.xlsb), OpenDocument (.ods), whole and broken."""

from datetime import date
from pathlib import Path

import pytest

from feilun.ingestion import api
from feilun.ingestion.api import HandlerRegistry
from feilun.ingestion.contracts import FileFormat, OutcomeCounts, ReadOptions
from feilun.ingestion.errors import FileBroken, SheetNotFound
from feilun.ingestion.internal.files import NUMBER, PART, Table, open_table
from feilun.platform.config import Settings
from feilun.platform.db import Database
from tests.fakes.sales import total
from tests.ingestion.intake import a_mapping, put, run
from tests.ingestion.workbooks import Formula, FormulaError, Writer, write_ods, write_xls, write_xlsb

WRITERS: dict[str, Writer] = {"xls": write_xls, "xlsb": write_xlsb, "ods": write_ods}
ROWS = [
    ["单号", "日期", "金额", "赠品", "备注"],
    ["A1", "2024-03-05", 6.95, True, "<b>'x'</b> & 茶"],
    ["A2", "2024-03-06", Formula(0.1 * 3), None, "=1+1"],
    ["A3", "2024-03-07", 13800138000, False, "尾"],
]
every_format = pytest.mark.parametrize("extension", WRITERS)


def _book(folder: Path, extension: str, rows: list[list[object]] | None = None) -> Path:
    path = folder / f"book.{extension}"
    WRITERS[extension](path, "一月", rows or ROWS)  # type: ignore[arg-type]
    return path


def _cells(table: Table) -> list[list[object]]:
    names = [column.name for column in table.layout.columns]
    return [[row[name] for name in names] for batch in table.batches() for row in batch.to_pylist()]


@every_format
def test_cells_come_as_text_and_formulas_with_their_stored_value(tmp_path: Path, extension: str) -> None:
    table = open_table(_book(tmp_path, extension), ReadOptions())

    assert (table.layout.format, table.layout.read_sheets) == (FileFormat.WORKBOOK, ("一月",))
    assert [column.name for column in table.layout.columns] == ["单号", "日期", "金额", "赠品", "备注"]
    assert _cells(table) == [
        ["A1", "2024-03-05", "6.95", "TRUE", "<b>'x'</b> & 茶"],
        ["A2", "2024-03-06", "0.3", None, "=1+1"],
        ["A3", "2024-03-07", "13800138000", "FALSE", "尾"],
    ]
    rows = [row for batch in table.batches() for row in batch.to_pylist()]
    assert [(row[NUMBER], row[PART]) for row in rows] == [(1, "一月"), (2, "一月"), (3, "一月")]


def test_dates_of_an_opendocument_sheet_come_in_iso_form(tmp_path: Path) -> None:
    path = _book(tmp_path, "ods", [["单号", "日期"], ["A1", date(2024, 3, 5)]])

    assert _cells(open_table(path, ReadOptions())) == [["A1", "2024-03-05"]]


@every_format
def test_an_unknown_sheet_is_refused(tmp_path: Path, extension: str) -> None:
    with pytest.raises(SheetNotFound):
        open_table(_book(tmp_path, extension), ReadOptions(sheets=("二月",)))


@every_format
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_one_cut_short_is_refused_in_words(tmp_path: Path, extension: str, kept: float) -> None:
    path = _book(tmp_path, extension)
    whole = path.read_bytes()
    # An old workbook ends in padding; what is cut off has to be content.
    length = len(whole.rstrip(b"\x00"))
    path.write_bytes(whole[: int(length * kept)])

    with pytest.raises(FileBroken):
        open_table(path, ReadOptions())


@every_format
def test_a_file_of_the_format_is_taken_in_and_repeated_without_change(
    tmp_path: Path, database: Database, settings: Settings, registry: HandlerRegistry, extension: str
) -> None:
    content = _book(tmp_path, extension).read_bytes()
    mapping = a_mapping({"number": "单号", "sold_at": "日期", "price": "金额"}, source=extension)

    first = run(database, settings, registry, put(database, settings, content, f"b.{extension}"), mapping)
    again = run(database, settings, registry, put(database, settings, content, f"b.{extension}"), mapping)

    assert first.records == OutcomeCounts(taken=3)
    assert again.records == OutcomeCounts(unchanged=3)
    with database.transaction() as uow:
        assert total(uow, extension)[0] == 3


@every_format
def test_a_formula_that_failed_is_no_price(
    tmp_path: Path, database: Database, settings: Settings, registry: HandlerRegistry, extension: str
) -> None:
    rows: list[list[object]] = [
        ["单号", "日期", "金额"], ["A1", "2024-03-05", FormulaError()], ["A2", "2024-03-06", 2.0],
    ]  # fmt: skip
    content = _book(tmp_path, extension, rows).read_bytes()
    mapping = a_mapping({"number": "单号", "sold_at": "日期", "price": "金额"}, source=f"failed-{extension}")

    done = run(database, settings, registry, put(database, settings, content, f"b.{extension}"), mapping)

    assert done.records == OutcomeCounts(taken=1, rejected=1)
    assert [reason.field for reason in done.reasons] == ["price"]
    with database.transaction() as uow:
        file = api.get_import(uow, done.import_id)
    assert file.new_dead_letters == 1
