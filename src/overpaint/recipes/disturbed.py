"""Pictures disturbed against a network, which learns to see through what is small, and to see the
rest for what it is: a flaw of the picture."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.models.augment import blurred

UNSEEN = 1.0  # Euclidean norm, at most, of what a viewer of a picture in [-1, 1] does not notice
SEEN = (0.1, 0.4)  # root mean square of grids and blots
RINGING = (0.3, 1.5)  # Euclidean norm of a filter that is added to the identity
SIZES = (2, 4, 8)  # of the tile that a grid repeats, and of blots, in pixels
WIDTH = 5  # of the filter


def disturbed(
    images: Tensor, flawed: Tensor, loss: Callable[[Tensor], Tensor], rng: torch.Generator
) -> Tensor:
    """`images` `(B, 3, S, S)`, each moved to where `loss` is larger: shares no graph with it.

    The `flawed` (B,) get a grid, blots or the ringing of a filter, strong enough to be seen, the
    others a little noise. Each is drawn, then moved one step along the gradient (arXiv 2001.03994)
    by a length of its own, so none can be learnt to be safe. The gradients of a network that is
    trained so show shapes (1906.00945), and a diffusion model that is tuned by it cannot please it
    by patterns, since they are seen as such.
    """
    count, side = len(images), images.shape[-1]
    images = images.detach()

    def uniform() -> Tensor:
        return torch.rand(count, generator=rng, device=rng.device).to(images)

    def choice() -> int:
        return SIZES[int(torch.randint(len(SIZES), (), generator=rng, device=rng.device))]

    kind = torch.where(flawed, 1 + torch.randint(3, (count,), generator=rng, device=rng.device), 0)
    tile, blot = choice(), choice()
    kinds = [  # shape, least and largest Euclidean length of what is laid over the picture
        ((3, side, side), 0.0, UNSEEN),
        ((3, tile, tile), *(much * (3 * tile**2) ** 0.5 for much in SEEN)),
        ((3, side // blot, side // blot), *(much * 3**0.5 * side / blot for much in SEEN)),
        ((9, WIDTH, WIDTH), *RINGING),
    ]
    leaves, lengths = [], []
    for number, (shape, least, most) in enumerate(kinds):
        length = (least + (most - least) * uniform()) * (kind == number).to(images)
        lengths.append(length.view(-1, 1, 1, 1))
        drawn = torch.randn((count, *shape), generator=rng, device=rng.device).to(images)
        leaves.append((0.5 * lengths[-1] * _unit(drawn)).requires_grad_())
    slopes = torch.autograd.grad(loss(_laid(images, *leaves)), leaves)
    moved = [
        (leaf + length * _unit(slope)).detach()
        for leaf, length, slope in zip(leaves, lengths, slopes, strict=True)
    ]
    return _laid(images, *moved)


def half_done(before: Tensor, after: Tensor, rng: torch.Generator) -> Tensor:
    """Edits `(B, 3, S, S)` that leave something of `before`: a share of all, or of its colours,
    or what is coarse of it, or what is fine."""
    left, count = before - after, len(before)
    sigma, share = torch.rand(2, count, generator=rng, device=rng.device).to(before)
    coarse = blurred(left, (1 + 2 * sigma) * before.shape[-1] / 64)
    share = (0.25 + 0.5 * share).view(-1, 1, 1, 1)
    ways = torch.stack([share * left, left - left.mean(1, keepdim=True), coarse, left - coarse])
    way = torch.randint(4, (count,), generator=rng, device=rng.device)
    return after + ways[way, torch.arange(count)]


def _laid(images: Tensor, noise: Tensor, tile: Tensor, blots: Tensor, filters: Tensor) -> Tensor:
    """Pictures with noise, a repeated tile, blots, and what filters (B, 9, K, K) make of them."""
    count, _, side, _ = images.shape
    tile, blots, filters = (x - x.mean((2, 3), keepdim=True) for x in (tile, blots, filters))
    times = -(-side // tile.shape[-1])
    grid = tile.repeat(1, 1, times, times)[..., :side, :side]
    smooth = F.interpolate(blots, size=(side, side), mode="bilinear", align_corners=False)
    padded = F.pad(images, (WIDTH // 2,) * 4, mode="replicate")
    padded = padded.reshape(1, -1, *padded.shape[-2:])
    ringing = F.conv2d(padded, filters.reshape(-1, 3, WIDTH, WIDTH), groups=count)
    return images + noise + grid + smooth + ringing.view_as(images)


def _unit(x: Tensor) -> Tensor:
    return x / x.flatten(1).norm(dim=1).clamp(min=1e-12).view(-1, 1, 1, 1)
