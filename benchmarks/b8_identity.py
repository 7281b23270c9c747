"""B8: deterministic identity, one million records with 30 % duplicates, and one record at a time.

The floor is raw COPY of the rows that come out (people, keys, identifiers, events) into equal tables with equal indexes.
"""

import gc
import random
import time
from collections.abc import Iterator, Sequence
from io import BytesIO
from statistics import quantiles
from typing import Final

from psycopg import sql
from sqlalchemy import text

from benchmarks.result import Result
from feilun.identity import api
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.identity.internal.domain.components import Components
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database
from feilun.platform.keys import Keyring
from feilun.platform.log import Origin
from tests import databases

NAME: Final = "B8"
BAR: Final = (
    "1,000,000 records with 30 % duplicates in at most 60 s on 2 cores; one record in at most 5 ms (p95)"
)
describe: Final = "deterministic identity in bulk and one by one"

_RECORDS: Final = 1_000_000
_DUPLICATE_SHARE: Final = 0.3
_TIE_SHARE: Final = 0.05
"""Of all people: known by two records without a common identifier, and by a third that ties them."""
_BATCH: Final = 5_000
_SECONDS_MAX: Final = 60.0
_SINGLE_RECORDS: Final = 2_000
_SINGLE_MS_MAX: Final = 5.0
_TABLES: Final = ("persons", "person_keys", "identifiers", "event_inbox")

Record = list[IdentifierClaim]


def run(records: int = _RECORDS) -> Result:
    """Resolve the records in batches, check the partition against union-find, then resolve single records."""
    rng = random.Random(8)
    population = _records(rng, records)
    # Millions of input objects that no program would hold at once; the collector would walk them again and again.
    gc.freeze()
    with databases.server(), databases.cloned_database() as url:
        database = Database(url, Keyring({1: rng.randbytes(32)}, rng.randbytes(32)))
        try:
            started = time.perf_counter()
            people = _resolve(database, population)
            seconds = time.perf_counter() - started
            is_right = _partition(database, people) == _reference(population)
            singles = sorted(_single(database, record) for record in _records(rng, _SINGLE_RECORDS))
            floor = _floor(database)
        finally:
            database.close()
            gc.unfreeze()
    scaled = seconds * _RECORDS / records
    cuts = quantiles(singles, n=100)
    return Result(
        value=scaled,
        unit="s per 1,000,000 records",
        is_ok=is_right and scaled <= _SECONDS_MAX and cuts[94] <= _SINGLE_MS_MAX,
        floor=floor * _RECORDS / records,
        floor_unit="s for COPY of the same rows into equal tables",
        detail={
            "records": records,
            "person_records": len(set(people)),
            "records_per_second": round(records / seconds),
            "equals_union_find": is_right,
            "one_record_ms_p50": round(cuts[49], 2),
            "one_record_ms_p95": round(cuts[94], 2),
            "one_record_ms_p99": round(cuts[98], 2),
        },
    )


def _records(rng: random.Random, count: int) -> list[Record]:
    """People with two to four identifiers each; every record shows two of them."""
    people = int(count * (1 - _DUPLICATE_SHARE))
    tag = rng.randrange(10**6)
    identifiers = []
    for number in range(people):
        mine = [
            IdentifierClaim(IdentifierKind.PHONE, f"1{30 + number % 70}{number:08d}"),
            IdentifierClaim(IdentifierKind.UNIONID, f"oU{tag}x{number:08d}aBcDeFgHiJkLmN"),
        ]
        if rng.random() < 0.5:
            mine.append(IdentifierClaim(IdentifierKind.CARD, f"{tag}{number:010d}"))
        if rng.random() < 0.5:
            mine.append(IdentifierClaim(IdentifierKind.EMAIL, f"user{tag}.{number}@example.cn"))
        identifiers.append(mine)
    records: list[Record] = []
    for mine in identifiers:
        is_tied = rng.random() < _TIE_SHARE
        records += [mine[:1], mine[1:2], mine[:2]] if is_tied else [mine[:2]]
    while len(records) < count:
        records.append(rng.sample(rng.choice(identifiers), 2))
    del records[count:]
    rng.shuffle(records)
    return records


def _resolve(database: Database, records: Sequence[Record]) -> list[PersonId]:
    people: list[PersonId] = []
    for start in range(0, len(records), _BATCH):
        with database.transaction(actor="benchmark") as uow:
            resolutions = api.resolve_records(
                uow, records[start : start + _BATCH], source="benchmark", origin=Origin.BACKFILL
            )
        people.extend(r.person_id for r in resolutions if r.person_id is not None)
    return people


def _partition(database: Database, people: Sequence[PersonId]) -> list[int]:
    """For each record the first record of its person: a form that does not depend on ids."""
    with database.transaction() as uow:
        roots = api.root_of(uow, set(people))
    return _first_of_each([roots[person] for person in people])


def _reference(records: Sequence[Record]) -> list[int]:
    components = Components()
    owner: dict[tuple[str, str], int] = {}
    for number, record in enumerate(records):
        for claim in record:
            other = owner.setdefault((claim.kind, claim.value), number)
            if components.root(other) != components.root(number):
                components.join(other, number)
    return _first_of_each([components.root(number) for number in range(len(records))])


def _first_of_each(labels: Sequence[int]) -> list[int]:
    first: dict[int, int] = {}
    return [first.setdefault(label, number) for number, label in enumerate(labels)]


def _single(database: Database, record: Record) -> float:
    """Milliseconds for one record in a transaction of its own, commit included."""
    started = time.perf_counter()
    with database.transaction(actor="benchmark") as uow:
        api.resolve_records(uow, [record], source="benchmark", origin=Origin.LIVE)
    return (time.perf_counter() - started) * 1000


def _floor(database: Database) -> float:
    """Seconds to COPY what is in the tables into equal, empty ones."""
    seconds = 0.0
    with database.transaction() as uow:
        for table in _TABLES:
            uow.connection.execute(text(f"CREATE TABLE floor_{table} (LIKE {table} INCLUDING INDEXES)"))
            with uow.driver.cursor() as cursor:
                with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
                    rows = BytesIO(b"".join(copy))
                started = time.perf_counter()
                with cursor.copy(
                    sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(f"floor_{table}"))
                ) as copy:
                    for chunk in _chunks(rows):
                        copy.write(chunk)
                seconds += time.perf_counter() - started
    return seconds


def _chunks(rows: BytesIO) -> Iterator[bytes]:
    while chunk := rows.read(1 << 20):
        yield chunk
