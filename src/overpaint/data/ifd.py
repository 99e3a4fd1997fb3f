"""Tags of a TIFF directory (EXIF is one): found and bounded before any decoder follows them."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

# Bytes of one value by TIFF field type: byte, ascii, short, long, rational, sbyte, undefined, ...
_UNIT = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4)
_DIRECTORIES = (0x8769, 0x8825, 0xA005)  # Exif, GPS, Interoperability
_MOST_TAGS = 1000


class Tag(NamedTuple):
    """One entry: `kind` is the TIFF field type, `start` the offset of its `size` bytes."""

    number: int
    kind: int
    start: int
    size: int


def order(data: bytes) -> str:
    """The byte order as `struct` writes it; ValueError for anything but a TIFF header."""
    if data[:4] == b"II*\0":
        return "<"
    if data[:4] == b"MM\0*":
        return ">"
    raise ValueError("no TIFF header")


def directory(data: bytes, offset: int) -> list[Tag]:
    """The tags of the directory at `offset`; ValueError when they point outside or abound."""
    end = order(data)
    if not 8 <= offset <= len(data) - 2:
        raise ValueError("a directory lies outside the file")
    (count,) = struct.unpack_from(end + "H", data, offset)
    if count > _MOST_TAGS or offset + 2 + 12 * count > len(data):
        raise ValueError(f"a directory claims {count} tags")
    tags = []
    for at in range(offset + 2, offset + 2 + 12 * count, 12):
        number, kind, values = struct.unpack_from(end + "HHI", data, at)
        size = values * (_UNIT[kind] if kind < len(_UNIT) else 0)
        (start,) = struct.unpack_from(end + "I", data, at + 8) if size > 4 else (at + 8,)
        tags.append(Tag(number, kind, start, size))
    # A decoder copies every value: tags that overlap would multiply the file in memory.
    if sum(tag.size for tag in tags) > 4 * len(data):
        raise ValueError("its tags overlap")
    return tags


def directories(data: bytes) -> Iterator[list[Tag]]:
    """The first directory and those it points to: Exif, GPS, Interoperability."""
    end = order(data)
    (first,) = struct.unpack_from(end + "I", data, 4)
    tags = directory(data, first)
    yield tags
    for tag in tags:
        if tag.number in _DIRECTORIES and tag.size == 4:
            yield directory(data, struct.unpack_from(end + "I", data, tag.start)[0])


def short(data: bytes, tag: Tag) -> int:
    """The first value of a SHORT tag, 0 for anything else."""
    if tag.kind != 3 or tag.size < 2 or tag.start + 2 > len(data):
        return 0
    return int(struct.unpack_from(order(data) + "H", data, tag.start)[0])


def ascii_text(data: bytes, tag: Tag) -> str:
    """An ASCII tag's printable text of at most 200 characters, empty for anything else."""
    if tag.kind != 2 or tag.start + tag.size > len(data):
        return ""
    text = data[tag.start : tag.start + tag.size].split(b"\0")[0].decode("utf-8", "replace")
    return "".join(c for c in text if c.isprintable())[:200]
