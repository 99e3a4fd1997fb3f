"""What a photograph says of its maker stays behind, unless it is asked for."""

import io

import numpy as np
import pytest
from PIL import Image

from overpaint.data.images import Picture, read_image
from overpaint.data.placement import fit
from overpaint.data.writing import write_image

FORMATS = ["PNG", "JPEG", "WEBP", "TIFF"]
SECRETS = (b"SECRET-MAKERNOTE", b"SECRET-SERIAL", b"SECRET-PLACE", b"\xff\xd8\xffTHUMB")


def photograph(format: str, seed: int) -> bytes:
    """A file with GPS, maker note, serial number, thumbnail, artist and orientation."""
    rng = np.random.default_rng(seed)
    tags = Image.Exif()
    tags[0x0112], tags[0x010F], tags[0x013B] = 6, "Camera", "An Artist"
    inner = tags.get_ifd(0x8769)
    inner[0x927C], inner[0xA431], inner[0x9003] = SECRETS[0], "SECRET-SERIAL", "2026:01:02 03:04:05"
    place = tags.get_ifd(0x8825)
    place[1], place[2], place[0x1D] = "N", (51.0, 30.0, float(seed)), "SECRET-PLACE"
    block = tags.tobytes()
    if format != "TIFF":  # a second directory with a thumbnail, as cameras write it
        block += SECRETS[3]
    image = Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    image.save(buffer, format, exif=block, dpi=(300, 300))
    return buffer.getvalue()


def edited(picture: Picture) -> Image.Image:
    x, placement = fit(picture, 16)
    return placement.paste(x[0])


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("seed", range(5))
def test_place_and_maker_are_left_behind(format, seed, tmp_path):
    """Promise 20, for 20 files and three output formats."""
    data = photograph(format, seed)
    assert SECRETS[0] in data
    for suffix in (".png", ".jpg", ".webp"):
        path = write_image(edited(read_image(data)), tmp_path / f"{format}{suffix}")
        written = path.read_bytes()
        assert not any(secret in written for secret in SECRETS)
        with Image.open(path) as image:
            tags = image.getexif()
            assert tags.get(0x013B) == "An Artist"
            assert tags.get_ifd(0x8769).get(0x9003) == "2026:01:02 03:04:05"
            assert not tags.get_ifd(0x8825)
            assert 0x0112 not in tags
            assert image.size == (20, 30)


@pytest.mark.parametrize("format", FORMATS)
def test_all_but_the_thumbnail_is_kept_when_asked_for(format, tmp_path):
    picture = read_image(photograph(format, 3), keep_exif=True)
    for suffix in (".png", ".jpg", ".webp"):
        path = write_image(edited(picture), tmp_path / f"{format}{suffix}")
        assert SECRETS[3] not in path.read_bytes()
        with Image.open(path) as image:
            tags = image.getexif()
            assert tags.get_ifd(0x8769)[0xA431] == "SECRET-SERIAL"
            assert tags.get_ifd(0x8769)[0x927C] == SECRETS[0]
            assert tags.get_ifd(0x8825)[2] == (51.0, 30.0, 3.0)
            assert 0x0112 not in tags
            assert image.size == (20, 30)
            if suffix != ".webp" and format != "WEBP":  # which has no place for it
                assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
