"""The colours of the world, in linear light."""

import numpy as np


def _linear(*colours: tuple[int, int, int]) -> np.ndarray:
    """(N, 3) linear light of sRGB bytes."""
    return (np.array(colours, dtype=np.float64) / 255.0) ** 2.2


HAIR_COLOURS = _linear(
    (30, 27, 30),
    (104, 62, 34),
    (232, 190, 92),
    (196, 62, 22),
    (232, 232, 236),
    (46, 92, 214),
)
SKIN_TONES = _linear((246, 208, 184), (216, 158, 110), (150, 96, 62), (88, 55, 40))
CLOTH_COLOURS = _linear(
    (200, 38, 40), (238, 196, 40), (40, 140, 66), (40, 76, 196), (126, 56, 168), (236, 236, 234),
    (34, 34, 38),
)  # fmt: skip
BACKDROPS = _linear(
    (190, 62, 60),
    (226, 184, 70),
    (84, 156, 96),
    (78, 126, 196),
    (138, 98, 178),
    (150, 150, 152),
)
ACCENTS = _linear((190, 44, 52), (32, 92, 120), (214, 150, 36), (70, 120, 60), (120, 60, 120))
IRISES = _linear((74, 46, 28), (58, 110, 178), (70, 132, 84), (120, 92, 50), (110, 130, 140))
LIPS = _linear((196, 88, 88))[0]
DARK = _linear((58, 20, 24))[0]
TEETH = _linear((245, 242, 234))[0]
GOLD = _linear((232, 180, 60))[0]
STEEL = _linear((176, 186, 196))[0]
INK = _linear((26, 26, 30))[0]
PINK = _linear((222, 132, 132))[0]
