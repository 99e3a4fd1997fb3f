"""What a file is, by its first bytes and never by its name."""

from overpaint.errors import ImageReadError

READS = "PNG, JPEG, WebP, TIFF, GIF and BMP pictures are read; the content decides, not the name"
HINT = "save it as PNG or JPEG first"

_OURS = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"BM", "BMP"),
)

# (offset, bytes, what it is): named so that the refusal says what lies there instead.
_OTHERS = (
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript file"),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript file"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"<?xml", "an XML or SVG file"),
    (0, b"<!DOCTYPE", "a web page"),
    (0, b"<html", "a web page"),
    (0, b"SIMPLE  =", "a FITS file"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyphei", "a HEIF picture"),
    (4, b"ftypmif1", "a HEIF picture"),
    (4, b"ftyp", "a video"),
    (4, b"jP  \r\n", "a JPEG 2000 picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (4, b"JXL \r\n", "a JPEG XL picture"),
    (0, b"II+\0", "a BigTIFF picture"),
    (0, b"MM\0+", "a BigTIFF picture"),
    (0, b"\0\0\1\0", "an icon"),
    (0, b"PK\3\4", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"DDS ", "a DDS texture"),
    (0, b"P1\n", "a PNM picture"),
    (0, b"P4\n", "a PNM picture"),
    (0, b"P5\n", "a PNM picture"),
    (0, b"P6\n", "a PNM picture"),
    (0, b"\x1a\x45\xdf\xa3", "a video"),
)


def kind(data: bytes, name: str) -> str:
    """The format of a file's bytes: PNG, JPEG, WEBP, TIFF, GIF or BMP; anything else is refused."""
    if not data:
        raise ImageReadError(f"cannot read {name}", "it is empty (0 bytes)", "copy the file anew")
    for start, found in _OURS:
        if data.startswith(start):
            return found
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    for offset, magic, what in _OTHERS:
        if data.startswith(magic, offset):
            raise ImageReadError(f"cannot read {name}", f"it is {what}; {READS}", HINT)
    raise ImageReadError(f"cannot read {name}", f"it is no picture of a known kind; {READS}", HINT)
