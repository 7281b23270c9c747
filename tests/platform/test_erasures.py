"""The journal of erasures survives being cut off by a crash."""

from datetime import UTC, datetime
from pathlib import Path

from feilun.kernel.ids import PersonId
from feilun.platform import erasures
from feilun.platform.erasures import Erasure

AT = datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC)


def test_no_journal_means_nobody_was_erased(tmp_path: Path) -> None:
    assert erasures.read(tmp_path) == []


def test_erasures_come_back_in_the_order_they_were_noted(tmp_path: Path) -> None:
    erasures.append(tmp_path / "keys", PersonId(7), AT)
    erasures.append(tmp_path / "keys", PersonId(3), AT)

    assert erasures.read(tmp_path / "keys") == [Erasure(PersonId(7), AT), Erasure(PersonId(3), AT)]
    assert (tmp_path / "keys" / "erasures.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_line_cut_off_by_a_crash_spoils_no_other(tmp_path: Path) -> None:
    erasures.append(tmp_path, PersonId(7), AT)
    with (tmp_path / "erasures.jsonl").open("a") as file:
        file.write('{"person_id": 8, "era')

    erasures.append(tmp_path, PersonId(9), AT)

    assert [erasure.person_id for erasure in erasures.read(tmp_path)] == [7, 9]
