"""Rectified-flow transformers: a diffusers folder of SD3 or FLUX."""

from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

import torch
from torch import nn

from overpaint.core.flow import FlowSchedule, flow
from overpaint.errors import ModelNotFoundError, OptionError, UnsafeFileError
from overpaint.models.autoencoders import check_sizes, latents
from overpaint.models.bundle import DiffusionModel, Paces
from overpaint.models.devices import placed
from overpaint.models.families import flux, sd3, unet
from overpaint.models.families.stable import kind
from overpaint.models.families.trying import check_asked
from overpaint.models.folders import Folder, fingerprint, known
from overpaint.models.shards import DIFFUSERS, files, fill, products
from overpaint.models.sides import Sides

# Each has NETWORK, ARGUMENTS, PATCHED, build, reader, widths, asked, cells and reach.
KINDS: Mapping[str, ModuleType] = {"StableDiffusion3": sd3, "Flux": flux}
TASKS = ("", "Img2Img", "Inpaint")
PIPELINES = {f"{name}{task}Pipeline": module for name, module in KINDS.items() for task in TASKS}
SCHEDULER = "FlowMatchEulerDiscreteScheduler"
DEEPEST = 200


def holds(folder: Folder) -> bool:
    """Whether this is the folder of one of these pipelines."""
    return kind(folder) in list(PIPELINES)


def load(folder: Folder, *, device: torch.device, dtype: torch.dtype) -> DiffusionModel:
    """The model in `folder`: `transformer/`, `vae/`, `scheduler/` and the text encoders.

    dtype: of the multiplications of transformer and T5, whose weights are kept in it.
    """
    of, inside = PIPELINES[kind(folder)], folder.sub("transformer")
    net: Any = _network(of, inside.own("config.json"))
    codec, cells = latents(folder.sub("vae").own("config.json")), of.cells(net)
    check_sizes(codec, of.channels(net), cells)
    sides = Sides(codec.factor * of.patch(net), cells * codec.factor, of.reach(net) * codec.factor)
    paces = _paces(unet.scheduler_config(folder), sides)
    text, ask = of.reader(folder, net, device, dtype), of.asked(net)
    width, pooled = of.widths(text)
    state = (of.channels(net), of.patch(net), of.patch(net))
    check_asked(ask, net, state=state, width=width, pooled=pooled)
    found = files(inside, DIFFUSERS)
    fill(net, found, kinds=products(net, dtype))
    fill(codec.net, files(folder.sub("vae"), DIFFUSERS), renamed=unet.modern)
    return DiffusionModel(
        net=placed(net, device),
        schedule=paces(sides.square, sides.square),
        codec=replace(codec, net=placed(codec.net, device)),
        size=sides.square,
        prediction="flow",
        name=folder.path.name,
        path=folder.path,
        hash=fingerprint(*found.paths),
        dtype=dtype,
        text=text,
        sides=sides,
        paces=paces,
        ask=ask,
        card=folder.card(),
    )


def _network(of: ModuleType, config: Mapping[str, Any]) -> nn.Module:
    """The transformer that a configuration describes, without memory for weights.

    Raises:
        ModelNotFoundError: it is another.
        UnsafeFileError: it describes none.
    """
    if config.get("_class_name") != of.NETWORK:
        what = f"The network {config.get('_class_name')!r:.60} is not supported"
        raise ModelNotFoundError(what, f"{of.NETWORK} is")
    kept = known(config, of.ARGUMENTS)
    if not all(kept.get(name, 1) in range(DEEPEST) for name in ("num_layers", "num_single_layers")):
        raise UnsafeFileError("The configuration's number of layers is out of bounds")
    try:
        with torch.device("meta"):
            net: nn.Module = of.build(kept)
    except Exception as error:  # a wrong configuration fails in too many ways to name
        why = str(error).partition("\n")[0][:200]
        raise UnsafeFileError("The configuration describes no network", why) from error
    return net


def _paces(config: Mapping[str, Any], sides: Sides) -> Paces:
    """The schedule for a picture's size, as a configuration has it.

    Raises:
        ModelNotFoundError: it is of no flow that is known here.
    """
    if config.get("_class_name") != SCHEDULER:
        what = f"The noise of {config.get('_class_name')!r:.60} is not supported with this network"
        raise ModelNotFoundError(what, f"{SCHEDULER} is")

    def paced(width: int, height: int) -> FlowSchedule:
        return flow(config, width * height // sides.multiple**2)

    try:
        paced(sides.square, sides.square)
    except OptionError as error:
        raise ModelNotFoundError("The model holds no usable schedule", error.what) from error
    return paced
