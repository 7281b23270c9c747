"""What the ingestion endpoints take and give, and how contracts become that."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

from pydantic import BaseModel, Field

from feilun.identity.contracts import IdentifierKind
from feilun.ingestion.contracts import (
    DateOrder,
    DeadLetter,
    DeadLetterState,
    DecimalMark,
    FieldBinding,
    FieldType,
    FileFormat,
    FileLayout,
    Import,
    ImportMapping,
    ImportState,
    Label,
    Note,
    Preview,
    PreviewRow,
    Proposal,
    ReadOptions,
    ReasonCount,
    RecordKind,
    Rejection,
    SavedMapping,
    UploadedFile,
)
from feilun.kernel.ids import opaque
from feilun.platform.i18n import Locale, translate

_MASK = "***"
_MANY = "…"
"""Stands for the value in a message about many rows."""


class LabelOut(BaseModel):
    """A text in both page languages."""

    zh: str
    en: str


class RecordFieldOut(BaseModel):
    """A target field of a record kind."""

    name: str
    type: FieldType
    label: LabelOut
    hint: LabelOut | None
    required: bool
    is_key: bool
    is_personal: bool
    identifier: IdentifierKind | None
    choices: list[str]
    group: LabelOut | None


class OptionOut(BaseModel):
    """A setting of a record kind's intake."""

    name: str
    type: FieldType
    label: LabelOut
    hint: LabelOut | None
    choices: list[str]
    choice_labels: list[LabelOut]
    default: str


class RecordKindOut(BaseModel):
    """What can be taken in under one name."""

    name: str
    label: LabelOut
    fields: list[RecordFieldOut]
    options: list[OptionOut]


class ReadOptionsBody(BaseModel):
    """How to read a file where guessing may err; nulls mean as detected."""

    encoding: str | None = Field(None, max_length=40)
    delimiter: str | None = Field(None, max_length=1)
    header_row: int | None = Field(None, ge=0, le=1000, description="1 for the first row, 0 for no headings")
    sheets: list[str] = Field(default_factory=list, max_length=200)


class BindingBody(BaseModel):
    """One field filled from one column."""

    field: str = Field(max_length=100)
    column: str = Field(max_length=250)
    date_order: DateOrder | None = None
    decimal_mark: DecimalMark | None = None
    value_table: dict[str, str] = Field(default_factory=dict)


class MappingBody(BaseModel):
    """How the columns of a file become the fields of a record kind."""

    kind: str = Field(max_length=100)
    bindings: list[BindingBody] = Field(max_length=500)
    constants: dict[str, str] = Field(default_factory=dict)
    part_column: str | None = Field(None, max_length=250)
    zone: str = Field("Asia/Shanghai", max_length=64)
    source: str = Field("file", max_length=64)
    is_whole: bool = False
    options: dict[str, str] = Field(default_factory=dict)
    reading: ReadOptionsBody = Field(default_factory=ReadOptionsBody)


class ColumnOut(BaseModel):
    """A column of a file with its first distinct values."""

    name: str
    samples: list[str]
    type: str


class NoteOut(BaseModel):
    """Something odd about a file that was dealt with."""

    code: str
    message: str


class BindingReasonOut(BaseModel):
    """Why a column was proposed for a field."""

    field: str
    column: str
    confidence: float
    reason: str


class ProposalOut(BaseModel):
    """A mapping to start from, with the reasons."""

    mapping: MappingBody
    reasons: list[BindingReasonOut]
    saved_name: str | None
    missing: list[str]
    unknown_words: dict[str, list[str]]


class FileOut(BaseModel):
    """An uploaded file, what is in it, and a proposed mapping when a kind was named."""

    id: str
    name: str
    size_bytes: int
    uploaded_by: str
    uploaded_at: datetime
    format: FileFormat
    encoding: str | None
    delimiter: str | None
    header_row: int
    sheets: list[str]
    read_sheets: list[str]
    columns: list[ColumnOut]
    rows: int | None
    notes: list[NoteOut]
    proposal: ProposalOut | None


