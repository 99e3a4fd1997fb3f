"""Latent optimisation: move the inverted picture, not the network (arXiv:2110.02711, supplement).

The paper's baseline: nothing is tuned ahead, and each picture pays for it with minutes of descent.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.core.guidance import forgetful
from overpaint.core.schedule import below
from overpaint.core.solvers import last, solve
from overpaint.errors import OptionError
from overpaint.inversions.registry import find
from overpaint.inversions.source import source_of
from overpaint.inversions.trajectory import Trajectory
from overpaint.methods.options import opt
from overpaint.methods.registry import Outcome, Run, Task, register
from overpaint.methods.starting import inverted
from overpaint.methods.walking import keep_inverted
from overpaint.models.bundle import DiffusionModel
from overpaint.models.clip import Clip, apart
from overpaint.models.identity import FaceEncoder

Loss = Callable[[Tensor], Tensor]
ARTICLES = ("a ", "an ", "the ")


@dataclass(frozen=True)
class Options:
    """Options of latent optimisation."""

    strength: float = opt(0.5, "noise level of the state that is moved; 0 keeps the picture", 0, 1)
    num_inversion_steps: int = opt(40, "network calls from the picture to noise", 1, 1000)
    num_inference_steps: int = opt(6, "network calls from noise to the result", 1, 1000)
    iterations: int = opt(20, "optimiser steps, each down all of these and back", 1, 10_000)
    lr: float = opt(0.02, "learning rate of Adam", 0, 10)
    loss: str | None = opt(
        None,
        "what CLIP compares; auto: directional from a source prompt, else global",
        choices=("global", "directional"),
    )
    clip_weight: float = opt(3.0, "of the CLIP loss", 0, 1000)
    l1_weight: float = opt(0.0, "of the mean absolute difference", 0, 1000)
    identity_weight: float = opt(0.0, "of the face encoder's loss", 0, 1000)


@register(
    "clip-latent",
    title="CLIP latent optimisation",
    paper="2110.02711",
    options=Options,
    needs=("prompt",),
    parts=("clip",),
    inverts=True,
    extra=lambda options: ("identity",) if options.identity_weight > 0 else (),
)
def latent_optimisation(
    model: DiffusionModel,
    task: Task,
    options: Options,
    run: Run,
    *,
    clip: Clip,
    identity: FaceEncoder | None = None,
    trajectory: Trajectory | None = None,
) -> Outcome:
    """The same picture for every seed: there is no chance in it."""
    if options.strength == 0:
        return _each(task.image, run)
    loss = objective(task, options, clip, identity)
    x0, t0 = model.codec.encode(task.image), model.schedule.time_of(options.strength)
    up = model.schedule.path(below(t0, options.num_inversion_steps))
    down = model.schedule.path(below(t0, options.num_inference_steps))
    source, ddim = source_of(model, rng=run.rng), find("ddim")
    found = inverted(model, source, x0, up, inversion=ddim, run=run, kept=trajectory)
    mask = None if task.mask is None else model.codec.encode_mask(task.mask)
    after = None if mask is None else keep_inverted(found, x0, mask)
    denoise = forgetful(model)

    def generated(x: Tensor) -> Tensor:
        return model.codec.decode(last(solve(denoise, x, down, after=after)))

    moves = descend(found.noise, lambda x: loss(generated(x)), options.lr)
    taken = islice(moves, options.iterations)
    return _each(generated(last(run.watch(taken, options.iterations, "optimising"))), run)


def descend(x: Tensor, loss: Loss, lr: float) -> Iterator[Tensor]:
    """`x` (B, ...) after each step of Adam down `loss`; no gradient stays anywhere else."""
    x = x.clone().requires_grad_()
    adam = torch.optim.Adam([x], lr)
    while True:
        with torch.enable_grad():
            (x.grad,) = torch.autograd.grad(loss(x), x)
        adam.step()
        yield x.detach()


def objective(task: Task, options: Options, clip: Clip, identity: FaceEncoder | None) -> Loss:
    """The weighted losses of a picture (1, 3, S, S) in [-1, 1]."""
    compared = options.loss or ("directional" if task.source_prompt.strip() else "global")
    cosine = towards_text(clip, task) if compared == "global" else along_texts(clip, task)
    terms: list[tuple[float, Loss]] = [
        # The authors' -log((2 - L) / 2) for L = 1 - cos, finite also where they are opposed.
        (options.clip_weight, lambda image: -((1 + cosine(image)) / 2 + 1e-6).log()),
        (options.l1_weight, lambda image: F.l1_loss(image, task.image)),
    ]
    if identity is not None:
        who = identity.embed(task.image)
        likeness = lambda image: (identity.embed(image) * who).sum(1).mean()  # noqa: E731
        terms.append((options.identity_weight, lambda image: 1 - likeness(image)))
    counted = [(weight, loss) for weight, loss in terms if weight > 0]
    if not counted:
        why, hint = "so there is nothing to optimise", "leave clip_weight as it is"
        raise OptionError("all weights are 0", why, hint)
    return lambda image: torch.stack([weight * loss(image) for weight, loss in counted]).sum()


def towards_text(clip: Clip, task: Task) -> Loss:
    """The cosine of a picture and the text, as "a ..." (the authors' global CLIP loss)."""
    named = task.prompt.lower().startswith(ARTICLES)
    (target,) = clip.text([task.prompt if named else f"a {task.prompt}"])
    return lambda image: (clip.image(image) @ target).mean()


def along_texts(clip: Clip, task: Task) -> Loss:
    """The cosine of the picture's change and the texts' (equation 5).

    Raises:
        OptionError: there is no source text, or it means the same to this CLIP.
    """
    if not task.source_prompt:
        why = "a direction leads from one text to another"
        hint = "say what the picture shows now with --source-prompt"
        raise OptionError("loss=directional needs a source prompt", why, hint)
    source, target = clip.text([task.source_prompt, task.prompt])
    direction = apart(target - source, task.prompt, task.source_prompt)
    before = clip.image(task.image)
    return lambda image: F.cosine_similarity(clip.image(image) - before, direction, dim=-1).mean()


def _each(image: Tensor, run: Run) -> Outcome:
    return Outcome(image.expand(len(run.seeds), -1, -1, -1).contiguous(), chance=False)
