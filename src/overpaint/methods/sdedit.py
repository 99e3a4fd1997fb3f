"""SDEdit: noise a picture or a guide, and denoise it (arXiv:2108.01073)."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from overpaint.core.prediction import Denoiser
from overpaint.errors import OptionError
from overpaint.methods.aiming import SEEN, Aim, distance, found
from overpaint.methods.classed import of_class
from overpaint.methods.drift import Drift
from overpaint.methods.options import opt
from overpaint.methods.prompted import led_or_classed
from overpaint.methods.realism import Gallery
from overpaint.methods.redrawing import MASKS, SOLVERS, Manner, redrawn
from overpaint.methods.registry import Outcome, Run, Task, register
from overpaint.models.bundle import DiffusionModel, Unshuffle


@dataclass(frozen=True)
class Options:
    """Options of SDEdit."""

    strength: float | None = opt(
        0.5, "noise level: 0 keeps the picture, 1 forgets it; auto: searched", 0, 1
    )
    num_inference_steps: int = opt(50, "network calls for each repeat", 1, 1000)
    repeats: int = opt(1, "times the result is noised and denoised again", 1, 10)
    solver: str = opt("ancestral", "how noise is removed", choices=tuple(SOLVERS))
    mask_as: str = opt(
        "blend", "a grey mask mixes, or is each pixel's share of the strength", choices=MASKS
    )
    fresh_noise: bool = opt(True, "outside the mask, new noise at every level (as the paper)")
    label: int | None = opt(None, "class, for a model of classes; auto: none", 0, 1_000_000)
    guidance_scale: float | None = opt(
        None, "how much more of the prompt or class than of none; auto: prompt 5, class 1", 0, 100
    )
    faithfulness: float | None = opt(
        None, "squared distance (metric l2) that strength=auto keeps within", 0, 200_000
    )
    realism: float | None = opt(None, "KID that strength=auto comes down to", -1, 1000)
    real: str = opt("", "folder of real pictures that strength=auto compares with")

    def __post_init__(self) -> None:
        """Refuses what contradicts itself."""
        asked = [name for name in ("faithfulness", "realism") if getattr(self, name) is not None]
        if len(asked) > 1:
            what = "strength=auto has one aim"
            raise OptionError(what, "faithfulness and realism are both given", "Give one of them.")
        if self.real:
            asked.append("real")
        if asked and self.strength is not None:
            raise OptionError(f"{asked[0]} is for strength=auto", hint="Give -O strength=auto too.")

    @property
    def aim(self) -> Aim:
        """What strength=auto searches for."""
        return Aim(self.faithfulness, self.realism)

    @property
    def manner(self) -> Manner:
        """How a guide is drawn anew."""
        return Manner(
            steps=self.num_inference_steps,
            repeats=self.repeats,
            solver=self.solver,
            mask_as=self.mask_as,
            fresh_noise=self.fresh_noise,
        )


def _extra(options: Options) -> tuple[str, ...]:
    """Real pictures, where a strength is searched by them."""
    return ("gallery",) if options.strength is None and options.aim.critical else ()


@register(
    "sdedit",
    title="SDEdit",
    paper="2108.01073",
    options=Options,
    extra=_extra,
    settles=("strength",),
)
def sdedit(
    model: DiffusionModel,
    task: Task,
    options: Options,
    run: Run,
    *,
    gallery: Gallery | None = None,
) -> Outcome:
    """One picture for each seed; with a mask only inside it."""
    if options.strength == 0:
        return Outcome(task.image.repeat(len(run.seeds), 1, 1, 1), chance=False)
    edit, graded = Edit(model, options), options.mask_as == "strength"
    if options.strength is not None:
        images, _ = edit.made(task, options.strength, run)
        return Outcome(images, redrawn=True, graded=graded)
    critic = None if gallery is None else gallery.critic(options.real)
    trials = _more(run) if options.aim.critical else Run(run.seeds)

    def trial(strength: float) -> Tensor:
        return edit.made(task, strength, trials)[0].clamp(-1, 1)

    best = found(options.aim, trial, task.image, critic, run.watch)
    images, bound = edit.made(task, best.strength, run)
    chosen: dict[str, Any] = {"strength": best.strength, "faithfulness": None, "realism": None}
    notes = (best.told(), _compared(distance(images.clamp(-1, 1), task.image), bound))
    chosen |= {"real": ""}
    return Outcome(images, redrawn=True, graded=graded, chosen=chosen, notes=notes)


@dataclass(frozen=True)
class Edit:
    """What SDEdit makes with a model and options, whatever their strength."""

    model: DiffusionModel
    options: Options

    def __post_init__(self) -> None:
        """Refuses classes that the model lacks."""
        if self.model.text is None:
            of_class(self.model, self.options.label, self.options.guidance_scale)

    def denoise(self, task: Task) -> Denoiser:
        """The model under the prompt, or the class that was asked for."""
        chosen = self.options
        return led_or_classed(self.model, task, chosen.label, chosen.guidance_scale)

    def made(self, task: Task, strength: float, run: Run) -> tuple[Tensor, float | None]:
        """Pictures (B, 3, S, S), one a seed and not clamped, and the paper's bound on their way.

        The bound is the mean over them, in units of the metric `l2`; there is none after repeats,
        nor of latents, whose distances are not those of pictures.
        `task.image` is one guide for all seeds, or (B, ...), one for each.
        """
        model, manner, drift = self.model, self.options.manner, Drift()
        x0 = model.codec.encode(task.image)
        x0 = x0.expand(len(run.seeds), *x0.shape[1:])
        made = redrawn(
            drift.along(manner.denoiser(self.denoise(task), model.schedule)),
            x0,
            manner.levels(model.schedule, strength),
            manner=manner,
            rng=run.rng,
            mask=None if task.mask is None else model.codec.encode_mask(task.mask),
            watch=run.watch,
        )
        told = manner.repeats == 1 and isinstance(model.codec, Unshuffle)
        bound = float(drift.bound(model.size, x0[0].numel()).mean()) if told else None
        return model.codec.decode(made), bound


def _more(run: Run) -> Run:
    """The seeds of a run and those after them, as many as realism needs; nobody looks on."""
    spare = max(SEEN - len(run.seeds), 0)
    return Run((*run.seeds, *(max(run.seeds) + 1 + k for k in range(spare))))


def _compared(measured: float, bound: float | None) -> str:
    """A note on how far the picture is from its guide, and could be."""
    note = f"squared distance from the guide (l2): {measured:.4g}"
    return note if bound is None else f"{note}; the paper's bound is {bound:.4g}"
