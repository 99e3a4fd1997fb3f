"""Random views of pictures: warps, colours, blur and noise, drawn from a generator."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


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

    def __call__(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Views of `(B, 3, H, W)` in [-1, 1], of the same shape, differentiable."""
        grid = self._grid(images, rng)
        seen = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
        if self.colour:
            seen = self._coloured(seen, rng)
        if self.blur:
            amount = self._uniform(images, rng).square() * self.blur
            seen = blurred(seen, amount * images.shape[-1] / 64)
        if self.noise:
            amount = self._uniform(images, rng).square().view(-1, 1, 1, 1) * self.noise
            noise = torch.randn(images.shape, generator=rng, device=rng.device)
            seen = seen + amount * noise.to(images)
        return seen

    def alike(self, groups: Iterable[Tensor], rng: torch.Generator) -> list[Tensor]:
        """Views of several batches of one shape, the same ones of each."""
        state, seen = rng.get_state(), []
        for images in groups:
            rng.set_state(state)
            seen.append(self(images, rng))
        return seen

    def _grid(self, images: Tensor, rng: torch.Generator) -> Tensor:
        def draw(most: float) -> Tensor:
            return (self._uniform(images, rng) * 2 - 1) * most

        size, angle = 1 + draw(self.scale), draw(self.turn)
        shear = draw(self.bend)
        cos, sin = torch.cos(angle) / size, torch.sin(angle) / size
        rows = torch.stack(
            [cos, shear - sin, draw(self.shift), sin, cos, draw(self.shift)], dim=-1
        ).view(-1, 2, 3)
        flat = F.affine_grid(rows, list(images.shape), align_corners=False)
        tilt = torch.stack([draw(self.bend), draw(self.bend)], -1).view(-1, 1, 1, 2)
        return flat / (1 + (flat * tilt).sum(-1, keepdim=True))

    def _coloured(self, images: Tensor, rng: torch.Generator) -> Tensor:
        saturation, contrast, brightness = (
            torch.exp((self._uniform(images, rng) * 2 - 1) * self.colour).view(-1, 1, 1, 1)
            for _ in range(3)
        )
        grey = images.mean(1, keepdim=True)
        images = grey + (images - grey) * saturation
        mean = images.mean((1, 2, 3), keepdim=True)
        return (mean + (images - mean) * contrast + 1) * brightness - 1

    def _uniform(self, images: Tensor, rng: torch.Generator) -> Tensor:
        return torch.rand(len(images), generator=rng, device=rng.device).to(images.device)


def blurred(images: Tensor, sigma: Tensor) -> Tensor:
    """`(B, C, H, W)` smoothed by a Gaussian of its own `sigma` (B,) in pixels."""
    rows, columns = (_smoothing(side, sigma.to(images)) for side in images.shape[-2:])
    return rows @ images @ columns.transpose(-1, -2)


def _smoothing(side: int, sigma: Tensor) -> Tensor:
    """The matrices (B, 1, side, side) of a Gaussian mean; at the edges, of what lies inside."""
    place = torch.arange(side, device=sigma.device, dtype=sigma.dtype)
    apart = (place[:, None] - place) / sigma.clamp(min=1e-2).view(-1, 1, 1, 1)
    return torch.softmax(-0.5 * apart.square(), dim=-1)
