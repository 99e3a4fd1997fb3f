"""Pictures as latents, with captions and the places of what they say."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from overpaint.core.watch import Watch
from overpaint.models.autoencoders import Latents
from overpaint.models.texts import tokens
from overpaint.portraits.captions import Caption, caption_of_labels
from overpaint.portraits.dataset import CHUNK, WORLD, Portraits, keep, scenes
from overpaint.portraits.labels import LABELS
from overpaint.portraits.scene import STYLES
from overpaint.portraits.spoken import places, spoken
from overpaint.recipes.fit import BatchFn, numpy_rng
from overpaint.recipes.grounding import indicated
from overpaint.recipes.training import images

NONE = Caption("", {})
LEAST, MOST = 1, 7  # claims besides kind and style, if a picture shows as many
EMPTY = 0.1  # of the captions say nothing, for guidance (arXiv 2207.12598)
STYLE = LABELS.index("style")


@dataclass(frozen=True)
class Cells:
    """Pictures (N, c, h, w) float16 as the network sees them, mirrored ones too, and labels.

    shown: (N, claims, h, w) uint8, where each claim shows.
    """

    plain: np.ndarray
    mirrored: np.ndarray
    labels: np.ndarray
    shown: np.ndarray


def gathered(codec: Latents, name: str, data: Portraits, cache: Path, watch: Watch) -> Cells:
    """The cells of pictures; name: of the codec, in the names of the files that keep them."""
    plain, mirrored = encoded(codec, data, cache / f"latents-{name}-{len(data)}.npz", watch)
    kept = cache / f"places-world{WORLD}-{len(data)}.npz"
    return Cells(plain, mirrored, data.labels, located(len(data), plain.shape[-1], kept, watch))


def encoded(codec: Latents, data: Portraits, kept: Path, watch: Watch) -> tuple[np.ndarray, ...]:
    """The latents of pictures, and of mirrored ones; from the file `kept`, or written to it."""
    return _once(kept, lambda: watch(_cells(codec, data), -(-len(data) // 50), "encoding pictures"))


def located(count: int, size: int, kept: Path, watch: Watch) -> np.ndarray:
    """Where claims show in the first `count` pictures, in `size` x `size` cells; from `kept`."""
    drawn = (scenes("restyled", 1, chunk) for chunk in range(-(-count // CHUNK)))
    found = ((places(chunk, size),) for chunk in drawn)
    return _once(kept, lambda: watch(found, -(-count // CHUNK), "looking for places"))[0][:count]


def _once(kept: Path, parts: Callable[[], Iterable[tuple[np.ndarray, ...]]]) -> Any:
    """Arrays joined from parts; from the file `kept`, or written to it."""
    if not kept.exists():
        keep(kept, *(np.concatenate(each) for each in zip(*parts(), strict=True)))
    with np.load(kept) as found:
        return tuple(found.values())


@torch.no_grad()
def _cells(codec: Latents, data: Portraits) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    device = next(codec.net.parameters()).device
    for first in range(0, len(data), 50):
        pictures = images(data.pictures[first : first + 50]).to(device)
        both = (codec.encode(each).half().cpu().numpy() for each in (pictures, pictures.flip(3)))
        yield next(both), next(both)


def told(cells: Cells, words: Tokenizer, context: int, config: Any) -> BatchFn:
    """Batches of latents, half of them mirrored, with captions, which name any style but photo."""

    def batch(step: int) -> dict[str, Tensor]:
        rng = numpy_rng(config.seed, step)
        index = rng.integers(len(cells.labels), size=config.batch_size)
        flipped = rng.random(config.batch_size) < 0.5
        turned = flipped[:, None, None, None]
        x0 = np.where(turned, cells.mirrored[index], cells.plain[index])
        shown = np.where(turned, cells.shown[index, ..., ::-1], cells.shown[index])
        told = [NONE if rng.random() < EMPTY else _caption(row, rng) for row in cells.labels[index]]
        said = [_said(words, each, context) for each in told]
        return {
            "latents": torch.from_numpy(x0.astype(np.float32)),
            "texts": tokens(words, [each.text for each in told], context),
            "said": torch.from_numpy(np.stack(said)),
            "shown": torch.from_numpy(shown.astype(np.float32) / 255),
        }

    return batch


def _said(words: Tokenizer, each: Caption, context: int) -> np.ndarray:
    return indicated(words, each.text, spoken(each.text, each.claims), context)


def captions(labels: np.ndarray, seed: int = 0) -> list[str]:
    """A caption of each picture that is known by its label row."""
    rng = np.random.default_rng(seed)
    return [_caption(row, rng).text for row in labels]


def _caption(row: np.ndarray, rng: np.random.Generator) -> Caption:
    styled = STYLES[int(row[STYLE])] != "photo"
    while True:
        found = caption_of_labels(row, rng, MOST, LEAST)
        if not styled or "style" in found.claims:
            return found
