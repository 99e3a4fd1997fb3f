"""What the columns of a benchmark's table are: their units, and which way is better."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A number that rows have.

    unit: as it is told; shares are told in "%". better: "higher", "lower", or "" of what is
        neither.
    """

    unit: str = ""
    better: str = "higher"

    @property
    def scale(self) -> float:
        """From a row's number to the one that is told."""
        return 100.0 if self.unit == "%" else 1.0


LESS = "lower"
COLUMNS: Mapping[str, Column] = {
    "success": Column("%"),
    "kept": Column("%"),
    "mae": Column(better=LESS),
    "psnr": Column("dB"),
    "ssim": Column(),
    "perceptual": Column(better=LESS),
    "background_psnr": Column("dB"),
    "background_mse": Column(better=LESS),
    "background_ssim": Column(),
    "background_lpips": Column(better=LESS),
    "identity": Column(),
    "clip_direction": Column(),
    "clip_t": Column(),
    "clip_edited": Column(),
    "clip_i": Column(),
    "dino": Column(),
    "pres": Column(better=LESS),
    "div": Column(),
    "structure": Column(better=LESS),
    "calls": Column(better=LESS),
    "seconds": Column("s", LESS),
    "memory": Column("MiB", LESS),
}
"""In the order in which they are told; a benchmark has those that its rows have."""
