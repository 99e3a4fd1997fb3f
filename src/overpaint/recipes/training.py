"""What the recipes of the embedded models share: their options, their pictures and their cards."""

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, make_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from overpaint.core.watch import Watch
from overpaint.errors import OptionError
from overpaint.methods.options import opt
from overpaint.models.devices import pick_device
from overpaint.models.folders import Folder, fill, fingerprint
from overpaint.models.networks import hardware
from overpaint.portraits import dataset
from overpaint.portraits.dataset import Portraits
from overpaint.recipes.fit import BatchFn, FitConfig, Loss, Progress, fit, numpy_rng

HELD_OUT = 7
"""The seed of the pictures that no recipe trains on."""


@dataclass(frozen=True)
class Training:
    """How long, on how many pictures and where a recipe trains."""

    steps: int = opt(4000, "optimiser steps", 1, 1_000_000)
    batch_size: int = opt(64, "pictures a step", 1, 4096)
    pictures: int = opt(24_000, "rendered pictures to draw from", 1, 10_000_000)
    lr: float = opt(5e-4, "peak learning rate of AdamW", 0, 1)
    seed: int = opt(0, "of weights, order, noise and augmentation", 0)
    device: str = opt("auto", "auto, cpu or cuda")
    compile: bool = opt(False, "torch.compile: slow to start, faster after")
    max_seconds: float | None = opt(None, "pause after so long; the same command goes on", 1)
    allow_change: bool = opt(False, "go on from a checkpoint made under other settings")
    start: str = opt("", "weights to begin with: a file or folder of the same network")
    cache: str = opt(".cache/portraits", "where rendered pictures are kept")


def training(**defaults: Any) -> type[Training]:
    """`Training` with other defaults, and fields of `opt` besides: the `Config` of one recipe."""
    own = Training.__dataclass_fields__
    fields = [
        (name, type(value.default), value)
        if isinstance(value, Field)
        else (name, own[name].type, field(default=value, metadata=own[name].metadata))
        for name, value in defaults.items()
    ]
    return make_dataclass("Config", fields, bases=(Training,), frozen=True)


@dataclass(frozen=True)
class Trained:
    """What a finished run leaves: averaged weights and the start of a card."""

    weights: Mapping[str, Tensor]
    card: dict[str, Any]


def rendered(
    config: Training,
    sampler: str,
    watch: Watch,
    held_out: int = 0,
    *,
    size: int = dataset.SIZE,
) -> Portraits:
    """Cached pictures, rendered first where they are missing; `held_out` of another seed."""
    count, seed = (held_out, HELD_OUT) if held_out else (config.pictures, 1)
    folder = Path(config.cache)
    made = dataset.build(folder, sampler, count, seed, size=size)
    for _ in watch(made, None, f"rendering {sampler}"):
        pass
    return dataset.load(folder, sampler, count, seed, size)


def images(pictures: np.ndarray) -> Tensor:
    """(B, H, W, 3) uint8 to (B, 3, H, W) float32 in [-1, 1]."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def picked(data: Portraits, config: Training) -> BatchFn:
    """Batches of random pictures, half of them mirrored, with their labels."""

    def batch(step: int) -> dict[str, Tensor]:
        rng = numpy_rng(config.seed, step)
        index = rng.integers(len(data), size=config.batch_size)
        pictures = images(data.pictures[index])
        mirrored = torch.from_numpy(rng.random(config.batch_size) < 0.5)
        pictures = torch.where(mirrored[:, None, None, None], pictures.flip(3), pictures)
        return {
            "images": pictures,
            "labels": torch.from_numpy(data.labels[index].astype(np.int64)),
        }

    return batch


def trained(
    net: nn.Module,
    loss: Loss,
    batch: BatchFn,
    config: Training,
    *,
    folder: Path,
    watch: Watch,
    recipe: str,
    about: Mapping[str, Any] | None = None,
    begin: Callable[[nn.Module, Path], str] | None = None,
) -> Trained | None:
    """Run `fit`, resuming what lies in `folder`; None if it paused before the last step.

    Args:
        about: what else the run depends on, compared when it goes on and told by the card.
        begin: in place of `begun`.
    """
    device = pick_device(config.device)
    start = (begin or begun)(net, Path(config.start)) if config.start else ""
    net.to(device)
    fitting = FitConfig(
        steps=config.steps,
        lr=config.lr,
        warmup=min(200, config.steps // 10 + 1),
        seed=config.seed,
        compile=config.compile,
        max_seconds=config.max_seconds,
    )
    known: dict[str, Any] = {
        "batch_size": config.batch_size,
        "pictures": config.pictures,
        "world": dataset.WORLD,
        "recipe": recipe,
        **(about or {}),
    }
    if start:
        known["start"] = start
    last = Progress(0, 0.0, 0.0, 0.0)
    run = fit(
        net,
        loss,
        batch,
        fitting,
        folder / "checkpoints",
        about=known,
        changed="allow" if config.allow_change else "refuse",
    )
    for now in watch(run, config.steps, f"training {recipe}"):
        last = now
    if last.step < config.steps:
        return None
    return Trained(
        {name: value.cpu() for name, value in last.ema.items()}, _card(known, config, last)
    )


def begun(net: nn.Module, start: Path) -> str:
    """Give `net` the weights of a file or folder, a file for each part; returns their hash.

    Raises:
        OptionError: there are no weights of such a network.
    """
    folder = Folder.at(start if start.is_dir() else start.parent)
    names = sorted(str(path.relative_to(folder.path)) for path in start.rglob("*.safetensors"))
    names = [name for name in names if "checkpoints" not in Path(name).parts]
    files = [folder.file(name) for name in ([start.name] if start.is_file() else names)]
    parts = {file.parent.name: file for file in files}
    own = dict(net.named_children())
    if not files or (len(files) > 1 and not parts.keys() <= own.keys()):
        what, hint = f"{start} holds no weights to start from", "Name the folder of a finished run."
        raise OptionError(what, f"a {type(net).__name__} was looked for", hint)
    for part, file in parts.items():
        fill(net if len(files) == 1 else own[part], file)
    return "-".join(map(fingerprint, files))


def _card(about: Mapping[str, Any], config: Training, last: Progress) -> dict[str, Any]:
    return {
        "recipe": about["recipe"],
        "data": f"{config.pictures} rendered portraits",
        **{name: about[name] for name in about if name not in ("recipe", "pictures")},
        **{name: getattr(config, name) for name in ("steps", "lr", "seed")},
        "seconds": round(last.seconds),
        "hardware": hardware(),
        "licence": "Apache-2.0",
        "loss": round(last.loss, 5),
    }
