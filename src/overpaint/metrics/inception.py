"""What Inception-v3 sees in pictures, for FID, KID and the Inception score, by torch-fidelity."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from overpaint.errors import ModelNotFoundError, OptionError, UnsafeFileError
from overpaint.metrics.extras import importing, unfetched
from overpaint.models.devices import pick_device
from overpaint.models.files import read_file

FETCH = 'from torch_fidelity import FeatureExtractorInceptionV3 as F; F("overpaint", ["2048"])'
FEATURES, CLASSES = "2048", "logits_unbiased"  # what the library calls them


@dataclass(frozen=True)
class Inception:
    """The library's feature extractor; it resizes as the TensorFlow of the first papers did."""

    net: Any
    device: torch.device

    def see(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Of pictures (B, 3, H, W) uint8: features (B, 2048), probabilities of classes (B, 1008).

        The first are for `fid`, `kid`, `precision` and `recall`, the others for `inception-score`.

        Raises:
            OptionError: the pictures are not of uint8.
        """
        if images.dtype != torch.uint8 or images.ndim != 4:
            got = f"got {tuple(images.shape)} {str(images.dtype).removeprefix('torch.')}"
            raise OptionError("Inception sees pictures (B, 3, H, W) of uint8", got)
        with torch.no_grad():
            features, classes = self.net(images.to(self.device))
        return features, classes.softmax(1)


def load_inception(
    weights: str | Path | None = None, device: torch.device | str = "auto"
) -> Inception:
    """Inception-v3 as FID is taken with, from a file, or else as the library keeps it.

    weights: a state dict under torch-fidelity's names (.pth, .safetensors); no code in it is run.

    Raises:
        OptionError: the library is not installed.
        ModelNotFoundError: there are no weights on this machine.
        UnsafeFileError: the file is not plain data, or of another network.
    """
    with importing("Inception", "torch-fidelity"):
        from torch_fidelity import FeatureExtractorInceptionV3 as Extractor
    device = pick_device(device) if isinstance(device, str) else device
    names = "overpaint", [FEATURES, CLASSES]
    if weights is None:
        with unfetched("Inception-v3", FETCH):
            return Inception(Extractor(*names).to(device), device)
    path = Path(weights)
    if not path.is_file():
        raise ModelNotFoundError(f"There are no weights of Inception-v3 at {path}")
    tensors = read_file(path)
    with tempfile.TemporaryDirectory() as folder:
        # The library opens files as pickles that may run code: it is given one of ours.
        plain = Path(folder) / "inception.pth"
        torch.save(tensors, plain)
        try:
            net = Extractor(*names, feature_extractor_weights_path=str(plain))
        except RuntimeError as error:
            why = str(error).partition("\n")[2].strip()[:200]
            raise UnsafeFileError(f"The weights in {path} do not fit", why) from error
    return Inception(net.to(device), device)
