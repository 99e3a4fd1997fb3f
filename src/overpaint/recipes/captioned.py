"""What CLIP learns from: pairs of pictures, captions of them, and prompts to read them by."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

from overpaint.models.texts import tokens
from overpaint.portraits.captions import caption_of_labels, phrase
from overpaint.portraits.dataset import Portraits
from overpaint.portraits.labels import HIDDEN, LABELS, claim_row, truth
from overpaint.portraits.scene import VALUES
from overpaint.recipes.fit import BatchFn, numpy_rng
from overpaint.recipes.training import images

CONTEXT = 32
VOCABULARY = 768
SIZES = [len(values) for values in VALUES.values()]
FAILED = 6  # one pair in so many is a failed edit, if there are any
MARRED = 0.4  # of the pictures, where they are disturbed
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


@dataclass(frozen=True)
class Flaws:
    """What is wrong with the pictures of a batch, (B,) each but `half`."""

    half: np.ndarray  # edits of style that are done by half, (B / 2,)
    marred: np.ndarray  # pictures that get a grid, blots or ringing
    flawed: np.ndarray  # any of these, and edits that failed
    said: np.ndarray  # by the caption


def flaws(
    rows: np.ndarray, failed: np.ndarray, rng: np.random.Generator, *, marring: float = MARRED
) -> Flaws:
    """Draw what is wrong in pairs with labels `rows`, of which the edits (B / 2,) `failed` are.

    `marring` is the share of the rest that is marred.
    """
    count, style = len(failed), LABELS.index("style")
    sound = np.zeros(count, bool)
    half = (rows[:count, style] != rows[count:, style]) & (rng.random(count) < 0.4)
    kept = np.concatenate([failed, failed | half])
    marred = (rng.random(2 * count) < marring) & ~kept
    flawed = marred | np.concatenate([sound, failed | half])
    said = flawed & (rng.random(2 * count) < 0.5) | np.concatenate([sound, half])
    return Flaws(half, marred, flawed, said)


def captioned(
    data: Portraits,
    tokenizer: Tokenizer,
    config: Any,
    failed: Portraits | None = None,
    *,
    marring: float = MARRED,
) -> BatchFn:
    """Batches of edits, rows i and i + B/2 a pair, with captions, which are true of what, prompts.

    "before" and "after" are the places of the prompts that each edit leads from and to; "flawed",
    "half" and "marred" as in `Flaws`. Some of the pairs are a photo and its `failed` edit.
    """

    def batch(step: int) -> dict[str, Tensor]:
        rng = numpy_rng(config.seed, step)
        count = config.batch_size // 2
        pictures, rows = pairs_at(data, 2 * rng.integers(len(data) // 2, size=count))
        bad = np.zeros(count, bool)
        if failed is not None:
            bad[: max(1, count // FAILED)] = True
            first = 2 * rng.integers(len(failed) // 2, size=int(bad.sum()))
            pictures[np.tile(bad, 2)], rows[np.tile(bad, 2)] = pairs_at(failed, first)
        before, after = changed(rows[:count], rows[count:], rng)
        wrong = flaws(rows, bad, rng, marring=marring)
        captions = [caption_of_labels(row, rng) for row in rows]
        labels = rows.copy()
        labels[count:, LABELS.index("style")][wrong.half] = HIDDEN
        claims = np.stack([claim_row(caption.claims) for caption in captions])
        true = truth(labels, claims) & (wrong.flawed[:, None] | ~wrong.said)
        np.fill_diagonal(true, val=True)
        told = zip(captions, wrong.said, strict=True)
        texts = [caption.text + NOISY * bool(said) for caption, said in told]
        mirrored = torch.from_numpy(np.tile(rng.random(count) < 0.5, 2))[:, None, None, None]
        seen = images(pictures)
        return {
            "images": torch.where(mirrored, seen.flip(3), seen),
            "labels": torch.from_numpy(labels.astype(np.int64)),
            "captions": tokens(tokenizer, texts, CONTEXT),
            "truth": torch.from_numpy(true),
            "flawed": torch.from_numpy(wrong.flawed),
            "marred": torch.from_numpy(wrong.marred),
            "half": torch.from_numpy(wrong.half),
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
