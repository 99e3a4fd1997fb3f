"""One file of weights, in whichever of three formats; no code in it is run."""

from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from overpaint.models.folders import is_safetensors, read_shapes
from overpaint.models.pickles import read_pickled
from overpaint.models.torchscript import is_torchscript, read_torchscript


def read_file(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file or a TorchScript archive as stored, of a pickle as float32.

    Raises:
        UnsafeFileError: it is none of them, damaged, or holds more than plain data.
    """
    if is_safetensors(path):
        read_shapes(path)  # refuses what is not sound
        return load_file(path)
    return read_torchscript(path) if is_torchscript(path) else read_pickled(path)
