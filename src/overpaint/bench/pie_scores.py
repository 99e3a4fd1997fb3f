"""What PIE-Bench says of an edit: as it was published, or by means outside the mask alone."""

from dataclasses import dataclass

import torch
from torch import Tensor

from overpaint.bench.networks import Networks
from overpaint.bench.portraits import MOST
from overpaint.metrics import fidelity, likeness, outside


@dataclass(frozen=True, eq=False)
class Seen:
    """An edit to be scored: pictures (1, 3, H, W) in [0, 1], mask (1, 1, H, W), its text."""

    source: Tensor
    made: Tensor
    mask: Tensor
    prompt: str

    @property
    def rest(self) -> Tensor:
        """1 outside the mask."""
        return 1 - self.mask


def scored(seen: Seen, networks: Networks, *, compat: bool) -> dict[str, float]:
    """The scores of one edit; NaN of a background where there is none.

    compat: as the authors' code has it, whose numbers others compare with: the background's are of
        pictures that are black inside the mask, over the whole frame, so that they depend on the
        mask's size; the structure's are of pictures in [0, 255]; CLIP's are no less than 0. Else
        means are of what lies outside, and an untouched background counts as one with rounding.
    """
    none = bool((seen.rest == 0).all())
    beside = _blanked(seen) if compat else _outside(seen)
    found = {name: torch.nan if none else value for name, value in beside.items()}
    if networks.lpips is not None:
        found["background_lpips"] = torch.nan if none else _lpips(seen, networks, compat)
    if networks.dino is not None:
        made, source = (networks.keys(each, full_range=compat) for each in (seen.made, seen.source))
        found["structure"] = float(likeness.structure(made, source))
    if networks.clip is not None:
        found |= _told(seen, networks, compat)
    return found


def _blanked(seen: Seen) -> dict[str, float]:
    """Over the whole frame of pictures times (1 - mask)."""
    made, source = (each * seen.rest for each in (seen.made, seen.source))
    return {
        "background_psnr": float(fidelity.psnr(made, source)),
        "background_mse": float(fidelity.mse(made, source)),
        "background_ssim": float(fidelity.ssim(made, source)),
    }


def _outside(seen: Seen) -> dict[str, float]:
    given = (seen.made, seen.source, seen.mask)
    return {
        "background_psnr": min(MOST, float(outside.background_psnr(*given))),
        "background_mse": float(outside.background_mse(*given)),
        "background_ssim": float(outside.background_ssim(*given)),
    }


def _lpips(seen: Seen, networks: Networks, compat: bool) -> float:
    """Else of the edit with its source's own region put back, by the share of what is left.

    LPIPS is a mean over places, and a region that is as before adds nothing to it; one that is
    black would add its edges.
    """
    if compat:
        return networks.apart(seen.made * seen.rest, seen.source * seen.rest)
    back = torch.where(seen.mask > 0, seen.source, seen.made)
    return networks.apart(back, seen.source) / float(seen.rest.mean())


def _told(seen: Seen, networks: Networks, compat: bool) -> dict[str, float]:
    """Of the whole picture, and of it black outside the mask."""
    images = networks.see(torch.cat([seen.made, seen.made * seen.mask]))
    text = networks.read([seen.prompt])
    whole, edited = (float(likeness.clip_t(image, text)) for image in images.split(1))
    least = 0.0 if compat else -1.0
    return {"clip_t": max(least, whole), "clip_edited": max(least, edited)}
