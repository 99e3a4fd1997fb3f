"""PNG chunks and JPEG segments: what decoders need is let through, all else is left behind."""

import struct
import zlib
from collections.abc import Iterator

_MOST_PARTS = 20_000
_PNG_NEEDS = frozenset(
    (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"pHYs")
)
_PNG_MARK = b"\x89PNG\r\n\x1a\n"


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, length) of every chunk's data up to IEND; ValueError for absurd ones."""
    at, texts = len(_PNG_MARK), 0
    while at + 8 <= len(data):
        length, chunk = struct.unpack_from(">I4s", data, at)
        texts += chunk != b"IDAT"
        if texts > _MOST_PARTS:
            raise ValueError(f"it has more than {_MOST_PARTS} chunks besides the picture")
        yield chunk, at + 8, length
        if chunk == b"IEND":
            return
        at += length + 12


def slim_png(data: bytes) -> tuple[bytes, bytes | None]:
    """The PNG without texts, animation and other extras, and its EXIF block."""
    exif, parts = None, [_PNG_MARK]
    for chunk, start, length in png_chunks(data):
        if chunk in _PNG_NEEDS:
            parts.append(data[start - 8 : start + length + 4])
        elif chunk == b"eXIf":
            exif = data[start : start + length]
    return b"".join(parts), exif


def png_text(data: bytes, keyword: str, most: int) -> str | None:
    """The text under `keyword` (tEXt, zTXt or iTXt), of at most `most` bytes."""
    mark = keyword.encode() + b"\0"
    for chunk, start, length in png_chunks(data):
        if chunk in (b"tEXt", b"zTXt", b"iTXt") and data.startswith(mark, start):
            return _text(chunk, data[start + len(mark) : start + length], most)
    return None


def _text(chunk: bytes, body: bytes, most: int) -> str:
    if chunk == b"tEXt":
        return body[: most + 1].decode("latin-1")
    packed, skip = (body[:1] == b"\1", 2) if chunk == b"iTXt" else (True, 1)
    value = body[skip:].split(b"\0", 2)[2] if chunk == b"iTXt" else body[skip:]
    if packed:
        value = zlib.decompressobj().decompress(value, most + 1)
    return value[: most + 1].decode("utf-8" if chunk == b"iTXt" else "latin-1", "replace")


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of the segments, marker bytes included, up to the first scan."""
    at = 2
    for _ in range(_MOST_PARTS):
        while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] == b"\xff":
            at += 1
        if at + 4 > len(data) or data[at] != 0xFF:
            raise ValueError("its header is damaged or ends early")
        marker = data[at + 1]
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if marker == 0xDA:
            yield marker, at, len(data)
            return
        yield marker, at, end
        at = end
    raise ValueError(f"its header has more than {_MOST_PARTS} segments")


def slim_jpeg(data: bytes) -> tuple[bytes, bytes | None]:
    """The JPEG with no application data but JFIF, Adobe and colour profile, and its EXIF block."""
    exif, parts = None, [data[:2]]
    for marker, start, end in jpeg_segments(data):
        body = data[start + 4 : end] if 0xE0 <= marker <= 0xEF else b""
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            exif = exif or body[6:]
        elif marker != 0xFE and (not body or body.startswith((b"JFIF", b"Adobe", b"ICC_PROFILE"))):
            parts.append(data[start:end])
    return b"".join(parts), exif
