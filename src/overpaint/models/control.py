"""Adapters: what turns a model into a tuned one, and back by not being used."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from overpaint.errors import OptionError, UnsafeFileError
from overpaint.models.bundle import DiffusionModel
from overpaint.models.folders import Folder, fingerprint, read_tensors
from overpaint.models.lora import PREFIX, Lora, changed, product

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
    own = dict(model.net.named_parameters())
    for name, tensor in [*adapter.changes.items(), *adapter.whole.items()]:
        if name not in own or own[name].shape != tensor.shape:
            raise OptionError(
                f"The adapter {adapter.name} does not fit the model {model.name}",
                f"{name} {tuple(tensor.shape)} has no counterpart",
                "Tune one for this model with `overpaint tune`.",
            )
    with torch.no_grad():
        whole = {name: tensor.to(own[name]) - own[name] for name, tensor in adapter.whole.items()}
        new = changed(model.net, {**adapter.changes, **whole}, scale)
    return replace(model, weights={**model.weights, **new})


def with_lora(model: DiffusionModel, lora: Lora, scale: float = 1.0) -> DiffusionModel:
    """`model` as `lora` makes it now, with gradients to its factors; ask again after each step."""
    return replace(model, weights={**model.weights, **changed(model.net, lora.changes(), scale)})


def read_adapter(path: Path) -> Adapter:
    """The adapter in a folder: peft's LoRA format, or the weights of a whole tuned network."""
    folder = Folder.at(path)
    if not folder.has("adapter_config.json"):
        weights = folder.weights(*WHOLE_FILES)
        return Adapter({}, read_tensors(weights), folder.card(), path.name, fingerprint(weights))
    weights = folder.weights(*LORA_FILES)
    changes = _products(folder.json("adapter_config.json"), read_tensors(weights))
    return Adapter(changes, {}, folder.card(), path.name, fingerprint(weights))


def write_lora(lora: Lora, path: Path, card: Mapping[str, Any]) -> None:
    """Write a trained adapter so that peft and `read_adapter` load it."""
    config = {
        "peft_type": "LORA",
        "task_type": None,
        "base_model_name_or_path": card.get("base_name"),
        "r": lora.config.rank,
        "lora_alpha": lora.config.alpha,
        "target_modules": lora.names,
        "lora_dropout": 0.0,
        "bias": "none",
        "use_rslora": False,
        "use_dora": False,
        "inference_mode": True,
    }
    path.mkdir(parents=True, exist_ok=True)
    _write(path, lora.state(), LORA_FILES[0], card)
    (path / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")


def write_whole(net: nn.Module, path: Path, card: Mapping[str, Any]) -> None:
    """Write the weights of a whole tuned network as an adapter."""
    path.mkdir(parents=True, exist_ok=True)
    state = {k: v.detach().cpu().contiguous() for k, v in net.named_parameters()}
    _write(path, state, WHOLE_FILES[0], card)


def _write(path: Path, state: dict[str, Tensor], name: str, card: Mapping[str, Any]) -> None:
    save_file({k: v.half() for k, v in state.items()}, path / name, metadata={"format": "pt"})
    (path / "card.json").write_text(json.dumps(card, indent=2) + "\n", "utf-8")


def _products(config: dict[str, Any], state: dict[str, Tensor]) -> dict[str, Tensor]:
    unread = [k for k in ("use_dora", "rank_pattern", "alpha_pattern") if config.get(k)]
    if config.get("peft_type") != "LORA" or config.get("bias", "none") != "none" or unread:
        raise UnsafeFileError(
            "Only plain LoRA adapters are read", f"not {unread or config.get('peft_type')}"
        )
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not isinstance(rank, int) or not isinstance(alpha, int | float) or not 1 <= rank <= 4096:
        raise UnsafeFileError(f"The adapter's rank {rank!r} or alpha {alpha!r} is out of bounds")
    scaling = alpha / (rank**0.5 if config.get("use_rslora") else rank)
    changes = {}
    for key in [key for key in state if key.endswith(".lora_A.weight")]:
        name = key.removesuffix(".lora_A.weight")
        down, up = state.pop(key), state.pop(f"{name}.lora_B.weight", None)
        if up is None or up.ndim < 2 or down.shape[0] != rank or up.shape[1] != rank:
            raise UnsafeFileError(f"The adapter's factors of {name} do not fit rank {rank}")
        changes[name.removeprefix(PREFIX) + ".weight"] = product(down, up) * scaling
    if state or not changes:
        raise UnsafeFileError("The adapter holds other tensors than LoRA factors", ", ".join(state))
    return changes
