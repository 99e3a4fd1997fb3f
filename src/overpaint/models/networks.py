"""The networks of the embedded models, untrained, and how a trained one is written to disk."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel, UNet2DModel
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    PreTrainedTokenizerFast,
    ResNetConfig,
    ResNetForImageClassification,
    ResNetModel,
)

from overpaint.models.passing import passing_colours_on, passing_noise_on
from overpaint.models.towers import Residual

RESNET: dict[str, Any] = {
    "layer_type": "basic",
    "hidden_act": "silu",
    "downsample_in_first_stage": False,
}


def pixel_unet(size: int = 64, fold: int = 4) -> nn.Module:
    """A noise predictor for pictures whose `fold` x `fold` squares lie in the channels."""
    net: Any = UNet2DModel(
        sample_size=size // fold,
        in_channels=3 * fold**2,
        out_channels=3 * fold**2,
        layers_per_block=2,
        block_out_channels=(128, 144),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=48,
        norm_num_groups=16,
    )
    return passing_noise_on(net)


def latent_unet(size: int = 16) -> nn.Module:
    """A network of latents that attends to the tokens of the embedded CLIP's texts."""
    net: Any = UNet2DConditionModel(
        sample_size=size,
        layers_per_block=1,
        block_out_channels=(96, 128, 128),
        down_block_types=("CrossAttnDownBlock2D",) * 2 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 2,
        attention_head_dim=4,  # heads, in spite of its name
        cross_attention_dim=160,
        norm_num_groups=16,
    )
    return net  # type: ignore[no-any-return]


def portrait_vae(size: int = 128) -> nn.Module:
    """An autoencoder to cells of 8 x 8 pixels and four channels, of convolutions alone."""
    net: Any = AutoencoderKL(
        sample_size=size,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(16, 32, 64, 128),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=2,
        mid_block_add_attention=False,
    )
    return passing_colours_on(net)


def clip_towers(vocabulary: int, context: int, end: int, width: int = 128) -> Residual:
    """A CLIP for pictures of 64 x 64 and captions of one grammar."""
    text = CLIPTextConfig(
        hidden_size=160,
        intermediate_size=640,
        num_hidden_layers=2,
        num_attention_heads=4,
        vocab_size=vocabulary,
        max_position_embeddings=context,
        bos_token_id=end - 1,
        eos_token_id=end,
        pad_token_id=end,
        projection_dim=width,
    )
    # Fused attention is slower than plain products backwards on a processor, at short lengths.
    telling = CLIPTextModelWithProjection._from_config(text, attn_implementation="eager")
    seeing = ResNetForImageClassification(_residual(num_labels=width))
    return Residual(seeing, telling)


def ranking_tower(width: int = 128) -> ResNetForImageClassification:
    """The eye of the CLIP that ranks: narrower and deeper than the one that guides."""
    widths, labels = [64, 96, 128, 160], {**RESNET, "num_labels": width}
    config = ResNetConfig(embedding_size=64, hidden_sizes=widths, depths=[3, 3, 2, 1], **labels)
    return ResNetForImageClassification(config)


def _residual(**labels: Any) -> ResNetConfig:
    """Wide where the picture is still 16 x 16: a mouth is a few pixels."""
    widths = [112, 160, 224]
    return ResNetConfig(
        embedding_size=112, hidden_sizes=widths, depths=[2, 2, 2], **RESNET, **labels
    )


def attribute_judge(names: list[str]) -> ResNetForImageClassification:
    """A residual classifier whose outputs are the values of all attributes, one after another."""
    labels = dict(enumerate(names))
    config = _residual(id2label=labels, label2id={name: index for index, name in labels.items()})
    return ResNetForImageClassification(config)


def face_encoder() -> ResNetModel:
    """A small residual encoder of faces; its pooled features are the embedding."""
    widths = [32, 64, 128, 128]
    config = ResNetConfig(embedding_size=32, hidden_sizes=widths, depths=[1, 2, 2, 1], **RESNET)
    return ResNetModel(config)


def write_network(
    net: Any, folder: Path, weights: Mapping[str, Tensor], card: Mapping[str, Any] | None
) -> None:
    """Save `net` with `weights` as fp16 safetensors in its library's own format, and its card."""
    own = net.state_dict()
    net.load_state_dict({name: weights.get(name, value) for name, value in own.items()})
    before = {name: value.dtype for name, value in own.items()}
    net.half().save_pretrained(folder, safe_serialization=True)
    for name, value in net.state_dict().items():
        value.data = value.data.to(before[name])
    if card is not None:
        write_card(folder, card)


def write_towers(net: Residual, folder: Path, weights: Mapping[str, Tensor]) -> None:
    """Save the two towers of a CLIP in folders of their own, with `weights` of the whole."""
    for name, tower in (("vision", net.vision), ("text", net.text)):
        own = {key.removeprefix(f"{name}."): value for key, value in weights.items()}
        write_network(tower, folder / name, own, None)


def write_converted(
    folder: Path,
    config: Mapping[str, Any],
    weights: Mapping[str, Tensor],
    scheduler: Mapping[str, Any],
) -> None:
    """Save a UNet2DModel as a diffusers folder, its numbers as they are."""
    for name in ("unet", "scheduler"):
        (folder / name).mkdir()
    about = {"_class_name": "UNet2DModel", "_diffusers_version": diffusers.__version__}
    _write_json(folder / "unet/config.json", {**about, **config})
    _write_json(folder / "scheduler/scheduler_config.json", scheduler)
    path = folder / "unet/diffusion_pytorch_model.safetensors"
    kept = {name: tensor.contiguous() for name, tensor in weights.items()}
    save_file(kept, path, metadata={"format": "pt"})
    path.chmod((folder / "unet/config.json").stat().st_mode)  # safetensors leaves it to its owner


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write `card.json`: what the model is, its data, steps, seconds, hardware, seed and scores."""
    _write_json(folder / "card.json", card)


def write_scheduler(folder: Path, prediction: str = "epsilon") -> None:
    """Save the linear schedule of 1000 steps, and what the network predicts in diffusers' words."""
    scheduler: Any = DDPMScheduler(
        num_train_timesteps=1000, clip_sample=False, prediction_type=prediction
    )
    scheduler.save_pretrained(folder)


def write_tokenizer(path: Path, folder: Path, context: int) -> None:
    """Save a tokenizers file as a transformers folder."""
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(path),
        bos_token="<|startoftext|>",
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        model_max_length=context,
    )
    tokenizer.save_pretrained(folder)


def hardware() -> str:
    """What a training ran on, for its card."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{torch.get_num_threads()} processor threads, {torch.backends.cpu.get_cpu_capability()}"
