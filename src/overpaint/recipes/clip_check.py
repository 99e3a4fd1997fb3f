"""A second CLIP that never guides, so that what pleased the guide can be ranked by another eye.

Its texts are those of the CLIP that guides, copied and frozen; its own tower of pictures, of
another build and seed, learns to agree with them on gentle views.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from overpaint.core.watch import Watch
from overpaint.errors import OptionError
from overpaint.methods.options import opt
from overpaint.models.folders import Folder, fingerprint
from overpaint.models.networks import ranking_tower, write_card, write_network
from overpaint.models.towers import Residual, read_residual
from overpaint.models.zoo import embedded
from overpaint.recipes.captioned import captioned
from overpaint.recipes.clip import SCALE, calm_loss
from overpaint.recipes.training import rendered, trained, training

Config = training(
    steps=800,
    batch_size=32,
    pictures=17_500,
    lr=1.5e-3,
    seed=11,
    text=opt("", "folder of the CLIP whose texts it learns to see; the embedded one without it"),
)
COPIED = ("text/config.json", "text/model.safetensors", "tokenizer.json", "tokenizer_config.json")


def run(folder: Path, config: Any, watch: Watch) -> Mapping[str, Any]:
    """Train; leaves a folder like that of the CLIP whose texts it took, and its card.

    Raises:
        OptionError: the batch is odd.
        ModelNotFoundError: there is no CLIP with a text tower of its own.
    """
    if config.batch_size % 2:
        raise OptionError(f"batch_size is of pairs: even, not {config.batch_size}")
    data = rendered(config, "edits", watch)
    guide = Folder.at(Path(config.text) if config.text else embedded("clip"))
    words = Tokenizer.from_file(str(guide.file("tokenizer.json")))
    net = untrained(guide, config.seed)
    batch = captioned(data, words, config, marring=0.0)
    done = trained(
        net,
        calm_loss,
        batch,
        config,
        folder=folder,
        watch=watch,
        recipe="clip-check",
        about={"text": fingerprint(guide.file("text/model.safetensors"))},
    )
    if done is None:
        return {"recipe": "clip-check", "finished": False}
    (folder / "text").mkdir(exist_ok=True)
    for name in COPIED:
        shutil.copyfile(guide.file(name), folder / name)
    own = {name.removeprefix("vision."): value for name, value in done.weights.items()}
    write_network(net.vision, folder / "vision", own, None)
    write_card(folder, done.card)
    return done.card


def untrained(guide: Folder, seed: int) -> Residual:
    """A new tower of pictures beside the texts of `guide`, which stay as they are."""
    taught, _ = read_residual(guide)
    torch.manual_seed(seed)
    net = Residual(ranking_tower(taught.text.config.projection_dim), taught.text)
    net.logit_scale.data.fill_(guide.card().get("logit_scale", SCALE))
    net.text.requires_grad_(False)
    net.logit_scale.requires_grad_(False)
    return net
