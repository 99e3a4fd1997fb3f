"""An edit's scores: done as asked, all else kept, near the truth, by eyes that took no part."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from overpaint.bench.eyes import Eyes, perceptual, places, read
from overpaint.metrics import fidelity, likeness, outside
from overpaint.portraits.scene import VALUES
from overpaint.portraits.tasks import Drawn, Edit

UNITS: Mapping[str, str] = {
    "success": "%",
    "kept": "%",
    "mae": "",
    "psnr": "dB",
    "ssim": "",
    "perceptual": "",
    "background_psnr": "dB",
    "background_mse": "",
    "background_ssim": "",
    "identity": "",
    "clip_direction": "",
    "clip_t": "",
    "structure": "",
    "calls": "",
    "seconds": "s",
    "memory": "MiB",
}
"""Every score of an edit, and what it takes, with the unit in which it is told."""
MOST = 54.0  # dB: a picture that is untouched counts as one with the rounding of a file


def scores(eyes: Eyes, edit: Edit, drawn: Drawn, made: np.ndarray) -> dict[str, float]:
    """What can be said of a picture (S, S, 3) uint8 that was made for an edit.

    "kept NAME" is 1 where attribute NAME reads as before; NaN says that there is no number, as for
    a background where all may change.
    """
    source, truth, picture = (_pixels(each) for each in (*drawn[:2], made))
    region = torch.from_numpy(drawn[2])[None, None].double()
    return {
        **_judged(eyes, edit, source, picture),
        **_near(picture, truth),
        **_beside(picture, source, region),
        **_staged(eyes, picture, truth, source),
        **_embedded(eyes, edit, source, picture),
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
