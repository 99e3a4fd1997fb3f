"""Single files of other authors' code: read, recognised, converted and made into models."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor

from overpaint.errors import ModelNotFoundError, OptionError, OverpaintError, UnsafeFileError
from overpaint.memory import memory_errors
from overpaint.models import files
from overpaint.models.bundle import DiffusionModel
from overpaint.models.devices import placed
from overpaint.models.families import ddpm, guided, pixel, single
from overpaint.models.families.published import Converted, Options
from overpaint.models.folders import fingerprint, shapes
from overpaint.models.owning import owned

FAMILIES: tuple[ModuleType, ...] = (ddpm, guided)  # each has holds(shapes) and converted(...)


def load_file(
    path: Path, options: Options, *, device: torch.device, dtype: torch.dtype
) -> DiffusionModel:
    """The model in a checkpoint of one of the families."""
    with memory_errors("checkpoint"):
        tensors = files.read_file(path)
        if single.holds(shapes(tensors)):
            return single.load(path, tensors, options, device=device, dtype=dtype)
        found = recognised(path, tensors, options)
    net = pixel.build(found.config)
    net.load_state_dict(dict(found.tensors), strict=True, assign=True)
    model = pixel.assembled(net, found.config, found.scheduler, source=path)
    return replace(
        model,
        net=placed(net, device),
        hash=fingerprint(path),
        dtype=dtype,
        card={"family": found.family, "assumed": dict(found.assumed)},
    )


def read_file(path: Path, options: Options) -> Converted:
    """A checkpoint in diffusers' terms.

    Raises:
        ModelNotFoundError: it is of no family that is known here, or must be told more about.
        UnsafeFileError: it could run code, is damaged, or does not fit together.
        OutOfMemoryError: it is larger than the memory, or says so.
    """
    with memory_errors("checkpoint"):
        return recognised(path, files.read_file(path), options)


def recognised(path: Path, tensors: Mapping[str, Tensor], options: Options) -> Converted:
    """The same of tensors that were read from `path`."""
    if single.holds(shapes(tensors)):
        why, hint = "it is loaded as it is", f"Give it with `-m {path.name}`."
        raise ModelNotFoundError(f"{path} is a Stable Diffusion checkpoint", why, hint)
    if options.prediction:
        raise OptionError("Stable Diffusion's files alone take the option prediction")
    for family in FAMILIES:
        if family.holds(shapes(tensors)):
            return _named(path, family, tensors, options)
    raise ModelNotFoundError(
        f"{path} is no checkpoint of a kind that is known here",
        f"its first tensor is {min(tensors, default='')!r:.60}",
        "Stable Diffusion 1, 2, XL, DDPM's and guided-diffusion's are; SD3 and FLUX as folders.",
    )


def _named(
    path: Path, family: ModuleType, tensors: Mapping[str, Tensor], options: Options
) -> Converted:
    """`family.converted`, whose errors then name the file."""
    try:
        finite = {name: owned(name, tensor, path, copy=False) for name, tensor in tensors.items()}
        found: Converted = family.converted(finite, options)
    except OverpaintError as error:
        raise type(error)(f"{path}: {error.what}", error.why, error.hint) from error
    except (IndexError, ZeroDivisionError) as error:
        why = "a tensor has no, or too few, dimensions"
        raise UnsafeFileError(f"{path}: The weights do not fit together", why) from error
    return found
