"""Dead letters: showing, mending, replaying. A replay takes rows in as parts of records, so nothing else disappears."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from feilun.ingestion.contracts import (
    ApplyContext,
    DeadLetter,
    DeadLetterFilter,
    DeadLetterId,
    DeadLetterState,
    ImportMapping,
    MappedRow,
    OutcomeState,
    RecordKind,
    Rejection,
    ReplayResult,
)
from feilun.ingestion.errors import DeadLetterDecided, MendInvalid
from feilun.ingestion.internal import store_letters
from feilun.ingestion.internal.engine_errors import is_engine_error, trace_of
from feilun.ingestion.internal.registry import HandlerRegistry
from feilun.ingestion.internal.rows import RowParser
from feilun.ingestion.internal.sealing import Sealer, masked_texts
from feilun.ingestion.internal.store_letters import StoredLetter
from feilun.ingestion.ports import RecordHandler
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin

logger = structlog.get_logger(__name__)

REPLAY_MAX: Final = 2_000
"""Letters one call replays; the result says where the next one goes on."""


def show(uow: UnitOfWork, letter: StoredLetter, kind: RecordKind, *, reveal: bool) -> DeadLetter:
    """Return a letter as its reader may see it."""
    masked = dict(letter.masked)
    value, values, raw = letter.masked_value, masked, None
    mended = _mended_texts(uow, letter)
    if reveal and letter.sealed_raw is not None:
        raw = _raw(uow, letter)
        values = RowParser(letter.mapping, kind).field_texts(raw) | mended
        value = (
            uow.keyring.unwrap(letter.wrapped_key).open(letter.sealed_value) if letter.sealed_value else ""
        )
    elif mended:
        values = masked | masked_texts({spec.name: spec for spec in kind.fields}, mended)
    return DeadLetter(
        dead_letter_id=letter.dead_letter_id,
        import_id=letter.import_id,
        file_name=letter.file_name,
        kind=letter.kind,
        source=letter.source,
        number=letter.row_number,
        part=letter.part,
        state=letter.state,
        rejection=Rejection(letter.code, letter.field or None, value, letter.detail),
        raw=raw,
        values=values,
        mended=letter.mended,
        is_masked=raw is None,
        created_at=letter.created_at,
        decided_by=letter.decided_by,
        decided_at=letter.decided_at,
    )


def _raw(uow: UnitOfWork, letter: StoredLetter) -> dict[str, str]:
    if letter.sealed_raw is None:
        return {}
    raw: dict[str, str] = json.loads(uow.keyring.unwrap(letter.wrapped_key).open(letter.sealed_raw))
    return raw


def _mended_texts(uow: UnitOfWork, letter: StoredLetter) -> dict[str, str]:
    if letter.sealed_mended is None:
        return {}
    texts: dict[str, str] = json.loads(uow.keyring.unwrap(letter.wrapped_key).open(letter.sealed_mended))
    return texts


def mend(
    uow: UnitOfWork, registry: HandlerRegistry, dead_letter_id: DeadLetterId, values: Mapping[str, str | None]
) -> Rejection | None:
    """Store edited values of an open letter; returns what still stands against the row, None when it is ready.

    Raises: DeadLetterNotFound, DeadLetterDecided, MendInvalid.
    """
    letter = store_letters.get_letter(uow, dead_letter_id, lock=True)
    if letter.state is not DeadLetterState.OPEN:
        raise DeadLetterDecided(f"the dead letter is {letter.state.value}", state=letter.state.value)
    handler = registry.get(letter.kind)
    kind = handler.describe(uow)
    parser = RowParser(letter.mapping, kind)
    known = {spec.name for spec in kind.fields}
    for name in values:
        if name not in known:
            raise MendInvalid(f"no field {name!r}", field=name, reason="ingestion.mapping_field_unknown")
    mended = _mended_texts(uow, letter)
    for name, text in values.items():
        mended[name] = text or ""
        _, refused = parser.compose(number=letter.row_number, part=letter.part, texts={name: text or ""})
        wrong = next((r for r in refused if r.field == name and r.code != "ingestion.required"), None)
        if wrong is not None:
            raise MendInvalid(f"{name!r} cannot be read", field=name, reason=wrong.code)
    raw_texts = parser.field_texts(_raw(uow, letter))
    mended = {name: text for name, text in mended.items() if text != raw_texts.get(name, "")}
    sealed = (
        uow.keyring.unwrap(letter.wrapped_key).seal(json.dumps(mended, ensure_ascii=False))
        if mended
        else None
    )
    store_letters.set_mended(uow, dead_letter_id, sealed=sealed, fields=sorted(mended))
    row, rejections = parser.compose(number=letter.row_number, part=letter.part, texts=raw_texts | mended)
    return rejections[0] if rejections else handler.check(row, _context(uow, letter.mapping))


def _context(uow: UnitOfWork, mapping: ImportMapping) -> ApplyContext:
    return ApplyContext(
        source=mapping.source,
        origin=Origin.REPLAY,
        options=mapping.options,
        is_whole=False,
        zone=mapping.zone,
        now=uow.now,
    )


@dataclass(slots=True)
class _Candidate:
    letter: StoredLetter
    row: MappedRow
    rejection: Rejection | None


def replay(uow: UnitOfWork, registry: HandlerRegistry, ids: Sequence[DeadLetterId]) -> tuple[int, int]:
    """Take open letters in with their mended values; those rejected again stay open with the new reason.

    Returns how many were taken, and how many rejected.
    """
    letters = [
        letter for letter in store_letters.lock_letters(uow, ids) if letter.state is DeadLetterState.OPEN
    ]
    replayed = rejected = 0
    for group in _by_import(letters):
        handler = registry.get(group[0].kind)
        kind = handler.describe(uow)
        mapping = group[0].mapping
        parser = RowParser(mapping, kind)
        context = _context(uow, mapping)
        candidates = [
            _candidate(uow, letter, parser, handler, context, number)
            for number, letter in enumerate(group, start=1)
        ]
        _hand_over(uow, handler, context, parser, candidates)
        handler.finish(uow, context)
        done = [candidate.letter.dead_letter_id for candidate in candidates if candidate.rejection is None]
        replayed += store_letters.decide(uow, done, DeadLetterState.REPLAYED)
        rejected += _store_reasons(uow, kind, candidates)
    return replayed, rejected


def _by_import(letters: Sequence[StoredLetter]) -> list[list[StoredLetter]]:
    groups: dict[int, list[StoredLetter]] = {}
    for letter in letters:
        groups.setdefault(letter.import_id, []).append(letter)
    return list(groups.values())


def _candidate(
    uow: UnitOfWork,
    letter: StoredLetter,
    parser: RowParser,
    handler: RecordHandler,
    context: ApplyContext,
    number: int,
) -> _Candidate:
    texts = parser.field_texts(_raw(uow, letter)) | _mended_texts(uow, letter)
    # The number is the row's name in this call only: letters of several parts may share one.
    row, rejections = parser.compose(number=number, part=letter.part, texts=texts)
    return _Candidate(letter, row, rejections[0] if rejections else handler.check(row, context))


def _hand_over(
    uow: UnitOfWork,
    handler: RecordHandler,
    context: ApplyContext,
    parser: RowParser,
    candidates: Sequence[_Candidate],
) -> None:
    records: dict[object, list[_Candidate]] = {}
    for candidate in candidates:
        if candidate.rejection is None:
            records.setdefault(parser.key_of(candidate.row) or candidate.row.number, []).append(candidate)
    _apply(uow, handler, context, list(records.values()))


def _apply(
    uow: UnitOfWork, handler: RecordHandler, context: ApplyContext, records: Sequence[Sequence[_Candidate]]
) -> None:
    """Apply in a savepoint; when the program fails, halve until the record that fails is alone."""
    if not records:
        return
    try:
        with uow.connection.begin_nested():
            outcomes = handler.apply(
                uow, [[candidate.row for candidate in record] for record in records], context
            )
    except Exception as error:  # allow(no-broad-except): the record is set aside with its reason
        if is_engine_error(error):
            raise
        if len(records) > 1:
            middle = len(records) // 2
            _apply(uow, handler, context, records[:middle])
            _apply(uow, handler, context, records[middle:])
            return
        logger.error("replay_failed", error=type(error).__name__, trace=trace_of(error))
        for candidate in records[0]:
            candidate.rejection = Rejection("ingestion.unexpected", None, "", {"error": type(error).__name__})
        return
    by_number = {candidate.row.number: candidate for record in records for candidate in record}
    for outcome in outcomes:
        if outcome.state is OutcomeState.REJECTED:
            for number in outcome.rows:
                by_number[number].rejection = outcome.rejection


def _store_reasons(uow: UnitOfWork, kind: RecordKind, candidates: Sequence[_Candidate]) -> int:
    rejected = 0
    for candidate in candidates:
        if candidate.rejection is None:
            continue
        rejected += 1
        key = uow.keyring.unwrap(candidate.letter.wrapped_key)
        store_letters.set_reason(
            uow,
            candidate.letter.dead_letter_id,
            candidate.rejection,
            sealed_value=key.seal(candidate.rejection.value),
            masked_value=Sealer(uow.keyring, key, kind).masked_value(candidate.rejection),
        )
    return rejected


def replay_named(
    uow: UnitOfWork,
    registry: HandlerRegistry,
    ids: Sequence[DeadLetterId] | None,
    wanted: DeadLetterFilter,
    *,
    after: int,
) -> ReplayResult:
    """Replay as many letters as one call takes of those named, after an id: letters that fail again are not met twice."""
    if ids is not None:
        chosen = sorted({number for number in ids if number > after})[:REPLAY_MAX]
    else:
        chosen = store_letters.letter_ids(uow, wanted, after=after, limit=REPLAY_MAX)
    replayed, rejected = replay(uow, registry, chosen)
    return ReplayResult(replayed, rejected, chosen[-1] if len(chosen) == REPLAY_MAX else None)
