"""A mask found from texts: where they make a model see other noise (arXiv 2210.11427, 3.2)."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.core.contrast import contrast, draws, scaled
from overpaint.core.masks import dilated
from overpaint.core.rng import NoiseStream
from overpaint.core.shaping import closed, feathered, largest, opened, otsu, overlap
from overpaint.core.watch import Watch, unwatched
from overpaint.errors import OptionError
from overpaint.methods.options import opt
from overpaint.models.bundle import DiffusionModel
from overpaint.models.prompting import apart, reader_of


@dataclass(frozen=True)
class Finding:
    """How a mask is found; pixels are the model's own."""

    mask_encode_strength: float = opt(0.65, "noise level at which texts are compared", 0.01, 1)
    num_maps_per_mask: int = opt(10, "noises under which they are, averaged", 1, 1000)
    antithetic: bool = opt(True, "every second noise is the opposite of the one before")
    agreement: float | None = opt(
        None, "stop where masks by half of the noises overlap (IoU) so far; auto: never", 0, 1
    )
    mask_thresholding_ratio: float = opt(3.0, "a contrast of more means is an outlier", 1, 100)
    percentile: float | None = opt(
        None, "contrasts above this one are outliers instead; auto: by the mean", 1, 100
    )
    threshold: float = opt(0.5, "of the contrast in [0, 1], above which is the mask", 0, 1)
    otsu: bool = opt(False, "the threshold that divides the picture's contrasts best")
    open: int = opt(0, "pixels: what is not twice as wide is dropped", 0, 64)
    close: int = opt(0, "pixels: a gap not twice as wide is filled", 0, 64)
    largest: bool = opt(False, "keep the largest connected part alone")
    dilate: int = opt(0, "pixels by which the mask is grown then", 0, 64)
    feather: int = opt(0, "pixels over which it ends softly, around that", 0, 64)

    def __post_init__(self) -> None:
        """Refuses what is set but has no effect."""
        pairs = ("threshold", "otsu"), ("mask_thresholding_ratio", "percentile")
        for idle, instead in pairs:
            if getattr(self, instead) and getattr(self, idle) != getattr(Finding, idle):
                raise OptionError(f"{idle} has no effect with {instead}", hint="Leave it out.")
        if self.agreement is not None and self.num_maps_per_mask < (2 + 2 * self.antithetic):
            why = f"of {self.num_maps_per_mask} no two halves can be compared"
            raise OptionError("agreement needs more noises", why, "Raise num_maps_per_mask.")


@dataclass(frozen=True, eq=False)
class Found:
    """What was found in pictures, (B, 1, S, S) in [0, 1] both."""

    mask: Tensor
    contrast: Tensor  # from each picture's least to its most; 0 where the texts say the same


def found(
    model: DiffusionModel,
    image: Tensor,
    texts: tuple[str, str],
    how: Finding,
    rng: NoiseStream,
    watch: Watch = unwatched,
) -> Found:
    """Where `model` sees other noise under one of two texts than under the other.

    Args:
        image: (1, 3, S, S) in [-1, 1], or one for each of the streams in `rng`.
        texts: what is wanted, and what is there; "" says nothing.
    """
    reader = reader_of(model, "a mask found from texts")
    query, reference = (reader([text]) for text in texts)
    level = model.schedule.at(model.schedule.time_of(how.mask_encode_strength))
    x0 = model.codec.encode(image)
    x0 = x0.expand(len(rng), *x0.shape[1:])
    count = how.num_maps_per_mask
    noised = draws(x0, level, rng, count, antithetic=how.antithetic)

    def shown(sizes: Tensor) -> Tensor:
        soft = scaled(sizes, ratio=how.mask_thresholding_ratio, percentile=how.percentile)
        return F.interpolate(soft, image.shape[-2:], mode="bilinear", align_corners=False)

    def agreed(one: Tensor, other: Tensor) -> Tensor:
        masks = (_above(shown(sizes), how) for sizes in (one, other))
        return overlap(*masks) >= (how.agreement or 0)

    soft = shown(
        contrast(
            apart(model, query, reference),
            watch(noised, count if how.agreement is None else None, "comparing texts"),
            level,
            pair=2 if how.antithetic else 1,
            agreed=None if how.agreement is None else agreed,
        )
    )
    return Found(_shaped(_above(soft, how), how), soft)


def _above(soft: Tensor, how: Finding) -> Tensor:
    """1 where a map is above the threshold."""
    return (soft > (otsu(soft) if how.otsu else how.threshold)).to(soft)


def _shaped(mask: Tensor, how: Finding) -> Tensor:
    """A mask of 0 and 1 cleaned and grown; soft where it was feathered."""
    mask = closed(opened(mask, how.open), how.close)
    mask = dilated(largest(mask) if how.largest else mask, how.dilate)
    return torch.where(mask > 0, mask, feathered(mask, how.feather))
