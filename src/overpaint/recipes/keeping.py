"""What a tuned picture keeps of its source: colours, the person, edges, and its smoothness."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.core.masks import blend
from overpaint.models.identity import FaceEncoder
from overpaint.recipes.aims import Aims, weights
from overpaint.recipes.losses import altered, misplaced, roughness
from overpaint.recipes.perceptual import Distance


@dataclass(frozen=True)
class Keeping:
    """The losses against the source; with a `region`, pictures need not look alike inside it.

    Args:
        region: `(1, 1, H, W)` in [0, 1], 1 where pictures may change; None for everywhere.
    """

    aims: Aims
    face: FaceEncoder | None = None
    region: Tensor | None = None
    perceive: Distance | None = None

    def __call__(self, source: Tensor, edited: Tensor) -> dict[str, Tensor]:
        """The losses that count, by name, for `(B, 3, H, W)` in [-1, 1]; and `likeness`."""
        wanted = weights(self.aims)
        found: dict[str, Tensor] = {}
        if self.face is not None:
            found |= self._person(self.face, source, edited)
        if "l1" in wanted:
            found["l1"] = self._apart(source, edited)
        if self.perceive is not None:
            seen = edited if self.region is None else blend(source, edited, self.region)
            found["lpips"] = self.perceive(seen, source)
        if "edges" in wanted:
            found["edges"] = misplaced(edited, source)
        if "smooth" in wanted:
            found["smooth"] = roughness(edited)
        return found

    def _apart(self, source: Tensor, edited: Tensor) -> Tensor:
        if self.region is None:
            return F.l1_loss(edited, source)
        return altered(edited, source, 1 - self.region)

    def _person(self, face: FaceEncoder, source: Tensor, edited: Tensor) -> dict[str, Tensor]:
        """The mean cosine of faces, a figure to watch; if it counts, its distance from 1 too."""
        counts = self.aims.identity_weight > 0
        with torch.set_grad_enabled(counts and torch.is_grad_enabled()):
            likeness = (face.embed(edited) * face.embed(source)).sum(1)
        figure = {"likeness": likeness.mean().detach()}
        return {"identity": (1 - likeness).mean(), **figure} if counts else figure
