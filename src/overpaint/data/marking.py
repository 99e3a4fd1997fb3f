"""A picture with its faces marked: the box, the square that a model is shown, the number."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from overpaint.data.face import Face
from overpaint.data.images import Picture
from overpaint.data.squares import Square

_COLOUR, _BEHIND = "#ffd000", "#202020"


def marked(picture: Picture, faces: Sequence[Face]) -> Image.Image:
    """The picture, RGB in sRGB, with lines around each face and its number from 1."""
    image = Image.fromarray(picture.srgb())
    draw = ImageDraw.Draw(image)
    width = max(1, round(max(picture.size) / 400))
    for number, face in enumerate(faces, start=1):
        for square, lines in ((face.square, width), (face.box, 2 * width)):
            draw.line(_corners(square), _COLOUR, lines, joint="curve")
        size = max(10.0, face.size / 4)
        draw.text(
            face.box.at(-0.45, -0.48),
            str(number),
            _COLOUR,
            font=ImageFont.load_default(size),
            stroke_width=size / 10,
            stroke_fill=_BEHIND,
        )
    return image


def _corners(square: Square) -> list[tuple[float, float]]:
    """Around it, back to the first."""
    around = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5))
    return [square.at(right, down) for right, down in around]
