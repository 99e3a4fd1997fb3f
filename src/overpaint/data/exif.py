"""EXIF: the orientation, and the few harmless tags that go into an output."""

import struct

from PIL import Image

from overpaint.data.ifd import ascii_text, directories, short

ORIENTATION = 0x0112
_EXIF, _GPS, _INTEROPERABILITY, _USER_COMMENT = 0x8769, 0x8825, 0xA005, 0x9286
# Kept without being asked: Make, Model, DateTime, Artist, Copyright, DateTimeOriginal. Not kept:
# GPS, MakerNote, serial numbers, comments, and the thumbnail, which shows the picture unedited.
_HARMLESS = (0x010F, 0x0110, 0x0132, 0x013B, 0x8298)
_HARMLESS_EXIF = (0x9003,)
# What says something about the picture and nothing about how its pixels lie in the file.
_DESCRIPTIVE = (0x010E, *_HARMLESS, 0x0131, *range(0x9C9B, 0x9CA0))


def _bare(exif: bytes) -> bytes:
    return exif.removeprefix(b"Exif\0\0")


def orientation(exif: bytes | None) -> int:
    """1 to 8 as EXIF counts; 1 when there is none, or none that can be read safely."""
    data = _bare(exif or b"")
    try:
        for tag in next(directories(data)):
            if tag.number == ORIENTATION and 1 <= short(data, tag) <= 8:
                return short(data, tag)
    except (ValueError, struct.error):
        pass
    return 1


def kept(exif: bytes | None, *, everything: bool = False) -> bytes | None:
    """The EXIF block for an output: harmless tags, or all but orientation and thumbnail."""
    data = _bare(exif or b"")
    try:
        if not data or not list(directories(data)):
            return None
        return _everything(data) if everything else _harmless(data)
    except Exception:  # hostile EXIF fails in too many ways to name: it is left behind
        return None


def _harmless(data: bytes) -> bytes | None:
    first, inner = Image.Exif(), {}
    for tags in directories(data):
        for tag in tags:
            if text := ascii_text(data, tag):
                if tag.number in _HARMLESS:
                    first[tag.number] = text
                elif tag.number in _HARMLESS_EXIF:
                    inner[tag.number] = text
    if inner:
        first.get_ifd(_EXIF).update(inner)
    return first.tobytes() if first or inner else None


def _everything(data: bytes) -> bytes | None:
    found, block = Image.Exif(), Image.Exif()
    found.load(data)
    for number in _DESCRIPTIVE:
        if number in found:
            block[number] = found[number]
    for number in (_EXIF, _GPS):
        if values := dict(found.get_ifd(number)):
            values.pop(_INTEROPERABILITY, None)  # a pointer, which would point nowhere
            block.get_ifd(number).update(values)
    return block.tobytes()


def with_comment(exif: bytes | None, text: str) -> bytes:
    """The block with `text` as UserComment, UTF-16 behind the UNICODE mark as EXIF wants it."""
    block = Image.Exif()
    if exif:
        block.load(exif)
        block.get_ifd(_EXIF)
    block.get_ifd(_EXIF)[_USER_COMMENT] = b"UNICODE\0" + text.encode("utf-16-be")
    return block.tobytes()


def comment(exif: bytes | None) -> str:
    """The UserComment that `with_comment` wrote, empty when there is none."""
    data = _bare(exif or b"")
    try:
        for tags in directories(data):
            for tag in tags:
                value = data[tag.start : tag.start + tag.size]
                if tag.number == _USER_COMMENT and value.startswith(b"UNICODE\0"):
                    return value[8:].decode("utf-16-be", "replace")
    except (ValueError, struct.error):
        pass
    return ""
