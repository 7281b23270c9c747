"""Imports end to end through the facade: counts, repetition, parts, whole files, stopping, poison, hostile text."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from sqlalchemy import text

from feilun.ingestion import api
from feilun.ingestion.api import HandlerRegistry
from feilun.ingestion.contracts import (
    ApplyContext,
    DateOrder,
    DeadLetterFilter,
    FieldBinding,
    ImportState,
    MappedRow,
    Outcome,
    OutcomeCounts,
)
from feilun.ingestion.errors import (
    ImportNotResumable,
    ImportNotStoppable,
    MappingColumnMissing,
    MappingFieldRequired,
)
from feilun.platform.config import Settings
from feilun.platform.db import Database, UnitOfWork
from tests.fakes.clock import FixedClock
from tests.fakes.sales import SalesHandler, total
from tests.ingestion.intake import a_mapping, put, run, start

GOOD = "number,date,price\nA1,2026-03-05 14:02,10.50\nA1,2026-03-05 14:02,10.50\nA2,2026-03-06 09:00,3\n"


def test_identical_lines_stay_and_a_repeated_file_changes_nothing(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    mapping = a_mapping(source="repeat")
    file_id = put(database, settings, GOOD)

    first = run(database, settings, registry, file_id, mapping)
    second = run(database, settings, registry, put(database, settings, GOOD), mapping)

    assert first.state is ImportState.DONE
    assert first.records == OutcomeCounts(taken=2)
    assert (first.rows_total, first.rows_handled) == (3, 3)
    assert second.records == OutcomeCounts(unchanged=2)
    with database.transaction() as uow:
        assert total(uow, "repeat") == (3, Decimal("24.00"))


def test_a_row_in_two_parts_counts_once(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    content = "number,date,price,sheet\nA1,2026-03-05,1,x\nA1,2026-03-05,1,x\nA1,2026-03-05,1,y\n"
    mapping = a_mapping(source="parts", part_column="sheet")

    run(database, settings, registry, put(database, settings, content), mapping)

    with database.transaction() as uow:
        assert total(uow, "parts") == (2, Decimal(2))


def test_missing_lines_disappear_only_when_the_file_holds_whole_records(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    shorter = "number,date,price\nA1,2026-03-05 14:02,10.50\n"
    run(database, settings, registry, put(database, settings, GOOD), a_mapping(source="whole"))

    run(database, settings, registry, put(database, settings, shorter), a_mapping(source="whole"))
    with database.transaction() as uow:
        assert total(uow, "whole")[0] == 3
    result = run(
        database,
        settings,
        registry,
        put(database, settings, shorter),
        a_mapping(source="whole", is_whole=True),
    )

    assert result.records == OutcomeCounts(changed=1)
    with database.transaction() as uow:
        assert total(uow, "whole")[0] == 2


def test_a_refused_line_makes_no_other_line_of_its_record_disappear(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    run(database, settings, registry, put(database, settings, GOOD), a_mapping(source="partial"))
    broken = "number,date,price\nA1,2026-03-05 14:02,10.50\nA1,2026-03-05 14:02,abc\n"

    run(
        database,
        settings,
        registry,
        put(database, settings, broken),
        a_mapping(source="partial", is_whole=True),
    )

    with database.transaction() as uow:
        assert total(uow, "partial")[0] == 3


def test_rejected_rows_are_counted_by_reason_and_kept_once(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    content = (
        "number,date,price\n"
        "A1,2026-03-05,abc\nA1,2026-03-05,abc\n,2026-03-05,1\nA2,not a date,2\nA3,2027-05-01,3\nBAD1,2026-03-05,4\nA4,2026-03-05,-0.5\n"
    )
    first = run(database, settings, registry, put(database, settings, content), a_mapping(source="bad"))
    second = run(database, settings, registry, put(database, settings, content), a_mapping(source="bad"))

    assert {(reason.code, reason.field): reason.rows for reason in first.reasons} == {
        ("ingestion.number_invalid", "price"): 2,
        ("ingestion.required", "number"): 1,
        ("ingestion.date_invalid", "sold_at"): 1,
        ("ingestion.date_in_future", "sold_at"): 1,
        ("sales.bad", "number"): 1,
    }
    assert first.new_dead_letters == 6
    assert (first.rows.taken, first.rows.rejected) == (1, 6)
    assert second.new_dead_letters == 0
    assert second.rows.rejected == 6


def test_a_record_that_the_program_fails_on_is_set_aside_and_the_rest_goes_on(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    rows = "".join(f"N{number},2026-03-05,1\n" for number in range(200))
    poisoned = HandlerRegistry([SalesHandler(fails_on="N77")])

    result = run(
        database,
        settings,
        poisoned,
        put(database, settings, "number,date,price\n" + rows),
        a_mapping(source="poison"),
    )

    assert result.state is ImportState.DONE
    assert result.records == OutcomeCounts(taken=199, rejected=1)
    assert [(reason.code, reason.rows) for reason in result.reasons] == [("ingestion.unexpected", 1)]


def test_an_import_that_fails_on_everything_is_halted(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    class Broken(SalesHandler):
        def apply(
            self, uow: UnitOfWork, groups: Sequence[Sequence[MappedRow]], context: ApplyContext
        ) -> Sequence[Outcome]:
            raise ZeroDivisionError

    rows = "".join(f"N{number},2026-03-05,1\n" for number in range(300))
    file_id = put(database, settings, "number,date,price\n" + rows)

    failed = run(database, settings, HandlerRegistry([Broken()]), file_id, a_mapping(source="halted"))
    assert (failed.state, failed.error_code) == (ImportState.FAILED, "ingestion.too_many_unexpected")

    with database.transaction() as uow:
        api.resume_import(uow, failed.import_id)
    assert api.run_next_import(database, settings, registry) == failed.import_id
    with database.transaction() as uow:
        assert api.get_import(uow, failed.import_id).records == OutcomeCounts(taken=100, rejected=200)


def test_a_stopped_import_goes_on_where_it_was(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    import_id = start(
        database, settings, registry, put(database, settings, GOOD), a_mapping(source="stop")
    ).import_id
    with database.transaction() as uow:
        api.stop_import(uow, import_id)
    assert api.run_next_import(database, settings, registry) is None

    with database.transaction() as uow:
        assert api.resume_import(uow, import_id).state is ImportState.QUEUED
        with pytest.raises(ImportNotResumable):
            api.resume_import(uow, import_id)
    assert api.run_next_import(database, settings, registry) == import_id

    with database.transaction() as uow:
        assert api.get_import(uow, import_id).state is ImportState.DONE
        with pytest.raises(ImportNotStoppable):
            api.stop_import(uow, import_id)


def test_a_stop_in_the_middle_keeps_what_was_taken(
    database: Database, settings: Settings, registry: HandlerRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feilun.ingestion.internal.taking.BATCH_RECORDS", 10)
    rows = "".join(f"N{number},2026-03-05,1\n" for number in range(50))
    import_id = start(
        database,
        settings,
        registry,
        put(database, settings, "number,date,price\n" + rows),
        a_mapping(source="middle"),
    ).import_id
    calls = iter([False, False, False])

    api.run_import(database, settings, import_id, registry, should_stop=lambda: next(calls, True))
    with database.transaction() as uow:
        half = api.get_import(uow, import_id)
    api.run_import(database, settings, import_id, registry)

    assert half.state is ImportState.RUNNING
    assert 0 < half.rows_handled < 50
    with database.transaction() as uow:
        assert api.get_import(uow, import_id).records == OutcomeCounts(taken=50)
        assert total(uow, "middle")[0] == 50


def test_only_one_runner_works_on_an_import(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    import_id = start(
        database, settings, registry, put(database, settings, GOOD), a_mapping(source="one")
    ).import_id

    class Curious(SalesHandler):
        def finish(self, uow: UnitOfWork, context: ApplyContext) -> None:
            answers.append(api.run_import(database, settings, import_id, registry))

    answers: list[bool] = []
    api.run_import(database, settings, import_id, HandlerRegistry([Curious()]))

    assert answers == [False]


@pytest.mark.parametrize(
    "hostile",
    [
        "'; DROP TABLE fake_sales; --",
        "<script>alert(1)</script>",
        "=HYPERLINK(\"http://x\",\"y\")",
        "{{7*7}} %s %(x)s {0} \\x00 $1 :name",
        "Robert'); DELETE FROM imports WHERE ('1'='1",
        "\u202egnp.exe 😀",
    ],
)  # fmt: skip
def test_hostile_text_is_kept_as_it_is(
    database: Database, settings: Settings, registry: HandlerRegistry, hostile: str
) -> None:
    quoted = '"' + hostile.replace('"', '""') + '"'
    content = f"{quoted},date,price,title\n{quoted},2026-03-05,1,{quoted}\n"
    mapping = a_mapping(
        {"number": hostile, "sold_at": "date", "price": "price", "title": "title"}, source="hostile"
    )

    result = run(database, settings, registry, put(database, settings, content), mapping)

    assert result.records.taken == 1, result
    with database.transaction() as uow:
        kept = uow.connection.execute(
            text("SELECT title FROM fake_sales WHERE source = 'hostile' AND number = :n"),
            {"n": hostile.strip()},
        ).scalar_one()
    assert kept == hostile.strip()


def test_day_and_month_are_told_by_the_whole_file(
    database: Database, settings: Settings, registry: HandlerRegistry, clock: FixedClock
) -> None:
    rows = "".join(f"D{number},05/03/2026,1\n" for number in range(300)) + "D999,25/03/2026,1\n"
    mapping = a_mapping(source="order")
    bindings = tuple(
        FieldBinding(
            field=b.field, column=b.column, date_order=DateOrder.MDY if b.field == "sold_at" else None
        )
        for b in mapping.bindings
    )
    wrong = a_mapping({}, source="order")
    wrong = type(wrong)(kind="sales", bindings=bindings, source="order")

    result = run(database, settings, registry, put(database, settings, "number,date,price\n" + rows), wrong)

    assert result.records.taken == 301
    assert next(b for b in result.mapping.bindings if b.field == "sold_at").date_order is DateOrder.DMY
    with database.transaction() as uow:
        content = uow.connection.execute(
            text("SELECT content FROM fake_sales WHERE source = 'order' AND number = 'D1'")
        ).scalar_one()
    assert "sold_at=2026-03-04 16:00:00+00:00" in content


def test_a_mapping_that_does_not_fit_is_refused_with_its_column(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    file_id = put(database, settings, GOOD)
    with database.transaction() as uow:
        with pytest.raises(MappingColumnMissing) as missing:
            api.start_import(
                uow,
                settings,
                registry,
                file_id,
                a_mapping({"number": "nr", "sold_at": "date", "price": "price"}),
            )
        with pytest.raises(MappingFieldRequired) as required:
            api.start_import(uow, settings, registry, file_id, a_mapping({"number": "number"}))
    assert missing.value.detail == {"column": "nr"}
    assert required.value.detail == {"field": "sold_at"}


def test_a_preview_changes_nothing_and_gives_reasons_per_cell(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    file_id = put(database, settings, "number,date,price\nP1,2026-03-05,1\nP2,nonsense,x\n")
    with database.transaction() as uow:
        preview = api.preview_import(uow, settings, registry, file_id, a_mapping(source="preview"))

    assert (preview.checked, preview.records, preview.rejected, preview.is_complete) == (2, 2, 1, True)
    assert {rejection.field for rejection in preview.rejected_rows[0].rejections} == {"sold_at", "price"}
    with database.transaction() as uow:
        assert total(uow, "preview")[0] == 0
        assert api.list_dead_letters(uow, registry, DeadLetterFilter(), reveal=True)[1] >= 0


def test_a_saved_mapping_is_found_by_the_same_headings(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    content = "Nr.,Wann,Was kostet das\nS1,2026-03-05,1\n"
    columns = {"number": "Nr.", "sold_at": "Wann", "price": "Was kostet das"}
    file_id = put(database, settings, content)
    with database.transaction() as uow:
        assert api.propose_mapping(uow, settings, registry, file_id, "sales").missing
        api.save_mapping(
            uow, settings, registry, name="till", mapping=a_mapping(columns, source="till"), file_id=file_id
        )

    later = put(database, settings, "was kostet das;NR.;wann\n1;S2;2026-03-06\n")
    with database.transaction() as uow:
        proposal = api.propose_mapping(uow, settings, registry, later, "sales")

    assert proposal.saved_name == "till"
    assert {b.field: b.column for b in proposal.mapping.bindings} == {
        "number": "NR.", "sold_at": "wann", "price": "was kostet das",
    }  # fmt: skip
    assert run(database, settings, registry, later, proposal.mapping).records.taken == 1


def test_one_column_may_fill_two_fields(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    columns = {"number": "code", "sku": "code", "sold_at": "date", "price": "price"}
    mapping = a_mapping(columns, source="twofold")
    content = "code,date,price\nT1,2026-03-05,2\n"

    done = run(database, settings, registry, put(database, settings, content), mapping)

    assert done.records == OutcomeCounts(taken=1)
    with database.transaction() as uow:
        [line] = uow.connection.execute(
            text("SELECT number, content FROM fake_sales WHERE source = 'twofold'")
        ).all()
    assert (line.number, "sku=T1" in line.content) == ("T1", True)