class InspectIn(BaseModel):
    """How to look at a file again."""

    kind: str | None = Field(None, max_length=100, description="Also propose a mapping for this record kind")
    reading: ReadOptionsBody = Field(default_factory=ReadOptionsBody)
    source: str = Field("file", max_length=64)


class RejectionOut(BaseModel):
    """Why a row was not taken."""

    code: str
    field: str | None
    value: str
    message: str


class PreviewRowOut(BaseModel):
    """One row as it would be taken."""

    number: int
    part: str
    values: dict[str, str]
    rejections: list[RejectionOut]


class ReasonOut(BaseModel):
    """How many rows were rejected for one reason."""

    code: str
    field: str | None
    rows: int
    message: str


class PreviewOut(BaseModel):
    """What an import would take, by its first rows."""

    rows: list[PreviewRowOut]
    rejected_rows: list[PreviewRowOut]
    checked: int
    is_complete: bool
    records: int
    rejected: int
    reasons: list[ReasonOut]


class SavedMappingOut(BaseModel):
    """A mapping kept under a name."""

    id: str
    name: str
    mapping: MappingBody
    updated_by: str
    updated_at: datetime


class SaveMappingIn(BaseModel):
    """Keep a mapping under a name."""

    name: str = Field(min_length=1, max_length=100)
    file_id: str
    mapping: MappingBody


class ImportIn(BaseModel):
    """Start an import."""

    file_id: str
    mapping: MappingBody


class CountsOut(BaseModel):
    """Records or rows by what became of them."""

    taken: int
    changed: int
    unchanged: int
    rejected: int


class ImportOut(BaseModel):
    """An import with its progress and result."""

    id: str
    kind: str
    file_id: str
    file_name: str
    mapping: MappingBody
    state: ImportState
    phase: str = Field(description="reading, taking or finishing")
    progress: float = Field(description="0 to 1")
    rows_read: int
    rows_total: int | None
    rows_handled: int
    records: CountsOut
    rows: CountsOut
    reasons: list[ReasonOut]
    new_dead_letters: int
    error_code: str | None
    error_message: str | None
    next_attempt_at: datetime | None
    started_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class DeadLetterOut(BaseModel):
    """A rejected row; masked for those who may not see personal data."""

    id: str
    import_id: str
    file_name: str
    kind: str
    source: str
    number: int
    part: str
    state: DeadLetterState
    rejection: RejectionOut
    raw: dict[str, str] | None
    values: dict[str, str]
    mended: list[str]
    is_masked: bool
    created_at: datetime
    decided_by: str | None
    decided_at: datetime | None


class MendIn(BaseModel):
    """Edited values, field → text; null clears."""

    values: dict[str, str | None] = Field(max_length=500)


class MendedOut(BaseModel):
    """A mended dead letter and what still stands against it."""

    letter: DeadLetterOut
    rejection: RejectionOut | None


class DeadLetterChoiceIn(BaseModel):
    """Which open dead letters to act on: those with these ids, else those that every given narrowing names, else all."""

    ids: list[str] | None = Field(None, max_length=2000)
    import_id: str | None = Field(None, max_length=40)
    kind: str | None = Field(None, max_length=100)
    code: str | None = Field(None, max_length=100, description="Code of the reason")
    field: str | None = Field(None, max_length=100, description="Field that the reason is about")
    all: bool = False


class ReplayIn(DeadLetterChoiceIn):
    """Which open dead letters to replay, and after which one to go on."""

    after: str | None = Field(None, max_length=40, description="`next_after` of the call before")


class ReplayOut(BaseModel):
    """What became of replayed dead letters."""

    replayed: int
    rejected: int
    next_after: str | None


class DiscardOut(BaseModel):
    """How many dead letters were discarded."""

    discarded: int


