"""Request bodies that arrive compressed. Clients may send many frames one after another, one per block."""

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import lz4.frame  # type: ignore[import-untyped]

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_ZLIB_OR_GZIP: Final = 47
"""`wbits` that makes zlib recognise both of its containers."""

_DECOMPRESSORS: Final[dict[str, Callable[[], Any]]] = {
    "gzip": lambda: zlib.decompressobj(_ZLIB_OR_GZIP),
    "deflate": lambda: zlib.decompressobj(_ZLIB_OR_GZIP),
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": zstd.ZstdDecompressor,
}
SUPPORTED: Final = frozenset(_DECOMPRESSORS)


class BodyBroken(Exception):
    """The body is not what its Content-Encoding says, or ends inside a frame."""


def decompress(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield the plain bytes of a body sent with this Content-Encoding. Raises: BodyBroken."""
    make = _DECOMPRESSORS[encoding]
    frame = make()
    is_inside = False
    for chunk in chunks:
        rest = chunk
        while rest:
            try:
                plain = frame.decompress(rest)
            except (zlib.error, zstd.ZstdError, RuntimeError, EOFError) as error:
                raise BodyBroken(f"cannot decompress the {encoding} body: {error}") from error
            if plain:
                yield plain
            is_inside = not frame.eof
            rest = frame.unused_data if frame.eof else b""
            if frame.eof:
                frame = make()
    if is_inside:
        raise BodyBroken(f"the {encoding} body ends inside a frame")
