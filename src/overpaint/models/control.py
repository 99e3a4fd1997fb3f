"""Adapters: what turns a model into a tuned one, and back by not being used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from overpaint.errors import OptionError, UnsafeFileError
from overpaint.models.bundle import DiffusionModel
from overpaint.models.folders import Folder, fingerprint, read_tensors

PREFIX = "base_model.model."  # before every name in a file of peft
LORA_FILES = ("adapter_model.safetensors",)
WHOLE_FILES = ("model.safetensors", "diffusion_pytorch_model.safetensors")


@dataclass(frozen=True)
class Adapter:
    """A change of a network's weights, with the card that says what it is for."""

    changes: Mapping[str, Tensor]  # added to the weights of that name
    whole: Mapping[str, Tensor] = field(default_factory=dict)  # or: put in their place
    card: Mapping[str, Any] = field(default_factory=dict)  # prompt, source_prompt, t0, base, ...
    name: str = ""
    hash: str = ""


def adapted(model: DiffusionModel, adapter: Adapter, scale: float = 1.0) -> DiffusionModel:
    """`model` with `adapter` at `scale`: 0 as it was, 1 as tuned; `model` itself is not touched."""
    return merged(model, [(adapter, scale)])


def merged(model: DiffusionModel, scaled: Sequence[tuple[Adapter, float]]) -> DiffusionModel:
    """`model` with the changes of several adapters, each times its scale, in one set of weights."""
    own, new = dict(model.net.named_parameters()), dict(model.weights)
    for adapter, scale in scaled:
        for name, tensor in [*adapter.changes.items(), *adapter.whole.items()]:
            if name not in own or own[name].shape != tensor.shape:
                raise OptionError(
                    f"The adapter {adapter.name} does not fit the model {model.name}",
                    f"{name} {tuple(tensor.shape)} has no counterpart",
                    "Tune one for this model with `overpaint tune`.",
                )
        with torch.no_grad():
            whole = {
                name: tensor.to(own[name]) - own[name] for name, tensor in adapter.whole.items()
            }
            for name, change in {**adapter.changes, **whole}.items():
                new[name] = _plus(new.get(name, own[name]), change, scale)
    return replace(model, weights=new)


def check_base(adapter: Adapter, model: DiffusionModel) -> None:
    """Refuses an adapter that was tuned over another model."""
    if adapter.card.get("base") != model.hash:
        base = adapter.card.get("base_name") or "another model"
        raise OptionError(
            f"The adapter {adapter.name} does not belong to the model {model.name}",
            f"it was tuned over {base} {adapter.card.get('base', '')}, not over {model.hash}",
            "give its own model with -m, or tune one for this with `overpaint tune`",
        )


def read_adapter(path: Path) -> Adapter:
    """The adapter in a folder: peft's LoRA format, or the weights of a whole tuned network."""
    folder = Folder.at(path)
    if not folder.has("adapter_config.json"):
        weights = folder.weights(*WHOLE_FILES)
        own = adapter_card(folder)
        return Adapter({}, read_tensors(weights), own, path.name, fingerprint(weights))
    weights = folder.weights(*LORA_FILES)
    changes = _products(folder.json("adapter_config.json"), read_tensors(weights))
    return Adapter(changes, {}, adapter_card(folder), path.name, fingerprint(weights))


def adapter_card(folder: Folder) -> dict[str, Any]:
    """The card of the adapter in a folder, whose known entries are of their kinds.

    Raises:
        UnsafeFileError: one is not.
    """
    card = folder.card()
    for name in ("prompt", "source_prompt", "base", "base_name"):
        if not isinstance(card.get(name, ""), str | None):
            raise _strange(folder, name, card[name])
    aliases, t0 = card.get("aliases", []), card.get("t0", 0)
    if not isinstance(aliases, list) or not all(isinstance(each, str) for each in aliases):
        raise _strange(folder, "aliases", aliases)
    if isinstance(t0, bool) or not isinstance(t0, int | float) or not 0 <= t0 < 1e6:
        raise _strange(folder, "t0", t0)
    return card


def _strange(folder: Folder, name: str, value: Any) -> UnsafeFileError:
    return UnsafeFileError(f"The card of {folder.path} is damaged", f"its {name} is {value!r:.60}")


def _plus(weight: Tensor, change: Tensor, scale: float) -> Tensor:
    new = weight + scale * change.to(weight)
    # A sum of two layouts may take either; convolutions are fast in this one.
    return new.contiguous(memory_format=torch.channels_last) if new.ndim == 4 else new


def _products(config: dict[str, Any], state: dict[str, Tensor]) -> dict[str, Tensor]:
    other = [k for k in ("use_dora", "rank_pattern", "alpha_pattern") if config.get(k)]
    other += ["bias"] * (config.get("bias", "none") != "none")
    if config.get("peft_type") != "LORA" or other:
        kind = ", ".join(other) or config.get("peft_type")
        raise OptionError("Only plain LoRA adapters are read", f"{kind!s:.40} is not supported")
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not isinstance(rank, int) or not isinstance(alpha, int | float) or not 1 <= rank <= 4096:
        raise UnsafeFileError(f"The adapter's rank {rank!r} or alpha {alpha!r} is out of bounds")
    if not abs(alpha) <= 1e4:  # also NaN
        raise UnsafeFileError(f"The adapter's alpha {alpha!r} is out of bounds")
    scaling = alpha / (rank**0.5 if config.get("use_rslora") else rank)
    changes = {}
    for key in [key for key in state if key.endswith(".lora_A.weight")]:
        name = key.removesuffix(".lora_A.weight")
        down, up = state.pop(key), state.pop(f"{name}.lora_B.weight", None)
        if up is None or up.ndim < 2 or down.shape[0] != rank or up.shape[1] != rank:
            raise UnsafeFileError(f"The adapter's factors of {name} do not fit rank {rank}")
        changes[name.removeprefix(PREFIX) + ".weight"] = _product(down, up) * scaling
    if state or not changes:
        raise UnsafeFileError("The adapter holds other tensors than LoRA factors", ", ".join(state))
    return changes


def _product(down: Tensor, up: Tensor) -> Tensor:
    """The weight `(out, in, ...)` of `down` `(r, in, ...)` followed by `up` `(out, r, 1, ...)`."""
    return (up.flatten(1) @ down.flatten(1)).view(up.shape[0], *down.shape[1:])
