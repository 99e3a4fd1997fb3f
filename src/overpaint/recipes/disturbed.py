"""Pictures disturbed against a network, which learns to see through what is small, and to see the
rest for what it is: a flaw of the picture."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.models.augment import blurred

FAINT = 0.036  # root mean square, at most, of what hardly changes a picture in [-1, 1]
SEEN = (0.1, 0.4)  # root mean square of a grid, of blots and of ringing
SIDES = (2, 4, 8)  # of the tile that a grid repeats, and of blots, in pixels
WIDTH = 5  # of the filter that rings


def disturbed(
    images: Tensor, marred: Tensor, loss: Callable[[Tensor], Tensor], rng: torch.Generator
) -> Tensor:
    """`images` `(B, 3, S, S)`, each moved to where `loss` is larger: shares no graph with it.

    The `marred` (B,) get a grid, blots or the ringing of a filter, strong enough to be seen, the
    others a little noise. Each is drawn, then turned by one step along the gradient (arXiv
    2001.03994); its length is drawn too, so none can be learnt to be safe. The gradients of a
    network that is trained so show shapes (1906.00945), and a diffusion model that is tuned by it
    cannot please it by patterns, since they are seen as such.
    """
    images, (count, _, side, _) = images.detach().float(), images.shape
    tile, blot = (SIDES[_drawn(len(SIDES), 1, rng)] for _ in range(2))
    shapes = [(3, side), (3, tile), (3, side // blot), (9, WIDTH)]
    kind = torch.where(marred, 1 + _drawn(3, count, rng).to(marred.device), 0)
    share = torch.rand(count, generator=rng, device=rng.device).to(images)
    strong = SEEN[0] + (SEEN[1] - SEEN[0]) * share
    strength = torch.where(marred, strong, FAINT * share)
    strengths = [(strength * (kind == number)).view(-1, 1, 1, 1) for number in range(len(shapes))]
    leaves = [
        _normalised(torch.randn((count, c, s, s), generator=rng, device=rng.device).to(images))
        .mul(much)
        .requires_grad_()
        for (c, s), much in zip(shapes, strengths, strict=True)
    ]
    slopes = torch.autograd.grad(loss(_laid(images, *leaves)), leaves)
    turned = [
        much * _normalised(leaf.detach() + 2 * much * _normalised(slope))
        for leaf, slope, much in zip(leaves, slopes, strengths, strict=True)
    ]
    return _laid(images, *turned)


def half_done(before: Tensor, after: Tensor, rng: torch.Generator) -> Tensor:
    """Edits `(B, 3, S, S)` that leave something of `before`.

    A share of all, or of its colours, or what is coarse of it, or what is fine; a share of all too
    where one of the others would leave, or change, too little to be seen.
    """
    left, count = before - after, len(before)
    sigma, share = torch.rand(2, count, generator=rng, device=rng.device).to(before)
    share = (0.25 + 0.5 * share).view(-1, 1, 1, 1) * left
    coarse = blurred(left, (1 + 2 * sigma) * before.shape[-1] / 64)
    ways = torch.stack([share, left - left.mean(1, keepdim=True), coarse, left - coarse])
    chosen = ways[
        _drawn(4, count, rng).to(before.device), torch.arange(count, device=before.device)
    ]
    told = torch.minimum(_size(chosen), _size(left - chosen)) >= SEEN[0]
    return after + torch.where(told, chosen, share)


def _laid(images: Tensor, noise: Tensor, tile: Tensor, blots: Tensor, filters: Tensor) -> Tensor:
    """Pictures with noise, a repeated tile, blots, and what filters (B, 9, K, K) make of them."""
    count, _, side, _ = images.shape
    much = _size(filters)
    tile, blots, filters = (x - x.mean((2, 3), keepdim=True) for x in (tile, blots, filters))
    times = -(-side // tile.shape[-1])
    grid = tile.repeat(1, 1, times, times)[..., :side, :side]
    smooth = F.interpolate(blots, size=(side, side), mode="bilinear", align_corners=False)
    padded = F.pad(images, (WIDTH // 2,) * 4, mode="replicate")
    padded = padded.reshape(1, -1, *padded.shape[-2:])
    ringing = F.conv2d(padded, filters.reshape(-1, 3, WIDTH, WIDTH), groups=count)
    ringing = much * _normalised(ringing.view_as(images))
    return images + noise + grid + smooth + ringing


def _drawn(below: int, count: int, rng: torch.Generator) -> Tensor:
    return torch.randint(below, (count,), generator=rng, device=rng.device)


def _size(x: Tensor) -> Tensor:
    """Root mean square of each picture, (B, 1, 1, 1)."""
    return x.square().mean((1, 2, 3), keepdim=True).add(1e-12).sqrt()


def _normalised(x: Tensor) -> Tensor:
    return x / _size(x).clamp(min=1e-4)
