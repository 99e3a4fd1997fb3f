"""The grammar: what can be said of a scene, and of which scenes a sentence is true."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from overpaint.portraits.dataset import HIDDEN, LABELS
from overpaint.portraits.scene import ATTRIBUTES, STYLES, Scene, visible

Claims = Mapping[str, str]
"""What a caption asserts: attribute (or "style") to value."""

MEDIA: dict[str, tuple[str, ...]] = {
    "photo": (
        "a photo of {}",
        "a photograph of {}",
        "a portrait photo of {}",
        "a studio photo of {}",
    ),
    "pencil sketch": (
        "a pencil sketch of {}",
        "a sketch of {}",
        "a pencil drawing of {}",
        "a graphite sketch of {}",
    ),
    "bronze statue": (
        "a bronze statue of {}",
        "a bronze bust of {}",
        "a bronze sculpture of {}",
        "a statue of {} cast in bronze",
    ),
    "neon": (
        "a neon sign of {}",
        "a neon portrait of {}",
        "a neon light drawing of {}",
        "{} in neon lights",
    ),
    "pixel art": (
        "pixel art of {}",
        "a pixel art portrait of {}",
        "an 8-bit sprite of {}",
        "{} in pixel art style",
    ),
    "zombie": ("a zombie, {}", "a photo of a zombie, {}", "{} as a zombie", "an undead zombie, {}"),
    "clay": (
        "a clay sculpture of {}",
        "a clay figure of {}",
        "a terracotta bust of {}",
        "{} made of clay",
    ),
    "watercolour": (
        "a watercolour of {}",
        "a watercolour painting of {}",
        "a watercolor painting of {}",
        "{} painted in watercolour",
    ),
}
ZOMBIES = {
    "person": ("a zombie", "a photo of a zombie", "a portrait of a zombie", "a zombie person"),
    "cat": ("a zombie cat", "a photo of a zombie cat"),
    "bear": ("a zombie bear", "a photo of a zombie bear"),
    "robot": ("a zombie robot", "a photo of a zombie robot"),
}
PLAIN = ("{}", "a portrait of {}", "a picture of {}", "an image of {}")

ADJECTIVES: dict[str, dict[str, tuple[str, ...]]] = {
    "expression": {
        "neutral": ("calm", "serious"),
        "smiling": ("smiling", "happy", "laughing"),
        "sad": ("sad", "frowning", "unhappy"),
        "surprised": ("surprised", "astonished"),
        "angry": ("angry", "furious"),
    },
    "facial_hair": {"beard": ("bearded",), "none": ("clean-shaven",)},
    "skin": {name: (f"{name}-skinned",) for name in ATTRIBUTES["skin"]},
}
PHRASES: dict[str, dict[str, tuple[str, ...]]] = {
    "expression": {
        "neutral": ("with a neutral expression", "with a calm face"),
        "smiling": ("with a smile", "with a happy smile"),
        "sad": ("with a sad face", "with a frown"),
        "surprised": ("with a surprised face", "with an open round mouth"),
        "angry": ("with an angry face", "with bared teeth"),
    },
    "eyewear": {
        "none": ("without glasses", "with no glasses"),
        "glasses": ("with glasses", "wearing glasses", "wearing round glasses"),
        "sunglasses": ("with sunglasses", "wearing sunglasses", "wearing dark glasses"),
    },
    "facial_hair": {
        "none": ("without a beard", "with a shaved face"),
        "moustache": ("with a moustache", "with a mustache"),
        "beard": ("with a beard", "with a full beard"),
    },
    "headwear": {
        "none": ("without a hat", "with nothing on the head"),
        "cap": ("with a cap", "wearing a cap", "wearing a baseball cap"),
        "beanie": ("with a beanie", "wearing a beanie", "wearing a woolly hat"),
        "top hat": ("with a top hat", "wearing a top hat"),
        "crown": ("with a crown", "wearing a crown", "wearing a golden crown"),
    },
    "skin": {name: (f"with {name} skin",) for name in ATTRIBUTES["skin"]},
    "clothing": {
        name: (f"in a {name} sweater", f"wearing {name} clothes", f"dressed in {name}")
        for name in ATTRIBUTES["clothing"]
    },
    "background": {
        name: (f"on a {name} background", f"in front of a {name} wall")
        for name in ATTRIBUTES["background"]
    },
}
NOUNS = {
    "person": ("a person", "a person", "a human", "someone"),
    "cat": ("a cat", "a kitty"),
    "bear": ("a bear", "a teddy bear"),
    "robot": ("a robot", "a metal robot"),
}
HAIR_WORDS = {"red": ("red", "ginger"), "blond": ("blond", "blonde"), "white": ("white", "grey")}
HAIR_STYLES = {
    "bald": ("who is bald", "with a bald head", "with no hair"),
    "short": ("with short {}hair",),
    "long": ("with long {}hair",),
    "curly": ("with curly {}hair", "with {}curls"),
    "mohawk": ("with a {}mohawk",),
    "bun": ("with a {}hair bun", "with {}hair in a bun"),
}


@dataclass(frozen=True)
class Caption:
    """A sentence with what it claims."""

    text: str
    claims: Claims


def phrase(claims: Claims, rng: np.random.Generator, medium: str | None = None) -> str:
    """A sentence that claims just that, in words and order chosen by `rng`."""
    left = dict(claims)
    style = left.pop("style", None)
    kind = left.pop("kind", None)
    noun = _one(NOUNS[kind] if kind else ("a portrait", "a face", "a figure"), rng)
    tail = _hair(left, kind, rng)
    for name in rng.permutation(list(left)).tolist():
        words = ADJECTIVES.get(name, {}).get(left[name])
        if words and rng.random() < 0.35 and noun.count(" ") == 1:
            noun = _article(f"{_one(words, rng)} {noun.split(' ', 1)[1]}")
        else:
            tail.append(_one(PHRASES[name][left[name]], rng))
    if style == "zombie" and kind and not medium and noun in NOUNS[kind]:
        whole = _one(ZOMBIES[kind], rng)
        return " ".join([whole, *tail])
    frames = (medium,) if medium else MEDIA[style] if style else PLAIN
    return _one(frames, rng).format(" ".join([noun, *tail]))


def caption(scene: Scene, rng: np.random.Generator, most: int = 5) -> Caption:
    """A true sentence about some of what `scene` shows."""
    seen = [name for name in visible(scene) if name != "kind"]
    told = rng.permutation(seen)[: int(rng.integers(0, most + 1))].tolist()
    claims = {name: str(getattr(scene, name)) for name in told}
    if rng.random() < 0.85:
        claims["kind"] = scene.kind
    if rng.random() < 0.6:
        claims["style"] = scene.style
    return Caption(phrase(claims, rng), claims)


def caption_of_labels(row: np.ndarray, rng: np.random.Generator, most: int = 5) -> Caption:
    """A true sentence about a picture known by its label row."""
    named = {
        name: (STYLES if name == "style" else ATTRIBUTES[name])[int(value)]
        for name, value in zip(LABELS, row, strict=True)
        if value != HIDDEN
    }
    kind, style = named.pop("kind"), named.pop("style")
    told = rng.permutation(list(named))[: int(rng.integers(0, most + 1))].tolist()
    claims = {name: named[name] for name in told}
    if rng.random() < 0.85:
        claims["kind"] = kind
    if rng.random() < 0.6:
        claims["style"] = style
    return Caption(phrase(claims, rng), claims)


def claim_row(claims: Claims) -> np.ndarray:
    """(len(LABELS),) int8: the index of each claimed value, HIDDEN where nothing is claimed."""
    return np.array(
        [
            (STYLES if name == "style" else ATTRIBUTES[name]).index(claims[name])
            if name in claims
            else HIDDEN
            for name in LABELS
        ],
        dtype=np.int8,
    )


def truth(labels: np.ndarray, claims: np.ndarray) -> np.ndarray:
    """(N, M) bool: whether claim row m is true of the picture with label row n."""
    silent = claims[None] == HIDDEN
    return (silent | (claims[None] == labels[:, None])).all(-1)


def _hair(left: dict[str, str], kind: str | None, rng: np.random.Generator) -> list[str]:
    """Words on hair colour and style, taken out of `left`."""
    colour, style = left.pop("hair", None), left.pop("hair_style", None)
    if colour is None and style is None:
        return []
    word = _one(HAIR_WORDS.get(colour, (colour,)), rng) + " " if colour else ""
    if style:
        return [_one(HAIR_STYLES[style], rng).format(word)]
    return [f"with {word}{'fur' if kind in ('cat', 'bear') else 'hair'}"]


def _one(options: tuple[str, ...], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