class RetentionBody(BaseModel):
    """For how many days dead letters are kept."""

    dead_letter_days: int = Field(ge=1, le=3650)


def label_out(label: Label) -> LabelOut:
    return LabelOut(zh=label.zh, en=label.en)


def kind_out(kind: RecordKind) -> RecordKindOut:
    return RecordKindOut(
        name=kind.name,
        label=label_out(kind.label),
        fields=[
            RecordFieldOut(
                name=spec.name,
                type=spec.type,
                label=label_out(spec.label),
                hint=label_out(spec.hint) if spec.hint else None,
                required=spec.required,
                is_key=spec.is_key,
                is_personal=spec.is_personal,
                identifier=spec.identifier,
                choices=list(spec.choices),
                group=label_out(spec.group) if spec.group else None,
            )
            for spec in kind.fields
        ],
        options=[
            OptionOut(
                name=option.name,
                type=option.type,
                label=label_out(option.label),
                hint=label_out(option.hint) if option.hint else None,
                choices=list(option.choices),
                choice_labels=[label_out(label) for label in option.choice_labels],
                default=option.default,
            )
            for option in kind.options
        ],
    )


def reading_of(body: ReadOptionsBody) -> ReadOptions:
    return ReadOptions(
        encoding=body.encoding,
        delimiter=body.delimiter,
        header_row=body.header_row,
        sheets=tuple(body.sheets),
    )


def mapping_of(body: MappingBody) -> ImportMapping:
    return ImportMapping(
        kind=body.kind,
        bindings=tuple(FieldBinding(**binding.model_dump()) for binding in body.bindings),
        constants=dict(body.constants),
        part_column=body.part_column,
        zone=body.zone,
        source=body.source,
        is_whole=body.is_whole,
        options=dict(body.options),
        reading=reading_of(body.reading),
    )


def mapping_out(mapping: ImportMapping) -> MappingBody:
    return MappingBody.model_validate(asdict(mapping))


def proposal_out(proposal: Proposal, *, reveal: bool) -> ProposalOut:
    words = proposal.unknown_words if reveal else {}
    return ProposalOut(
        mapping=mapping_out(proposal.mapping),
        reasons=[BindingReasonOut.model_validate(asdict(reason)) for reason in proposal.reasons],
        saved_name=proposal.saved_name,
        missing=list(proposal.missing),
        unknown_words={name: list(found) for name, found in words.items()},
    )


def file_out(file: UploadedFile, layout: FileLayout, proposal: ProposalOut | None, locale: Locale) -> FileOut:
    return FileOut(
        id=opaque("f", file.file_id),
        name=file.name,
        size_bytes=file.size_bytes,
        uploaded_by=file.uploaded_by,
        uploaded_at=file.uploaded_at,
        format=layout.format,
        encoding=layout.encoding,
        delimiter=layout.delimiter,
        header_row=layout.header_row,
        sheets=list(layout.sheets),
        read_sheets=list(layout.read_sheets),
        columns=[ColumnOut(name=c.name, samples=list(c.samples), type=c.type) for c in layout.columns],
        rows=layout.rows,
        notes=[_note_out(note, locale) for note in layout.notes],
        proposal=proposal,
    )


def _note_out(note: Note, locale: Locale) -> NoteOut:
    return NoteOut(code=note.code, message=translate(note.code, locale, note.detail))


def rejection_out(rejection: Rejection, locale: Locale) -> RejectionOut:
    detail = {"value": rejection.value, "field": rejection.field or "", **rejection.detail}
    return RejectionOut(
        code=rejection.code,
        field=rejection.field,
        value=rejection.value,
        message=translate(rejection.code, locale, detail),
    )


def _reasons_out(reasons: Iterable[ReasonCount], locale: Locale) -> list[ReasonOut]:
    return [
        ReasonOut(
            code=reason.code,
            field=reason.field,
            rows=reason.rows,
            message=_without_value(
                translate(reason.code, locale, {"field": reason.field or "", "value": _MANY}), locale
            ),
        )
        for reason in reasons
    ]


