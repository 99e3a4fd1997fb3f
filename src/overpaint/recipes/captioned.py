"""What CLIP learns from: pairs of pictures, captions of them, and prompts to read them by."""

from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

from overpaint.models.clip import tokens
from overpaint.portraits.captions import caption_of_labels, phrase
from overpaint.portraits.dataset import Portraits
from overpaint.portraits.labels import HIDDEN, LABELS, claim_row, truth
from overpaint.portraits.scene import VALUES
from overpaint.recipes.fit import BatchFn, numpy_rng
from overpaint.recipes.training import images

CONTEXT = 32
VOCABULARY = 768
SIZES = [len(values) for values in VALUES.values()]
FAILED = 6  # every so manyth pair is a failed edit, where there are some
NOISY = ", noisy"  # said of a picture with a flaw


def prompts(rng: np.random.Generator) -> list[str]:
    """A sentence per value in the order of `VALUES`, then per attribute one that leaves it open,
    then one that says of a picture that it is noisy, and the same without.

    Those of one attribute differ in the value only; which words frame it is drawn for each.
    """
    told, silent = [], []
    for name, values in VALUES.items():
        shared = {"kind": "person"} if name != "kind" and rng.random() < 0.8 else {}
        if name != "style" and rng.random() < 0.4:
            shared |= {"style": "photo"}
        told += [phrase({**shared, name: value}, rng) for value in values]
        silent.append(phrase(shared, rng))
    plain = phrase({"kind": "person"} if rng.random() < 0.5 else {}, rng)
    return [*told, *silent, plain, plain + NOISY]


def train_tokenizer(seed: int = 0, sentences: int = 20_000) -> Tokenizer:
    """Byte-level BPE learnt from sentences of the grammar, lower case, with CLIP's two specials."""
    rng = np.random.default_rng(seed)

    def sentence() -> str:
        names = rng.permutation(list(VALUES))[: int(rng.integers(1, 6))].tolist()
        return phrase({name: str(rng.choice(VALUES[name])) for name in names}, rng)

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<|startoftext|>", "<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((sentence() for _ in range(sentences)), trainer)
    return tokenizer


def captioned(
    data: Portraits, tokenizer: Tokenizer, config: Any, failed: Portraits | None = None
) -> BatchFn:
    """Batches of edits, rows i and i + B/2 a pair, with captions, which are true of what, prompts.

    "before" and "after" are the places of the prompts that each edit leads from and to. Half of
    the pictures are "flawed", which half of their captions say: some of the edits of style are
    "half" done, some pairs are a photo and its `failed` edit, the others are to be "marred".
    """

    def batch(step: int) -> dict[str, Tensor]:
        rng = numpy_rng(config.seed, step)
        count = config.batch_size // 2
        first = 2 * rng.integers(len(data) // 2, size=count)
        pictures, rows = pairs_at(data, first)
        bad = np.zeros(count, bool)
        if failed is not None:
            bad[: count // FAILED] = True
            one, other = pairs_at(failed, 2 * rng.integers(len(failed) // 2, size=bad.sum()))
            where = np.tile(bad, 2)
            pictures[where], rows[where] = one, other
        before, after = changed(rows[:count], rows[count:], rng)
        style = LABELS.index("style")
        half = (rows[:count, style] != rows[count:, style]) & (rng.random(count) < 0.4)
        marred = (rng.random(2 * count) < 0.4) & ~np.concatenate([bad, bad | half])
        flawed = marred | np.concatenate([np.zeros(count, bool), bad | half])
        captions = [caption_of_labels(row, rng) for row in rows]
        claims = np.stack([claim_row(caption.claims) for caption in captions])
        said = flawed & (rng.random(len(rows)) < 0.5)
        said[count:] |= half
        labels = rows.copy()
        labels[count:, style][half] = HIDDEN
        true = truth(labels, claims) & (flawed[:, None] | ~said)
        np.fill_diagonal(true, True)
        texts = [
            caption.text + NOISY * bool(say) for caption, say in zip(captions, said, strict=True)
        ]
        mirrored = torch.from_numpy(np.tile(rng.random(count) < 0.5, 2))[:, None, None, None]
        seen = images(pictures)
        return {
            "images": torch.where(mirrored, seen.flip(3), seen),
            "labels": torch.from_numpy(labels.astype(np.int64)),
            "captions": tokens(tokenizer, texts, CONTEXT),
            "truth": torch.from_numpy(true),
            "flawed": torch.from_numpy(flawed),
            "marred": torch.from_numpy(marred),
            "half": torch.from_numpy(half),
            "prompts": tokens(tokenizer, prompts(rng), CONTEXT),
            "before": torch.from_numpy(before),
            "after": torch.from_numpy(after),
        }

    return batch


def pairs_at(data: Portraits, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and labels of the pairs that begin at `first`: all firsts, then all seconds."""
    index = np.concatenate([first, first + 1])
    return data.pictures[index], data.labels[index]


def changed(
    first: np.ndarray, second: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Places in `prompts` of what an edit leads from, left open for half of them, and to: (N,)."""
    shown = (first != HIDDEN) & (second != HIDDEN)
    name = ((first != second) & shown).argmax(1)
    place = np.cumsum([0, *SIZES])
    row = np.arange(len(name))
    told, silent = place[name] + first[row, name], place[-1] + name
    unsaid = (rng.random(len(name)) < 0.5) & (first != second).any(1)
    return np.where(unsaid, silent, told), place[name] + second[row, name]
