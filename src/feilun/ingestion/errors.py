"""Expected errors of intake."""

from feilun.kernel.errors import Conflict, FeilunError, Invalid, NotFound


class KindNotFound(NotFound):
    """No room has registered this record kind."""

    code = "ingestion.kind_not_found"


class FileNotKnown(NotFound):
    """No uploaded file has this id, or retention has removed its content."""

    code = "ingestion.file_not_found"


class MappingNotFound(NotFound):
    """No saved mapping has this id."""

    code = "ingestion.mapping_not_found"


class ImportNotFound(NotFound):
    """No import has this id."""

    code = "ingestion.import_not_found"


class DeadLetterNotFound(NotFound):
    """No dead letter has this id."""

    code = "ingestion.dead_letter_not_found"


class DiskFull(FeilunError):
    """The disk has no room for the file or for sorting it; nothing was left half-done."""

    code = "ingestion.disk_full"
    http_status = 507


class UploadIncomplete(Invalid):
    """The upload ended before the announced size, or holds no file."""

    code = "ingestion.upload_incomplete"


class FileEmpty(Invalid):
    """The file holds no row."""

    code = "ingestion.file_empty"


class FormatUnknown(Invalid):
    """The content is no CSV, workbook or Parquet file."""

    code = "ingestion.format_unknown"


class FileBroken(Invalid):
    """The file says it is of a format but cannot be read as such."""

    code = "ingestion.file_broken"


class CsvBroken(Invalid):
    """A line of a CSV file cannot be taken apart: an unclosed quote or a line without end."""

    code = "ingestion.csv_broken"


class EncodingWrong(Invalid):
    """The chosen encoding does not exist or is not supported."""

    code = "ingestion.encoding_wrong"


class WorkbookTooLarge(Invalid):
    """A workbook needs more memory or time than reading one may take (often a stray cell far below the data)."""

    code = "ingestion.workbook_too_large"


class WorkbookProtected(Invalid):
    """The workbook is encrypted with a password."""

    code = "ingestion.workbook_protected"


class SheetNotFound(Invalid):
    """The workbook has no sheet of this name."""

    code = "ingestion.sheet_not_found"


class MappingInvalid(Invalid):
    """The mapping contradicts the file or the record kind; the detail names column, field and reason."""

    code = "ingestion.mapping_invalid"


class MappingColumnMissing(Invalid):
    """The mapping names a column that the file does not have."""

    code = "ingestion.mapping_column_missing"


class MappingFieldUnknown(Invalid):
    """The mapping names a field that the record kind does not have."""

    code = "ingestion.mapping_field_unknown"


class MappingFieldTwice(Invalid):
    """Two columns (or a column and a constant) are bound to one field."""

    code = "ingestion.mapping_field_twice"


class MappingFieldRequired(Invalid):
    """A required field has neither column nor constant."""

    code = "ingestion.mapping_field_required"


class MappingConstantInvalid(Invalid):
    """A constant cannot be read as its field's type."""

    code = "ingestion.mapping_constant_invalid"


class MappingOptionInvalid(Invalid):
    """An option is unknown or has a value outside its choices."""

    code = "ingestion.mapping_option_invalid"


class MappingZoneUnknown(Invalid):
    """The zone is no IANA zone."""

    code = "ingestion.mapping_zone_unknown"


class MappingSourceInvalid(Invalid):
    """The name of the source is empty, too long or has characters other than letters, digits, dot, dash, underscore."""

    code = "ingestion.mapping_source_invalid"


class MappingVersionUnknown(Invalid):
    """The stored mapping is of a newer version than this program understands."""

    code = "ingestion.mapping_version_unknown"


class ImportNotStoppable(Conflict):
    """The import has ended already."""

    code = "ingestion.not_stoppable"


class ImportNotResumable(Conflict):
    """Only a stopped or failed import can be resumed."""

    code = "ingestion.not_resumable"


class DeadLetterDecided(Conflict):
    """The dead letter was replayed or discarded already."""

    code = "ingestion.dead_letter_decided"


class MendInvalid(Invalid):
    """An edited value cannot be read as its field's type, or names no field."""

    code = "ingestion.mend_invalid"


class TooManyUnexpected(FeilunError):
    """So many records failed inside the program that the import was halted rather than setting everything aside."""

    code = "ingestion.too_many_unexpected"
    http_status = 500


class EngineAway(FeilunError):
    """The database stayed away through all tries; the import can be resumed."""

    code = "ingestion.engine_away"
    http_status = 503
