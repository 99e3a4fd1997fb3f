"""IR-SE50, the residual face network of ArcFace (arXiv 1801.07698), under its published names."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from overpaint.errors import ModelNotFoundError
from overpaint.models.folders import Shapes, adopt, agree, shapes

KIND = "ir_se50"  # in the configuration of a folder that holds one
STAGES = ((64, 3), (128, 4), (256, 14), (512, 3))  # width, blocks; each begins at half the side
SIDE = 112  # of its pictures
WIDTH = 512  # of an embedding
SQUEEZE = 16


class Excite(nn.Module):
    """Each channel times a factor that all of them, averaged over the picture, decide."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(width, width // SQUEEZE, 1, bias=False)
        self.fc2 = nn.Conv2d(width // SQUEEZE, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, C, H, W)` to the same shape."""
        mean = x.mean((2, 3), keepdim=True)
        return x * self.fc2(self.fc1(mean).relu()).sigmoid()


class Block(nn.Module):
    """Two convolutions and an excitation beside a shortcut."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        same = before == width
        self.shortcut_layer = (
            nn.MaxPool2d(1, stride)
            if same
            else nn.Sequential(
                nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width)
            )
        )
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(before),
            nn.Conv2d(before, width, 3, 1, 1, bias=False),
            nn.PReLU(width),
            nn.Conv2d(width, width, 3, stride, 1, bias=False),
            nn.BatchNorm2d(width),
            Excite(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """`(B, before, H, W)` to `(B, width, H / stride, W / stride)`."""
        return self.res_layer(x) + self.shortcut_layer(x)


class IRSE50(nn.Module):
    """Faces `(B, 3, 112, 112)` in [-1, 1] to features `(B, 512)`, not yet of unit length."""

    def __init__(self) -> None:
        super().__init__()
        first, last = STAGES[0][0], STAGES[-1][0]
        self.input_layer = nn.Sequential(
            nn.Conv2d(3, first, 3, 1, 1, bias=False), nn.BatchNorm2d(first), nn.PReLU(first)
        )
        self.body = nn.Sequential(*_blocks(first))
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(last),
            nn.Dropout(0.6),
            nn.Flatten(),
            nn.Linear(last * (SIDE // 2 ** len(STAGES)) ** 2, WIDTH),
            nn.BatchNorm1d(WIDTH),
        )

    def forward(self, x: Tensor) -> Tensor:
        """`(B, 3, 112, 112)` to `(B, 512)`."""
        return self.output_layer(self.body(self.input_layer(x)))


def holds(found: Shapes) -> bool:
    """Whether these are the weights of a face network of this kind, of whichever depth."""
    return {"input_layer.0.weight", "body.0.res_layer.0.weight"} <= found.keys()


def converted(tensors: Mapping[str, Tensor], path: Path) -> IRSE50:
    """The network with the weights of the file `path`.

    Raises:
        ModelNotFoundError: they are no face network's.
        UnsafeFileError: one does not fit.
    """
    if not holds(shapes(tensors)):
        first = next(iter(tensors), "missing")
        why = f"expected an IR-SE50; its first tensor is {first:.80}"
        raise ModelNotFoundError(f"{path} holds no face encoder", why)
    with torch.device("meta"):
        net = IRSE50()
    agree(shapes(tensors), shapes(net.state_dict()), path)
    adopt(net, tensors, path)
    return net


def write(tensors: Mapping[str, Tensor], path: Path, folder: Path) -> None:
    """Write the network of the file `path` to `folder` as safetensors with a configuration.

    Raises: as `converted` does.
    """
    weights = converted(tensors, path).state_dict()
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    text = json.dumps({"model_type": KIND}, indent=2) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")


def _blocks(before: int) -> Iterator[Block]:
    for width, count in STAGES:
        for number in range(count):
            yield Block(before, width, stride=1 if number else 2)
            before = width
