"""Extending augmentations: an edit seen under many warps (Blended Diffusion, arXiv 2111.14818)."""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from overpaint.errors import OptionError
from overpaint.models.augment import disturbed, warped
from overpaint.models.chance import Copies, Draw

CORNERS = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))


class Warp(Protocol):
    """What makes views: `Extending`, or `augment.Views`."""

    def with_masks(
        self, images: Tensor, masks: Tensor | None, rng: Draw, /
    ) -> tuple[Tensor, Tensor | None]: ...


@dataclass(frozen=True)
class Extending:
    """How far a view may be turned, moved and then tilted; each picture draws for itself.

    The defaults are the paper's (its code, section 3.2.1). An affine warp repeats the picture's
    edges beyond them; after the perspective one there is nothing: 0, grey, and black in a mask.
    Both are one resampling here. Colour, noise and blur are as in `augment.Views`.
    """

    turn: float = 15.0  # degrees to either side, at most
    shift: float = 0.1  # of the side, at most, along and across
    distortion: float = 0.7  # of half the side, as far as a corner may move inwards
    chance: float = 0.7  # of the affine warp, and of the perspective one
    vertical_only: bool = False  # the shift, as the authors' code had it
    colour: float = 0.0
    noise: float = 0.0
    blur: float = 0.0

    def with_masks(
        self, images: Tensor, masks: Tensor | None, rng: Draw
    ) -> tuple[Tensor, Tensor | None]:
        """Views of `(B, 3, H, W)` in [-1, 1], and of their masks `(B, 1, H, W)`, differentiable."""
        affine, tilted = self._affine(images, rng), self._perspective(images, rng)
        places = _projected(tilted, _centres(images))
        grid = _projected(affine, places).permute(0, 2, 3, 1)
        seen, where = warped(images, masks, grid, "border")
        inside = _inside(places, images)
        seen = disturbed(seen * inside, rng, colour=self.colour, blur=self.blur, noise=self.noise)
        return seen, None if where is None else where * inside

    def _affine(self, images: Tensor, rng: Draw) -> Tensor:
        """Matrices (B, 3, 3) from a place in the view, in [-1, 1], to where it is read."""
        count, (height, width) = len(images), images.shape[-2:]
        turn, across, along, chance = rng.rand((count, 4), images.device).unbind(1)
        angle = (turn * 2 - 1) * math.radians(self.turn)
        cos, sin, one, none = torch.cos(angle), torch.sin(angle), torch.ones_like(angle), angle * 0
        move_x = none if self.vertical_only else (across * 2 - 1) * 2 * self.shift
        move_y = (along * 2 - 1) * 2 * self.shift
        back = torch.stack([one, none, -move_x, none, one, -move_y, none, none, one], -1)
        upright = torch.stack(  # a turn in pixels, whatever the aspect
            [cos, sin * height / width, none, -sin * width / height, cos, none, none, none, one], -1
        )
        return _perhaps(upright.view(-1, 3, 3) @ back.view(-1, 3, 3), chance < self.chance)

    def _perspective(self, images: Tensor, rng: Draw) -> Tensor:
        """The same of a perspective warp that moves every corner inwards."""
        drawn = rng.rand((len(images), 9), images.device)
        corners = drawn.new_tensor(CORNERS)
        moved = corners * (1 - self.distortion * drawn[:, :8].view(-1, 4, 2))
        return _perhaps(_homography(moved, corners), drawn[:, 8] < self.chance)


GENTLE = Extending(turn=8.0, shift=0.05, distortion=0.3)
STRONG = Extending()  # the paper's


def views(
    images: Tensor, masks: Tensor | None, count: int, rng: Draw, *, how: Warp = STRONG
) -> tuple[Tensor, Tensor | None]:
    """`count` views of each picture, `(count * B, 3, H, W)`, and of its mask in the same places.

    All first views come first and are the pictures themselves, then all second ones, and so on.
    With a `core.rng.NoiseStream` those of a picture are drawn from its own seed, so that they do
    not depend on its batch.

    Args:
        images: (B, 3, H, W) in [-1, 1]. masks: (B, 1, H, W) in [0, 1], or None.
        count: at least 1; the paper's is 16, its code's 8.
    """
    if count < 1:
        raise OptionError(f"the number of views must be at least 1, got {count}")
    if count == 1:
        return images, masks
    copies = images.repeat(count - 1, 1, 1, 1)
    where = None if masks is None else masks.repeat(count - 1, 1, 1, 1)
    seen, where = how.with_masks(copies, where, Copies(rng, count - 1))
    both = None if masks is None or where is None else torch.cat([masks, where])
    return torch.cat([images, seen]), both


def _centres(images: Tensor) -> Tensor:
    """Where the pixels of a view lie, (1, 2, H, W) as x and y in [-1, 1]."""
    sides = [(torch.arange(n, device=images.device) * 2 + 1 - n) / n for n in images.shape[-2:]]
    y, x = torch.meshgrid(*sides, indexing="ij")
    return torch.stack([x, y])[None]


def _projected(matrices: Tensor, places: Tensor) -> Tensor:
    """Places (B or 1, 2, H, W) under projective matrices (B, 3, 3)."""
    flat = places.flatten(2).expand(len(matrices), -1, -1)
    moved = torch.baddbmm(matrices[..., 2:], matrices[..., :2], flat)
    return (moved[:, :2] / moved[:, 2:]).unflatten(2, places.shape[2:])


def _inside(places: Tensor, images: Tensor) -> Tensor:
    """1 where a place (B, 2, H, W) is in the picture, else 0, (B, 1, H, W); soft at the edge."""
    halves = places.new_tensor(images.shape[:-3:-1]).view(2, 1, 1) / 2
    room = (halves + 0.5 - halves * places.abs()).clamp(0, 1)
    return (room[:, :1] * room[:, 1:]).to(images)


def _homography(here: Tensor, there: Tensor) -> Tensor:
    """The projective maps (B, 3, 3) that take four places (B, 4, 2) to four places (4, 2)."""
    (x, y), (u, v) = here.unbind(-1), there.expand_as(here).unbind(-1)
    one, none = torch.ones_like(x), torch.zeros_like(x)
    across = torch.stack([x, y, one, none, none, none, -u * x, -u * y], -1)
    along = torch.stack([none, none, none, x, y, one, -v * x, -v * y], -1)
    found = torch.linalg.solve(torch.cat([across, along], 1), torch.cat([u, v], 1))
    return torch.cat([found, one[:, :1]], 1).view(-1, 3, 3)


def _perhaps(matrices: Tensor, chosen: Tensor) -> Tensor:
    """The matrices that were chosen (B,), else the identity."""
    still = torch.eye(3, device=matrices.device, dtype=matrices.dtype)
    return torch.where(chosen.view(-1, 1, 1), matrices, still)
