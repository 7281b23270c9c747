"""Receives a multipart upload piece by piece, straight to its place: the framework's form parser would store it twice."""

from collections.abc import Callable
from typing import Final

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from feilun.ingestion.api import StoredUpload, Upload
from feilun.ingestion.errors import UploadIncomplete

_HEADER_BYTES_MAX: Final = 8_192


class UploadReceiver:
    """Feeds the first file of a multipart body into an `Upload`; other fields are passed over."""

    def __init__(self, content_type: str, open_upload: Callable[[str], Upload]) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise UploadIncomplete("the request is no multipart/form-data upload", received=0, expected=0)
        self._open_upload = open_upload
        self._upload: Upload | None = None
        self._is_in_file = False
        self._is_complete = False
        self._name = b""
        self._value = b""
        self._disposition = b""
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._on_header_name,
                "on_header_value": self._on_header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._on_data,
                "on_part_end": self._end_part,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """Take the next piece of the body. Raises: UploadIncomplete, DiskFull."""
        try:
            self._parser.write(chunk)
        except MultipartParseError:
            raise UploadIncomplete("the upload is not well-formed", received=0, expected=0) from None

    def finish(self) -> StoredUpload:
        """Settle the file once the body has ended. Raises: UploadIncomplete, DiskFull."""
        if self._upload is None or not self._is_complete:
            raise UploadIncomplete("the upload broke off or holds no file", received=0, expected=0)
        return self._upload.finish()

    def close(self) -> None:
        """Remove what was written unless `finish` settled it."""
        if self._upload is not None:
            self._upload.__exit__()

    def _begin_part(self) -> None:
        self._disposition = self._name = self._value = b""

    def _on_header_name(self, data: bytes, start: int, end: int) -> None:
        self._name = (self._name + data[start:end])[:_HEADER_BYTES_MAX]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value = (self._value + data[start:end])[:_HEADER_BYTES_MAX]

    def _end_header(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name = self._value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        filename = options.get(b"filename")
        self._is_in_file = filename is not None and self._upload is None
        if filename is not None and self._upload is None:
            self._upload = self._open_upload(filename.decode("utf-8", errors="replace"))

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_in_file and self._upload is not None:
            self._upload.write(data[start:end])

    def _end_part(self) -> None:
        self._is_complete = self._is_complete or self._is_in_file
        self._is_in_file = False
