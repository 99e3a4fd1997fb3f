"""Pictures out of tensors: as arrays, and as grids of small ones for the documentation."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

LARGE = 128
FOLDER = Path(__file__).parent.parent / "docs" / "pictures"


def arrays(pictures: torch.Tensor) -> np.ndarray:
    """Pictures `(N, 3, H, W)` in [-1, 1] as `(N, H, W, 3)` uint8."""
    return ((pictures + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()


def save_grid(pictures: torch.Tensor, name: str, columns: int, *, folder: Path = FOLDER) -> None:
    """Save pictures `(N, 3, S, S)` in [-1, 1] side by side; small ones at twice their size."""
    rows = [torch.cat(list(row), dim=2) for row in pictures.split(columns)]
    (whole,) = arrays(torch.cat(rows, dim=1)[None])
    folder.mkdir(parents=True, exist_ok=True)
    larger = 2 if pictures.shape[-1] < LARGE else 1
    size = (whole.shape[1] * larger, whole.shape[0] * larger)
    Image.fromarray(whole).resize(size, Image.Resampling.NEAREST).save(folder / name, optimize=True)
