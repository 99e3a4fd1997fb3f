"""Single files of Stable Diffusion 1, 2 and XL, under the names of the authors' code."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers.loaders import single_file_utils as theirs
from torch import Tensor, nn

from overpaint.core.rng import NoiseStream
from overpaint.errors import ModelNotFoundError, OptionError, OverpaintError, UnsafeFileError
from overpaint.models.autoencoders import Latents, check_sizes, latents
from overpaint.models.bundle import DiffusionModel
from overpaint.models.devices import placed
from overpaint.models.families import compvis, conditional, stable, told
from overpaint.models.families.compvis import UNET, VAE, beneath
from overpaint.models.families.published import Options, Shapes
from overpaint.models.folders import adopt, agree, fingerprint, shapes

FIRST = f"{UNET}input_blocks.0.0.weight"
REFINER = "conditioner.embedders.0.model."  # its text encoder's names
AVERAGED = "model_ema."
SCALES = {"1": 0.18215, "2": 0.18215, "xl": 0.13025}  # of the latents
CELLS = {"1": 64, "2": 64, "xl": 128}  # on a side of the pictures that were trained on
SCHEDULE = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
VELOCITY, NO_SIGNAL, OTHER = "v_pred", "ztsnr", "edm_mean"  # empty tensors that say something


def holds(found: Shapes) -> bool:
    """Whether tensors of these names are of this family."""
    return FIRST in found and any(name.startswith((VAE, "cond")) for name in found)


def load(
    path: Path,
    tensors: Mapping[str, Tensor],
    options: Options,
    *,
    device: torch.device,
    dtype: torch.dtype,
) -> DiffusionModel:
    """The model in the tensors that were read from `path`.

    Raises:
        ModelNotFoundError: it is of another kind, or must be told more about.
        UnsafeFileError: it does not fit together.
    """
    try:
        return _load(path, averaged(tensors), options, device, dtype)
    except OverpaintError:
        raise
    except (LookupError, ValueError, TypeError, StopIteration) as error:
        why = f"a tensor is missing or of another kind: {error!s:.150}"
        raise UnsafeFileError(f"The weights in {path} do not fit together", why) from error


def _load(
    path: Path,
    tensors: Mapping[str, Tensor],
    options: Options,
    device: torch.device,
    dtype: torch.dtype,
) -> DiffusionModel:
    kind, found = _kind(path, tensors, options), shapes(tensors)
    text, pooled = told.reader(kind, tensors, path, device)
    config = compvis.unet(beneath(found, UNET), options, pooled=pooled)
    net: Any = conditional.network({**config, "sample_size": CELLS[kind]})
    codec = _codec(kind, tensors, net, path)
    scheduler = {**SCHEDULE, "rescale_betas_zero_snr": NO_SIGNAL in tensors}
    model = stable.assembled(net, codec, text, scheduler, source=path)
    _fill(net, theirs.convert_ldm_unet_checkpoint(dict(tensors), config=config), path)
    codec = replace(codec, net=placed(codec.net, device))
    model = replace(model, net=placed(net, device), codec=codec)
    prediction = options.prediction or ("v" if VELOCITY in tensors else "eps")
    if kind == "2" and options.prediction is None:
        prediction = predicted(model)
    size = options.size or (768 if (kind, prediction) == ("2", "v") else model.size)
    return replace(
        model,
        prediction=prediction,
        size=size,
        sides=stable.sides(net, codec, size),
        hash=fingerprint(path),
        dtype=dtype,
        card={"family": f"stable {kind}", "assumed": {"prediction": prediction, "size": size}},
    )


def averaged(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same with the network's averaged weights in place of the last ones, where it has any."""
    kept = {n: t for n, t in tensors.items() if not n.startswith(AVERAGED)}
    for name in kept:
        average = AVERAGED + name.removeprefix("model.").replace(".", "")
        if name.startswith(UNET) and average in tensors:
            kept[name] = tensors[average]
    return kept


@torch.no_grad()
def predicted(model: DiffusionModel) -> str:
    """Whether a network predicts noise ("eps") or velocity ("v"), which no file of SD 2 tells.

    Shown nothing but noise, the first gives back what it is shown; the second the negative of a
    picture, which is nothing like it.
    """
    config: Any = model.net.config
    side = 8 * 2 ** len(config.block_out_channels)
    x = NoiseStream((0,)).randn((1, config.in_channels, side, side)).to(model.device)
    out = model(x, model.schedule.at(len(model.schedule) - 1)).eps
    return "eps" if float(torch.cosine_similarity(out.flatten(), x.flatten(), dim=0)) > 0.5 else "v"


def _kind(path: Path, tensors: Mapping[str, Tensor], options: Options) -> str:
    """Which Stable Diffusion it is: "1", "2" or "xl"."""
    if options.schedule or options.attention_order:
        what, hint = "Stable Diffusion has one schedule", "Give size, heads or prediction alone."
        raise OptionError(what, "and one order of attention", hint)
    has = {k for k, p in told.PREFIXES if any(name.startswith(p) for name in tensors)}
    if any(name.startswith(REFINER) for name in tensors):
        what, why = f"{path} holds SDXL's refiner", "it is no model by itself"
        raise ModelNotFoundError(what, why, "Give the base model.")
    if OTHER in tensors:
        raise ModelNotFoundError(f"The noise of {path} is not supported", f"it has {OTHER}")
    if not has or not any(name.startswith(VAE) for name in tensors):
        lacks = "autoencoder" if has else "text encoder"
        what, hint = f"There is no {lacks} in {path}", "Give a whole checkpoint."
        raise ModelNotFoundError(what, "it holds a part of a model", hint)
    return "xl" if "xl" in has else has.pop()


def _codec(kind: str, tensors: Mapping[str, Tensor], net: Any, path: Path) -> Latents:
    """The autoencoder, with its weights."""
    config = compvis.autoencoder(beneath(shapes(tensors), VAE), SCALES[kind])
    codec = latents(config)
    conditional.check_channels(net, config["latent_channels"])
    check_sizes(codec, config["latent_channels"], CELLS[kind])
    _fill(codec.net, theirs.convert_ldm_vae_checkpoint(dict(tensors), config=config), path)
    return codec


def _fill(net: nn.Module, converted: Mapping[str, Tensor], path: Path) -> None:
    """Give `net`, made on the meta device, weights under its own names."""
    agree(shapes(converted), shapes(net.state_dict()), path)
    adopt(net, converted, path)
