"""Sentences that a text stands in, so that a direction is of its meaning and not of one wording.

Those of CLIP (arXiv 2103.00020) for ImageNet, and the two shorter lists of StyleGAN-NADA
(arXiv 2108.00946).
"""

from itertools import product

QUALITIES = (
    *("bad", "low resolution", "cropped", "bright", "dark", "close-up", "black and white"),
    *("pixelated", "jpeg corrupted", "blurry", "good"),
)
TRAITS = ("hard to see", "clean", "dirty", "cool", "large", "nice", "weird", "small")
WORKS = (
    *("a sculpture", "a rendering", "graffiti", "a tattoo", "a drawing", "a painting", "a doodle"),
    *("a sketch", "a rendition", "art", "itap"),
)
MATTER = ("embroidered", "plastic", "origami", "toy", "cartoon", "plushie")
ARTICLES = ("a", "the")

# CLIP's eighty but "a photo of many {}.", which the authors leave out: texts are of one thing.
IMAGENET = (
    *(f"a {quality} photo of {article} {{}}." for quality, article in product(QUALITIES, ARTICLES)),
    *(f"a photo of {article} {trait} {{}}." for trait, article in product(TRAITS, ARTICLES)),
    *(f"{work} of {article} {{}}." for work, article in product(WORKS, ARTICLES)),
    *(f"{article} {matter} {{}}." for matter, article in product(MATTER, ARTICLES)),
    *(f"{article} {{}} in a video game." for article in ARTICLES),
    *(f"a photo of {which} {{}}." for which in (*ARTICLES, "my", "one")),
    "itap of my {}.",
)
SMALL = (
    *(f"a photo of {which} {{}}." for which in (*ARTICLES, "my", "one")),
    *(f"a {quality} photo of a {{}}." for quality in ("cropped", "close-up", "good")),
    *(
        f"a {quality} photo of the {{}}."
        for quality in ("cropped", "close-up", "bright", "dark", "good")
    ),
    *(f"a photo of a {trait} {{}}." for trait in ("clean", "dirty", "nice", "cool", "small")),
    *(f"a photo of the {trait} {{}}." for trait in ("cool", "clean", "nice", "small", "weird")),
    "a photo of the large {}.",
    "the photo of a {}.",
    "a rendering of a {}.",
    "a rendition of a {}.",
    "a rendition of the {}.",
)
PART = (
    *("the paw of a {}.", "the nose of a {}.", "the eye of the {}.", "the ears of a {}."),
    *("an eye of a {}.", "the tongue of a {}.", "the fur of the {}.", "colorful {} fur."),
    *("a snout of a {}.", "the teeth of the {}.", "the {}s fangs.", "a claw of the {}."),
    *("the face of the {}", "a neck of a {}", "the head of the {}"),
)
TEMPLATES: dict[str, tuple[str, ...]] = {
    "none": ("{}",),
    "imagenet": IMAGENET,
    "small": SMALL,
    "part": PART,
}
