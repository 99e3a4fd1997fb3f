"""dlib's detector on a photograph, upright and turned, small and large, and on what is no face."""

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("dlib")

from overpaint.data.face import Face
from overpaint.data.finding import find

PHOTO = Image.open(Path(__file__).parents[1] / "data" / "astronaut.jpg").convert("RGB")
# Marked by hand: the pupils and the middle of the mouth.
TRUTH = Face.of_eyes((92, 85), (135, 87.2), (112.5, 128))


def apart(found: Face, truth: Face) -> tuple[float, float, float]:
    """How far the two squares are apart: of their side, as a ratio of sides, and in degrees."""
    one, other = found.square, truth.square
    away = math.hypot(one.x - other.x, one.y - other.y) / other.side
    return away, one.side / other.side, abs(found.tilt - truth.tilt)


def test_the_square_of_a_face_is_that_of_its_landmarks():
    (face,) = find(np.asarray(PHOTO))
    away, ratio, turned = apart(face, TRUTH)
    assert away < 0.05
    assert 0.93 < ratio < 1.08
    assert turned < 4
    assert face.score > 0.5


@pytest.mark.parametrize("tilt", [-20, 20, 38])
def test_a_turned_face_is_found_with_its_tilt(tilt):
    middle = (TRUTH.square.x, TRUTH.square.y)
    turned = PHOTO.rotate(-tilt, Image.Resampling.BICUBIC, center=middle)
    (face,) = find(np.asarray(turned))
    square = TRUTH.square
    turn = math.radians(tilt)
    x, y = TRUTH.x - square.x, TRUTH.y - square.y
    x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    away, ratio, wrong = apart(
        face, Face(square.x + x, square.y + y, TRUTH.size, TRUTH.tilt + tilt)
    )
    assert away < 0.06
    assert 0.9 < ratio < 1.1
    assert wrong < 5


@pytest.mark.parametrize("times", [0.55, 3])
def test_small_faces_and_large_pictures_are_searched_too(times):
    width, height = PHOTO.size
    size = (round(width * times), round(height * times))
    (face,) = find(np.asarray(PHOTO.resize(size, Image.Resampling.BICUBIC)))
    assert face.x / times == pytest.approx(TRUTH.x, abs=6)
    assert face.y / times == pytest.approx(TRUTH.y, abs=6)


def test_several_faces_are_found():
    both = Image.new("RGB", (2 * PHOTO.width, PHOTO.height))
    both.paste(PHOTO, (0, 0))
    both.paste(PHOTO.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (PHOTO.width, 0))
    left, right = sorted(find(np.asarray(both)), key=lambda face: face.x)
    assert left.x == pytest.approx(TRUTH.x, abs=6)
    assert right.x == pytest.approx(2 * PHOTO.width - TRUTH.x, abs=6)


@pytest.mark.parametrize("size", [(1, 1), (30, 2000), (300, 200)])
def test_noise_holds_no_face(size):
    values = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert find(values) == []
