"""A CLIP that sees mean colours, and reads "blue" as blue and every other text as red."""

import torch

from overpaint.models.clip import Clip


class Towers:
    """The mean colour of a picture; texts as they are."""

    def see(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.mean((2, 3))

    def tell(self, ids: torch.Tensor) -> torch.Tensor:
        return ids


def colours(size: int = 16, hash: str = "colours") -> Clip:
    """Cosines with it say how red a picture is, or how blue."""
    red, blue = torch.tensor([[1.0, 0.0, 0.0]]), torch.tensor([[0.0, 0.0, 1.0]])
    plain = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}

    def read(texts: list[str], context: int) -> torch.Tensor:
        return torch.cat([blue if text == "blue" else red for text in texts])

    return Clip(Towers(), read, size, hash=hash, **plain)
