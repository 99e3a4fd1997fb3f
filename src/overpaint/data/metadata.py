"""A record inside a picture: PNG texts, or the EXIF comment of a JPEG or WebP."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace

from PIL import PngImagePlugin

from overpaint.data import exif
from overpaint.data.containers import png_text, slim_jpeg
from overpaint.data.record import MOST_CHARACTERS, Record
from overpaint.data.sniff import kind
from overpaint.data.sources import read_bytes, shown
from overpaint.errors import ImageReadError, OverpaintError

RECORD, PARAMETERS = "overpaint", "parameters"
_MOST_PARTS = 20_000  # of a WebP
_MOST_COMMENT = 30_000  # characters, two bytes each: the EXIF block of a JPEG holds 64 KB
_HOLDERS = ("PNG", "JPEG", "WEBP")
_NAMES = {
    "num_inference_steps": "Steps",
    "guidance_scale": "CFG scale",
    "strength": "Denoising strength",
}


def parameters(record: Record, size: tuple[int, int]) -> str:
    """The record as the text that A1111 and its followers read: prompt, then settings."""
    named = {_NAMES[name]: value for name, value in record.options.items() if name in _NAMES}
    settings: Mapping[str, object] = {
        "Steps": named.pop("Steps", None),
        "Method": record.method,
        **named,
        "Seed": ", ".join(map(str, record.seeds)),
        "Size": f"{size[0]}x{size[1]}",
        "Model hash": record.weights,
        "Model": record.model,
        "Version": f"Overpaint {record.versions.get('overpaint', '')}".strip(),
    }
    line = ", ".join(f"{k}: {_quoted(v)}" for k, v in settings.items() if v not in (None, ""))
    return f"{record.prompt}\n{line}"


def _quoted(value: object) -> str:
    """Quoted as A1111 does it, where a comma, a colon or a new line would end the value."""
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if re.search(r"[,:\n]", text) else text


def png_texts(record: Record, size: tuple[int, int]) -> PngImagePlugin.PngInfo:
    """Both texts as iTXt chunks, which stand before the pixels."""
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt(RECORD, record.to_json())
    texts.add_itxt(PARAMETERS, parameters(record, size))
    return texts


def exif_block(record: Record, size: tuple[int, int], kept: bytes | None) -> bytes:
    """`kept` with one comment: the A1111 text, whose last setting is the record.

    Of a long history the oldest edits are left out.
    """
    while True:
        text = f"{parameters(record, size)}, {RECORD.title()}: {_quoted(record.to_json())}"
        if len(text) <= _MOST_COMMENT or not record.history:
            return exif.with_comment(kept, text)
        record = replace(record, history=record.history[1:])


def read_record(source: object) -> Record:
    """The record inside a PNG, JPEG or WebP file.

    Raises:
        ImageReadError: it is no such picture, or carries no record.
        UnsafeFileError: it carries one that is not to be believed.
    """
    name = shown(source) if isinstance(source, str | os.PathLike) else "the picture"
    data = read_bytes(source)
    found = kind(data, name)
    try:
        text = png_text(data, RECORD, MOST_CHARACTERS) if found == "PNG" else _comment(data, found)
    except Exception as error:  # damaged files fail in too many ways to name
        why = f"the {found} file is damaged ({error})"
        raise ImageReadError(f"cannot read the record of {name}", why) from error
    if text is None:
        why = "it was not made by Overpaint, or lost its metadata on the way"
        raise ImageReadError(f"{name} holds no record of an edit", why, "take the original output")
    return Record.from_json(text)


def read_history(data: bytes) -> tuple[tuple[Record, ...], tuple[str, ...]]:
    """The edits that made the picture in `data`, and a note where its record is not believed."""
    try:
        return (read_record(data).chain, ()) if kind(data, "") in _HOLDERS else ((), ())
    except ImageReadError:
        return (), ()
    except OverpaintError as error:
        return (), (f"how the picture was made is not recorded: {error.why or error.what}",)


def _comment(data: bytes, found: str) -> str | None:
    """The record's JSON in the EXIF comment."""
    block = slim_jpeg(data)[1] if found == "JPEG" else _webp_exif(data)
    _, mark, quoted = exif.comment(block).rpartition(f", {RECORD.title()}: ")
    return str(json.loads(quoted)) if mark and len(quoted) <= 2 * MOST_CHARACTERS else None


def _webp_exif(data: bytes) -> bytes | None:
    at = 12
    for _ in range(_MOST_PARTS):
        if at + 8 > len(data):
            break
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"EXIF":
            return data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return None
