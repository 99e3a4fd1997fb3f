"""Random views of pictures: warps, colours, blur and noise, drawn from a generator."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.models.chance import Draw, Whole


@dataclass(frozen=True)
class Views:
    """How far views may depart from the picture; each quantity is drawn anew for each picture.

    Noise and blur are drawn squared: most views are nearly clean, some are hard.
    """

    scale: float = 0.15  # relative
    turn: float = 0.12  # radians
    shift: float = 0.10  # of half the side
    bend: float = 0.10  # shear and perspective
    colour: float = 0.0  # of saturation, contrast and brightness, as a logarithm
    noise: float = 0.0  # standard deviation at most, in [-1, 1] units
    blur: float = 0.0  # standard deviation at most, in pixels of a 64 x 64 picture

    def __call__(self, images: Tensor, rng: torch.Generator | Draw) -> Tensor:
        """Views of `(B, 3, H, W)` in [-1, 1], of the same shape, differentiable."""
        return self.with_masks(images, None, rng)[0]

    def with_masks(
        self, images: Tensor, masks: Tensor | None, rng: torch.Generator | Draw
    ) -> tuple[Tensor, Tensor | None]:
        """The same, and masks `(B, 1, H, W)` warped along."""
        draw = Whole(rng) if isinstance(rng, torch.Generator) else rng
        grid = self._grid(images, draw)
        seen, where = warped(images, masks, grid, "reflection")
        return disturbed(seen, draw, colour=self.colour, blur=self.blur, noise=self.noise), where

    def alike(self, groups: Iterable[Tensor], rng: torch.Generator) -> list[Tensor]:
        """Views of several batches of one shape, the same ones of each."""
        state, seen = rng.get_state(), []
        for images in groups:
            rng.set_state(state)
            seen.append(self(images, rng))
        return seen

    def _grid(self, images: Tensor, rng: Draw) -> Tensor:
        def draw(most: float) -> Tensor:
            return (_uniform(images, rng) * 2 - 1) * most

        size, angle = 1 + draw(self.scale), draw(self.turn)
        shear = draw(self.bend)
        cos, sin = torch.cos(angle) / size, torch.sin(angle) / size
        rows = torch.stack(
            [cos, shear - sin, draw(self.shift), sin, cos, draw(self.shift)], dim=-1
        ).view(-1, 2, 3)
        flat = F.affine_grid(rows, list(images.shape), align_corners=False)
        tilt = torch.stack([draw(self.bend), draw(self.bend)], -1).view(-1, 1, 1, 2)
        return flat / (1 + (flat * tilt).sum(-1, keepdim=True))


def warped(
    images: Tensor, masks: Tensor | None, grid: Tensor, beyond: str
) -> tuple[Tensor, Tensor | None]:
    """Pictures `(B, C, H, W)` and masks read at `grid` (B, H, W, 2); `beyond`: padding mode."""
    joined = images if masks is None else torch.cat([images, masks.to(images)], dim=1)
    seen = F.grid_sample(joined, grid.to(images), padding_mode=beyond, align_corners=False)
    return (seen, None) if masks is None else (seen[:, :-1], seen[:, -1:])


def disturbed(images: Tensor, draw: Draw, *, colour: float, blur: float, noise: float) -> Tensor:
    """`(B, 3, H, W)` in other colours, blurred and noisy, each as far as `Views` says."""
    if colour:
        images = _coloured(images, draw, colour)
    if blur:
        amount = _uniform(images, draw).square() * blur
        images = blurred(images, amount * images.shape[-1] / 64)
    if noise:
        amount = _uniform(images, draw).square().view(-1, 1, 1, 1) * noise
        images = images + amount * draw.randn(images.shape, images.device).to(images)
    return images


def blurred(images: Tensor, sigma: Tensor) -> Tensor:
    """`(B, C, H, W)` smoothed by a Gaussian of its own `sigma` (B,) in pixels."""
    rows, columns = (_smoothing(side, sigma.to(images)) for side in images.shape[-2:])
    return rows @ images @ columns.transpose(-1, -2)


def _coloured(images: Tensor, draw: Draw, most: float) -> Tensor:
    saturation, contrast, brightness = (
        torch.exp((_uniform(images, draw) * 2 - 1) * most).view(-1, 1, 1, 1) for _ in range(3)
    )
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * saturation
    mean = images.mean((1, 2, 3), keepdim=True)
    return (mean + (images - mean) * contrast + 1) * brightness - 1


def _uniform(images: Tensor, draw: Draw) -> Tensor:
    return draw.rand((len(images),), images.device)


def _smoothing(side: int, sigma: Tensor) -> Tensor:
    """The matrices (B, 1, side, side) of a Gaussian mean; at the edges, of what lies inside."""
    place = torch.arange(side, device=sigma.device, dtype=sigma.dtype)
    apart = (place[:, None] - place) / sigma.clamp(min=1e-2).view(-1, 1, 1, 1)
    return torch.softmax(-0.5 * apart.square(), dim=-1)