def _without_value(message: str, locale: Locale) -> str:
    """Word a reason for many rows: the place of the one value falls away, or becomes "The value" at the beginning."""
    quoted = f"“{_MANY}”"
    if locale == "en" and message.startswith(quoted):
        return f"The value{message.removeprefix(quoted)}"
    return message.replace(f" {quoted}", "").replace(quoted, "")


def preview_out(preview: Preview, personal: frozenset[str], locale: Locale) -> PreviewOut:
    """`personal` names the fields to hide."""

    def row_out(row: PreviewRow) -> PreviewRowOut:
        return PreviewRowOut(
            number=row.number,
            part=row.part,
            values={name: _MASK if name in personal else text for name, text in row.values.items()},
            rejections=[rejection_out(_hidden(rejection, personal), locale) for rejection in row.rejections],
        )

    return PreviewOut(
        rows=[row_out(row) for row in preview.rows],
        rejected_rows=[row_out(row) for row in preview.rejected_rows],
        checked=preview.checked,
        is_complete=preview.is_complete,
        records=preview.records,
        rejected=preview.rejected,
        reasons=_reasons_out(preview.reasons, locale),
    )


def _hidden(rejection: Rejection, personal: frozenset[str]) -> Rejection:
    if rejection.field not in personal:
        return rejection
    return Rejection(rejection.code, rejection.field, _MASK, rejection.detail)


def saved_mapping_out(saved: SavedMapping) -> SavedMappingOut:
    return SavedMappingOut(
        id=opaque("im", saved.mapping_id),
        name=saved.name,
        mapping=mapping_out(saved.mapping),
        updated_by=saved.updated_by,
        updated_at=saved.updated_at,
    )


def import_out(item: Import, locale: Locale) -> ImportOut:
    return ImportOut(
        id=opaque("i", item.import_id),
        kind=item.kind,
        file_id=opaque("f", item.file_id),
        file_name=item.file_name,
        mapping=mapping_out(item.mapping),
        state=item.state,
        phase=item.phase,
        progress=_progress(item),
        rows_read=item.rows_read,
        rows_total=item.rows_total,
        rows_handled=item.rows_handled,
        records=CountsOut.model_validate(asdict(item.records)),
        rows=CountsOut.model_validate(asdict(item.rows)),
        reasons=_reasons_out(item.reasons, locale),
        new_dead_letters=item.new_dead_letters,
        error_code=item.error_code,
        error_message=translate(item.error_code, locale, _plain(item.error_detail))
        if item.error_code
        else None,
        next_attempt_at=item.next_attempt_at,
        started_by=item.started_by,
        created_at=item.created_at,
        started_at=item.started_at,
        finished_at=item.finished_at,
    )


def _plain(detail: Mapping[str, object]) -> dict[str, object]:
    return dict(detail)


def _progress(item: Import) -> float:
    """Reading is about a tenth of the work."""
    if item.state is ImportState.DONE:
        return 1.0
    if not item.rows_total:
        return 0.0
    return round(0.1 + 0.89 * item.rows_handled / item.rows_total, 3)


def dead_letter_out(letter: DeadLetter, locale: Locale) -> DeadLetterOut:
    return DeadLetterOut(
        id=opaque("d", letter.dead_letter_id),
        import_id=opaque("i", letter.import_id),
        file_name=letter.file_name,
        kind=letter.kind,
        source=letter.source,
        number=letter.number,
        part=letter.part,
        state=letter.state,
        rejection=rejection_out(letter.rejection, locale),
        raw=dict(letter.raw) if letter.raw is not None else None,
        values=dict(letter.values),
        mended=list(letter.mended),
        is_masked=letter.is_masked,
        created_at=letter.created_at,
        decided_by=letter.decided_by,
        decided_at=letter.decided_at,
    )
