"""What a text-guided edit descends: CLIP's distance on several views, and losses of pictures."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.core.masks import blend
from overpaint.core.prediction import Prediction
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import Level
from overpaint.core.spectrum import smoothed
from overpaint.errors import OptionError
from overpaint.methods.registry import Region, Task
from overpaint.models.clip import Clip, apart
from overpaint.models.extending import GENTLE, STRONG, views

Judge = Callable[[Tensor], Tensor]
"""Of views (N, 6, s, s), three channels of the edit and three of the source: (N,), lower better."""
FILLS = ("context", "grey")
WARPS = {"gentle": GENTLE, "strong": STRONG}
CHUNK = 32  # views that CLIP sees at a time
FAINT = 1e-4  # of a difference of unit vectors, below which it points nowhere


def arc(seen: Tensor, target: Tensor) -> Tensor:
    """Half the squared angle between embeddings (N, D) and (D,) of unit length (arXiv 2111.14818).

    It is the authors' 2 arcsin(|a - b| / 2)^2, here with a gradient at both ends too.
    """
    apart, along = (seen - target).norm(dim=-1), (seen + target).norm(dim=-1)
    return 2 * torch.atan2(apart, along).square()


def cosine(seen: Tensor, target: Tensor) -> Tensor:
    """1 - cos of embeddings (N, D) and (D,) of unit length."""
    return 1 - seen @ target


DISTANCES = {"arc": arc, "cos": cosine}
LOSSES = (*DISTANCES, "directional")
"""Each about 1 where the edit and the text are at right angles."""


def out_of_range(x0: Tensor) -> Tensor:
    """The mean square of what of pictures (B, ...) lies outside [-1, 1], (B,)."""
    return (x0 - x0.clamp(-1, 1)).square().flatten(1).mean(1)


def changed_outside(picture: Tensor, source: Tensor, mask: Tensor) -> Tensor:
    """The mean square of the change outside the mask, (B,) (arXiv 2111.14818, eq. 4)."""
    return ((picture - source) * (1 - mask)).square().flatten(1).mean(1)


def mixture(x: Tensor, pred: Prediction, level: Level) -> Tensor:
    """What the authors show to CLIP: x0, and the more of the state the less noise is in it."""
    return level.sigma * pred.x0 + (1 - level.sigma) * x


def in_chunks(judge: Judge, images: Tensor, size: int = CHUNK) -> Tensor:
    """`judge` of images (N, ...), (N,), differentiable once, in the memory that `size` take."""
    values, gradients = [], []
    for few in images.detach().split(size):
        with torch.enable_grad():
            found = judge(few.requires_grad_())
            gradients += torch.autograd.grad(found.sum(), few)
        values.append(found.detach())
    moved = (images - images.detach()) * torch.cat(gradients)  # 0, but for its gradient
    return torch.cat(values) + moved.flatten(1).sum(1)


@dataclass(frozen=True)
class Aim:
    """What a part of a picture shall show."""

    mask: Tensor  # (1, 1, S, S) in [0, 1]
    judge: Judge


def whole(task: Task) -> Tensor:
    """The task's mask (1, 1, S, S), which without one is all of the picture."""
    return torch.ones_like(task.image[:, :1]) if task.mask is None else task.mask


def aims(task: Task, clip: Clip, loss: str) -> tuple[Aim, ...]:
    """One aim for each region with a text, or one for the whole task; none without any text.

    Raises:
        OptionError: `loss` is directional and there is no source prompt.
    """
    regions = task.regions or (Region(whole(task), task.prompt),)
    asked = [region for region in regions if region.prompt.strip()]
    if loss == "directional":
        return tuple(Aim(each.mask, _along(clip, task, each.prompt)) for each in asked)
    return tuple(Aim(each.mask, _towards(clip, each.prompt, loss)) for each in asked)


@dataclass(frozen=True)
class Sight:
    """How CLIP is shown a picture: how often, how much turned, and what lies outside the mask."""

    rng: NoiseStream  # what turns it
    size: int  # to which larger pictures are averaged first
    count: int = 4  # views of each picture
    warp: str = "gentle"  # a key of WARPS
    fill: str = "context"  # one of FILLS: outside the mask the source is seen, or grey

    def judged(self, picture: Tensor, source: Tensor, aim: Aim) -> Tensor:
        """The mean (B,) over views of what the aim's judge says of pictures (B, 3, S, S)."""
        source = source.expand_as(picture)
        outside = source if self.fill == "context" else torch.zeros_like(picture)
        both = torch.cat([blend(each, outside, aim.mask) for each in (picture, source)], 1)
        if picture.shape[-1] > self.size:
            both = F.adaptive_avg_pool2d(both, self.size)
        seen, _ = views(both, None, self.count, self.rng, how=WARPS[self.warp])
        return in_chunks(aim.judge, seen).view(self.count, len(picture)).mean(0)


@dataclass(frozen=True)
class Weights:
    """Of the terms of an objective; the defaults are the paper's, in thousands."""

    clip: float = 1.0
    range: float = 0.05
    background: float = 0.0


@dataclass(frozen=True)
class Objective:
    """The loss (B,) of a prediction, in the form of `guidance.Loss`."""

    aims: tuple[Aim, ...]
    sight: Sight
    source: Tensor  # (1, 3, S, S) in [-1, 1]
    mask: Tensor  # (1, 1, S, S), outside which the background is
    decode: Callable[[Tensor], Tensor]  # from the model's space to pictures
    weights: Weights = Weights()
    mixed: bool = False  # show CLIP the `mixture`
    smooth: bool = False  # CLIP's gradient is what is left of it by `spectrum.smoothed`

    def __call__(self, x: Tensor, pred: Prediction, level: Level) -> Tensor:
        """The weighted sum of the terms, each of one picture by itself."""
        shown = self.decode(mixture(x, pred, level) if self.mixed else pred.x0)
        x0 = self.decode(pred.x0) if self.mixed else shown
        judged = [self._judged(shown, aim, level) for aim in self.aims]
        total = self.weights.clip * torch.stack(judged).sum(0)
        total = total + self.weights.range * out_of_range(x0)
        return total + self.weights.background * changed_outside(shown, self.source, self.mask)

    def _judged(self, picture: Tensor, aim: Aim, level: Level) -> Tensor:
        if self.smooth:
            picture = picture.clone()
            picture.register_hook(lambda gradient: smoothed(gradient * aim.mask, level))
        return self.sight.judged(picture, self.source, aim)


def _towards(clip: Clip, prompt: str, loss: str) -> Judge:
    (target,) = clip.text([prompt])
    return lambda seen: DISTANCES[loss](clip.image(seen[:, :3]), target)


def _along(clip: Clip, task: Task, prompt: str) -> Judge:
    """1 - cos of the change of the picture and of the texts (arXiv 2108.00946)."""
    if not task.source_prompt.strip():
        why = "a direction leads from one text to another"
        hint = "Say what the picture shows now with --source-prompt."
        raise OptionError("loss=directional needs a source prompt", why, hint)
    source, target = clip.text([task.source_prompt, prompt])
    direction = apart(target - source, prompt, task.source_prompt)

    def judge(seen: Tensor) -> Tensor:
        with torch.no_grad():
            before = clip.image(seen[:, 3:])
        change = clip.image(seen[:, :3]) - before
        return 1 - F.cosine_similarity(change, direction, dim=-1, eps=FAINT)

    return judge
