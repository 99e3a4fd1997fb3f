"""The embedded CLIP, made for guidance: a caption is matched with all pictures it is true of."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from torch.nn import functional as F

from overpaint.core.watch import Watch
from overpaint.models.augment import Views
from overpaint.models.clip import tokens
from overpaint.models.networks import clip_towers, write_card, write_network, write_tokenizer
from overpaint.models.preprocess import normalised
from overpaint.portraits.captions import caption_of_labels, phrase
from overpaint.portraits.dataset import Portraits
from overpaint.portraits.labels import LABELS, claim_row, truth
from overpaint.portraits.scene import VALUES
from overpaint.recipes.fit import Batch, BatchFn, Figures, numpy_rng
from overpaint.recipes.judge import attribute_loss
from overpaint.recipes.training import picked, rendered, trained, training

Config = training(steps=2500, batch_size=128, lr=1.5e-3)
CONTEXT = 32
VOCABULARY = 768
# Noise and warps until only what an eye would see is left to read: its gradient then draws shapes.
VIEWS = Views(scale=0.18, turn=0.12, shift=0.10, bend=0.08, colour=0.35, noise=0.30, blur=1.0)


@dataclass(frozen=True)
class Prompts:
    """One sentence per value of each attribute, in the order of `VALUES`."""

    texts: list[str]

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Prompts":
        """Sentences that differ in one value only; which words frame it is drawn per attribute."""
        texts = []
        for name, values in VALUES.items():
            shared = {"kind": "person"} if name != "kind" and rng.random() < 0.8 else {}
            if name != "style" and rng.random() < 0.4:
                shared |= {"style": "photo"}
            texts += [phrase({**shared, name: value}, rng) for value in values]
        return cls(texts)


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
    """Batches of pictures with a caption each, which captions are true of which, and prompts."""
    pictures = picked(data, config)

    def batch(step: int) -> dict[str, Tensor]:
        drawn = pictures(step)
        rng = numpy_rng(config.seed + 1, step)
        rows = drawn["labels"].numpy().astype(np.int8)
        captions = [caption_of_labels(row, rng) for row in rows]
        claims = np.stack([claim_row(caption.claims) for caption in captions])
        return {
            **drawn,
            "captions": tokens(tokenizer, [caption.text for caption in captions], CONTEXT),
            "prompts": tokens(tokenizer, Prompts.drawn(rng).texts, CONTEXT),
            "truth": torch.from_numpy(truth(rows, claims)),
        }

    return batch


def matching_loss(similar: Tensor, true: Tensor) -> Tensor:
    """Contrast with several right answers, both ways (arXiv 2204.03610, eq. 3); both (N, N)."""

    def one_way(logits: Tensor, right: Tensor) -> Tensor:
        target = right.float() / right.sum(1, keepdim=True).clamp(min=1)
        return -(target * logits.log_softmax(1)).sum(1).mean()

    return (one_way(similar, true) + one_way(similar.T, true.T)) / 2


def guiding_loss(net: Any, batch: Batch, rng: torch.Generator) -> tuple[Tensor, Figures]:
    """Matching of captions plus zero-shot reading of attributes, on strongly varied views."""
    pixels = normalised((VIEWS(batch["images"], rng) + 1) / 2)
    seen, told = net(pixels, torch.cat([batch["captions"], batch["prompts"]]))
    seen, told = F.normalize(seen.float(), dim=1), F.normalize(told.float(), dim=1)
    similar = net.logit_scale.clamp(max=4.2).exp() * seen @ told.T
    matching = matching_loss(similar[:, : len(seen)], batch["truth"])
    reading = attribute_loss(similar[:, len(seen) :], batch["labels"]) / len(LABELS)
    figures = {"matching": float(matching.detach()), "reading": float(reading.detach())}
    return matching + 3 * reading, figures


def run(folder: Path, config: Any, watch: Watch) -> Mapping[str, Any]:
    """Train; leaves a transformers folder (CLIPModel and tokenizer) and its card."""
    data = rendered(config, "all_styles", watch)
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
