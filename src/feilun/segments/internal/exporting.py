"""Exports of people: who may have what is checked by the caller; here the reason is kept and the file is written."""

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from pyroaring import BitMap64

from feilun.identity import api as identity
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.i18n import DEFAULT_LOCALE, Locale
from feilun.platform.log import NewEvent, Origin, append_events
from feilun.profiles import api as profiles
from feilun.profiles.contracts import ExportFormat as ProfilesFormat
from feilun.segments import events
from feilun.segments.contracts import (
    REASON_MIN,
    AudienceId,
    AudienceOf,
    ExportFormat,
    ExportRecord,
    MembersOf,
    SegmentId,
    SetExpression,
)
from feilun.segments.errors import ExportColumnUnknown, ReasonTooShort
from feilun.segments.internal import members, store_audiences
from feilun.segments.internal.audiences import get_audience
from feilun.segments.internal.definitions import get_segment


def begin(
    uow: UnitOfWork,
    subject: SetExpression,
    *,
    reason: str,
    columns: Sequence[str],
    export_format: ExportFormat,
    reveal: bool,
) -> ExportRecord:
    """Record an export before any row leaves."""
    if len(reason.strip()) < REASON_MIN:
        raise ReasonTooShort("an export needs a reason", characters_min=REASON_MIN)
    known = [name for name, _ in profiles.list_export_columns(uow, locale=DEFAULT_LOCALE)]
    for column in columns:
        if column not in known:
            raise ExportColumnUnknown(f"no column {column}", column=column)
    if isinstance(subject, AudienceOf):
        kind, subject_id, name = (
            "audience",
            int(subject.audience_id),
            get_audience(uow, subject.audience_id).name,
        )
    else:
        assert isinstance(subject, MembersOf), "exports are of segments and audiences"
        kind, subject_id, name = "segment", int(subject.segment_id), get_segment(uow, subject.segment_id).name
    people = members.people_of(uow, subject)
    export_id = store_audiences.insert_export(
        uow,
        subject=kind,
        subject_id=subject_id,
        name=name,
        reason=reason.strip(),
        columns=list(dict.fromkeys(columns)) or known,
        format=export_format.value,
        people=len(people),
        is_masked=not reveal,
    )
    payload = {
        "export_id": export_id,
        "subject": kind,
        "subject_id": subject_id,
        "people": len(people),
        "is_masked": not reveal,
    }
    event = NewEvent(type=events.PEOPLE_EXPORTED, occurred_at=uow.now, origin=Origin.LIVE, payload=payload)
    append_events(uow, [event])
    return store_audiences.get_export(uow, export_id)


def write(
    uow: UnitOfWork, record: ExportRecord, path: Path, *, locale: Locale, zone: ZoneInfo, reveal: bool
) -> None:
    """Write the file of a recorded export."""
    subject: SetExpression = (
        MembersOf(SegmentId(record.subject_id))
        if record.subject == "segment"
        else AudienceOf(AudienceId(record.subject_id))
    )
    profiles.write_people(
        uow,
        path,
        _roots(uow, members.people_of(uow, subject)),
        columns=record.columns,
        export_format=ProfilesFormat(record.format.value),
        locale=locale,
        zone=zone,
        reveal=reveal,
    )


def _roots(uow: UnitOfWork, people: BitMap64) -> list[PersonId]:
    return sorted(set(identity.root_of(uow, [PersonId(person_id) for person_id in people]).values()))
