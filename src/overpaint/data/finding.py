"""Faces found by dlib's detector, whose model is part of that library: nothing is downloaded."""

import math
from typing import Any

import numpy as np
from PIL import Image

from overpaint.data.face import Face
from overpaint.data.modes import Array
from overpaint.data.squares import Square, cut, glance
from overpaint.errors import OptionError

_SMALLEST = 80  # pixels of a face, for the detector
_PIXELS = 2_500_000  # of the copy that is searched
_LARGER = 2.0  # times the picture, at most
_ANGLES = range(-80, 81, 5)  # the detector sees faces tilted by 45 degrees, either way
_ENOUGH = 8  # of the turned copies, in which a face is seen again
_SURE = 0.5  # the best score among them; what is no face may reach 0.35
_UPRIGHT = 17  # degrees
_MOST = 100  # faces
# The detector's places lie a tenth of a face apart and its sizes a sixth: copies lie between them.
_ZOOMS = (1.0, 0.87, 0.76)
_STEPS = (-0.08, -0.04, 0.0, 0.04, 0.08)  # of a face


def find(pixels: Array) -> list[Face]:
    """The faces in a picture (H, W, 3) uint8, tilted by up to 40 degrees, surest first.

    A small picture is searched at twice its size, a large one at 2.5 million pixels, for faces of
    80 pixels there. What is seen again in turned copies is a face.

    Raises:
        OptionError: dlib is not installed.
    """
    detector = _detector()
    height, width = pixels.shape[:2]
    scale = min(_LARGER, math.sqrt(_PIXELS / (width * height)))
    size = (math.ceil(width * scale), math.ceil(height * scale))
    if min(size) < _SMALLEST:
        return []
    copy = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
    found: list[Face] = []
    for rough in _seen(detector, copy)[:_MOST]:
        face = _looked_at(detector, copy, rough)
        if face and not any(_same(face, other) for other in found):
            found.append(face)
    return [_scaled(face, 1 / scale, (width, height)) for face in found]


def _detector() -> Any:
    try:
        import dlib
    except ImportError as error:
        what, why = "faces are found with the library dlib", f"it cannot be loaded: {error}"
        raise OptionError(what, why, 'pip install "overpaint[faces]"') from error
    return dlib.get_frontal_face_detector()


def _seen(detector: Any, pixels: Array) -> list[Face]:
    """What the detector takes for faces, without their tilt, surest first."""
    boxes, scores, _ = detector.run(pixels, 0, 0.0)
    faces = []
    for box, score in sorted(zip(boxes, scores, strict=True), key=lambda each: -each[1]):
        x, y = (box.left() + box.right() + 1) / 2, (box.top() + box.bottom() + 1) / 2
        if 0 <= x <= pixels.shape[1] and 0 <= y <= pixels.shape[0]:
            faces.append(Face(x, y, box.width(), score=score))
    return faces


def _looked_at(detector: Any, pixels: Array, rough: Face) -> Face | None:
    """The face with its tilt, the middle of the turns at which it is seen; None if in too few."""
    near = Square(rough.x, rough.y, 4 * rough.size, 0)
    size = round(_ZOOMS[0] / _ZOOMS[1] * _SMALLEST)
    around = cut(pixels, near, 4 * size)
    turns = _turns(detector, around, size)
    if len(turns) < _ENOUGH or max(face.score for face in turns) < _SURE:
        return None
    weights = [face.score for face in turns]
    tilt = float(np.average([face.tilt for face in turns], weights=weights))
    upright = [face for face in turns if abs(face.tilt - tilt) <= _UPRIGHT] or turns
    weights = [face.score for face in upright]
    places = [(face.x, face.y, face.size) for face in upright]
    x, y, side = np.average(places, axis=0, weights=weights) / (4 * size)
    x, y = (max(0.0, float(value)) for value in near.at(x - 0.5, y - 0.5))
    return Face(x, y, side * near.side, tilt, max(face.score for face in turns))


def _turns(detector: Any, around: Array, size: int) -> list[Face]:
    """The face of `size` in the middle of `around`, as it is seen in copies turned by its tilt."""
    faces, half = [], around.shape[0] / 2
    for index, angle in enumerate(_ANGLES):
        view = Square(half, half, 2 * size * _ZOOMS[index % len(_ZOOMS)], angle)
        right, down = (_STEPS[index * k % len(_STEPS)] * size / view.side for k in (2, 1))
        view = Square(*view.at(right, down), view.side, angle)
        for seen in _seen(detector, glance(around, view, 2 * size))[:1]:
            right, down = seen.x / size / 2 - 0.5, seen.y / size / 2 - 0.5
            if math.hypot(right, down) < 0.25:
                place = view.at(right, down)
                faces.append(Face(*place, seen.size / size / 2 * view.side, angle, seen.score))
    return faces


def _same(one: Face, other: Face) -> bool:
    return math.hypot(one.x - other.x, one.y - other.y) < max(one.size, other.size) / 2


def _scaled(face: Face, factor: float, limits: tuple[int, int]) -> Face:
    """The face in a picture `factor` times as large, within its `limits`, in round numbers."""
    x, y = min(face.x * factor, limits[0]), min(face.y * factor, limits[1])
    size, tilt, score = round(face.size * factor, 1), round(face.tilt, 1), round(face.score, 2)
    return Face(round(x, 1), round(y, 1), size, tilt, score)
