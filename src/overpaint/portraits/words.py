"""The words of the grammar: how each value of each attribute and style is said."""

from overpaint.portraits.scene import ATTRIBUTES

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
