"""A picture stored in any EXIF orientation gives the same edit: by function and by command."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import overpaint
from overpaint.cli import main

pytestmark = pytest.mark.usefixtures("with_tiny_parts")

TAG = 0x0112
T = Image.Transpose
# What a camera does to an upright picture before it stores it with the tag 2 to 8.
STORED = {
    2: T.FLIP_LEFT_RIGHT,
    3: T.ROTATE_180,
    4: T.FLIP_TOP_BOTTOM,
    5: T.TRANSPOSE,
    6: T.ROTATE_90,
    7: T.TRANSVERSE,
    8: T.ROTATE_270,
}
ORIENTATIONS = range(1, 9)
# Flat squares: whole blocks of a JPEG, which a turn does not change.
FORMATS = {"png": {}, "jpg": {"quality": 100, "subsampling": 0}, "webp": {"lossless": True}}
FORMATS |= {"tiff": {}}


def squares():
    """48 x 32 pixels in six squares of 16, each of another colour."""
    colours = np.random.default_rng(0).integers(40, 216, (2, 3, 3), dtype=np.uint8)
    return Image.fromarray(colours.repeat(16, axis=0).repeat(16, axis=1))


def stored(picture, orientation, suffix="png"):
    """The file of an upright picture, stored turned."""
    turned = picture.transpose(STORED[orientation]) if orientation in STORED else picture
    tags, buffer = Image.Exif(), io.BytesIO()
    tags[TAG] = orientation
    format = {"jpg": "JPEG"}.get(suffix, suffix)
    turned.save(buffer, format, exif=tags, **FORMATS[suffix])
    return buffer.getvalue()


def corner():
    """A mask that is white in the upper left quarter."""
    mask = np.zeros((32, 48), np.uint8)
    mask[:16, :24] = 255
    return Image.fromarray(mask)


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_orientation_gives_the_same_edit(case, suffix, tmp_path):
    shown = []
    for orientation in ORIENTATIONS:
        path, mask = tmp_path / f"in.{suffix}", tmp_path / "mask.png"
        path.write_bytes(stored(squares(), orientation, suffix))
        mask.write_bytes(stored(corner(), orientation))
        given = {"method": case.method.name, "model": case.named, "mask": mask}
        result = overpaint.edit(path, "a sketch", **given, **case.source, **case.quick)
        with Image.open(result.save(tmp_path / f"out-{orientation}.png")) as image:
            assert image.getexif().get(TAG, 1) == 1
            shown.append(np.asarray(image))
    assert all(np.array_equal(pixels, shown[0]) for pixels in shown)
    changed = np.any(np.abs(shown[0].astype(int) - np.asarray(squares())) > 2, axis=2)
    assert changed[:16, :24].any()
    assert not changed[16:].any()
    assert not changed[:, 24:].any()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)


def commands(verb, *words, model="tiny"):
    """What a command makes of the same photo in each orientation."""
    shown = []
    for orientation in ORIENTATIONS:
        name, out = f"in-{orientation}.jpg", f"out-{orientation}.png"
        Path(name).write_bytes(stored(squares(), orientation, "jpg"))
        assert main([verb, name, "-m", model, "-o", out, *words]) == 0
        with Image.open(out) as image:
            assert image.getexif().get(TAG, 1) == 1
            shown.append(np.asarray(image))
    return shown


@pytest.mark.usefixtures("here")
def test_every_orientation_is_upright_for_the_command_edit(case):
    quick = [word for item in case.quick.items() for word in ("-O", "{}={}".format(*item))]
    told = [word for text in case.source.values() for word in ("--source-prompt", text)]
    asked = ("-p", "a sketch", "--method", case.method.name, *told, *quick)
    shown = commands("edit", *asked, model=case.named)
    assert shown[0].shape == (32, 48, 3)
    assert all(np.array_equal(pixels, shown[0]) for pixels in shown)


@pytest.mark.usefixtures("here")
def test_every_orientation_is_upright_for_the_command_invert():
    shown = commands("invert", "--steps", "2")
    assert all(np.array_equal(pixels, shown[0]) for pixels in shown)
