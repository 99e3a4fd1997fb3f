"""How a checkpoint of other authors' code becomes a `UNet2DModel`: by names, shapes and options."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from overpaint.errors import OptionError, UnsafeFileError
from overpaint.models.families.pixel import build

Shapes = Mapping[str, tuple[int, ...]]
# A layer's name in the checkpoint, and in the network: three where the checkpoint joins q, k and v.
Layer = tuple[str, tuple[str, ...]]
Split = Callable[[Tensor], Iterable[Tensor]]
NUMBERS = {"size": (8, 4096), "heads": (1, 1024), "head_channels": (1, 4096)}
WORDS = {
    "schedule": ("linear", "cosine"),
    "attention_order": ("legacy", "new"),
    "prediction": ("eps", "v"),
}
BETAS = {"linear": "linear", "cosine": "squaredcos_cap_v2"}


@dataclass(frozen=True)
class Options:
    """What the shapes of a checkpoint do not tell; None: as the published ones of its kind have it.

    Args:
        size: side of the pictures in pixels, in [8, 4096].
        heads: of every attention layer; or `head_channels`: the channels of each head.
        schedule: "linear" or "cosine".
        attention_order: "legacy" (heads before q, k and v) or "new" (q, k and v before heads).
        prediction: "eps" or "v", of Stable Diffusion alone.
    """

    size: int | None = None
    heads: int | None = None
    head_channels: int | None = None
    schedule: str | None = None
    attention_order: str | None = None
    prediction: str | None = None

    @classmethod
    def parsed(cls, given: Mapping[str, Any]) -> "Options":
        """The options of these names and values, also as typed by a person."""
        values = {name: _checked(name, value) for name, value in given.items()}
        if {"heads", "head_channels"} <= values.keys():
            raise OptionError("heads and head_channels say the same", hint="Give one of them.")
        return cls(**values)


@dataclass(frozen=True)
class Converted:
    """A checkpoint in diffusers' terms; `assumed` is what no shape in it told."""

    family: str
    config: Mapping[str, Any]  # of UNet2DModel, with what `pixel.build` knows besides
    tensors: Mapping[str, Tensor]
    scheduler: Mapping[str, Any]
    assumed: Mapping[str, Any]


def renamed(
    tensors: Mapping[str, Tensor],
    layers: Iterable[Layer],
    config: Mapping[str, Any],
    split: Split = lambda joint: joint.chunk(3),
) -> dict[str, Tensor]:
    """The tensors under the names of the network that `config` describes, in its shapes.

    Args:
        split: what parts q, k and v where the checkpoint joins them.

    Raises:
        UnsafeFileError: one is missing, of another shape, or left over; the first is named.
    """
    want = shapes_of(build(config))
    made: dict[str, Tensor] = {}
    known = entries(layers, want)
    for theirs, ours in known.items():
        shape = joined([want[name] for name in ours])
        if theirs not in tensors:
            raise _misfit(f"{theirs} {shape} is missing")
        if _plain(tensors[theirs].shape) != _plain(shape):
            raise _misfit(f"{theirs} is {tuple(tensors[theirs].shape)}, expected {shape}")
        parts = split(tensors[theirs]) if len(ours) > 1 else [tensors[theirs]]
        made |= {name: p.reshape(want[name]) for name, p in zip(ours, parts, strict=True)}
    if left := tensors.keys() - known.keys():
        raise _misfit(
            f"{min(left):.100} has no place in the network, nor have {len(left) - 1} more"
        )
    return made


def entries(layers: Iterable[Layer], want: Shapes) -> dict[str, tuple[str, ...]]:
    """Tensors of the checkpoint, each with its names in the network; layers it lacks left out."""
    return {
        f"{theirs}.{kind}": tuple(f"{name}.{kind}" for name in ours)
        for theirs, ours in layers
        for kind in ("weight", "bias")
        if f"{ours[0]}.{kind}" in want
    }


def joined(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape of tensors of one shape, one after another."""
    return (shapes[0][0] * len(shapes), *shapes[0][1:])


def shapes_of(net: nn.Module) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a network's weights."""
    return {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}


def block(theirs: str, ours: str, parts: Mapping[str, tuple[str, ...]]) -> list[Layer]:
    """The layers of a block: `parts` names each in the checkpoint, and then in the network."""
    return [(f"{theirs}.{a}", tuple(f"{ours}.{b}" for b in names)) for a, names in parts.items()]


def count(shapes: Shapes, pattern: str) -> int:
    """How many of the names `pattern.format(0)`, `pattern.format(1)`, ... there are in a row."""
    return next(n for n in range(len(shapes) + 1) if pattern.format(n) not in shapes)


def within(shapes: Shapes, block: str) -> bool:
    """Whether there is anything in this block."""
    return any(name.startswith(f"{block}.") for name in shapes)


def scheduler(kind: str, *, learned: bool = False) -> dict[str, Any]:
    """The configuration of diffusers' scheduler for 1000 steps and predicted noise."""
    return {
        "_class_name": "DDPMScheduler",
        "num_train_timesteps": 1000,
        "beta_schedule": BETAS[kind],
        "beta_start": 1e-4,
        "beta_end": 0.02,
        "prediction_type": "epsilon",
        "variance_type": "learned_range" if learned else "fixed_small",
        "clip_sample": False,
    }


def _plain(shape: Iterable[int]) -> tuple[int, ...]:
    """A matrix and a convolution of one pixel are the same."""
    sides = list(shape)
    while len(sides) > 2 and sides[-1] == 1:
        sides.pop()
    return tuple(sides)


def _misfit(why: str) -> UnsafeFileError:
    return UnsafeFileError("The weights do not fit together", why, "Download the file anew.")


def _checked(name: str, value: Any) -> Any:
    if name in WORDS:
        if value not in WORDS[name]:
            raise OptionError(f"{name} must be one of {', '.join(WORDS[name])}, got {value!r:.40}")
        return value
    if name not in NUMBERS:
        known = ", ".join([*NUMBERS, *WORDS])
        raise OptionError(f"A checkpoint has no option {name!r:.40}", hint=f"Known: {known}.")
    low, high = NUMBERS[name]
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (low <= number <= high and number.is_integer()):
        raise OptionError(f"{name} must be a whole number in [{low}, {high}], got {value!r:.40}")
    return int(number)
