"""A tiny model that reads texts, whose words are looked at in places of their own."""

import torch

from overpaint.models.bundle import DiffusionModel
from overpaint.models.zoo import load


def looking() -> DiffusionModel:
    """`tiny-text` with sharper attention: an untrained network looks everywhere alike."""
    model = load("tiny-text")
    with torch.no_grad():
        for name, weight in model.net.named_parameters():
            if "attn2.to_q" in name:
                weight.mul_(30)
    return model
