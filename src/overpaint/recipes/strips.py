"""What a tuning can do so far, as a strip of pictures: sources above, their edits below."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from overpaint.data.writing import write_image

SHOWN = 6  # pictures side by side
NAME = "[0-9]" * 6 + ".png"


@dataclass(frozen=True)
class Strips:
    """Writes `folder`/000025.png and so on.

    Args:
        every: iterations from one strip to the next; 0: none is written.
        sources: `(N, 3, S, S)` in [-1, 1].
        edits: of `sources`, as things stand.
    """

    folder: Path
    every: int
    sources: Tensor
    edits: Callable[[], Tensor]

    def due(self, step: int, *, over: bool) -> bool:
        """Whether iteration `step` is shown: every so often, and the last one."""
        return self.every > 0 and (over or step % self.every == 0)

    def write(self, step: int) -> Path:
        """The strip of iteration `step`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with torch.no_grad():
            rows = [torch.cat(list(each), dim=2) for each in (self.sources, self.edits())]
        pixels = ((torch.cat(rows, dim=1).clamp(-1, 1) + 1) * 127.5).round().byte()
        image = Image.fromarray(pixels.permute(1, 2, 0).cpu().numpy())
        return write_image(image, self.folder / f"{step:06d}.png", overwrite=True)

    def clear(self) -> None:
        """Remove the strips of an earlier run."""
        for path in self.folder.glob(NAME):
            path.unlink()
        with suppress(OSError):  # it is not there, or holds other files
            self.folder.rmdir()
