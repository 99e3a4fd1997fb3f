"""One face aligned and the edit laid back: nothing beyond its square, and no edge to be seen."""

import numpy as np
import pytest
import torch

from overpaint.data.aligning import align, reached
from overpaint.data.face import Face
from overpaint.data.images import Picture, read_image
from overpaint.data.masking import read_mask
from overpaint.data.squares import feather
from overpaint.errors import NumericsError, OptionError

from .test_colour import WIDE

FACES = [Face(40, 45, 20), Face(41.3, 40.2, 23, 21), Face(6, 70, 30, -33), Face(30, 30, 5, 8)]


def picture(channels: int = 3) -> Picture:
    rng = np.random.default_rng(channels)
    return read_image(rng.integers(0, 256, (80, 70, channels), dtype=np.uint8))


def noise(seed: int = 0) -> torch.Tensor:
    return torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_an_edit_that_changes_nothing_gives_the_original(face, channels):
    found = picture(channels)
    x, placement = align(found, face, 16)
    assert x.shape == (1, 3, 16, 16)
    pasted = np.asarray(placement.paste(x))
    assert np.array_equal(pasted[..., :3], found.pixels)
    assert found.alpha is None or np.array_equal(pasted[..., 3], found.alpha)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("detail", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_beyond_the_square_and_the_mask_no_byte_differs(face, detail, masked):
    found = picture(4)
    _, placement = align(found, face, 16)
    mask = np.random.default_rng(1).integers(-200, 256, (80, 70)).clip(0).astype(np.uint8)
    pasted = placement.paste(noise(), mask=mask if masked else None, detail=detail)
    inside = feather(face.square, slice(0, 80), slice(0, 70), 0.15) > 0
    kept = ~inside | (mask == 0) if masked else ~inside
    assert kept.any()
    assert np.array_equal(np.asarray(pasted)[..., :3][kept], found.pixels[kept])
    assert np.array_equal(np.asarray(pasted)[..., 3], found.alpha)
    assert not np.array_equal(np.asarray(pasted)[..., :3], found.pixels)


def test_the_model_is_shown_the_face_upright():
    """A bright band through the eyes of a tilted face is a level band to the model."""
    tilted, (y, x) = Face(50, 50, 30, 35), np.mgrid[:100, :100] + 0.5
    (_, _), (a, b) = tilted.square.axes
    below = (x - tilted.square.x) * a + (y - tilted.square.y) * b
    band = np.repeat((np.abs(below) < 8).astype(np.uint8)[..., None] * 255, 3, axis=2)
    shown, _ = align(read_image(band), tilted, 16)
    assert (shown[0, :, 7:9] > 0.9).all()
    assert (shown[0, :, :5] < -0.9).all()
    assert (shown[0, :, 11:] < -0.9).all()


def test_an_even_change_keeps_the_detail_and_fades_without_a_step():
    board = (np.indices((120, 120)).sum(axis=0) % 2 * 40 + 100).astype(np.uint8)
    found, face = read_image(board), Face(60, 60, 40, 10)
    x, placement = align(found, face, 16)
    moved = np.asarray(placement.paste(x + 0.4)).astype(int) - found.pixels
    assert abs(moved[60, 60] - 51).max() <= 1
    assert moved.min() >= 0
    for axis in (0, 1):
        assert np.abs(np.diff(moved, axis=axis)).max() <= 51 * 1.5 / (0.15 * 76) + 2
    plain = np.asarray(placement.paste(x + 0.4, detail=False))[50:70, 50:70]
    assert plain.std() < 3


def test_strips_join_without_a_seam(monkeypatch):
    _, placement = align(picture(), FACES[1], 16)
    whole = np.asarray(placement.paste(noise()))
    monkeypatch.setattr("overpaint.data.windows._STRIP", 150)
    assert np.abs(np.asarray(placement.paste(noise())).astype(int) - whole).max() <= 1


def test_the_mask_is_aligned_as_the_face_is():
    found, face = picture(), Face(35, 40, 20, 90)
    _, placement = align(found, face, 16)
    mask = np.zeros((80, 70), np.uint8)
    mask[: int(face.square.y)] = 255  # above: to the left of a face that lies on its right side
    fitted = placement.fit_mask(mask)
    assert fitted.shape == (1, 1, 16, 16)
    assert (fitted[0, 0, :, :7] == 1).all()
    assert (fitted[0, 0, :, 9:] == 0).all()


def test_transparent_parts_are_white_to_the_model():
    values = np.zeros((60, 60, 4), np.uint8)
    x, placement = align(read_image(values), Face(30, 30, 12, 20), 16)
    assert torch.equal(x, torch.ones(1, 3, 16, 16))
    assert np.array_equal(np.asarray(placement.paste(x[0])), values)


def test_a_wide_profile_is_kept_and_the_edit_shows_the_colours_that_were_meant(encoded):
    grey = np.full((80, 70, 3), 120, np.uint8)
    found = read_image(encoded(grey, icc_profile=WIDE))
    assert found.profile is not None
    x, placement = align(found, FACES[1], 16)
    assert np.array_equal(np.asarray(placement.paste(x)), grey)
    red = x + torch.tensor([0.4, 0.0, 0.0]).view(3, 1, 1)
    pasted = placement.paste(red)
    assert pasted.info["icc_profile"] == WIDE
    middle = found.profile.to_srgb(np.asarray(pasted))[36, 41].astype(int)
    assert np.abs(middle - found.srgb()[36, 41] - [51, 0, 0]).max() <= 2


@pytest.mark.parametrize("face", [Face(71, 10, 9), Face(10, 81, 9), Face(10, 10, 200)])
def test_a_face_that_is_not_in_the_picture_is_refused(face):
    with pytest.raises(OptionError, match="not in the picture"):
        align(picture(), face, 16)


def test_nan_and_wrong_shapes_are_refused():
    _, placement = align(picture(), FACES[0], 16)
    with pytest.raises(NumericsError):
        placement.paste(torch.full((3, 16, 16), float("nan")))
    with pytest.raises(OptionError, match=r"\(3, 16, 16\)"):
        placement.paste(torch.zeros(3, 8, 8))


def test_a_mask_is_kept_at_the_faces_alone():
    mask = read_mask(np.full((80, 70), 200, np.uint8), (70, 80))
    found = reached(mask, (Face(20, 20, 10), Face(50, 60, 10)))
    assert found.values[20, 20] == found.values[60, 50] == 200
    assert not found.values[20, 50]
    assert found.warnings == mask.warnings
    below = np.zeros((80, 70), np.uint8)
    below[40:] = 255
    black = reached(read_mask(below, (70, 80)), (Face(20, 20, 10),))
    assert not black.values.any()
    assert "black at every face" in black.warnings[-1]
