"""Grids of small pictures for the documentation."""

from pathlib import Path

import torch
from PIL import Image

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"


def save_grid(pictures: torch.Tensor, name: str, columns: int, *, folder: Path = FOLDER) -> None:
    """Save pictures `(N, 3, S, S)` in [-1, 1] side by side, at twice their size."""
    rows = [torch.cat(list(row), dim=2) for row in pictures.split(columns)]
    whole = ((torch.cat(rows, dim=1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    folder.mkdir(parents=True, exist_ok=True)
    size = (whole.shape[1] * 2, whole.shape[0] * 2)
    Image.fromarray(whole).resize(size, Image.Resampling.NEAREST).save(folder / name)
