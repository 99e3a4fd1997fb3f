"""Texts and their tokens as CLIP divides them: a token a word and a mark, but for some words."""

import re

from overpaint.core.wording import Wording

SEVERAL = {"tyrannosaurus": (7, 3, 3)}  # letters of each token


def spelled(text: str, context: int = 77) -> Wording:
    """The text after a start token; behind it an end, then padding."""
    spans, at = [None], 0
    for piece in re.finditer(r"\w+|[^\w\s]", text):
        at = piece.start()
        for letters in SEVERAL.get(piece[0].lower(), (len(piece[0]),)):
            spans.append((at, at + letters))
            at += letters
    return Wording(text, (*spans, *[None] * (context - len(spans))))
