"""Making a network trainable: as a whole, or through peft's low-rank adapters (2106.09685)."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import nn

from overpaint.models.bundle import DiffusionModel
from overpaint.models.control import write_whole
from overpaint.models.lora import TARGETS
from overpaint.models.networks import write_card


def low_rank(model: DiffusionModel, rank: int) -> nn.Module:
    """A copy of the network under peft: only factors of `rank` in its layers learn."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=TARGETS, lora_dropout=0.0)
    net: Any = copy.deepcopy(model.net).float()
    return get_peft_model(net, config)


def whole(model: DiffusionModel) -> nn.Module:
    """A copy of the network all of whose weights learn."""
    return copy.deepcopy(model.net).float().requires_grad_(True)


def write_tuned(net: Any, folder: Path, card: Mapping[str, Any]) -> None:
    """Save what was learnt in half precision, laid out as peft or diffusers do, with its card."""
    if not hasattr(net, "peft_config"):
        write_whole(net, folder, card)
        return
    net.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_model.safetensors"
    halves = {name: value.half().contiguous() for name, value in load_file(path).items()}
    save_file(halves, path, metadata={"format": "pt"})
    settings = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    settings |= {"base_model_name_or_path": card.get("base_name")}
    text = json.dumps(settings, indent=2, sort_keys=True) + "\n"
    (folder / "adapter_config.json").write_text(text, "utf-8")
    write_card(folder, card)
