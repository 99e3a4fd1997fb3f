"""Portraits-CF as a benchmark: scored against known truth, by eyes that took no part."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from overpaint.bench.eyes import Eyes, eyes, perceptual, places, read
from overpaint.bench.task import Pictures
from overpaint.methods.registry import Method
from overpaint.metrics import fidelity, likeness, outside
from overpaint.portraits.scene import VALUES
from overpaint.portraits.tasks import Drawn, Edit

TUNED: Mapping[tuple[str, str], str] = {
    ("style", "pencil sketch"): "sketch",
    ("style", "bronze statue"): "bronze",
    ("style", "neon"): "neon",
    ("style", "zombie"): "zombie",
    ("expression", "smiling"): "smiling",
    ("hair", "red"): "red-hair",
}
"""The embedded adapters by what they change."""
MOST = 54.0  # dB: a picture that is untouched counts as one with the rounding of a file


@lru_cache(maxsize=1)
def _drawn(edit: Edit, size: int) -> Drawn:
    """The last one stays: it is edited, then compared with."""
    return edit.drawn(size)


@dataclass(frozen=True)
class Portrait:
    """An edit of Portraits-CF, drawn at a size."""

    edit: Edit
    size: int

    @property
    def name(self) -> str:
        """The edit's."""
        return self.edit.name

    @property
    def group(self) -> str:
        """Its change's."""
        return self.edit.change.group

    @property
    def prompt(self) -> str:
        """What it shall show."""
        return self.edit.prompt

    @property
    def source_prompt(self) -> str:
        """What it shows."""
        return self.edit.source_prompt

    def pictures(self) -> Pictures:
        """All are known."""
        return Pictures(*_drawn(self.edit, self.size))

    def given(self, method: Method) -> dict[str, Any] | None:
        """The adapters that are tuned to it, for a method that edits by them."""
        if "adapter" not in method.parts:
            return {}
        found = [TUNED.get(each) for each in self.edit.wanted.items()]
        return None if None in found else {"adapter": found}

    def scores(self, picture: np.ndarray) -> dict[str, float]:
        """Done as asked, all else kept, near the truth.

        "kept NAME" is 1 where attribute NAME reads as before; NaN says that there is no number, as
        for a background where all may change.
        """
        drawn = _drawn(self.edit, self.size)
        source, truth, made = (_pixels(each) for each in (*drawn[:2], picture))
        region = torch.from_numpy(drawn[2])[None, None].double()
        return {
            **_judged(eyes(), self.edit, source, made),
            **_near(made, truth),
            **_beside(made, source, region),
            **_staged(eyes(), made, truth, source),
            **_embedded(eyes(), self.edit, source, made),
        }


def _judged(eyes: Eyes, edit: Edit, source: Tensor, picture: Tensor) -> dict[str, float]:
    before, after = (read(eyes.judge, _signed(each)) for each in (source, picture))
    right = [int(after[name]) == VALUES[name].index(value) for name, value in edit.wanted.items()]
    kept = {f"kept {name}": float(before[name] == after[name]) for name in edit.shown}
    return {"success": float(all(right)), "kept": sum(kept.values()) / len(kept), **kept}


def _near(picture: Tensor, truth: Tensor) -> dict[str, float]:
    return {
        "mae": float(fidelity.mae(picture, truth)),
        "psnr": min(MOST, float(fidelity.psnr(picture, truth))),
        "ssim": float(fidelity.ssim(picture, truth)),
    }


def _beside(picture: Tensor, source: Tensor, region: Tensor) -> dict[str, float]:
    psnr = float(outside.background_psnr(picture, source, region))
    return {
        "background_psnr": psnr if np.isnan(psnr) else min(MOST, psnr),
        "background_mse": float(outside.background_mse(picture, source, region)),
        "background_ssim": float(outside.background_ssim(picture, source, region)),
    }


def _staged(eyes: Eyes, picture: Tensor, truth: Tensor, source: Tensor) -> dict[str, float]:
    """By what the judge sees on its way to an answer."""
    stages = eyes.judge.stages(_signed(torch.cat([picture, truth, source])))
    made, true, before = zip(*(stage.split(1) for stage in stages), strict=True)
    return {
        "perceptual": float(perceptual(made, true)),
        "structure": float(likeness.structure(places(made), places(before))),
    }


def _embedded(eyes: Eyes, edit: Edit, source: Tensor, picture: Tensor) -> dict[str, float]:
    both = _signed(torch.cat([picture, source]))
    with torch.no_grad():
        image, before = eyes.clip.image(both).split(1)
        text, said = eyes.clip.text([edit.prompt, edit.source_prompt]).split(1)
        face, same = eyes.identity.embed(both).split(1)
    return {
        "identity": float(likeness.identity(face, same)),
        "clip_direction": float(likeness.direction(image, before, text, said)),
        "clip_t": float(likeness.clip_t(image, text)),
    }


def _pixels(picture: np.ndarray) -> Tensor:
    """(1, 3, S, S) in [0, 1]."""
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255


def _signed(pixels: Tensor) -> Tensor:
    return pixels * 2 - 1
