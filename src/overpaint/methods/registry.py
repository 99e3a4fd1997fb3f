"""What an edit method is: a frozen dataclass of options and one registered function."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from overpaint.core.emphasis import typed
from overpaint.core.rng import NoiseStream
from overpaint.core.watch import Watch, unwatched
from overpaint.errors import NumericsError, OptionError
from overpaint.methods.options import opt, parse_fields, suggest
from overpaint.models.bundle import DiffusionModel
from overpaint.models.prompting import reader_of

__all__ = [
    "Method",
    "Outcome",
    "Region",
    "Run",
    "Task",
    "check",
    "check_model",
    "check_texts",
    "find",
    "methods",
    "opt",
    "parse_fields",
    "parse_options",
    "perform",
    "register",
    "suggest",
]
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Region:
    """A part of a picture with a text of its own."""

    mask: Tensor  # (1, 1, S, S) in [0, 1]
    prompt: str


@dataclass(frozen=True)
class Task:
    """What is asked of a method."""

    image: Tensor  # (1, 3, S, S) in [-1, 1]
    prompt: str = ""
    source_prompt: str = ""
    mask: Tensor | None = None  # (1, 1, S, S) in [0, 1], 1 = edit here
    regions: tuple[Region, ...] = ()  # `mask` covers them all

    def read(self, *, weighs: bool) -> "Task":
        """The texts as a model reads them, free of weights; `weighs`: but for the prompt.

        Raises:
            OptionError: parentheses in a text are no weights.
        """
        return dataclasses.replace(
            self,
            prompt=self.prompt if weighs else typed(self.prompt).text,
            source_prompt=typed(self.source_prompt).text,
            regions=tuple(Region(each.mask, typed(each.prompt).text) for each in self.regions),
        )


@dataclass(frozen=True)
class Run:
    """How to carry it out: one seed for each image asked for, and who looks on.

    cache: a folder to keep in what is costly to find; None: nothing is kept.
    """

    seeds: tuple[int, ...] = (0,)
    watch: Watch = unwatched
    cache: Path | None = None

    @property
    def rng(self) -> NoiseStream:
        """A new stream of noise, one generator an image; the next one draws the same again."""
        return NoiseStream(self.seeds)


@dataclass(frozen=True)
class Outcome:
    """What a method made."""

    images: Tensor  # (B, 3, S, S) in [-1, 1], one for each seed
    mask: Tensor | None = None  # (1 or B, 1, S, S) in [0, 1], where it found that it should edit
    contrast: Tensor | None = None  # the same, as it was before a threshold
    redrawn: bool = False  # drawn anew, so that the original's finest detail is not its own
    graded: bool = False  # grey in the mask said how strongly to draw, so it is not mixed too
    whole: bool = False  # to be shown outside the mask too, where it need not be the original
    chosen: Mapping[str, Any] = field(default_factory=dict)  # options that were left to the method
    notes: tuple[str, ...] = ()  # what the user should know of it
    chance: bool = True  # another seed makes another picture


@dataclass(frozen=True)
class Method:
    """A registered method; everything that a user interface needs to know about it."""

    name: str
    title: str
    paper: str  # arXiv id
    options: type  # frozen dataclass of `opt` fields
    needs: frozenset[str]  # of "prompt", "source_prompt", "mask"
    parts: tuple[str, ...]  # loaded objects that `fn` takes by keyword
    fn: Callable[..., Outcome]
    extra: Callable[[Any], tuple[str, ...]]  # further parts, which some options ask for
    settles: tuple[str, ...]  # options that, left open, the first seed's picture chooses for all
    regions: bool  # whether it takes several masks, each with a text
    reads: bool  # whether the model must be one that reads texts
    finds: bool  # whether it finds by itself where to edit
    inverts: bool  # whether `fn` takes a kept `trajectory` in place of its inversion
    weighs: bool  # whether words may be weighted in its prompt: "(hat:2)"
    spares: Callable[[Any, DiffusionModel], tuple[str, ...]]  # parts that an edit goes without

    @property
    def reads_text(self) -> bool:
        """Whether the prompt has effect, even where the model itself reads none."""
        return "prompt" in self.needs or "clip" in self.parts


_METHODS: dict[str, Method] = {}


def register(
    name: str,
    *,
    title: str,
    paper: str,
    options: type,
    needs: tuple[str, ...] = (),
    parts: tuple[str, ...] = (),
    extra: Callable[[Any], tuple[str, ...]] = lambda options: (),
    settles: tuple[str, ...] = (),
    regions: bool = False,
    reads: bool = False,
    finds: bool = False,
    inverts: bool = False,
    weighs: bool = False,
    spares: Callable[[Any, DiffusionModel], tuple[str, ...]] = lambda options, model: (),
) -> Callable[[F], F]:
    """Make `fn(model, task, options, run, **parts) -> Outcome` a method."""

    def keep(fn: F) -> F:
        _METHODS[name] = Method(
            name=name,
            title=title,
            paper=paper,
            options=options,
            needs=frozenset(needs),
            parts=parts,
            fn=fn,
            extra=extra,
            settles=settles,
            regions=regions,
            reads=reads,
            finds=finds,
            inverts=inverts,
            weighs=weighs,
            spares=spares,
        )
        return fn

    return keep


def methods() -> dict[str, Method]:
    """All methods by name."""
    return dict(sorted(_METHODS.items()))


def find(name: str) -> Method:
    """The method called `name`."""
    if name not in _METHODS:
        raise OptionError(f"There is no method {name!r}", hint=suggest(name, _METHODS))
    return _METHODS[name]


def parse_options(method: Method, given: Mapping[str, Any]) -> Any:
    """The method's options dataclass from names and values."""
    return parse_fields(method.options, given, f"The method {method.name}")


