"""Small folders in the formats of published benchmarks, and networks to score by."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image
from transformers import ViTConfig, ViTModel

from .folders import seeded

HALF = [0, 512 * 256]  # the upper half of a mask
ENTRIES: Mapping[str, Mapping[str, Any]] = {
    "000000000000": {
        "image_path": "0_random_140/000000000000.jpg",
        "original_prompt": "a [dog] on a road",
        "editing_prompt": "a [cat] on a road",
        "editing_instruction": "change the dog into a cat",
        "editing_type_id": "0",
        "blended_word": "dog cat",
        "mask": HALF,
    },
    "111000000000": {
        "image_path": "1_change_object_80/1_artificial/111000000000.jpg",
        "original_prompt": "a round cake",
        "editing_prompt": "a [square] cake",
        "editing_instruction": "make it square",
        "editing_type_id": "1",
        "blended_word": "cake cake",
        "mask": [5 * 512 + 5, 100, 7 * 512 + 5, 100],
    },
    "924000000002": {
        "image_path": "9_change_style_80/924000000002.jpg",
        "original_prompt": "a house",
        "editing_prompt": "a house [in watercolour]",
        "editing_instruction": "paint it",
        "editing_type_id": "9",
        "blended_word": "",
        "mask": [0, 512 * 512],
    },
    "000000000001": {
        "image_path": "0_random_140/000000000001.jpg",
        "original_prompt": "a tree",
        "editing_prompt": "a red tree",
        "editing_instruction": "make it red",
        "editing_type_id": "0",
        "blended_word": "tree tree",
        "mask": HALF,
    },
}
PROMPTS = """Classes

subject_name,class
bag,backpack
cat2,cat
duck_toy,toy

Prompts

Object Prompts

prompt_list = [
'a {0} {1} in the jungle'.format(unique_token, class_token),
'a red {0} {1}'.format(unique_token, class_token)
]

Live Subject Prompts

prompt_list = [
'a {0} {1} wearing a red hat'.format(unique_token, class_token),
'a wet {0} {1}'.format(unique_token, class_token)
]
"""


def smooth(seed: int, side: int = 512) -> Image.Image:
    """A picture of soft colours, another one for each seed."""
    values = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(values).resize((side, side), Image.Resampling.BICUBIC)


def write_pie(folder: Path, **changed: Any) -> Path:
    """PIE-Bench of four edits; `changed` are fields of the first."""
    found = {name: dict(each) for name, each in ENTRIES.items()}
    for seed, each in enumerate(found.values()):
        path = folder / "annotation_images" / each["image_path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        smooth(seed).save(path, quality=95)
    found["000000000000"] |= changed
    (folder / "mapping_file.json").write_text(json.dumps(found))
    return folder


def write_dream(folder: Path) -> Path:
    """DreamBench of two subjects with three pictures each, and of one without any."""
    for seed, (name, number) in enumerate((n, i) for n in ("bag", "cat2") for i in range(3)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        smooth(seed, 64).save(folder / name / f"{number:02d}.jpg", quality=95)
    (folder / "prompts_and_classes.txt").write_text(PROMPTS)
    return folder


def write_dino(folder: Path, *, size: int = 32) -> Path:
    """A DINO of patches of 16 x 16 pixels."""
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
    config = ViTConfig(**sizes, num_attention_heads=2, image_size=size, patch_size=16)
    with seeded():
        ViTModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def lpips() -> ModuleType:
    """Stands in for the package: ten times the mean absolute difference in [-1, 1]."""
    import torch

    class LPIPS(torch.nn.Module):
        def __init__(self, net: str, **how: object) -> None:
            super().__init__()

        def forward(
            self, images: torch.Tensor, others: torch.Tensor, normalize: bool = False
        ) -> torch.Tensor:
            scale = 2 if normalize else 1
            return 10 * scale * (images - others).abs().mean((1, 2, 3), keepdim=True)

    module = ModuleType("lpips")
    module.LPIPS = LPIPS  # type: ignore[attr-defined]
    return module
