"""Prompt-to-Prompt: an edit that looks where the picture's own words look (arXiv:2208.01626)."""

from dataclasses import dataclass

import torch

from overpaint.core.emphasis import Window, typed
from overpaint.core.giving_back import restored
from overpaint.core.schedule import below
from overpaint.core.shaping import feathered
from overpaint.errors import OptionError
from overpaint.inversions.registry import INVERSIONS, find
from overpaint.inversions.source import source_of
from overpaint.inversions.trajectory import Trajectory
from overpaint.methods.holding import Local
from overpaint.methods.options import opt
from overpaint.methods.pairs import Pair
from overpaint.methods.prompted import SCALE
from overpaint.methods.registry import Outcome, Run, Task, register
from overpaint.methods.side_by_side import ALIGNMENTS, Control, edited
from overpaint.methods.starting import doubts, inverted
from overpaint.models.bundle import DiffusionModel

AUTO, OFF = "auto", "off"
# Without effect where the edit may act anywhere.
IDLE = ("local_keep", "blend_threshold", "blend_start", "blend_spread")
NOWHERE = "no place is left where it may act: nothing is edited"
ANYWHERE = "the edit may act anywhere: words that differ are of all the picture, or have no place"
SOFT = 4  # pixels over which an edit fades into the picture


@dataclass(frozen=True)
class Options:
    """Options of Prompt-to-Prompt."""

    num_inference_steps: int = opt(50, "steps up to noise, and as many back", 1, 1000)
    guidance_scale: float = opt(SCALE, "how much more of the text than of none", 0, 100)
    strength: float = opt(1.0, "noise level up to which the picture is inverted", 0, 1)
    inversion: str = opt("edit-friendly", "how the picture is inverted", choices=tuple(INVERSIONS))
    alignment: str = opt(
        "swap", "other words take the place of old ones, or have none", choices=tuple(ALIGNMENTS)
    )
    cross_replace: float = opt(
        Control.cross, "part of the path with the picture's attention to words", 0, 1
    )
    self_replace: float = opt(
        Control.selves, "part of it with the picture's attention to itself", 0, 1
    )
    cross_replace_words: str = opt("", 'the same of single words: "hair=0.4,hat=0.2-0.8"')
    local_blend: str = opt(
        AUTO,
        'words where the edit may act: "hair,hat"; auto: those that differ or are '
        "weighted; off: anywhere",
    )
    local_keep: str = opt("", "words where it may not")
    blend_threshold: float = opt(
        Local.threshold, "share of the most attention to a word that is its place", 0, 0.99
    )
    blend_start: float = opt(Local.start, "part of the path before the edit is held to them", 0, 1)
    blend_spread: bool = opt(
        Local.spread, "their place is a cell larger on each side, as in the code"
    )
    normalised: bool = opt(False, "attention with weighted words sums to 1 again")

    def __post_init__(self) -> None:
        """Refuses what is set but has no effect."""
        for name in IDLE if self.local_blend == OFF else ():
            if getattr(self, name) != getattr(Options, name):  # the class has the defaults
                what = f"{name} has no effect with local_blend=off"
                raise OptionError(what, "the edit may act anywhere", "Leave one of them out.")
        if self.local_blend != OFF and self.blend_start == 1:
            what = "blend_start=1 never holds the edit to its words"
            raise OptionError(what, "the path ends there", "local_blend=off lets it act anywhere.")

    @property
    def control(self) -> Control:
        """The same, parsed."""
        local = None
        if self.local_blend != OFF:
            words = None if self.local_blend == AUTO else listed(self.local_blend) or None
            kept = listed(self.local_keep)
            local = Local(words, kept, self.blend_threshold, self.blend_start, self.blend_spread)
        return Control(
            alignment=self.alignment,
            cross=self.cross_replace,
            selves=self.self_replace,
            words=windowed(self.cross_replace_words),
            normalised=self.normalised,
            local=local,
        )


@register(
    "prompt-to-prompt",
    title="Prompt-to-Prompt",
    paper="2208.01626",
    options=Options,
    needs=("prompt", "source_prompt"),
    reads=True,
    finds=True,
    inverts=True,
    weighs=True,
)
def prompt_to_prompt(
    model: DiffusionModel,
    task: Task,
    options: Options,
    run: Run,
    *,
    trajectory: Trajectory | None = None,
) -> Outcome:
    """One picture for each seed; only edit-friendly inversion makes them differ."""
    inversion, count = find(options.inversion), len(run.seeds)
    chance = inversion.draws and trajectory is None
    if options.strength == 0:
        return Outcome(task.image.expand(count, -1, -1, -1).contiguous(), chance=False)
    _check_weighted(options, task)
    rows = count if chance else 1
    x0 = model.codec.encode(task.image).repeat(rows, 1, 1, 1)
    scale = options.guidance_scale
    source = source_of(model, [task.source_prompt], scale=scale, rng=run.rng)
    times = below(model.schedule.time_of(options.strength), options.num_inference_steps)
    levels = model.schedule.path(times)
    found = inverted(model, source, x0, levels, inversion=inversion, run=run, kept=trajectory)
    made = edited(
        model,
        found,
        [Pair(task.source_prompt, task.prompt, row) for row in range(rows)],
        options.control,
        scale=scale,
        mask=None if task.mask is None else model.codec.encode_mask(task.mask),
        watch=run.watch,
    )
    images = restored(model.codec.decode(made.states), task.image, model.codec.decode(x0))
    mask = None if made.fine is None else feathered(made.fine, SOFT)
    if mask is not None and task.mask is not None:
        mask = torch.minimum(mask, task.mask)
    images = images.expand(count, -1, -1, -1).contiguous()
    notes = doubts(found)
    if mask is None and options.local_blend != OFF:
        notes = (*notes, ANYWHERE)
    elif mask is not None and not mask.any():
        notes = (*notes, NOWHERE)
    return Outcome(images, mask=mask, redrawn=True, chance=chance, notes=notes)


def _check_weighted(options: Options, task: Task) -> None:
    """Refuses what is for weights where no word has one."""
    if options.normalised and not typed(task.prompt).heavy:
        why, hint = "no word of the prompt is weighted", "Write (word:2), or leave it out."
        raise OptionError("normalised has no effect", why, hint)


def listed(words: str) -> tuple[str, ...]:
    """Words and phrases between commas."""
    return tuple(word.strip() for word in words.split(",") if word.strip())


def windowed(words: str) -> dict[str | int, float | Window]:
    """Words with parts of the path: "hair=0.4" ends there, "hat=0.2-0.8" begins and ends.

    Raises:
        OptionError: it is neither, or a word has two.
    """
    found: dict[str | int, float | Window] = {}
    for each in listed(words):
        word, _, part = each.rpartition("=")
        try:
            ends = [float(end) for end in part.split("-")]
            if not word or len(ends) > 2:
                raise ValueError
        except ValueError as error:
            hint = "Write WORD=END or WORD=START-END."
            raise OptionError(f"{each!r:.60} is no part of the path", hint=hint) from error
        if word in found:
            raise OptionError(f"{word!r:.60} has two parts of the path", hint="Give it one.")
        found[word] = ends[0] if len(ends) == 1 else (ends[0], ends[1])
    return found
