"""Extending augmentations: where they move things, how far, and whose chance it is."""

import math

import pytest
import torch

from overpaint.core.rng import NoiseStream
from overpaint.errors import OptionError
from overpaint.models.augment import Views
from overpaint.models.chance import Copies
from overpaint.models.extending import GENTLE, STRONG, Extending, views

IMAGES = torch.rand(3, 3, 16, 20, generator=torch.Generator().manual_seed(0)) * 2 - 1
MASKS = (IMAGES[:, :1] > 0).float()
STILL = Extending(turn=0, shift=0, distortion=0)
ALL = Extending(colour=0.2, noise=0.2, blur=1.0)
SIGHT = Views(colour=0.2, noise=0.2, blur=1.0)


class Told:
    """Draws the numbers it is told to."""

    def __init__(self, *rows):
        self.rows = [torch.tensor([row]) for row in rows]

    def rand(self, shape, device="cpu"):
        return self.rows.pop(0).expand(shape)


def dot(side, row, column):
    image = torch.zeros(1, 1, side, side)
    image[..., row, column] = 1
    return image


def centre(masks):
    """Mean x and y of each mask (B, 1, H, W), in pixels from the middle."""
    y, x = torch.meshgrid(*(torch.arange(n) - (n - 1) / 2 for n in masks.shape[-2:]), indexing="ij")
    mass = masks.sum((1, 2, 3))
    return torch.stack([(masks * each).sum((1, 2, 3)) / mass for each in (x, y)], -1)


def moved(how, affine, tilt=(0.0,) * 9, *, side=41, row=20, column=30):
    """Where a dot goes whose numbers are drawn so, from the middle."""
    image = dot(side, row, column)
    _, where = how.with_masks(image.expand(-1, 3, -1, -1), image, Told(affine, tilt))
    return centre(where)[0].tolist()


def test_views_of_no_strength_are_the_picture():
    seen, where = views(IMAGES, MASKS, 4, NoiseStream(range(3)), how=STILL)
    assert torch.allclose(seen, IMAGES.repeat(4, 1, 1, 1), atol=1e-5)
    assert torch.allclose(where, MASKS.repeat(4, 1, 1, 1), atol=1e-5)


@pytest.mark.parametrize("how", [ALL, GENTLE, SIGHT])
def test_the_first_views_are_the_pictures_and_copies_come_in_rounds(how):
    seen, where = views(IMAGES, MASKS, 5, NoiseStream([4, 4, 5]), how=how)
    assert (seen.shape, where.shape) == ((15, 3, 16, 20), (15, 1, 16, 20))
    assert torch.equal(seen[:3], IMAGES)
    assert torch.equal(where[:3], MASKS)
    alike, _ = views(IMAGES[:1].repeat(3, 1, 1, 1), None, 5, NoiseStream([4, 4, 5]), how=how)
    rounds = alike.view(5, 3, *IMAGES.shape[1:])
    assert torch.equal(rounds[:, 0], rounds[:, 1])  # of the same seed
    assert not torch.allclose(rounds[1:, 0], rounds[1:, 2], atol=0.05)
    assert not torch.allclose(rounds[1, 0], rounds[2, 0], atol=0.05)


@pytest.mark.parametrize("how", [ALL, GENTLE, SIGHT])
def test_views_of_a_picture_do_not_depend_on_its_batch(how):
    together, where = views(IMAGES, MASKS, 4, NoiseStream([7, 8, 9]), how=how)
    alone, its = views(IMAGES[1:2], MASKS[1:2], 4, NoiseStream([8]), how=how)
    assert torch.allclose(together.view(4, 3, 3, 16, 20)[:, 1], alone, atol=1e-5)
    assert torch.allclose(where.view(4, 3, 1, 16, 20)[:, 1], its, atol=1e-5)


def test_copies_hand_each_row_its_own_chance():
    stream, same = NoiseStream([1, 2]), NoiseStream([1, 2])
    drawn, whole = Copies(stream, 3).rand((6, 5)), same.rand((2, 3, 5))
    assert torch.equal(drawn.view(3, 2, 5), whole.transpose(0, 1))


def test_a_shift_moves_a_dot_by_a_part_of_the_side_in_both_directions():
    how = Extending(turn=0, shift=0.1, distortion=0, chance=1)
    assert moved(how, [0.5, 1.0, 0.5, 0.0]) == pytest.approx([10 + 4.1, 0], abs=1e-3)
    assert moved(how, [0.5, 0.5, 0.0, 0.0]) == pytest.approx([10, -4.1], abs=1e-3)
    only = Extending(turn=0, shift=0.1, distortion=0, chance=1, vertical_only=True)
    assert moved(only, [0.5, 1.0, 1.0, 0.0]) == pytest.approx([10, 4.1], abs=1e-3)


