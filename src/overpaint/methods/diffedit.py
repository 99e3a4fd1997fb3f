"""DiffEdit: find where a text asks for a change, and draw it there alone (arXiv:2210.11427)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from overpaint.core.giving_back import restored
from overpaint.core.guidance import mapping_x0
from overpaint.core.masks import blend, keep_outside, keep_trajectory
from overpaint.core.prediction import Denoiser
from overpaint.core.schedule import Level, below
from overpaint.core.solvers import last, solve
from overpaint.errors import OptionError
from overpaint.inversions.registry import INVERSIONS, Inversion, find
from overpaint.inversions.source import source_of
from overpaint.inversions.trajectory import Trajectory
from overpaint.methods.finding import Finding, Found, found
from overpaint.methods.guiding import whole
from overpaint.methods.options import opt
from overpaint.methods.prompted import SCALE, led
from overpaint.methods.registry import Outcome, Run, Task, register
from overpaint.methods.starting import doubts, inverted
from overpaint.models.bundle import DiffusionModel
from overpaint.models.prompting import Told, reader_of

OPERATORS, HINTS = ("encode", "glide", "noise"), ("instead", "intersect", "union")


@dataclass(frozen=True)
class Options(Finding):
    """Options of DiffEdit."""

    strength: float = opt(1.0, "noise level up to which it is encoded: 0 keeps the picture", 0, 1)
    num_inference_steps: int = opt(50, "steps up to there, and as many back", 1, 1000)
    guidance_scale: float = opt(SCALE, "how much more of the text than of none", 0, 100)
    inversion: str = opt("ddim", "how the picture is encoded", choices=tuple(INVERSIONS))
    encode_source: bool = opt(False, "under the source prompt, not without text (as the paper)")
    operator: str = opt("encode", "the paper's, or one it compares with", choices=OPERATORS)
    hint: str = opt("instead", "what a mask that is given does to the one found", choices=HINTS)


@register(
    "diffedit",
    title="DiffEdit",
    paper="2210.11427",
    options=Options,
    needs=("prompt",),
    regions=True,
    reads=True,
    finds=True,
    inverts=True,
)
def diffedit(
    model: DiffusionModel,
    task: Task,
    options: Options,
    run: Run,
    *,
    trajectory: Trajectory | None = None,
) -> Outcome:
    """One picture for each seed; they differ by their masks, and by the noise that is drawn."""
    if options.operator == "noise":
        _check_noise(options, trajectory)
    if options.encode_source and not task.source_prompt.strip():
        why, hint = "there is none", "Give --source-prompt, or leave it out."
        raise OptionError("encode_source needs a source prompt", why, hint)
    if options.strength == 0:
        return Outcome(_each(task.image, run), chance=False)
    where = marked(model, task, options, run)
    searched = where is not None and bool(where.contrast.any())
    mask, made = whole(task), Outcome(_each(task.image, run), chance=searched)
    if where is not None:
        mask, made = where.mask, replace(made, mask=where.mask, contrast=where.contrast)
    if not mask.any():
        what = "the mask that was found is empty" if searched else "both texts say the same"
        return replace(made, notes=(f"{what}: nothing is edited",))
    draws = options.operator == "noise" or (find(options.inversion).draws and trajectory is None)
    chance = searched or draws
    x0 = model.codec.encode(task.image).repeat(len(run.seeds) if chance else 1, 1, 1, 1)
    inside = model.codec.encode_mask(mask[: len(x0)])
    passage = Passage(model, task, options, x0=x0, inside=inside, run=run, kept=trajectory)
    states, notes = walked(passage)
    moves = run.watch(states, options.num_inference_steps, "editing")
    new, plain = (model.codec.decode(x) for x in (last(moves), x0))
    images = _each(restored(new, task.image, plain), run)
    return replace(made, images=images, redrawn=True, chance=chance, notes=notes)


def _check_noise(options: Options, trajectory: Trajectory | None) -> None:
    """Refuses ways to encode where nothing is encoded."""
    why, hint = "it begins with noise that is drawn", "Leave out one of them."
    if trajectory is not None:
        raise OptionError("operator=noise takes no trajectory", why, hint)
    for idle in ("inversion", "encode_source"):
        if getattr(options, idle) != getattr(Options, idle):
            raise OptionError(f"{idle} has no effect with operator=noise", why, hint)


def marked(model: DiffusionModel, task: Task, options: Options, run: Run) -> Found | None:
    """The mask that is found, and what the one that is given does to it; None if that one stands.

    Raises:
        OptionError: a hint is asked for, and there is none or a text for each part.
    """
    if options.hint != "instead" and (task.mask is None or task.regions):
        what = f"hint={options.hint} needs one mask that is given"
        raise OptionError(what, "there is none, or regions", "Give one with --mask.")
    if task.mask is not None and options.hint == "instead":
        return None
    texts = (task.prompt, task.source_prompt)
    new = found(model, task.image, texts, options, run.rng, run.watch)
    if task.mask is None:
        return new
    joined = torch.minimum if options.hint == "intersect" else torch.maximum
    return replace(new, mask=joined(new.mask, task.mask))


@dataclass(frozen=True)
class Passage:
    """From a picture to noise and back, changed inside a mask."""

    model: DiffusionModel
    task: Task
    options: Options
    x0: Tensor  # (B, ...), a row for each picture that is made
    inside: Tensor  # (1 or B, ...), above 0 where it may change
    run: Run  # the way's noise does not depend on whether a mask was searched for
    kept: Trajectory | None = None  # in place of the inversion

    @property
    def levels(self) -> list[Level]:
        """Down from the noise of that strength, in as many moves as steps."""
        schedule, options = self.model.schedule, self.options
        times = below(schedule.time_of(options.strength), options.num_inference_steps)
        return schedule.path(times)

    def led(self, empty: Told | None = None) -> Denoiser:
        """What decodes: the model under the texts; empty: what stands for the empty one."""
        return led(self.model, self.task, self.options.guidance_scale, empty=empty)

    @property
    def inversion(self) -> Inversion:
        """The way up, and the one down that belongs to it."""
        return find(self.options.inversion)

    def inverted(self) -> Trajectory:
        """The way up without a text, or under the source's; walked once if none is by chance."""
        chance = self.inversion.draws and self.kept is None
        text = self.task.source_prompt if self.options.encode_source else ""
        scale = self.options.guidance_scale
        source = source_of(self.model, [text], scale=scale, rng=self.run.rng)
        found = inverted(
            self.model,
            source,
            self.x0 if chance else self.x0[:1],
            self.levels,
            inversion=self.inversion,
            run=self.run,
            kept=self.kept,
        )
        return found if chance else found.rows([0] * len(self.x0))

    def led_along(self, trajectory: Trajectory) -> Denoiser:
        """What decodes a trajectory, which may have its own empty texts."""
        empty = reader_of(self.model)([""])
        return self.led(lambda level: trajectory.empty_at(level, empty))


