"""Pictures to read and write, small and made on the spot."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

Encode = Callable[..., bytes]


@pytest.fixture
def pixels() -> np.ndarray:
    """(40, 30, 3) uint8: smooth colours with noise, different in every corner."""
    rng = np.random.default_rng(3)
    ramp = np.mgrid[0:40, 0:30].transpose(1, 2, 0) * 5
    both = np.concatenate([ramp, 200 - ramp[..., :1]], axis=-1)
    return (both + rng.integers(0, 40, both.shape)).clip(0, 255).astype(np.uint8)


@pytest.fixture
def encoded() -> Encode:
    """encoded(array or image, format, **settings) -> the file's bytes, lossless if it can be."""

    def encode(image: np.ndarray | Image.Image, format: str = "PNG", **settings: object) -> bytes:
        if isinstance(image, np.ndarray):
            image = Image.fromarray(image)
        if format == "WEBP":
            settings.setdefault("lossless", True)
        buffer = io.BytesIO()
        image.save(buffer, format, **settings)
        return buffer.getvalue()

    return encode
