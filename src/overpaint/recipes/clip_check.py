"""A second CLIP that never guides, so that what pleased the guide can be ranked by another eye.

Its tower of pictures, of another build and seed, learns to agree with the texts of the CLIP that
guides on gentle views. Then its copy of the texts may learn on: what the guide cannot see, such as
a moustache, has words there that mean nearly the same.
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
from overpaint.models.networks import ranking_tower, write_card, write_towers
from overpaint.models.towers import Residual, read_residual
from overpaint.models.zoo import embedded
from overpaint.recipes.captioned import captioned
from overpaint.recipes.clip import SCALE, calm_loss
from overpaint.recipes.training import rendered, trained, training

Config = training(
    steps=640,
    batch_size=32,
    pictures=17_500,
    lr=1.5e-3,
    seed=11,
    text=opt("", "folder of the CLIP whose texts it learns to see; the embedded one without it"),
    frozen=opt(True, "its copy of the texts stays as it is; off: it learns too"),
)


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
    net = untrained(guide, config.seed, frozen=config.frozen)
    batch, text = captioned(data, words, config, marring=0.0), guide.file("text/model.safetensors")
    done = trained(
        net,
        calm_loss,
        batch,
        config,
        folder=folder,
        watch=watch,
        recipe="clip-check",
        about={"text": fingerprint(text), "frozen": config.frozen},
    )
    if done is None:
        return {"recipe": "clip-check", "finished": False}
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(guide.file(name), folder / name)
    write_towers(net, folder, done.weights)
    write_card(folder, done.card)
    return done.card


def untrained(guide: Folder, seed: int, *, frozen: bool = True) -> Residual:
    """A new tower of pictures beside a copy of the texts of `guide`."""
    text: Any = read_residual(guide)[0].text
    torch.manual_seed(seed)
    net = Residual(ranking_tower(text.config.projection_dim), text)
    net.logit_scale.data.fill_(guide.card().get("logit_scale", SCALE))
    net.text.requires_grad_(not frozen)
    net.logit_scale.requires_grad_(False)
    return net
