"""Tiny random pipelines that read texts, saved by diffusers and transformers themselves."""

import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from tokenizers import pre_tokenizers
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from .folders import seeded

CONTEXT = 16
MERGES = [("h", "a"), ("ha", "t</w>"), ("r", "e"), ("re", "d</w>"), ("c", "a"), ("ca", "t</w>")]
UNET: dict[str, Any] = {
    "sample_size": 8,
    "block_out_channels": (8, 16),
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "attention_head_dim": 2,
    "cross_attention_dim": 16,
}
VAE: dict[str, Any] = {
    "block_out_channels": (8, 8),
    "down_block_types": ("DownEncoderBlock2D",) * 2,
    "up_block_types": ("UpDecoderBlock2D",) * 2,
    "norm_num_groups": 4,
    "sample_size": 16,
    "latent_channels": 4,
    "scaling_factor": 0.7,
}
BETAS: dict[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "set_alpha_to_one": True,  # ours end on the picture
    "timestep_spacing": "leading",
    "steps_offset": 1,
}
SD3: dict[str, Any] = {
    "sample_size": 8,
    "patch_size": 2,
    "in_channels": 4,
    "num_layers": 2,
    "attention_head_dim": 8,
    "num_attention_heads": 2,
    "joint_attention_dim": 40,
    "caption_projection_dim": 16,
    "pooled_projection_dim": 16,
    "out_channels": 4,
    "pos_embed_max_size": 12,
}
FLUX: dict[str, Any] = {
    "in_channels": 16,
    "num_layers": 1,
    "num_single_layers": 1,
    "attention_head_dim": 16,
    "num_attention_heads": 2,
    "joint_attention_dim": 40,
    "pooled_projection_dim": 16,
    "axes_dims_rope": (4, 4, 8),
}


def clip_tokens(pad: str = "<|endoftext|>") -> CLIPTokenizer:
    """A CLIP's tokenizer of single letters and a few words."""
    single = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*single, *(f"{letter}</w>" for letter in single), *map("".join, MERGES)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    return CLIPTokenizer(vocabulary, MERGES, pad_token=pad, model_max_length=CONTEXT)


def clip_config(**changed: Any) -> CLIPTextConfig:
    vocabulary = clip_tokens().get_vocab()
    config: dict[str, Any] = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_attention_heads": 2,
        "num_hidden_layers": 2,
        "vocab_size": len(vocabulary),
        "max_position_embeddings": CONTEXT,
        "projection_dim": 8,
        "bos_token_id": vocabulary["<|startoftext|>"],
        "eos_token_id": vocabulary["<|endoftext|>"],
    }
    return CLIPTextConfig(**config | changed)


def t5() -> tuple[T5EncoderModel, T5Tokenizer]:
    """A T5 of single letters."""
    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    letters = [(letter, -3.0) for letter in "abcdefghijklmnopqrstuvwxyz,"]
    tokenizer = T5Tokenizer([*special, *letters], extra_ids=0, model_max_length=512)
    config = T5Config(
        d_model=40,
        d_kv=8,
        d_ff=32,
        num_layers=2,
        num_heads=2,
        vocab_size=len(special) + len(letters),
        feed_forward_proj="gated-gelu",
    )
    return T5EncoderModel(config), tokenizer


def write_stable(folder: Path, kind: str = "1", *, scheduler: Any = None, **unet: Any) -> Path:
    """Stable Diffusion "1", "2" (its network's layout, padding with "!") or "xl"."""
    betas = DDIMScheduler(**BETAS | (scheduler or {}))
    with seeded():
        vae = AutoencoderKL(**VAE)
        if kind == "xl":
            _double(vae, betas, unet).save_pretrained(folder)
            return folder
        linear = {"use_linear_projection": True, "attention_head_dim": (2, 4)}
        config = UNET | (linear if kind == "2" else {}) | unet
        StableDiffusionPipeline(
            vae,
            CLIPTextModel(clip_config(hidden_act="gelu" if kind == "2" else "quick_gelu")),
            clip_tokens("!" if kind == "2" else "<|endoftext|>"),
            UNet2DConditionModel(**config),
            betas,
            None,
            None,
            requires_safety_checker=False,
        ).save_pretrained(folder)
    return folder


def _double(vae: AutoencoderKL, betas: DDIMScheduler, changed: Any) -> StableDiffusionXLPipeline:
    more = {
        "cross_attention_dim": 40,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 4,
        "projection_class_embeddings_input_dim": 8 + 6 * 4,
        "use_linear_projection": True,
        "transformer_layers_per_block": (1, 2),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    }
    wide = clip_config(hidden_size=24, hidden_act="gelu")
    return StableDiffusionXLPipeline(
        vae,
        CLIPTextModel(clip_config()),
        CLIPTextModelWithProjection(wide),
        clip_tokens(),
        clip_tokens("!"),
        UNet2DConditionModel(**UNET | more | changed),
        betas,
        add_watermarker=False,
    )


def write_sd3(folder: Path, *, third: bool = True, **scheduler: Any) -> Path:
    """Stable Diffusion 3, with its T5 or without."""
    with seeded():
        network, tokenizer = t5() if third else (None, None)
        clips = [CLIPTextModelWithProjection(clip_config()) for _ in range(2)]
        StableDiffusion3Pipeline(
            transformer=SD3Transformer2DModel(**SD3),
            scheduler=FlowMatchEulerDiscreteScheduler(**{"shift": 3.0, **scheduler}),
            vae=AutoencoderKL(**VAE, use_quant_conv=False, shift_factor=0.1),
            text_encoder=clips[0],
            tokenizer=clip_tokens(),
            text_encoder_2=clips[1],
            tokenizer_2=clip_tokens("!"),
            text_encoder_3=network,
            tokenizer_3=tokenizer,
            image_encoder=None,
            feature_extractor=None,
        ).save_pretrained(folder)
    return folder


def write_flux(folder: Path, *, guided: bool = True, **scheduler: Any) -> Path:
    """FLUX, as dev is (which is told of a guidance) or schnell."""
    dynamic = {"use_dynamic_shifting": guided, "shift": 3.0 if guided else 1.0}
    with seeded():
        network, tokenizer = t5()
        FluxPipeline(
            transformer=FluxTransformer2DModel(**FLUX, guidance_embeds=guided),
            scheduler=FlowMatchEulerDiscreteScheduler(**{**dynamic, **scheduler}),
            vae=AutoencoderKL(**VAE, use_quant_conv=False, shift_factor=0.1),
            text_encoder=CLIPTextModel(clip_config()),
            tokenizer=clip_tokens(),
            text_encoder_2=network,
            tokenizer_2=tokenizer,
        ).save_pretrained(folder)
    return folder


def change(path: Path, **values: Any) -> None:
    """Other values in a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
