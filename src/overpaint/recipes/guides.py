"""The CLIPs that steer a tuning, each with losses that know the texts as it sees them."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.errors import OptionError
from overpaint.models.clip import Clip, load_clip
from overpaint.models.zoo import embedded
from overpaint.recipes.aims import Aims
from overpaint.recipes.clip_losses import directional, distant, logarithmic, misturned, unlike_parts
from overpaint.recipes.directions import (
    goal,
    part_directions,
    picture_direction,
    text_direction,
    told,
)

EMBEDDED = "embedded"
Loss = Callable[[Tensor, Tensor], Tensor]
"""Of embeddings (N, D) of unit length, of the sources and of what became of them."""


@dataclass(frozen=True)
class Guide:
    """A CLIP, its share among several, and its losses by name.

    Args:
        whole: of pictures.
        parts: of patches, if they are aimed at.
    """

    clip: Clip
    share: float
    aims: Aims
    whole: Mapping[str, Loss]
    parts: Loss | None = None

    @classmethod
    def of(cls, clip: Clip, share: float, aims: Aims, source_prompt: str, prompt: str) -> "Guide":
        """The guide with the losses that `aims` weighs, but for the style's."""
        whole = _along(clip, aims, source_prompt, prompt) | _near(clip, aims, source_prompt, prompt)
        parts = _of_parts(clip, source_prompt, prompt) if aims.patch_weight else None
        return cls(clip, share, aims, whole, parts)

    def towards(self, styles: Sequence[Tensor], pictures: Tensor) -> "Guide":
        """The guide with the style's loss too: from the mean of `pictures` to that of `styles`."""
        with torch.no_grad():
            after = torch.cat([self._embed(style) for style in styles])
            before = torch.cat([self._embed(few) for few in pictures.split(16)])
        loss = _towards(picture_direction(before, after), self.aims)
        return replace(self, whole={**self.whole, "style": loss})

    def losses(self, before: Tensor, after: Tensor) -> dict[str, Tensor]:
        """The losses of pictures `(N, 3, H, W)` in [-1, 1] that became `after`."""
        now, was = self._embed(after), self._embed(before)
        return {name: loss(was, now) for name, loss in self.whole.items()}

    def patch(self, before: Tensor, after: Tensor) -> Tensor:
        """The loss of patches `(N, 3, s, s)` in [-1, 1] that became `after`."""
        if self.parts is None:
            raise ValueError("patches are not aimed at")
        now, was = self._embed(after), self._embed(before)
        return self.parts(was, now)

    def _embed(self, images: Tensor) -> Tensor:
        return self.clip.image(images, self.aims.antialias)


def formed(loss: Tensor, aims: Aims) -> Tensor:
    """A loss L = 1 - cos in the form that `aims` wants."""
    return logarithmic(loss) if aims.form == "authors" else loss


def guides(
    aims: Aims,
    source_prompt: str,
    prompt: str,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> tuple[Guide, ...]:
    """A guide for each CLIP that `aims` names; their shares sum to 1.

    Raises:
        OptionError: `aims.clip` cannot be read, or the texts mean the same to one of them.
    """
    named = list(listed(aims.clip))
    total = math.fsum(weight for _, weight in named)
    made = []
    for name, weight in named:
        where = embedded("clip") if name == EMBEDDED else name
        clip = load_clip(where, device, dtype)
        made.append(Guide.of(clip, weight / total, aims, source_prompt, prompt))
    return tuple(made)


def listed(text: str) -> Iterator[tuple[str, float]]:
    """Names and weights in `a,b:0.5`; no text means the embedded CLIP alone."""
    for entry in (text or EMBEDDED).split(","):
        name, _, weight = entry.strip().rpartition(":")
        try:
            found = (name, float(weight))
        except ValueError:  # no weight, or a colon of the path's own
            found = (entry.strip(), 1.0)
        if not found[0] or not 0 < found[1] < math.inf:
            what, why = f"clip cannot be read: {text!r}", f"{entry!r} is no name with a weight"
            raise OptionError(what, why, "Write names separated by commas, such as a,b:0.5.")
        yield found


def _along(clip: Clip, aims: Aims, source_prompt: str, prompt: str) -> dict[str, Loss]:
    """The directional loss; and in any case the mean cosine, which is a figure to watch."""
    direction = text_direction(clip, source_prompt, prompt, aims.templates)

    def along(was: Tensor, now: Tensor) -> Tensor:
        return F.cosine_similarity((now - was).detach(), direction, dim=-1).mean()

    found: dict[str, Loss] = {"direction": along}
    if aims.clip_weight:
        found["clip"] = _towards(direction, aims)
    return found


def _towards(direction: Tensor, aims: Aims) -> Loss:
    def loss(was: Tensor, now: Tensor) -> Tensor:
        return formed(directional(now - was, direction, reach=aims.reach), aims)

    return loss


def _near(clip: Clip, aims: Aims, source_prompt: str, prompt: str) -> dict[str, Loss]:
    """The losses of where pictures are, and of how far they went."""
    found: dict[str, Loss] = {}
    if aims.global_weight:
        wanted = goal(clip, prompt, aims.templates)
        found["global"] = lambda was, now: formed(distant(now, wanted), aims)
    if aims.angle_weight:
        before, after = (each.mean(0) for each in told(clip, source_prompt, prompt, aims.templates))
        found["angle"] = lambda was, now: misturned(was, now, before @ after)
    return found


def _of_parts(clip: Clip, source_prompt: str, prompt: str) -> Loss:
    directions = part_directions(clip, source_prompt, prompt)
    return lambda was, now: unlike_parts(now - was, directions)
