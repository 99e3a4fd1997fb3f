"""Words that look where they show, by the ground truth of rendered pictures (arXiv 2312.03626)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from overpaint.portraits.spoken import PLACES

FINEST = 64  # cells of the smallest grid that is told where to look
TINY = 1e-6


def indicated(words: Tokenizer, text: str, said: dict[str, slice], context: int) -> np.ndarray:
    """(len(PLACES), context) float32: 1 for the tokens that make each claim, after the start."""
    found = np.zeros((len(PLACES), context), np.float32)
    offsets = words.encode(text, add_special_tokens=False).offsets[: context - 2]
    for row, name in enumerate(PLACES):
        part = said.get(name, slice(0, 0))
        for token, (start, stop) in enumerate(offsets, start=1):
            found[row, token] = start < part.stop and stop > part.start
    return found


@contextmanager
def looks(net: nn.Module) -> Iterator[list[Tensor]]:
    """The maps (B, cells, tokens), means over heads, of every layer that attends to text."""
    found: list[Tensor] = []

    def seen(layer: Any, args: tuple[Tensor, ...], given: dict[str, Tensor], _: Tensor) -> None:
        q, k = layer.to_q(args[0]), layer.to_k(given["encoder_hidden_states"])
        q, k = (each.unflatten(-1, (layer.heads, -1)).transpose(1, 2) for each in (q, k))
        found.append((q @ k.mT * layer.scale).float().softmax(-1).mean(1))

    layers = [each for name, each in net.named_modules() if name.endswith("attn2")]
    hooks = [each.register_forward_hook(seen, with_kwargs=True) for each in layers]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def astray(maps: Sequence[Tensor], said: Tensor, shown: Tensor, weight: Tensor) -> Tensor:
    """How far words look elsewhere, and places at other words; a mean over the finer layers.

    Of a token: the square of the share of its map outside of where its claim shows. Of a cell:
    the cross-entropy of how much it looks at a claim's tokens and how much of it the claim covers.

    Args:
        said: (B, claims, tokens) of 0 and 1. shown: (B, claims, S, S) in [0, 1].
        weight: (B,), what a picture counts; little where noise hides all places.
    """
    found = []
    for each in maps:
        if (cells := each.shape[1]) < FINEST:
            continue
        side = round(cells**0.5)
        cover = F.adaptive_avg_pool2d(shown, side).flatten(2)  # (B, claims, cells)
        told = said * (cover.amax(2, keepdim=True) > 0)
        inside = torch.einsum("bnl,bcn->bcl", each, cover) / (each.sum(1)[:, None] + TINY)
        lost = (told * (1 - inside).square()).sum((1, 2)) / told.sum((1, 2)).clamp(min=1)
        claims = torch.einsum("bnl,bcl->bcn", each, told).clamp(TINY, 1 - TINY)
        blurred = F.binary_cross_entropy(claims, cover, reduction="none").mean(2)
        made = told.amax(2)
        blurred = (made * blurred).sum(1) / made.sum(1).clamp(min=1)
        found.append((weight * (lost + blurred)).mean())
    return torch.stack(found).mean()
