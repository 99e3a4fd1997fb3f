"""Pictures as networks of pictures want them, in differentiable torch."""

from torch import Tensor
from torch.nn import functional as F

MEAN = (0.48145466, 0.4578275, 0.40821073)  # of OpenAI's training pictures
STD = (0.26862954, 0.26130258, 0.27577711)

# What the configuration of a ResNet may say: sizes and constants, nothing that chooses code.
RESNET_KEYS = frozenset(
    {
        *("num_channels", "embedding_size", "hidden_sizes", "depths", "layer_type", "hidden_act"),
        *("downsample_in_first_stage", "downsample_in_bottleneck"),
    }
)


def normalised(
    pixels: Tensor, mean: tuple[float, ...] = MEAN, std: tuple[float, ...] = STD
) -> Tensor:
    """Pixels `(B, 3, H, W)` in [0, 1] less the mean colour, over its deviation."""
    centre, spread = (pixels.new_tensor(values).view(1, 3, 1, 1) for values in (mean, std))
    return (pixels - centre) / spread


def prepare(images: Tensor, size: int, antialias: bool) -> Tensor:
    """`(B, 3, H, W)` in [-1, 1] to the central `(B, 3, size, size)` in [0, 1], differentiable."""
    pixels = (images + 1) / 2
    height, width = pixels.shape[-2:]
    if min(height, width) != size:
        scale = size / min(height, width)
        pixels = F.interpolate(
            pixels,
            size=(max(size, round(height * scale)), max(size, round(width * scale))),
            mode="bicubic",
            antialias=antialias,
        )
    top, left = ((side - size) // 2 for side in pixels.shape[-2:])
    return pixels[..., top : top + size, left : left + size]
