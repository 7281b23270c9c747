"""Dead letters through the facade: masking, mending, replay, later files, discarding, erasure, retention."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from feilun.identity.contracts import IdentifierKind
from feilun.ingestion import api
from feilun.ingestion.api import HandlerRegistry
from feilun.ingestion.contracts import (
    DeadLetter,
    DeadLetterFilter,
    DeadLetterState,
    ImportMapping,
    ReplayResult,
)
from feilun.ingestion.errors import DeadLetterDecided, MendInvalid
from feilun.platform.config import Settings
from feilun.platform.db import Database
from tests.fakes.clock import FixedClock
from tests.fakes.sales import total
from tests.ingestion.intake import a_mapping, put, run

CONTENT = "number,date,price,tel,born,remark\nM1,2026-03-05,1,13800138000,1990-01-02,fine\nM1,2026-03-05,five,13912345678,not a day,why\n"
COLUMNS = {"number": "number", "sold_at": "date", "price": "price", "phone": "tel", "born_on": "born"}


def _mapping(source: str, **changes: object) -> ImportMapping:
    return a_mapping(COLUMNS, source=source, **changes)


def _letters(
    database: Database,
    registry: HandlerRegistry,
    source: str,
    *,
    reveal: bool = True,
    state: DeadLetterState | None = None,
) -> list[DeadLetter]:
    with database.transaction() as uow:
        found, _ = api.list_dead_letters(
            uow, registry, DeadLetterFilter(state=state), reveal=reveal, limit=200
        )
    return [letter for letter in found if letter.source == source]


def test_a_letter_shows_its_row_and_masks_personal_cells(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    run(database, settings, registry, put(database, settings, CONTENT), _mapping("show"))

    [shown] = _letters(database, registry, "show")
    [masked] = _letters(database, registry, "show", reveal=False)

    assert shown.raw == {
        "number": "M1", "date": "2026-03-05", "price": "five", "tel": "13912345678", "born": "not a day", "remark": "why",
    }  # fmt: skip
    assert (shown.rejection.code, shown.rejection.field, shown.rejection.value) == (
        "ingestion.number_invalid",
        "price",
        "five",
    )
    assert masked.raw is None
    assert masked.is_masked
    assert masked.values["phone"] == "139****5678"
    assert masked.values["price"] == "five"
    assert "born_on" in masked.values
    assert "not a day" not in str(masked)
    with database.transaction() as uow:
        stored = uow.connection.execute(
            text("SELECT to_jsonb(d)::text FROM dead_letters d WHERE source = 'show'")
        ).scalar_one()
    assert "13912345678" not in stored


def test_a_mended_letter_is_replayed_and_stays_mended_when_the_file_comes_again(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    run(database, settings, registry, put(database, settings, CONTENT), _mapping("mend"))
    [letter] = _letters(database, registry, "mend")

    with database.transaction() as uow:
        left = api.mend_dead_letter(uow, registry, letter.dead_letter_id, {"price": "5"})
        assert left is not None
        assert left.field == "born_on"
        assert api.mend_dead_letter(uow, registry, letter.dead_letter_id, {"born_on": None}) is None
    with database.transaction() as uow:
        result = api.replay_dead_letters(uow, registry, ids=[letter.dead_letter_id])
        assert total(uow, "mend") == (2, Decimal(6))
    assert result == ReplayResult(replayed=1, rejected=0, next_after=None)

    again = run(
        database, settings, registry, put(database, settings, CONTENT), _mapping("mend", is_whole=True)
    )

    assert (again.rows.rejected, again.rows.unchanged, again.new_dead_letters) == (0, 2, 0)
    with database.transaction() as uow:
        assert total(uow, "mend") == (2, Decimal(6))
    [decided] = _letters(database, registry, "mend")
    assert decided.state is DeadLetterState.REPLAYED
    assert decided.mended == ("born_on", "price")


def test_a_letter_rejected_again_stays_open_with_the_new_reason(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    run(database, settings, registry, put(database, settings, CONTENT), _mapping("again"))
    [letter] = _letters(database, registry, "again")

    with database.transaction() as uow:
        api.mend_dead_letter(
            uow, registry, letter.dead_letter_id, {"price": "5", "born_on": "", "number": "BAD9"}
        )
        result = api.replay_dead_letters(uow, registry, wanted=DeadLetterFilter(import_id=letter.import_id))

    assert result == ReplayResult(replayed=0, rejected=1, next_after=None)
    [letter] = _letters(database, registry, "again", state=DeadLetterState.OPEN)
    assert (letter.rejection.code, letter.values["number"]) == ("sales.bad", "BAD9")


def test_a_mended_value_that_cannot_be_read_is_refused_with_its_field(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    run(database, settings, registry, put(database, settings, CONTENT), _mapping("refuse"))
    [letter] = _letters(database, registry, "refuse")

    with database.transaction() as uow:
        with pytest.raises(MendInvalid) as wrong:
            api.mend_dead_letter(uow, registry, letter.dead_letter_id, {"price": "cheap"})
        with pytest.raises(MendInvalid):
            api.mend_dead_letter(uow, registry, letter.dead_letter_id, {"colour": "red"})

    assert wrong.value.detail == {"field": "price", "reason": "ingestion.number_invalid"}


def test_a_discarded_letter_does_not_return_and_cannot_be_mended(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    run(database, settings, registry, put(database, settings, CONTENT), _mapping("drop"))
    [letter] = _letters(database, registry, "drop")

    with database.transaction() as uow:
        assert api.discard_dead_letters(uow, wanted=DeadLetterFilter(import_id=letter.import_id)) == 1
    run(database, settings, registry, put(database, settings, CONTENT), _mapping("drop"))

    assert _letters(database, registry, "drop", state=DeadLetterState.OPEN) == []
    with database.transaction() as uow, pytest.raises(DeadLetterDecided):
        api.mend_dead_letter(uow, registry, letter.dead_letter_id, {"price": "1"})


def test_an_erasure_finds_letters_by_identifier_however_the_phone_is_written(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    run(database, settings, registry, put(database, settings, CONTENT), _mapping("erase"))

    with database.transaction() as uow:
        erased = api.erase_dead_letters(uow, [(IdentifierKind.PHONE, "+86 139-1234-5678")])

    assert erased >= 1
    [letter] = _letters(database, registry, "erase")
    assert (letter.state, letter.raw, dict(letter.values)) == (DeadLetterState.DISCARDED, None, {})
    run(database, settings, registry, put(database, settings, CONTENT), _mapping("erase"))
    [letter] = _letters(database, registry, "erase")
    assert letter.raw is None


def test_identical_rejected_rows_are_letters_of_their_own_but_not_across_parts(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    rows = "I1,2026-03-05,x,a\nI1,2026-03-05,x,a\nI1,2026-03-05,x,b\n"
    mapping = a_mapping(source="same", part_column="sheet")

    result = run(
        database, settings, registry, put(database, settings, "number,date,price,sheet\n" + rows), mapping
    )

    assert (result.rows.rejected, result.new_dead_letters) == (3, 2)


def test_old_letters_are_deleted_but_mended_ones_stay(
    database: Database, settings: Settings, registry: HandlerRegistry, clock: FixedClock
) -> None:
    other = CONTENT + "M2,2026-03-05,ten,,,\n"
    run(database, settings, registry, put(database, settings, other), _mapping("old"))
    letters = {letter.values["number"]: letter for letter in _letters(database, registry, "old")}
    with database.transaction() as uow:
        api.mend_dead_letter(uow, registry, letters["M2"].dead_letter_id, {"price": "10"})
        api.replay_dead_letters(uow, registry, ids=[letters["M2"].dead_letter_id])
        api.set_dead_letter_days(uow, 30)

    clock.advance(timedelta(days=31))
    with database.transaction() as uow:
        api.delete_old_dead_letters(uow)

    assert [letter.values["number"] for letter in _letters(database, registry, "old")] == ["M2"]


def test_one_failing_record_does_not_keep_others_from_being_replayed(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    rows = "".join(f"R{number},2026-03-05,x\n" for number in range(8))
    run(
        database,
        settings,
        registry,
        put(database, settings, "number,date,price\n" + rows),
        a_mapping(source="bisect"),
    )
    letters = _letters(database, registry, "bisect")
    with database.transaction() as uow:
        for letter in letters:
            api.mend_dead_letter(uow, registry, letter.dead_letter_id, {"price": "1"})

    from_fakes = HandlerRegistry([type(registry.get("sales"))(fails_on="R5")])  # type: ignore[call-arg]
    with database.transaction() as uow:
        result = api.replay_dead_letters(uow, from_fakes, ids=[letter.dead_letter_id for letter in letters])

    assert (result.replayed, result.rejected) == (7, 1)
    [left] = _letters(database, registry, "bisect", state=DeadLetterState.OPEN)
    assert left.rejection.code == "ingestion.unexpected"


def test_all_of_one_kind_and_reason_are_discarded_and_others_stay(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    content = "number,date,price\nX1,2026-03-05,five\nX2,2026-03-05,six\nX3,no day,1\n"
    done = run(database, settings, registry, put(database, settings, content), a_mapping(source="narrow"))
    this = {"import_id": done.import_id, "kind": "sales"}

    with database.transaction() as uow:
        other_kind = DeadLetterFilter(import_id=done.import_id, kind="orders")
        nothing = api.discard_dead_letters(uow, wanted=other_kind)
        replayed = api.replay_dead_letters(
            uow,
            registry,
            wanted=DeadLetterFilter(**this, code="ingestion.date_invalid"),  # type: ignore[arg-type]
        )
        discarded = api.discard_dead_letters(
            uow,
            wanted=DeadLetterFilter(**this, code="ingestion.number_invalid", field="price"),  # type: ignore[arg-type]
        )

    assert (nothing, replayed.rejected, discarded) == (0, 1, 2)
    [left] = _letters(database, registry, "narrow", state=DeadLetterState.OPEN)
    assert left.rejection.code == "ingestion.date_invalid"


def test_replaying_more_than_one_call_takes_passes_over_what_failed_again(
    database: Database, settings: Settings, registry: HandlerRegistry
) -> None:
    lines = [f"Y{number},2026-03-05,five" for number in range(2_001)]
    content = "\n".join(["number,date,price", *lines])
    done = run(database, settings, registry, put(database, settings, content), a_mapping(source="many"))

    with database.transaction() as uow:
        wanted = DeadLetterFilter(import_id=done.import_id)
        first = api.replay_dead_letters(uow, registry, wanted=wanted)
        assert first.next_after is not None
        second = api.replay_dead_letters(uow, registry, wanted=wanted, after=first.next_after)

    assert (first.rejected, second.rejected, second.next_after) == (2_000, 1, None)