def check(method: Method, given: Mapping[str, Any]) -> None:
    """Refuses what lacks an input that the method needs, texts that are none, and needless regions.

    Regions bring texts of their own, so they stand for a prompt.
    """
    for need in sorted(method.needs - ({"prompt"} if given.get("regions") else set())):
        if given[need] is None or (isinstance(given[need], str) and not given[need].strip()):
            raise OptionError(f"The method {method.name} needs a {need.replace('_', ' ')}")
    check_texts(**{name: given.get(name, "") for name in ("prompt", "source_prompt")})
    if given.get("regions") and not method.regions:
        able = ", ".join(name for name, each in methods().items() if each.regions)
        hint = f"Use {able}, or give one mask." if able else "Give one mask."
        raise OptionError(f"The method {method.name} takes no regions", "It has one text", hint)


def check_texts(**texts: object) -> None:
    """Refuses what is no text, by its name."""
    for name, text in texts.items():
        if not isinstance(text, str):
            raise OptionError(f"{name} must be a text, got {text!r:.60}")


def check_model(method: Method, model: DiffusionModel) -> None:
    """Refuses a model that reads no text where the method needs one that does."""
    if method.reads:
        reader_of(model, f"the method {method.name}")


def perform(
    method: Method,
    model: DiffusionModel,
    task: Task,
    options: Any,
    run: Run,
    parts: Mapping[str, Any],
) -> Outcome:
    """Carry out a method and check what it made."""
    check(method, vars(task))
    check_model(method, model)
    task = task if model.text is None else task.read(weighs=method.weighs)
    with torch.no_grad():
        outcome = method.fn(model, task, options, run, **parts)
    if not bool(torch.isfinite(outcome.images).all()):
        hint = "" if model.dtype == torch.float32 else "Try --dtype float32."
        raise NumericsError(f"The method {method.name} made NaN or infinity", hint=hint)
    images = outcome.images.clamp(-1, 1)
    mask = task.mask if outcome.mask is None else outcome.mask
    if mask is not None and not outcome.whole:
        # A decoder does not give back what its encoder was shown.
        images = torch.where(mask > 0, images, task.image)
    return dataclasses.replace(outcome, images=images)
