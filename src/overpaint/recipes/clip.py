"""The embedded CLIP, made for guidance: it reads captions, and edits as directions.

A batch is made of pairs: a portrait and its perfect edit, under the same view. A caption is matched
with all pictures it is true of, a picture with the sentence on each of its attributes, and an edit
with the change of words that describes it. Grids, blots, ringing, edits done by half and edits that
failed are flaws, which have a word of their own: so they point elsewhere than the edit.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from overpaint.core.watch import Watch
from overpaint.errors import OptionError
from overpaint.methods.options import opt
from overpaint.models.augment import Views
from overpaint.models.folders import Folder
from overpaint.models.networks import clip_towers, write_card, write_tokenizer, write_towers
from overpaint.models.preprocess import normalised
from overpaint.recipes.captioned import CONTEXT, MARRED, SIZES, captioned, train_tokenizer
from overpaint.recipes.clip_losses import directional
from overpaint.recipes.disturbed import disturbed, half_done
from overpaint.recipes.fit import Batch, Figures
from overpaint.recipes.losses import figures, hardest_loss, matching_loss
from overpaint.recipes.rivals import failed_edits, read_rivals
from overpaint.recipes.training import rendered, trained, training

Config = training(
    steps=2500,
    batch_size=128,
    lr=1.5e-3,
    calm=opt(False, "gentle views, nothing marred: what is small is learnt first"),
    rivals=opt("", "folder of adapters that deceived an earlier CLIP: their edits are flawed"),
)
# Warps, blur and noise until only what an eye would see is left to read.
SOFTENED = Views(scale=0, turn=0, shift=0, bend=0, colour=0.20, blur=3.0)
GENTLE = Views(scale=0.12, turn=0.10, shift=0.08, bend=0.06, colour=0.20, noise=0.12, blur=1.0)
WARPED = Views(scale=0.18, turn=0.12, shift=0.10, bend=0.08, noise=0.25)
HALF = 0.5  # as much of the way of its words an edit goes that is done by half
PHOTOS = 128  # that each rival edits
SCALE = 3.5  # of the logits of a trained CLIP, as a logarithm, where no card says


def paired(views: Views, pictures: Tensor, rng: torch.Generator) -> Tensor:
    """Views of a batch of pairs, the same view for both of each."""
    return torch.cat(views.alike(pictures.chunk(2), rng))


def guiding_loss(net: Any, batch: Batch, rng: torch.Generator) -> tuple[Tensor, Figures]:
    """Matching of captions, reading of attributes, and edits that go where their words go.

    All on pictures that are disturbed against it, and in words where one sees it: what is tuned by
    this CLIP shall not please it by grids and noise that an eye would not call the change.
    """
    told = told_by(net, batch)

    def against(pictures: Tensor) -> Tensor:
        return total(agreement(net, paired(WARPED, pictures, rng), told.detach(), batch))

    soft = paired(SOFTENED, pairs_of(batch, rng), rng)
    pictures = disturbed(soft, batch["marred"], against, rng)
    terms = agreement(net, paired(WARPED, pictures, rng), told, batch)
    return total(terms), figures(terms)


def calm_loss(net: Any, batch: Batch, rng: torch.Generator) -> tuple[Tensor, Figures]:
    """The same on gentle views of pictures that are not disturbed.

    An expression is a few pixels: under blur and noise it is read by chance from first to last.
    """
    views = paired(GENTLE, pairs_of(batch, rng), rng)
    terms = agreement(net, views, told_by(net, batch), batch)
    return total(terms), figures(terms)


def told_by(net: Any, batch: Batch) -> Tensor:
    """The unit vectors of captions and prompts."""
    ids = torch.cat([batch["captions"], batch["prompts"]])
    return F.normalize(net.tell(ids).float(), dim=1)


def pairs_of(batch: Batch, rng: torch.Generator) -> Tensor:
    """The pictures of a batch, with the edits that are done by half."""
    source, edit = batch["images"].chunk(2)
    edit = torch.where(batch["half"][:, None, None, None], half_done(source, edit, rng), edit)
    return torch.cat([source, edit])


def agreement(net: Any, views: Tensor, told: Tensor, batch: Batch) -> dict[str, Tensor]:
    """How far pictures `(B, 3, H, W)` in [-1, 1] and unit vectors of texts are from agreeing."""
    seen = F.normalize(net.see(normalised((views + 1) / 2)).float(), dim=1)
    similar = net.logit_scale.clamp(max=4.2).exp() * seen @ told.T
    matched, read, _, flaw = similar.split([len(seen), sum(SIZES), len(SIZES), 2], dim=1)
    said = told[len(seen) :]
    source, edit = seen.chunk(2)
    was, now = batch["flawed"].float().chunk(2)
    words = said[batch["after"]] - said[batch["before"]]
    where = course(words, said[-1] - said[-2], now - was, batch["half"])
    return {
        "matching": matching_loss(matched, batch["truth"]),
        "reading": hardest_loss(read, batch["labels"]),
        "flaw": F.cross_entropy(flaw, batch["flawed"].long()),
        "direction": directional(edit - source, where),
    }


def course(words: Tensor, flaw: Tensor, flawed: Tensor, half: Tensor) -> Tensor:
    """Where edits should lead, `(N, D)`: by one along their words (`HALF` if done by half), and by
    one off them if flawed.

    Only directions count, not lengths: a change of style is a much longer way in words than a flaw,
    which beside it would turn the edit by a few degrees and cost whoever is guided nothing.

    Args:
        words: `(N, D)`, from the one text to the other; zero where nothing was changed.
        flaw: `(D,)`, from sound to flawed.
        flawed: `(N,)`, 1 where a flaw came in, -1 where it went.
        half: `(N,)` bool, edits that are done by half.
    """
    done = torch.where(half, HALF, 1.0)[:, None]
    unit = F.normalize(words, dim=1, eps=1e-3)  # words that agree have no slope to speak of
    return done * unit + flawed[:, None] * F.normalize(flaw, dim=0)


def total(terms: dict[str, Tensor]) -> Tensor:
    """The loss that CLIP is trained by."""
    return terms["matching"] + 3 * terms["reading"] + terms["flaw"] + terms["direction"]


def run(folder: Path, config: Any, watch: Watch) -> Mapping[str, Any]:
    """Train; leaves a transformers folder (CLIPModel and tokenizer) and its card."""
    if config.batch_size % 2:
        raise OptionError(f"batch_size is of pairs: even, not {config.batch_size}")
    data = rendered(config, "edits", watch)
    start = Folder.at(Path(config.start)) if config.start else None
    if start:
        words = Tokenizer.from_file(str(start.file("tokenizer.json")))
    else:
        words = train_tokenizer(config.seed)
    folder.mkdir(parents=True, exist_ok=True)
    words.save(str(folder / "tokenizer.json"))
    torch.manual_seed(config.seed)
    end = words.encode("<|endoftext|>", add_special_tokens=False).ids[-1]
    net = clip_towers(words.get_vocab_size(), CONTEXT, end)
    if start:
        net.logit_scale.data.fill_(start.card().get("logit_scale", SCALE))
    failed, about = None, {}
    if config.rivals:
        photos = rendered(replace(config, pictures=PHOTOS), "photos", watch)
        rivals = read_rivals(Path(config.rivals))
        failed = failed_edits(rivals, photos, config.device, watch)
        about["rivals"] = [rival.hash for rival in rivals]
    loss, marring = (calm_loss, 0.0) if config.calm else (guiding_loss, MARRED)
    batch = captioned(data, words, config, failed, marring=marring)
    about |= {"calm": config.calm}
    done = trained(net, loss, batch, config, folder=folder, watch=watch, recipe="clip", about=about)
    if done is None:
        return {"recipe": "clip", "finished": False}
    write_tokenizer(folder / "tokenizer.json", folder, CONTEXT)
    write_towers(net, folder, done.weights)
    card = {**done.card, "logit_scale": round(float(done.weights["logit_scale"]), 3)}
    write_card(folder, card)
    return card