def walked(passage: Passage) -> tuple[Iterator[Tensor], tuple[str, ...]]:
    """The states on the way back, and what to know of the way up."""
    if passage.options.operator == "noise":
        return noised(passage), ()
    trajectory = passage.inverted()
    return WALKS[passage.options.operator](passage, trajectory), doubts(trajectory)


def encoded(passage: Passage, trajectory: Trajectory) -> Iterator[Tensor]:
    """The paper's: outside the mask the encoded picture's own states, at last itself."""
    after = keep_trajectory(trajectory.states, passage.inside)
    return passage.inversion.replay(trajectory, passage.led_along(trajectory), after)


def replaced(passage: Passage, trajectory: Trajectory) -> Iterator[Tensor]:
    """GLIDE's (arXiv 2112.10741): outside the mask every predicted picture is the picture."""
    denoise = passage.led_along(trajectory)
    kept = mapping_x0(denoise, lambda x0: blend(x0, passage.x0, passage.inside > 0))
    return passage.inversion.replay(trajectory, kept)


def noised(passage: Passage) -> Iterator[Tensor]:
    """SDEdit's (arXiv 2108.01073): from noise that is drawn, outside the mask too."""
    rng = passage.run.rng
    start = passage.levels[0].noised(passage.x0, rng.randn_like(passage.x0))
    after = keep_outside(passage.x0, passage.inside, rng)
    return solve(passage.led(), start, passage.levels, after=after)


WALKS: Mapping[str, Callable[[Passage, Trajectory], Iterator[Tensor]]] = {
    "encode": encoded,
    "glide": replaced,  # noise needs no way up
}


def _each(images: Tensor, run: Run) -> Tensor:
    """The picture of each seed."""
    return images.expand(len(run.seeds), -1, -1, -1).contiguous()
