"""Tiny checkpoints in the folder formats of diffusers and transformers."""

import pytest
from diffusers import DDPMScheduler

from overpaint.models.families.tiny import tiny

from ..folders import write_clip, write_dino, write_identity


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
    """A transformers CLIP folder."""
    return write_clip(tmp_path / "clip")


@pytest.fixture
def identity_folder(tmp_path):
    """A transformers ResNet folder."""
    return write_identity(tmp_path / "identity")


@pytest.fixture
def dino_folder(tmp_path):
    """A transformers ViT folder."""
    return write_dino(tmp_path / "dino")
