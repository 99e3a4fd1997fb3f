"""A traced and painted portrait, and the light on it."""

from dataclasses import dataclass

import numpy as np

from overpaint.portraits.layout import TEXTURE
from overpaint.portraits.trace import NX, NY, NZ, OCCLUSION, PART, SHADOW


@dataclass(frozen=True)
class Shot:
    """One traced portrait: all arrays are (S, S) or (S, S, 3) float32; light is linear."""

    buffer: np.ndarray
    albedo: np.ndarray
    light: np.ndarray
    vector: np.ndarray

    @property
    def part(self) -> np.ndarray:
        return self.buffer[..., PART]

    @property
    def figure(self) -> np.ndarray:
        """(S, S) bool: everything but the background."""
        return self.part > 0

    def diffuse(self, wrap: float = 0.15) -> np.ndarray:
        """(S, S) key light on the surface, wrapped around the terminator, shadowed."""
        facing = self.buffer[..., NX : NZ + 1] @ self.light.astype(np.float32)
        lit = np.clip((facing + wrap) / (1 + wrap), 0, 1)
        return lit * (0.25 + 0.75 * self.buffer[..., SHADOW])

    def specular(self, power: float) -> np.ndarray:
        """(S, S) highlight of the key light."""
        half = self.light + np.array([0.0, 0.0, 1.0])
        half = (half / np.linalg.norm(half)).astype(np.float32)
        return np.clip(self.buffer[..., NX : NZ + 1] @ half, 0, 1) ** power * (
            0.3 + 0.7 * self.buffer[..., SHADOW]
        )

    def sky(self) -> np.ndarray:
        """(S, S) ambient light from above, less where surfaces hide each other."""
        return (0.68 + 0.32 * self.buffer[..., NY]) * self.buffer[..., OCCLUSION]

    def backdrop(self, colour: np.ndarray, falloff: float = 0.55) -> np.ndarray:
        """(S, S, 3) wall of one linear colour, lit around the head from the side of the light."""
        y, x = np.mgrid[-1 : 1 : self.part.shape[0] * 1j, -1 : 1 : self.part.shape[1] * 1j]
        r2 = (x - 0.35 * self.light[0]) ** 2 + (y + 0.1) ** 2
        return (colour * (1.08 - falloff * np.clip(r2, 0, 1.6) / 1.6)[..., None]).astype(np.float32)

    def texture(self, scale: float) -> np.ndarray:
        """(S, S) smooth pseudo-noise in [-1, 1] tied to the surface and to the scene."""
        place = self.buffer[..., 4:7] * scale
        seed = 40.0 * self.vector[TEXTURE]
        waves = [np.sin(place @ w + seed * i) for i, w in enumerate(_WAVES, 1)]
        return np.sum(waves, axis=0) / len(waves) * 1.4


_WAVES = np.array(
    [[1.0, 0.7, 0.3], [-0.6, 1.1, 0.8], [0.4, -0.9, 1.2], [1.3, 0.2, -0.8]],
    dtype=np.float32,
)
