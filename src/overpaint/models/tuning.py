"""Making a network trainable: as a whole, or through peft's low-rank adapters (2106.09685)."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from overpaint.models.bundle import DiffusionModel
from overpaint.models.networks import write_card


def convolutions(net: nn.Module) -> list[str]:
    """The names of what a network draws with, and how; not of what it attends to."""
    return [name for name, layer in net.named_modules() if isinstance(layer, nn.Conv2d)]


def low_rank(model: DiffusionModel, rank: int, seed: int = 0) -> nn.Module:
    """A copy of the network under peft: only factors of `rank` in its convolutions learn."""
    from peft import LoraConfig, get_peft_model

    net: Any = copy.deepcopy(model.net).float()
    layers = convolutions(net)
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=layers, lora_dropout=0.0)
    with torch.random.fork_rng(devices=[]):  # peft draws the factors from the global generator
        torch.manual_seed(seed)
        return get_peft_model(net, config)


def whole(model: DiffusionModel) -> nn.Module:
    """A copy of the network all of whose weights learn."""
    return copy.deepcopy(model.net).float().requires_grad_(True)


def convolving(model: DiffusionModel) -> nn.Module:
    """A copy of the network of which the weights of the convolutions learn."""
    net = copy.deepcopy(model.net).float().requires_grad_(False)
    for name in convolutions(net):
        net.get_parameter(f"{name}.weight").requires_grad_(True)
    return net


def truncated(model: DiffusionModel, net: nn.Module, rank: int) -> tuple[nn.Module, float]:
    """What the convolutions of `net` learnt over `model`, as near as factors of `rank` come to it.

    A few dozen steps move weights better than factors, which start at zero, and what they have
    learnt by then is nearly of low rank. Also returns how much of it is kept: the share of the
    squared singular values.
    """
    factors: Any = low_rank(model, rank)
    kept = total = 0.0
    for name, layer in factors.base_model.model.named_modules():
        if hasattr(layer, "lora_A"):
            change = net.get_parameter(f"{name}.weight").detach() - layer.base_layer.weight.detach()
            left, sizes, right = torch.linalg.svd(change.flatten(1), full_matrices=False)
            few = min(rank, len(sizes))
            root, down, up = sizes[:few].sqrt(), layer.lora_A.default, layer.lora_B.default
            nn.init.zeros_(down.weight)
            nn.init.zeros_(up.weight)
            down.weight.data[:few] = (root[:, None] * right[:few]).view(few, *down.weight.shape[1:])
            up.weight.data[:, :few] = (left[:, :few] * root).view(-1, few, *up.weight.shape[2:])
            kept += float(sizes[:few].square().sum())
            total += float(sizes.square().sum())
    return factors, kept / total if total else 1.0


def write_tuned(net: Any, folder: Path, card: Mapping[str, Any]) -> None:
    """Save what was learnt in half precision, laid out as peft or diffusers do, with its card."""
    folder.mkdir(parents=True, exist_ok=True)
    if hasattr(net, "peft_config"):
        _write_factors(net, folder, card.get("base_name"))
    else:
        _write_halves(dict(net.named_parameters()), folder / "model.safetensors")
    write_card(folder, card)


def _write_factors(net: Any, folder: Path, base: str | None) -> None:
    net.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_model.safetensors"
    _write_halves(load_file(path), path)
    settings = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    settings |= {"base_model_name_or_path": base}
    text = json.dumps(settings, indent=2, sort_keys=True) + "\n"
    (folder / "adapter_config.json").write_text(text, "utf-8")


def _write_halves(tensors: Mapping[str, Tensor], path: Path) -> None:
    halves = {name: value.detach().cpu().half().contiguous() for name, value in tensors.items()}
    save_file(halves, path, metadata={"format": "pt"})