@pytest.mark.parametrize("degrees", [-30.0, 15.0, 90.0])
def test_a_turn_moves_a_dot_on_its_circle(degrees):
    how = Extending(turn=abs(degrees), shift=0, distortion=0, chance=1)
    number = 1.0 if degrees > 0 else 0.0
    angle = math.radians(degrees)
    expected = [10 * math.cos(angle), 10 * math.sin(angle)]
    assert moved(how, [number, 0.5, 0.5, 0.0]) == pytest.approx(expected, abs=0.15)


def test_a_turn_is_one_in_pixels_whatever_the_aspect():
    image = torch.zeros(1, 1, 41, 81)
    image[..., 20, 50] = 1
    how = Extending(turn=90, shift=0, distortion=0, chance=1)
    told = Told([1.0, 0.5, 0.5, 0.0], [0.0] * 9)
    _, where = how.with_masks(image.expand(-1, 3, -1, -1), image, told)
    assert centre(where)[0].tolist() == pytest.approx([0, 10], abs=1e-3)


def test_corners_move_inwards_and_what_is_beyond_is_grey():
    how = Extending(turn=0, shift=0, distortion=0.5, chance=1)
    white = torch.ones(1, 3, 40, 40)
    all_corners, none = [1.0] * 8 + [0.0], [0.5, 0.5, 0.5, 0.0]
    seen, where = how.with_masks(white, white[:, :1], Told(none, all_corners))
    expected = torch.zeros(1, 1, 40, 40)
    expected[..., 10:30, 10:30] = 1  # half the size
    assert torch.allclose(where, expected, atol=1e-4)
    assert torch.allclose(seen, expected.expand(-1, 3, -1, -1), atol=1e-4)
    one_corner = [1.0, 1.0] + [0.0] * 7
    _, where = how.with_masks(white, white[:, :1], Told(none, one_corner))
    assert where[0, 0, 8, 8] == 0
    assert where[0, 0, 12, 12] == pytest.approx(1, abs=1e-4)
    assert where[0, 0, -3, -3] == pytest.approx(1, abs=1e-4)


def test_beyond_the_edge_a_shift_repeats_what_is_there():
    how = Extending(turn=0, shift=0.25, distortion=0, chance=1)
    rows = torch.linspace(-1, 1, 16).view(1, 1, 16, 1).expand(1, 3, 16, 16)
    seen, _ = how.with_masks(rows, None, Told([0.5, 0.5, 1.0, 0.0], [0.0] * 9))
    assert torch.allclose(seen[:, :, :5], rows[:, :, :1].expand(-1, -1, 5, -1), atol=1e-4)


def test_shifts_are_symmetric_and_as_far_along_as_across():
    image = dot(41, 20, 20).expand(400, -1, -1, -1)
    for vertical_only in (False, True):
        how = Extending(turn=0, distortion=0, chance=0.7, vertical_only=vertical_only)
        _, where = how.with_masks(image.expand(-1, 3, -1, -1), image, NoiseStream(range(400)))
        found = centre(where)
        assert found.mean(0).abs().max() < 0.3
        assert found.abs().amax() <= 4.1 + 1e-3
        spread = found.std(0)
        expected = 4.1 * math.sqrt(0.7 / 3)
        assert spread[1] == pytest.approx(expected, rel=0.1)
        assert spread[0] == pytest.approx(0 if vertical_only else expected, rel=0.1, abs=1e-4)
        still = (found.abs().amax(1) < 1e-4).float().mean()
        assert still == pytest.approx(0.3, abs=0.07)


@pytest.mark.parametrize("how", [STRONG, Views()])
def test_a_mask_is_warped_with_its_picture(how):
    pictures = MASKS.expand(-1, 3, -1, -1)  # which show their masks
    seen, where = views(pictures, MASKS, 6, NoiseStream(range(3)), how=how)
    assert torch.allclose(seen, where.expand(-1, 3, -1, -1), atol=1e-6)
    assert not torch.allclose(where[3:], MASKS.repeat(5, 1, 1, 1), atol=0.1)


def test_gradients_flow_back_to_the_picture():
    images = IMAGES.clone().requires_grad_()
    seen, _ = views(images, None, 4, NoiseStream(range(3)), how=ALL)
    (gradient,) = torch.autograd.grad(seen[3:].square().sum(), images)
    assert torch.isfinite(gradient).all()
    assert (gradient.abs().sum((1, 2, 3)) > 0).all()


def test_one_view_is_the_picture_and_none_is_refused():
    assert views(IMAGES, MASKS, 1, NoiseStream(range(3))) == (IMAGES, MASKS)
    with pytest.raises(OptionError, match="at least 1"):
        views(IMAGES, MASKS, 0, NoiseStream(range(3)))
