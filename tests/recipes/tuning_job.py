"""A tiny tuning, run in processes of its own that are killed at random moments."""

import json
import os
import random
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from overpaint import tuning
from overpaint.models.clip import load_clip
from overpaint.models.identity import load_identity
from overpaint.recipes import guides, manner, objective

from ..folders import write_clip, write_identity

QUICK: dict[str, Any] = {"iterations": 10, "batch_size": 2, "pictures": 4, "rank": 2, "views": 1}
QUICK |= {"num_inversion_steps": 2, "num_inference_steps": 2, "lr": 0.003, "strip_every": 4}


def ready(folder: Path) -> None:
    """Tiny judges, pictures and a cache in `folder`, and a checkpoint every other iteration."""
    torch.set_num_threads(1)
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    (folder / "pictures").mkdir()
    for k, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)):
        Image.fromarray(pixels).save(folder / f"pictures/{k}.png")
    clip = load_clip(write_clip(folder / "clip"))
    face = load_identity(write_identity(folder / "face"))
    fitting = manner.fitting
    guides.load_clip = lambda *_: clip
    objective.load_identity = lambda *_: face
    manner.fitting = lambda *given: replace(fitting(*given), save_every_steps=2)


def tuned(target: Path, options: dict[str, Any], **how: Any) -> tuple[Path, dict[str, Any]]:
    """The adapter of the job and its card."""
    texts = {"prompt": "red", "source_prompt": "a face", "model": "tiny"}
    images = {"images": str(target.parent / "pictures")}
    return tuning.tune(**texts, folder=target, **{**QUICK, **images, **options}, **how)


def killed(target: Path, options: dict[str, Any], moment: float) -> bool:
    """Run in a child, killed `moment` seconds after its first new checkpoint; False: it ended."""
    checkpoints = target.with_name(f".{target.name}.tuning") / "checkpoints"
    before = set(checkpoints.glob("step-*"))
    if (child := os.fork()) == 0:
        tuned(target, options)
        os._exit(0)
    while set(checkpoints.glob("step-*")) <= before and os.waitpid(child, os.WNOHANG)[0] == 0:
        time.sleep(0.001)
    time.sleep(moment)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


if __name__ == "__main__":
    place, options = Path(sys.argv[1]), json.loads(sys.argv[2])
    ready(place)
    rng = random.Random(7)
    moments = [rng.uniform(0, 0.2) for _ in range(3)]
    told = {"killed": [killed(place / "killed", options, moment) for moment in moments]}
    told["left"] = sorted(path.name for path in place.glob("**/.killed.tuning/checkpoints/step-*"))
    told["cards"] = {name: tuned(place / name, options)[1] for name in ("killed", "whole")}
    print(json.dumps(told))
