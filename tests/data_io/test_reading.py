"""The loader: every kind of source gives the same upright 8-bit picture, or says why not."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from overpaint.data.images import read_image
from overpaint.errors import ImageReadError

LOSSLESS = ["PNG", "WEBP", "TIFF", "BMP"]
# Where the stored picture's top left corner stands once it is upright: (row, column).
CORNER = {1: (0, 0), 2: (0, 1), 3: (1, 1), 4: (1, 0), 5: (0, 0), 6: (0, 1), 7: (1, 1), 8: (1, 0)}


@pytest.mark.parametrize("format", LOSSLESS)
def test_lossless_files_keep_every_byte(pixels, encoded, format, tmp_path):
    path = tmp_path / "picture.txt"  # the content decides, not the name
    path.write_bytes(encoded(pixels, format))
    assert np.array_equal(read_image(path).pixels, pixels)
    assert read_image(str(path)).size == (30, 40)


def test_every_source_gives_the_same_picture(pixels, encoded):
    data = encoded(pixels)
    tensor = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    sources = [data, bytearray(data), memoryview(data), io.BytesIO(data), Image.fromarray(pixels)]
    sources += [pixels, pixels / 255, (pixels / 255).astype(np.float32), tensor, tensor / 255]
    sources += [(tensor / 255)[0], pixels[::-1].copy()[::-1], pixels.astype(np.uint16) * 257]
    for source in sources:
        assert np.array_equal(read_image(source).pixels, pixels)


def test_the_hash_is_the_files(pixels, encoded):
    import hashlib

    data = encoded(pixels)
    assert read_image(data).sha256 == hashlib.sha256(data).hexdigest()
    assert read_image(pixels).sha256 == read_image(Image.fromarray(pixels)).sha256
    assert read_image(pixels).sha256 != read_image(pixels[:, ::-1]).sha256


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(encoded, format, orientation):
    """Promise 18: a bright corner lands where each of the eight orientations puts it."""
    stored = np.zeros((32, 48, 3), np.uint8)
    stored[:16, :16] = 255
    tags = Image.Exif()
    tags[0x0112] = orientation
    data = encoded(stored, format, exif=tags)
    for source in (data, Image.open(io.BytesIO(data))):
        picture = read_image(source)
        assert picture.size == ((48, 32) if orientation < 5 else (32, 48))
        row, column = CORNER[orientation]
        corner = picture.pixels[-16 if row else 0 :, -16 if column else 0 :][:16, :16]
        assert corner.min() > 200
        assert np.mean(picture.pixels > 128) == pytest.approx(256 / (32 * 48), abs=0.02)
        assert picture.exif is None or b"\x01\x12" not in picture.exif[:40]


def test_grey_palette_and_one_bit(encoded):
    grey = np.arange(0, 256, 4, dtype=np.uint8).reshape(8, 8)
    assert np.array_equal(read_image(encoded(grey)).pixels, np.repeat(grey[..., None], 3, axis=2))
    palette = Image.fromarray(grey).convert("RGB").quantize(64)
    for format in ("PNG", "GIF", "BMP", "TIFF"):
        wanted = np.asarray(palette.convert("RGB"))
        assert np.array_equal(read_image(encoded(palette, format)).pixels, wanted)
    bits = Image.fromarray(grey > 100)
    for format in ("PNG", "TIFF", "BMP"):
        wanted = np.where(grey > 100, 255, 0)
        assert np.array_equal(read_image(encoded(bits, format)).pixels[..., 0], wanted)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_kept_aside(pixels, encoded, mode):
    alpha = np.arange(1200, dtype=np.uint32).reshape(40, 30).astype(np.uint8)
    image = Image.fromarray(pixels).convert(mode[:-1])
    image.putalpha(Image.fromarray(alpha))
    for format in ("PNG", "TIFF"):
        picture = read_image(encoded(image, format))
        assert np.array_equal(picture.alpha, alpha)
        assert np.array_equal(picture.pixels, np.asarray(image.convert("RGBA"))[..., :3])


def test_key_colours_are_alpha(pixels, encoded):
    key = tuple(int(v) for v in pixels[0, 0])
    picture = read_image(encoded(pixels, transparency=key))
    assert np.array_equal(picture.alpha == 0, (pixels == key).all(axis=-1))
    palette = Image.fromarray(pixels).quantize(16)
    where = np.asarray(palette) == 3
    for format in ("PNG", "GIF"):
        assert np.array_equal(
            read_image(encoded(palette, format, transparency=3)).alpha == 0, where
        )


def test_sixteen_bits_are_rounded(encoded):
    values = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    for format in ("PNG", "TIFF"):
        picture = read_image(encoded(values, format))
        assert np.abs(picture.pixels[..., 0] - values / 257).max() <= 0.5
        assert any("16 bits" in note for note in picture.warnings)


def test_cmyk_is_turned_into_rgb(pixels, encoded):
    cmyk = Image.fromarray(pixels).convert("CMYK")
    for format in ("JPEG", "TIFF"):
        picture = read_image(encoded(cmyk, format, icc_profile=b"profile of a press"))
        wanted = np.asarray(cmyk.convert("RGB"), dtype=int)
        assert np.abs(picture.pixels - wanted).mean() < 12
        assert picture.icc is None
        assert "CMYK" in picture.warnings[0]


def test_floating_point_files_are_refused_with_the_reason(encoded):
    for values in (np.ones((8, 8), np.float32), np.ones((8, 8), np.int32)):
        with pytest.raises(ImageReadError, match=r"mode [FI]"):
            read_image(encoded(values, "TIFF"))


def test_animations_give_their_first_frame(pixels, encoded):
    frames = [Image.fromarray(pixels), Image.fromarray(255 - pixels)]
    for format in ("WEBP", "GIF", "PNG"):
        data = encoded(frames[0], format, save_all=True, append_images=frames[1:], duration=100)
        off = np.abs(read_image(data).pixels.astype(int) - pixels)
        assert off.mean() < 12
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    assert "animated" in read_image(data).warnings[0]


def test_dots_an_inch_are_read_and_turn_with_the_picture(pixels, encoded):
    tags = Image.Exif()
    tags[0x0112] = 6
    data = encoded(pixels, "JPEG", dpi=(300, 150), exif=tags)
    for source in (data, Image.open(io.BytesIO(data))):
        assert read_image(source).dpi == (150, 300)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.full((8, 8, 3), np.nan), "NaN"),
        (np.full((8, 8, 3), np.inf), "NaN"),
        (np.full((8, 8, 3), 2.0), "0, 1"),
        (np.full((8, 8, 3), -1.0), "0, 1"),
        (np.zeros((8, 8, 3), np.int64), "int64"),
        (np.zeros((8, 8, 3), object), "object"),
        (np.zeros((8, 8, 5), np.uint8), "1 to 4 channels"),
        (np.zeros((2, 8, 8, 3), np.uint8), "1 to 4 channels"),
        (np.zeros((0, 8, 3), np.uint8), "no pixels"),
        (np.zeros(8, np.uint8), "1 to 4 channels"),
        (torch.zeros(2, 3, 8, 8), r"\(1, C, H, W\)"),
        (torch.full((1, 3, 8, 8), float("nan")), "NaN"),
        (-torch.ones(1, 3, 8, 8), "0, 1"),
        (torch.ones(1, 3, 8, 8).to_sparse(), "parse"),
        (torch.ones(1, 3, 8, 8, device="meta"), "meta"),
        ([1, 2], "not a list"),
        (None, "not a NoneType"),
        (io.StringIO("text"), "as text"),
    ],
)
def test_unsuitable_values_are_refused_with_the_reason(values, why):
    with pytest.raises(ImageReadError, match=why):
        read_image(values)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("missing.png", "no such file"),
        (".", "folder"),
        ("a\0b.png", "null byte"),
        ("https://example.org/a.png", "not fetched"),
        ("x" * 5000, "too long"),
    ],
)
def test_unreadable_paths_are_refused_with_the_reason(path, why, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageReadError, match=why) as caught:
        read_image(path)
    assert len(str(caught.value)) < 400
    assert all(c.isprintable() or c == "\n" for c in str(caught.value))


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 70),
    height=st.integers(1, 70),
    channels=st.integers(1, 4),
    format=st.sampled_from(["PNG", "WEBP", "TIFF"]),
    orientation=st.integers(0, 9),
)
def test_any_small_picture_survives(width, height, channels, format, orientation):
    """Any size, mode, lossless format and orientation: the right size and the right pixels."""
    rng = np.random.default_rng(width * 71 + height)
    values = rng.integers(0, 256, (height, width, channels), dtype=np.uint8)
    mode = ("L", "LA", "RGB", "RGBA")[channels - 1]
    image = Image.fromarray(values if channels > 1 else values[..., 0], mode=mode)
    tags = Image.Exif()
    tags[0x0112] = orientation
    buffer = io.BytesIO()
    kept = {"lossless": True, "exact": True} if format == "WEBP" else {}
    image.save(buffer, format, exif=tags, **kept)
    picture = read_image(buffer.getvalue())
    turned = orientation in (5, 6, 7, 8)
    assert picture.size == ((height, width) if turned else (width, height))
    colour = values[..., :3] if channels > 2 else np.repeat(values[..., :1], 3, axis=2)
    assert np.array_equal(np.sort(picture.pixels, axis=None), np.sort(colour, axis=None))
    if orientation in (0, 1, 9):
        assert np.array_equal(picture.pixels, colour)


def test_a_picture_that_was_read_is_not_read_again():
    picture = read_image(np.zeros((4, 6, 3), np.uint8))
    assert read_image(picture) is picture
