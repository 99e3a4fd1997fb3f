"""Fitting and pasting back: the size stays, and what the edit left alone stays byte for byte."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from overpaint.data.images import Picture, read_image
from overpaint.data.placement import fit
from overpaint.errors import NumericsError, OptionError


def noise(size: int, seed: int = 0) -> torch.Tensor:
    """(3, size, size) in [-1, 1]."""
    return torch.rand(3, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def picture(width: int, height: int, channels: int = 3) -> Picture:
    rng = np.random.default_rng(width + height)
    return read_image(rng.integers(0, 256, (height, width, channels), dtype=np.uint8))


def test_a_picture_of_the_models_size_is_given_and_taken_exactly():
    found = picture(16, 16)
    x, placement = fit(found, 16)
    assert x.shape == (1, 3, 16, 16)
    assert torch.equal(
        ((x[0] + 1) * 127.5).round().byte(), torch.from_numpy(found.pixels).permute(2, 0, 1)
    )
    edited = torch.from_numpy(picture(16, 16).pixels[::-1].copy()).permute(2, 0, 1) / 127.5 - 1
    assert np.array_equal(np.asarray(placement.paste(edited)), found.pixels[::-1])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 4), st.booleans())
def test_an_edit_that_changes_nothing_gives_the_original(width, height, channels, mask):
    found = picture(width, height, channels)
    x, placement = fit(found, 32)
    assert x.shape == (1, 3, 32, 32)
    assert x.abs().max() <= 1
    where = np.full((height, width), 128, np.uint8) if mask else None
    pasted = placement.paste(x[0], mask=where)
    assert pasted.size == (width, height)
    assert np.array_equal(np.asarray(pasted)[..., :3], found.pixels)
    assert pasted.mode == ("RGB" if channels % 2 else "RGBA")
    assert found.alpha is None or np.array_equal(np.asarray(pasted)[..., 3], found.alpha)


@pytest.mark.parametrize("size", [(16, 16), (50, 30), (7, 9), (300, 4)])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("detail", [True, False])
def test_outside_the_mask_no_byte_differs(size, channels, detail):
    """Promise 7's foundation, for L, RGB and RGBA: where the mask is 0, nothing changes."""
    found = picture(*size, channels)
    _, placement = fit(found, 16)
    for seed in range(6):
        mask = np.random.default_rng(seed).integers(-200, 256, size[::-1]).clip(0).astype(np.uint8)
        pasted = np.asarray(placement.paste(noise(16, seed), mask=mask, detail=detail))
        assert np.array_equal(pasted[..., :3][mask == 0], found.pixels[mask == 0])
        assert not np.array_equal(pasted[..., :3], found.pixels)


def test_aspect_is_kept_and_edges_go_on():
    wide = np.zeros((20, 80, 3), np.uint8)
    wide[:10], wide[10:] = 40, 200
    x, placement = fit(read_image(wide), 32)
    assert placement.box == (0, 12, 32, 20)
    assert torch.allclose(x[0, :, :12], torch.tensor(40 / 127.5 - 1))
    assert torch.allclose(x[0, :, 20:], torch.tensor(200 / 127.5 - 1))


def test_detail_of_the_original_survives_an_even_change():
    """A model of 16 pixels cannot hold a checkerboard of 64; brightening keeps it all the same."""
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 40 + 100).astype(np.uint8)
    found = read_image(board)
    x, placement = fit(found, 16)
    bright = placement.paste(x[0] + 0.2)
    assert np.abs(np.asarray(bright).astype(int) - found.pixels - 25.5).max() <= 1
    plain = placement.paste(x[0] + 0.2, detail=False)
    assert np.asarray(plain).std() < 3


def test_strips_join_without_a_seam(monkeypatch):
    found = picture(50, 90)
    _, placement = fit(found, 16)
    whole = np.asarray(placement.paste(noise(16)))
    monkeypatch.setattr("overpaint.data.placement._STRIP", 350)
    assert np.abs(np.asarray(placement.paste(noise(16))).astype(int) - whole).max() <= 1


def test_the_mask_is_fitted_as_the_picture_is():
    _, placement = fit(picture(40, 80), 16)
    mask = np.zeros((80, 40), np.uint8)
    mask[:40] = 255
    fitted = placement.fit_mask(mask)
    assert fitted.shape == (1, 1, 16, 16)
    assert torch.equal(fitted[0, 0, :8], torch.ones(8, 16))
    assert torch.equal(fitted[0, 0, 8:], torch.zeros(8, 16))


@pytest.mark.parametrize("size", [(300, 200), (16, 16), (5, 3)])
def test_the_smallest_mask_has_effect(size):
    """Each pixel of the mask whitens the cell it lies in, and only few others."""
    width, height = size
    _, placement = fit(picture(*size), 16)
    rng = np.random.default_rng(0)
    for x, y in zip(rng.integers(0, width, 9), rng.integers(0, height, 9), strict=True):
        mask = np.zeros((height, width), np.uint8)
        mask[y, x] = 255
        fitted = placement.fit_mask(mask)
        left, top, right, bottom = placement.box
        inside = fitted[0, 0, top:bottom, left:right]
        assert inside.max() == 1
        row, column = (int(i) for i in inside.nonzero()[0])
        assert abs(row - (y + 0.5) / height * (bottom - top) + 0.5) <= 1 + 8 / height
        assert abs(column - (x + 0.5) / width * (right - left) + 0.5) <= 1 + 8 / width
        assert int((inside > 0).sum()) <= max(1, -(-16 // width) * -(-16 // height)) * 4


def test_transparent_parts_are_white_to_the_model_and_come_back_as_they_were():
    values = np.zeros((16, 16, 4), np.uint8)
    values[..., :3], values[8:, :, 3] = 90, 255
    x, placement = fit(read_image(values), 16)
    assert torch.equal(x[0, :, :8], torch.ones(3, 8, 16))
    assert np.array_equal(np.asarray(placement.paste(x[0])), values)


def test_nan_and_wrong_shapes_are_refused():
    _, placement = fit(picture(16, 16), 16)
    with pytest.raises(NumericsError):
        placement.paste(torch.full((3, 16, 16), float("nan")))
    with pytest.raises(OptionError, match=r"\(3, 16, 16\)"):
        placement.paste(noise(8))


def test_what_the_file_said_goes_with_the_edit(pixels, encoded):
    found = read_image(encoded(pixels, "PNG", dpi=(300, 300)))
    x, placement = fit(found, 16)
    pasted = placement.paste(x[0])
    assert isinstance(pasted, Image.Image)
    assert pasted.info["dpi"] == pytest.approx((300, 300), abs=0.1)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 120), st.integers(1, 120), st.integers(0, 9))
def test_a_mask_is_spread_over_the_picture_and_covers_what_it_covered(width, height, seed):
    _, placement = fit(picture(width, height), 32)
    mask = (noise(32, seed)[:1] > 0.6).float()
    large = placement.spread(mask)
    assert large.shape == (height, width)
    assert large.dtype == np.uint8
    left, top, right, bottom = placement.box
    shown = mask[..., top:bottom, left:right]
    back = placement.fit_mask(large)[0, ..., top:bottom, left:right]
    assert (back[shown == 1] > 0).all()
    for value in (0, 1):
        even = placement.spread(torch.full((1, 32, 32), float(value)))
        assert (even == 255 * value).all()
