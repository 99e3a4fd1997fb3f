"""A text-to-image model written as diffusers' `StableDiffusionPipeline` folder."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers
from diffusers import DDIMScheduler
from tokenizers import Tokenizer, normalizers, processors
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel

from overpaint.models.folders import Folder
from overpaint.models.networks import write_network, write_tokenizer
from overpaint.models.texts import SPECIAL
from overpaint.models.towers import TEXT, read_residual

PARTS = {
    "vae": ("diffusers", "AutoencoderKL"),
    "text_encoder": ("transformers", "CLIPTextModel"),
    "tokenizer": ("transformers", "PreTrainedTokenizerFast"),
    "unet": ("diffusers", "UNet2DConditionModel"),
    "scheduler": ("diffusers", "DDIMScheduler"),
    "safety_checker": (None, None),
    "feature_extractor": (None, None),
    "image_encoder": (None, None),
}


def write_pipeline(
    folder: Path, net: Any, weights: Mapping[str, Tensor], *, vae: Path, clip: Folder
) -> None:
    """Save a `UNet2DConditionModel` of v beside an autoencoder and a CLIP's own text encoder.

    vae: a folder of `AutoencoderKL`. clip: an embedded CLIP.
    """
    write_network(net, folder / "unet", weights, None)
    (folder / "vae").mkdir(exist_ok=True)
    for name in ("config.json", "diffusion_pytorch_model.safetensors"):
        shutil.copyfile(vae / name, folder / "vae" / name)
    reader = text_encoder(clip)
    write_network(reader, folder / "text_encoder", reader.state_dict(), None)
    _change(folder / "text_encoder/config.json", dtype="float32")  # as diffusers runs the others
    _write_words(clip.file("tokenizer.json"), folder / "tokenizer", reader)
    scheduler: Any = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="v_prediction",
    )
    scheduler.save_pretrained(folder / "scheduler")
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": diffusers.__version__,
        "requires_safety_checker": False,
        **PARTS,
    }
    _write(folder / "model_index.json", index)


def text_encoder(clip: Folder) -> CLIPTextModel:
    """The texts of an embedded CLIP, a vector for each token."""
    whole: Any = read_residual(clip)[0].text
    told = {name: value for name, value in whole.config.to_dict().items() if name in TEXT}
    reader = CLIPTextModel(CLIPTextConfig(**told))
    own = whole.state_dict()
    reader.load_state_dict({name: own[f"text_model.{name}"] for name in reader.state_dict()})
    return reader.eval().requires_grad_(False)


def _write_words(path: Path, folder: Path, reader: Any) -> None:
    """The tokenizer, which now writes start and end by itself and takes capitals for small ones."""
    words = Tokenizer.from_file(str(path))
    start, end = SPECIAL
    words.normalizer = normalizers.Lowercase()
    ids = [(name, words.token_to_id(name)) for name in SPECIAL]
    words.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}", special_tokens=ids
    )
    folder.mkdir(exist_ok=True)
    words.save(str(folder / "tokenizer.json"))
    write_tokenizer(folder / "tokenizer.json", folder, reader.config.max_position_embeddings)


def _change(path: Path, **entries: Any) -> None:
    _write(path, {**json.loads(path.read_text(encoding="utf-8")), **entries})


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
