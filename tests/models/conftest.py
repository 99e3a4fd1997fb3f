"""Tiny checkpoints in the folder formats of diffusers and transformers."""

import json

import pytest
from diffusers import DDPMScheduler
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import CLIPConfig, CLIPModel, ResNetConfig, ResNetModel

from overpaint.models.families.tiny import tiny


@pytest.fixture
def model():
    return tiny()


@pytest.fixture
def pipeline(tmp_path, model):
    """A diffusers pipeline folder holding the tiny model."""
    folder = tmp_path / "pipeline"
    model.net.save_pretrained(folder / "unet")
    DDPMScheduler().save_pretrained(folder / "scheduler")
    return folder


@pytest.fixture
def clip_folder(tmp_path):
    """A transformers CLIP folder with a byte-level tokenizer of single bytes."""
    tokens = ["<|startoftext|>", "<|endoftext|>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    shared = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    shared |= {"num_attention_heads": 2, "projection_dim": 8}
    text = {**shared, "vocab_size": len(tokens), "max_position_embeddings": 12}
    text |= {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    vision = {**shared, "image_size": 16, "patch_size": 8}
    folder = tmp_path / "clip"
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)
    CLIPModel(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def identity_folder(tmp_path):
    """A transformers ResNet folder."""
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    folder = tmp_path / "identity"
    ResNetModel(config).save_pretrained(folder)
    (folder / "card.json").write_text(json.dumps({"size": 32}))
    return folder
