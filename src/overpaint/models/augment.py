"""Random views of pictures: warps, colours, blur and noise, drawn from a generator."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Views:
    """How far views may depart from the picture; each quantity is drawn anew for each picture."""

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
            seen = blurred(seen, self._uniform(images, rng) * self.blur * images.shape[-1] / 64)
        if self.noise:
            # Squared: most views are nearly clean, some are hard.
            amount = self._uniform(images, rng).square().view(-1, 1, 1, 1) * self.noise
            seen = seen + amount * _normal(images.shape, rng).to(images)
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


def blurred(images: Tensor, sigma: Tensor, radius: int = 2) -> Tensor:
    """`(B, C, H, W)` smoothed by a Gaussian of its own `sigma` (B,) in pixels, edges repeated."""
    offsets = torch.arange(-radius, radius + 1, device=images.device, dtype=images.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma.clamp(min=1e-2)[:, None]) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(images.shape[1], 0)
    flat = images.reshape(1, -1, *images.shape[-2:])
    flat = F.pad(flat, (radius,) * 4, mode="replicate")
    flat = F.conv2d(flat, kernel[:, None, None, :], groups=len(kernel))
    flat = F.conv2d(flat, kernel[:, None, :, None], groups=len(kernel))
    return flat.view_as(images)


def grained(images: Tensor, rng: torch.Generator, most: float) -> Tensor:
    """`(B, 3, S, S)` with colour noise, which in three of four pictures repeats as tiles.

    Args:
        most: its standard deviation at most, in [-1, 1] units; drawn anew for each picture.
    """
    side, periods = images.shape[-1], [2, 4, 8, images.shape[-1]]
    turn = int(torch.randint(4, (), generator=rng, device=rng.device))
    made = []
    for part, period in zip(images.chunk(4), periods[turn:] + periods[:turn], strict=False):
        tile = _normal(torch.Size((len(part), 3, period, period)), rng)
        amount = most * torch.rand(len(part), 1, 1, 1, generator=rng, device=rng.device)
        count = -(-side // period)
        noise = (amount * tile).repeat(1, 1, count, count)[..., :side, :side]
        made.append(part + noise.to(part))
    return torch.cat(made)


def _normal(shape: torch.Size, rng: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=rng, device=rng.device)
