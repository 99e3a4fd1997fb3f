"""The judge: which attributes and which style a picture shows, each with its confidence."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from transformers import ResNetConfig, ResNetForImageClassification

from overpaint.models.devices import placed
from overpaint.models.folders import Folder, fill, fingerprint, known
from overpaint.models.preprocess import RESNET_KEYS, prepare


@dataclass(frozen=True)
class Judge:
    """A transformers `ResNetForImageClassification` whose labels are "attribute=value"."""

    net: ResNetForImageClassification
    values: dict[str, tuple[str, ...]]
    hash: str = ""

    def read(self, images: Tensor) -> dict[str, Tensor]:
        """`(B, 3, H, W)` in [-1, 1] to the probabilities `(B, values)` of each attribute."""
        with torch.no_grad():
            logits = self.net(pixel_values=_seen(images)).logits
        groups = logits.split([len(values) for values in self.values.values()], dim=1)
        return {name: group.softmax(1) for name, group in zip(self.values, groups, strict=True)}

    def features(self, images: Tensor) -> Tensor:
        """`(B, 3, H, W)` in [-1, 1] to what it reads from, `(B, d)`: see `metrics.sets`."""
        with torch.no_grad():
            return self.net.resnet(pixel_values=_seen(images)).pooler_output.flatten(1)

    def stages(self, images: Tensor) -> tuple[Tensor, ...]:
        """What each stage of it sees in `(B, 3, H, W)` in [-1, 1]: `(B, C, h, w)`, coarser each."""
        with torch.no_grad():
            seen = self.net.resnet(pixel_values=_seen(images), output_hidden_states=True)
        return tuple(seen.hidden_states)


def _seen(images: Tensor) -> Tensor:
    """Pictures at the size it was trained on."""
    return prepare(images, 64, antialias=True) * 2 - 1


def load_judge(path: Path, device: torch.device | str = "cpu") -> Judge:
    """The judge in a transformers folder."""
    folder = Folder.at(path)
    weights = folder.weights("model.safetensors")
    config = folder.json("config.json")
    names = [config["id2label"][str(i)] for i in range(len(config["id2label"]))]
    values: dict[str, tuple[str, ...]] = {}
    for attribute, value in (name.split("=", 1) for name in names):
        values[attribute] = (*values.get(attribute, ()), value)
    with torch.device("meta"):
        net = ResNetForImageClassification(
            ResNetConfig(id2label=dict(enumerate(names)), **known(config, RESNET_KEYS))
        )
    fill(net, weights)
    return Judge(placed(net, device), values, fingerprint(weights))
