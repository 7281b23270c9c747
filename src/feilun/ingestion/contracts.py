"""What intake tells and is told: record kinds, mapped rows, outcomes; files, mappings, imports, dead letters."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import datetime
from enum import StrEnum
from typing import NewType

from feilun.identity.contracts import IdentifierKind
from feilun.kernel.ids import ImportId, PersonId
from feilun.kernel.origin import Origin

FileId = NewType("FileId", int)
MappingId = NewType("MappingId", int)
DeadLetterId = NewType("DeadLetterId", int)


class FieldType(StrEnum):
    """How intake parses a cell. Values reach handlers as the Python type named here."""

    TEXT = "text"
    """str, stripped, never empty."""
    DECIMAL = "decimal"
    """decimal.Decimal; thousands separators, currency signs and full-width digits are understood."""
    INTEGER = "integer"
    """int"""
    DATETIME = "datetime"
    """aware datetime in UTC; cells without a zone are in the mapping's zone."""
    DATE = "date"
    """datetime.date"""
    BOOLEAN = "boolean"
    """bool; 是/否, yes/no, true/false, 1/0, Y/N"""
    CHOICE = "choice"
    """str, one of the field's choices; other words are translated by the mapping's value table."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text in both page languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One target field of a record kind."""

    name: str
    type: FieldType
    label: Label
    hint: Label | None = None
    required: bool = False
    is_key: bool = False
    """Rows with equal keys form one record (order number, customer code, SKU)."""
    is_personal: bool = False
    """Direct personal data: kept sealed in dead letters, masked for those without the right."""
    identifier: IdentifierKind | None = None
    """Set when the cell is an identifier of a person: an erasure finds dead letters by its blind index, and values that
    look like one speak for this field in a proposed mapping."""
    synonyms: tuple[str, ...] = ()
    """Usual column headings in Chinese and English, lower case, for proposing a mapping."""
    choices: tuple[str, ...] = ()
    group: Label | None = None
    """Heading under which pages list the field (customer, order, line …)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionSpec:
    """One setting of a record kind's intake that is no column, e.g. how cancellations are marked."""

    name: str
    type: FieldType
    label: Label
    hint: Label | None = None
    choices: tuple[str, ...] = ()
    choice_labels: tuple[Label, ...] = ()
    default: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKind:
    """What can be taken in under one name ('orders', 'customers', 'products')."""

    name: str
    label: Label
    fields: tuple[FieldSpec, ...]
    options: tuple[OptionSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class MappedRow:
    """One row after mapping and parsing. Empty cells are absent from `values`."""

    number: int
    """1 for the first data row of the file."""
    part: str
    """Sheet or batch within the file: the same order repeated in another part counts once."""
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ApplyContext:
    """What handlers need to know about the intake that calls them."""

    source: str
    """Name of the source system, e.g. 'erp'; scopes record numbers and ERP codes."""
    origin: Origin
    options: Mapping[str, str]
    is_whole: bool
    """Each record in the input is complete: parts (order lines) that are missing from it disappear."""
    zone: str
    """IANA zone of business dates."""
    now: datetime
    """The moment the intake runs, from the clock: `check` refuses dates more than a day after it."""


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """What a record says of a person beside identifiers; personal, hence handed over in memory and never put in the log."""

    person_id: PersonId
    source: str
    seen_at: datetime
    """When the record says so: an order's time."""
    origin: Origin
    values: Mapping[str, str]
    """'name', 'country', 'province', 'city'; identifiers (phone, e-mail …) go to identity instead."""


class OutcomeState(StrEnum):
    """What became of a record."""

    TAKEN = "taken"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a row or record was not taken; the message is translated by `code` in pages."""

    code: str
    """'ingestion.required', 'orders.currency_unknown' …; listed in locales and docs/reference/errors."""
    field: str | None
    value: str
    """The offending cell as it came, shortened to 200 characters."""
    detail: Mapping[str, object] = attribute(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one record: a state and, when rejected, why. `rows` are the file rows it came from."""

    state: OutcomeState
    rows: tuple[int, ...]
    rejection: Rejection | None = None


class DateOrder(StrEnum):
    """How dates of three numbers are read when the column itself does not tell."""

    YMD = "ymd"
    DMY = "dmy"
    MDY = "mdy"


class DecimalMark(StrEnum):
    """How numbers with one separator are read when the column itself does not tell."""

    POINT = "point"
    COMMA = "comma"
    UNCLEAR = "unclear"
    """The column uses both; numbers with two readings are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How to read a file where guessing may err. None and empty mean: as detected."""

    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    """1 for the first row of the file or sheet, 0 when there are no headings."""
    sheets: tuple[str, ...] = ()
    """Sheets of a workbook to read, each a part; empty for all that share the first one's headings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldBinding:
    """One field filled from one column."""

    field: str
    column: str
    date_order: DateOrder | None = None
    decimal_mark: DecimalMark | None = None
    value_table: Mapping[str, str] = attribute(default_factory=dict)
    """Words of the file → choices of the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportMapping:
    """How the columns of a file become the fields of a record kind. Stored as JSON, version 1."""

    kind: str
    bindings: tuple[FieldBinding, ...]
    constants: Mapping[str, str] = attribute(default_factory=dict)
    """Field → the same text for every row."""
    part_column: str | None = None
    """Column that tells which part (sheet, batch) a row came from; without it each sheet is a part."""
    zone: str = "Asia/Shanghai"
    source: str = "file"
    is_whole: bool = False
    options: Mapping[str, str] = attribute(default_factory=dict)
    reading: ReadOptions = ReadOptions()
    version: int = 1


class FileFormat(StrEnum):
    """What an uploaded file is, by its content."""

    CSV = "csv"
    WORKBOOK = "workbook"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file with its first distinct values."""

    name: str
    samples: tuple[str, ...]
    type: str
    """'text' for CSV and workbooks, the stored type for Parquet."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something odd about a file that was dealt with (duplicate heading renamed, empty column left out)."""

    code: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLayout:
    """What is in a file: how it was read and which columns it has."""

    format: FileFormat
    encoding: str | None
    delimiter: str | None
    header_row: int
    sheets: tuple[str, ...]
    """All sheets of a workbook; empty for other formats."""
    read_sheets: tuple[str, ...]
    """The sheets that are read."""
    columns: tuple[Column, ...]
    rows: int | None
    """Data rows, when known without reading everything (workbooks, Parquet)."""
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """A file that was taken in and waits to be imported."""

    file_id: FileId
    name: str
    size_bytes: int
    sha256: str
    uploaded_by: str
    uploaded_at: datetime
    is_present: bool
    """False once retention has removed the content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedBinding:
    """Why a column was proposed for a field."""

    field: str
    column: str
    confidence: float
    reason: str
    """'heading', 'similar_heading', 'values' or 'saved'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A mapping to start from, with the reasons."""

    mapping: ImportMapping
    reasons: tuple[ProposedBinding, ...]
    saved_name: str | None
    """Name of the saved mapping it was taken from."""
    missing: tuple[str, ...]
    """Required fields that no column was found for."""
    unknown_words: Mapping[str, tuple[str, ...]]
    """Field → words of the sample that fit none of its choices; they need an entry in the value table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedMapping:
    """A mapping kept under a name for the next file of the same make."""

    mapping_id: MappingId
    name: str
    mapping: ImportMapping
    updated_by: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row as it would be taken, every value as text, and every reason against it."""

    number: int
    part: str
    values: Mapping[str, str]
    rejections: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many rows were rejected for one reason."""

    code: str
    field: str | None
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an import would take, by its first rows; nothing was changed."""

    rows: tuple[PreviewRow, ...]
    rejected_rows: tuple[PreviewRow, ...]
    checked: int
    """Rows looked at."""
    is_complete: bool
    """All rows of the file were looked at."""
    records: int
    rejected: int
    reasons: tuple[ReasonCount, ...]


class ImportState(StrEnum):
    """Life of an import. A stopped or failed one can be resumed and goes on where it was."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """Records or rows by what became of them."""

    taken: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One run of one file through one mapping."""

    import_id: ImportId
    kind: str
    file_id: FileId
    file_name: str
    mapping: ImportMapping
    state: ImportState
    phase: str
    """'reading' until every row is sorted into the spool, then 'taking', then 'finishing'."""
    rows_read: int
    rows_total: int | None
    """Known once everything is read."""
    rows_handled: int
    records: OutcomeCounts
    rows: OutcomeCounts
    reasons: tuple[ReasonCount, ...]
    new_dead_letters: int
    """Rejected rows that were not on the dead-letter list before."""
    error_code: str | None
    error_detail: Mapping[str, object]
    attempts: int
    """Failed tries since the last progress; the next one waits until `next_attempt_at`."""
    next_attempt_at: datetime | None
    started_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class DeadLetterState(StrEnum):
    """Life of a rejected row."""

    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A rejected row. Raw cells and values are absent for those who may not see personal data; then `values` is masked."""

    dead_letter_id: DeadLetterId
    import_id: ImportId
    file_name: str
    kind: str
    source: str
    number: int
    part: str
    state: DeadLetterState
    rejection: Rejection
    raw: Mapping[str, str] | None
    """Every cell of the row as it came, by column."""
    values: Mapping[str, str]
    """Field → text as mapped, with the mended values in place."""
    mended: tuple[str, ...]
    """Fields whose value was edited."""
    is_masked: bool
    created_at: datetime
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterFilter:
    """Which dead letters to list or act on; None means any."""

    state: DeadLetterState | None = None
    kind: str | None = None
    import_id: ImportId | None = None
    code: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What became of replayed dead letters."""

    replayed: int
    rejected: int
    """Still open, with their newest reason."""
    next_after: DeadLetterId | None
    """Where the next call goes on: this one took as many as a call takes. None: all that were named were taken."""
