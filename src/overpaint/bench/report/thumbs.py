"""Small pictures that are part of the page: of an edit, of a difference, of a region."""

import base64
import io
from functools import cache

import numpy as np
from PIL import Image

SIDE = 160  # pixels at most
QUALITY = 88  # of WebP
TIMES = 4  # how much a difference is amplified
HEAT = ((0, 0, 0), (56, 18, 102), (172, 36, 96), (245, 125, 21), (252, 255, 200))
"""Colours of no difference up to white, even steps apart."""
TINT, DIM = (255, 64, 96), 0.35  # what lies in a region; how much of the rest is left


def uri(pixels: np.ndarray) -> str:
    """(H, W, 3) uint8 as a data URI, its longer side at most `SIDE`."""
    image = Image.fromarray(pixels)
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    held = io.BytesIO()
    image.save(held, "WEBP", quality=QUALITY, method=4)
    return "data:image/webp;base64," + base64.b64encode(held.getvalue()).decode()


def difference(picture: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8: the largest of the channels' differences, amplified, as heat.

    A reference of another size is fitted to the picture.
    """
    apart = np.abs(picture.astype(np.int16) - sized(reference, picture).astype(np.int16)).max(2)
    return _heat()[np.minimum(apart * TIMES, 255)]


def marked(source: np.ndarray, region: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8: the source in grey, and in colour where the region (H, W, 3) is white."""
    inside = sized(region, source).max(2, keepdims=True) > 127
    grey = source.mean(2, keepdims=True)
    tinted = 0.55 * source + 0.45 * np.array(TINT)
    dimmed = 255 - (255 - grey) * DIM
    return np.where(inside, tinted, dimmed).astype(np.uint8)


def sized(picture: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Fitted to another's size."""
    height, width = like.shape[:2]
    if picture.shape[:2] == (height, width):
        return picture
    return np.array(Image.fromarray(picture).resize((width, height)))


@cache
def _heat() -> np.ndarray:
    """(256, 3) uint8."""
    stops = np.linspace(0, 255, len(HEAT))
    colours = np.array(HEAT, dtype=float).T
    return np.stack([np.interp(np.arange(256), stops, each) for each in colours], 1).astype(
        np.uint8
    )
