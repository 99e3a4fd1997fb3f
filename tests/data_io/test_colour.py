"""Colour profiles: converted for the model and back, kept in the output, never trusted."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from overpaint.data.icc import ProfileError, _curve, read_profile
from overpaint.data.images import read_image
from overpaint.data.placement import fit

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def with_primaries(icc: bytes, gain: float) -> bytes:
    """The profile with its red and blue primaries exchanged, and scaled: another RGB space."""
    out = bytearray(icc)
    where = {}
    for at in range(132, 132 + 12 * int.from_bytes(icc[128:132], "big"), 12):
        where[icc[at : at + 4]] = int.from_bytes(icc[at + 4 : at + 8], "big") + 8
    for name in (b"rXYZ", b"gXYZ", b"bXYZ"):
        values = np.frombuffer(icc, ">i4", 3, where[name])
        moved = (values * np.array([gain, 1.0, 2 - gain])).astype(">i4")
        out[where[name] : where[name] + 12] = moved.tobytes()
    return bytes(out)


WIDE = with_primaries(SRGB, 1.15)


def test_srgb_is_known_by_what_it_does():
    profile = read_profile(SRGB, "RGB")
    assert profile is not None
    assert profile.is_srgb()
    other = read_profile(WIDE, "RGB")
    assert other is not None
    assert not other.is_srgb()


def test_conversion_agrees_with_littlecms(pixels):
    profile = read_profile(WIDE, "RGB")
    assert profile is not None
    ours = profile.to_srgb(pixels)
    theirs = ImageCms.profileToProfile(
        Image.fromarray(pixels),
        io.BytesIO(WIDE),
        io.BytesIO(SRGB),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    assert np.abs(ours.astype(int) - np.asarray(theirs)).max() <= 2
    back = profile.from_srgb(ours)
    inside = ((ours > 0) & (ours < 255)).all(axis=-1)
    assert np.abs(back - pixels)[inside].mean() < 1


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_profiles_are_kept_and_the_model_sees_srgb(pixels, encoded, format):
    plain, tagged = (
        read_image(encoded(pixels, format, **more)) for more in ({}, {"icc_profile": WIDE})
    )
    assert np.array_equal(plain.pixels, tagged.pixels)
    x, placement = fit(tagged, 32)
    assert not np.allclose(x, fit(plain, 32)[0])
    pasted = placement.paste(x[0])
    assert np.array_equal(np.asarray(pasted), tagged.pixels)
    assert pasted.info["icc_profile"] == WIDE
    mask = np.zeros((40, 30), np.uint8)
    mask[:9] = 255
    changed = np.asarray(placement.paste(-x[0], mask=mask))
    assert np.array_equal(changed[9:], tagged.pixels[9:])
    assert not np.array_equal(changed[:9], tagged.pixels[:9])


def test_srgb_itself_costs_nothing(pixels, encoded):
    picture = read_image(encoded(pixels, icc_profile=SRGB))
    assert picture.profile is None
    assert picture.icc == SRGB


def test_an_edit_in_a_wide_space_shows_the_colours_that_were_meant():
    icc = read_profile(WIDE, "RGB")
    assert icc is not None
    meant = np.full((8, 8, 3), (120, 90, 60), np.uint8)
    shown = icc.to_srgb(np.rint(icc.from_srgb(meant)).astype(np.uint8))
    assert np.abs(shown.astype(int) - meant).max() <= 2


def test_grey_profiles_are_turned_into_srgb(encoded):
    tags = bytearray(SRGB)
    tags[16:20] = b"GRAY"
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    picture = read_image(encoded(grey, icc_profile=bytes(tags).replace(b"rTRC", b"kTRC", 1)))
    assert picture.icc is None
    assert np.abs(picture.pixels[..., 0].astype(int) - grey).max() <= 1


def test_damaged_profiles_are_left_out_with_a_warning(pixels, encoded):
    rng = np.random.default_rng(0)
    broken = [b"", b"x" * 50, SRGB[:100], SRGB[:300], SRGB.replace(b"acsp", b"none")]
    broken += [SRGB.replace(b"RGB ", b"CMYK", 1), WIDE[:-200]]
    for icc in broken:
        picture = read_image(encoded(pixels, icc_profile=icc))
        assert np.array_equal(picture.pixels, pixels)
        assert picture.icc is None
        assert not icc or "profile was left out" in picture.warnings[0]
    for _ in range(1500):
        icc = bytearray(WIDE)
        for at in rng.integers(100, len(icc), 6):
            icc[at] = rng.integers(0, 256)
        try:
            profile = read_profile(bytes(icc), "RGB")
        except ProfileError:
            continue
        if profile is not None:
            back = profile.from_srgb(profile.to_srgb(pixels[:2]))
            assert np.isfinite(back).all()


def test_profiles_without_primaries_or_rise_are_refused():
    with pytest.raises(ProfileError, match="no colours"):
        read_profile(with_primaries(SRGB, 0.0), "RGB")
    falling = b"curv" + bytes(4) + struct.pack(">I4H", 4, 60_000, 30_000, 100, 0)
    with pytest.raises(ProfileError, match="does not rise"):
        _curve(falling, 0, len(falling))


@pytest.mark.parametrize(
    ("form", "numbers"),
    [
        (0, (2.2,)),
        (1, (2.2, 1.1, -0.1)),
        (2, (2.2, 1.0, -0.1, 0.05)),
        (3, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)),
        (4, (2.4, 0.9, 0.05, 0.08, 0.04, 0.01, 0.0)),
    ],
)
def test_parametric_curves_are_those_of_the_standard(form, numbers):
    """ICC.1:2010, table 65."""
    g, a, b, c, d, e, f = (*numbers, *(0.0,) * 7)[:7] if form else (numbers[0], 1, 0, 0, 0, 0, 0)
    x = np.linspace(0, 1, 256)
    above = np.maximum(a * x + b, 0) ** g
    wanted = {
        0: above,
        1: above,
        2: above + c,
        3: np.where(x >= d, above, c * x),
        4: np.where(x >= d, above + e, c * x + f),
    }[form]
    fixed = [round(number * 65_536) for number in numbers]
    tag = b"para" + bytes(4) + struct.pack(f">HH{len(fixed)}i", form, 0, *fixed)
    assert np.abs(_curve(tag, 0, len(tag)) - wanted).max() < 2e-4
