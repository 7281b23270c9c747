"""Multipart forms: `clickhouse-connect` sends a query this way when its bound parameters are too long for a URL."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from python_multipart import create_form_parser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File


@dataclass(slots=True)
class Form:
    """Text fields of a form, and the names of the files that came with it."""

    values: dict[str, str] = field(default_factory=dict)
    file_names: list[str] = field(default_factory=list)


def read_form(content_type: str, body: Iterable[bytes], *, bytes_max: int) -> Form:
    """Read a form into memory. Raises: FormParserError when it is broken or larger than `bytes_max`."""
    form = Form()

    def on_field(part: Field) -> None:
        form.values[(part.field_name or b"").decode()] = (part.value or b"").decode()

    def on_file(part: File) -> None:
        form.file_names.append((part.field_name or b"").decode())

    parser = create_form_parser({"Content-Type": content_type.encode("latin-1")}, on_field, on_file)
    size = 0
    for chunk in body:
        size += len(chunk)
        if size > bytes_max:
            raise FormParserError(f"the form is larger than {bytes_max} bytes")
        parser.write(chunk)
    parser.finalize()
    return form
