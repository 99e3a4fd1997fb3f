"""The embedded CLIP, made for guidance: it reads captions, and edits as directions.

A batch is made of pairs: a portrait and its perfect edit, under the same view. A caption is matched
with all pictures it is true of, a picture with the sentence on each of its attributes, and an edit
with the change of words that describes it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from torch.nn import functional as F

from overpaint.core.watch import Watch
from overpaint.models.augment import Views, grained
from overpaint.models.clip import tokens
from overpaint.models.networks import clip_towers, write_card, write_network, write_tokenizer
from overpaint.models.preprocess import normalised
from overpaint.portraits.captions import caption_of_labels, phrase
from overpaint.portraits.dataset import Portraits
from overpaint.portraits.labels import HIDDEN, LABELS, claim_row, truth
from overpaint.portraits.scene import VALUES
from overpaint.recipes.disturbed import disturbed
from overpaint.recipes.fit import Batch, BatchFn, Figures, numpy_rng
from overpaint.recipes.losses import attribute_loss, directional, matching_loss
from overpaint.recipes.training import images, rendered, trained, training

Config = training(steps=2500, batch_size=128, lr=1.5e-3)
CONTEXT = 32
VOCABULARY = 768
SIZES = [len(values) for values in VALUES.values()]
# Noise and warps until only what an eye would see is left to read: its gradient then draws shapes.
VIEWS = Views(scale=0.18, turn=0.12, shift=0.10, bend=0.08, colour=0.35, noise=0.50, blur=1.0)
GRAIN = 0.3  # standard deviation at most
DISTURBANCE = 1.0  # at most, Euclidean, of a picture in [-1, 1]


def prompts(rng: np.random.Generator) -> list[str]:
    """A sentence per value in the order of `VALUES`, then per attribute one that leaves it open.

    Those of one attribute differ in the value only; which words frame it is drawn for each.
    """
    told, silent = [], []
    for name, values in VALUES.items():
        shared = {"kind": "person"} if name != "kind" and rng.random() < 0.8 else {}
        if name != "style" and rng.random() < 0.4:
            shared |= {"style": "photo"}
        told += [phrase({**shared, name: value}, rng) for value in values]
        silent.append(phrase(shared, rng))
    return told + silent


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


def captioned(data: Portraits, tokenizer: Tokenizer, config: Any) -> BatchFn:
    """Batches of edits, rows i and i + B/2 a pair, with captions, which are true of what, prompts.

    "before" and "after" are the places of the prompts that each edit leads from and to.
    """

    def batch(step: int) -> dict[str, Tensor]:
        rng = numpy_rng(config.seed, step)
        first = 2 * rng.integers(len(data) // 2, size=config.batch_size // 2)
        index = np.concatenate([first, first + 1])
        rows = data.labels[index]
        captions = [caption_of_labels(row, rng) for row in rows]
        claims = np.stack([claim_row(caption.claims) for caption in captions])
        before, after = changed(data.labels[first], data.labels[first + 1], rng)
        mirrored = torch.from_numpy(np.tile(rng.random(len(first)) < 0.5, 2))[:, None, None, None]
        pictures = images(data.pictures[index])
        return {
            "images": torch.where(mirrored, pictures.flip(3), pictures),
            "labels": torch.from_numpy(rows.astype(np.int64)),
            "captions": tokens(tokenizer, [caption.text for caption in captions], CONTEXT),
            "truth": torch.from_numpy(truth(rows, claims)),
            "prompts": tokens(tokenizer, prompts(rng), CONTEXT),
            "before": torch.from_numpy(before),
            "after": torch.from_numpy(after),
        }

    return batch


def changed(
    first: np.ndarray, second: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Places in `prompts` of what an edit leads from, left open for half of them, and to: (N,)."""
    shown = (first != HIDDEN) & (second != HIDDEN)
    name = ((first != second) & shown).argmax(1)
    place = np.cumsum([0, *SIZES])
    row = np.arange(len(name))
    told, silent = place[name] + first[row, name], place[-1] + name
    return np.where(rng.random(len(name)) < 0.5, silent, told), place[name] + second[row, name]


def paired(pictures: Tensor, rng: torch.Generator) -> Tensor:
    """Views of a batch of pairs, the same view for both of each."""
    return torch.cat(VIEWS.alike(pictures.chunk(2), rng))


def guiding_loss(net: Any, batch: Batch, rng: torch.Generator) -> tuple[Tensor, Figures]:
    """Matching of captions, reading of attributes, and edits that go where their words go.

    All on pictures with grain of their own that are disturbed against it: what is tuned by this
    CLIP shall not please it by grids and noise that an eye would not call the change.
    """
    ids = torch.cat([batch["captions"], batch["prompts"]])
    told = F.normalize(net.tell(ids).float(), dim=1)

    def against(views: Tensor) -> Tensor:
        return total(agreement(net, views, told.detach(), batch))

    views = grained(paired(batch["images"], rng), rng, GRAIN)
    views = disturbed(views, against, rng, DISTURBANCE)
    terms = agreement(net, views, told, batch)
    return total(terms), {name: float(term.detach()) for name, term in terms.items()}


def agreement(net: Any, views: Tensor, told: Tensor, batch: Batch) -> dict[str, Tensor]:
    """How far pictures `(B, 3, H, W)` in [-1, 1] and unit vectors of texts are from agreeing."""
    seen = F.normalize(net.see(normalised((views + 1) / 2)).float(), dim=1)
    similar = net.logit_scale.clamp(max=4.2).exp() * seen @ told.T
    matched, read, _ = similar.split([len(seen), sum(SIZES), len(SIZES)], dim=1)
    said = told[len(seen) :]
    source, edit = seen.chunk(2)
    return {
        "matching": matching_loss(matched, batch["truth"]),
        "reading": attribute_loss(read, batch["labels"]) / len(LABELS),
        "direction": directional(edit - source, said[batch["after"]] - said[batch["before"]]),
    }


def total(terms: dict[str, Tensor]) -> Tensor:
    """The loss that CLIP is trained by."""
    return terms["matching"] + 3 * terms["reading"] + terms["direction"]


def run(folder: Path, config: Any, watch: Watch) -> Mapping[str, Any]:
    """Train; leaves a transformers folder (CLIPModel and tokenizer) and its card."""
    data = rendered(config, "edits", watch)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer(config.seed)
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(config.seed)
    end = tokenizer.encode("<|endoftext|>", add_special_tokens=False).ids[-1]
    net = clip_towers(tokenizer.get_vocab_size(), CONTEXT, end)
    batch = captioned(data, tokenizer, config)
    done = trained(net, guiding_loss, batch, config, folder=folder, watch=watch, recipe="clip")
    if done is None:
        return {"recipe": "clip", "finished": False}
    write_tokenizer(folder / "tokenizer.json", folder, CONTEXT)
    for name, tower in (("vision", net.vision), ("text", net.text)):
        own = {key.removeprefix(f"{name}."): value for key, value in done.weights.items()}
        write_network(tower, folder / name, own, None)
    write_card(folder, done.card)
    return done.card
