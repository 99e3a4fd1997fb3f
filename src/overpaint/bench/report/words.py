"""How columns and numbers are told on the page."""

import math
from collections.abc import Iterable, Mapping

from overpaint.bench.columns import Column
from overpaint.bench.summary import Mean

SHORT = ("mae", "mse", "psnr", "ssim", "clip", "lpips", "dino", "fid", "kid")  # said in capitals
MOST_PLACES, DIGITS = 5, 3
NOTHING = "–"
ARROWS = {"higher": "↑", "lower": "↓"}
ABOUT: Mapping[str, str] = {
    "success": "of edits, share in which the judge reads all as asked; those that failed are none",
    "kept": "share of the other attributes that read as before",
    "mae": "mean absolute error against the true edit, of values in [0, 1]",
    "psnr": "peak signal-to-noise ratio against the true edit; an equal picture counts as 54 dB",
    "ssim": "structural similarity to the true edit",
    "perceptual": "distance to the true edit in what the judge sees",
    "background_psnr": "PSNR against the source outside the region that shall change",
    "background_mse": "mean square error against the source outside that region",
    "background_ssim": "structural similarity to the source outside that region",
    "identity": "cosine of a face encoder, before and after",
    "clip_direction": "cosine of the way the picture went and the way the text did",
    "clip_t": "cosine of the picture and its text, by a CLIP that guided nothing",
    "structure": "how differently alike the places of both pictures are",
    "calls": "of the network, for an edit",
    "seconds": "of an edit, the model loaded",
    "memory": "that an edit took at its most, beside the model",
}


def title(name: str) -> str:
    """`background_psnr` as a person writes it."""
    words = [word.upper() if word in SHORT else word for word in name.split("_")]
    return words[0][:1].upper() + " ".join(words)[1:]


def with_unit(name: str, column: Column) -> str:
    """With its unit, if it has one."""
    return f"{title(name)} ({column.unit})" if column.unit else title(name)


def places(values: Iterable[float]) -> int:
    """How many decimals show three digits of the middle of some sizes, and one of the least."""
    sizes = sorted(abs(value) for value in values if math.isfinite(value) and value)
    if not sizes:
        return 1
    middle, least = (math.floor(math.log10(each)) for each in (sizes[len(sizes) // 2], sizes[0]))
    return min(MOST_PLACES, max(0, DIGITS - 1 - middle, -least))


def number(value: float, decimals: int) -> str:
    """With a true minus, and no sign on what is rounded to nothing."""
    told = f"{value:.{decimals}f}"
    return f"{0:.{decimals}f}" if float(told) == 0 else told.replace("-", "−")


def valued(value: float, column: Column, decimals: int) -> str:
    """With its unit."""
    return f"{number(value * column.scale, decimals)} {column.unit}".strip()


def interval(mean: Mean, scale: float, decimals: int) -> str:
    """From where to where."""
    return f"{number(mean.low * scale, decimals)} – {number(mean.high * scale, decimals)}"


def told(mean: Mean, scale: float, decimals: int) -> str:
    """A mean and its interval, on a line."""
    if not mean.count:
        return NOTHING
    return f"{number(mean.mean * scale, decimals)} ({interval(mean, scale, decimals)})"


def brief(text: str, most: int) -> str:
    """One line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
