"""Scenes: what a portrait shows, as a frozen dataclass of named attributes and of nuisances."""

import dataclasses
from dataclasses import dataclass, replace

import numpy as np

from overpaint.errors import OptionError

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "kind": ("person", "cat", "bear", "robot"),
    "hair": ("black", "brown", "blond", "red", "white", "blue"),
    "hair_style": ("bald", "short", "long", "curly", "mohawk", "bun"),
    "skin": ("light", "tan", "brown", "dark"),
    "expression": ("neutral", "smiling", "sad", "surprised", "angry"),
    "eyewear": ("none", "glasses", "sunglasses"),
    "facial_hair": ("none", "moustache", "beard"),
    "headwear": ("none", "cap", "beanie", "top hat", "crown"),
    "clothing": ("red", "yellow", "green", "blue", "purple", "white", "black"),
    "background": ("red", "yellow", "green", "blue", "purple", "grey"),
}
"""What captions speak of: each attribute with its values."""

STYLES = (
    "photo",
    "pencil sketch",
    "bronze statue",
    "neon",
    "pixel art",
    "zombie",
    "clay",
    "watercolour",
)
"""The domains. Models of the photo world see only the first."""

VALUES = {**ATTRIBUTES, "style": STYLES}
"""All that captions claim and the judge reads."""

# Nuisances: (low, high) of a uniform draw, in head radii unless the name says otherwise.
NUISANCES: dict[str, tuple[float, float]] = {
    "yaw": (-0.45, 0.45),
    "pitch": (-0.14, 0.16),
    "roll": (-0.10, 0.10),
    "face_width": (0.70, 0.88),
    "jaw_width": (0.46, 0.70),
    "jaw_length": (0.86, 1.10),
    "cheeks": (0.20, 0.34),
    "nose_length": (0.00, 0.14),
    "nose_width": (0.06, 0.13),
    "eye_radius": (0.135, 0.185),
    "eye_distance": (0.27, 0.36),
    "eye_height": (0.03, 0.15),
    "brow_thickness": (0.045, 0.075),
    "mouth_width": (0.27, 0.36),
    "ear_size": (0.75, 1.30),
    "shoulders": (0.90, 1.12),
    "gaze": (-0.25, 0.25),
    "light_azimuth": (-1.10, 1.10),
    "light_height": (0.25, 1.00),
    "ambient": (0.30, 0.48),
    "zoom": (0.94, 1.08),
    "shift_x": (-0.08, 0.08),
    "shift_y": (-0.06, 0.06),
    "iris": (0.0, 1.0),
    "accent": (0.0, 1.0),
    "texture": (0.0, 1.0),
}
IDENTITY = (
    "face_width",
    "jaw_width",
    "jaw_length",
    "cheeks",
    "nose_length",
    "nose_width",
    "eye_radius",
    "eye_distance",
    "eye_height",
    "brow_thickness",
    "mouth_width",
    "ear_size",
    "iris",
)
"""The nuisances that make one face a person; the face encoder forgets the rest."""


@dataclass(frozen=True)
class Scene:
    """One portrait: attributes by value, nuisances in the order of `NUISANCES`, a style."""

    kind: str = "person"
    hair: str = "brown"
    hair_style: str = "short"
    skin: str = "light"
    expression: str = "neutral"
    eyewear: str = "none"
    facial_hair: str = "none"
    headwear: str = "none"
    clothing: str = "blue"
    background: str = "grey"
    style: str = "photo"
    nuisances: tuple[float, ...] = tuple((low + high) / 2 for low, high in NUISANCES.values())

    def __post_init__(self) -> None:
        for name, allowed in VALUES.items():
            if getattr(self, name) not in allowed:
                raise OptionError(
                    f"A portrait's {name} cannot be {getattr(self, name)!r}",
                    hint=f"Use {', '.join(allowed)}.",
                )
        if len(self.nuisances) != len(NUISANCES):
            raise OptionError(
                f"A portrait has {len(NUISANCES)} nuisances, not {len(self.nuisances)}"
            )

    def nuisance(self, name: str) -> float:
        """Value of one nuisance by its name."""
        return self.nuisances[list(NUISANCES).index(name)]

    def to_dict(self) -> dict[str, object]:
        """Plain data, as it stands in a JSON line."""
        data = dataclasses.asdict(self)
        data["nuisances"] = dict(zip(NUISANCES, self.nuisances, strict=True))
        return data


def visible(scene: Scene) -> tuple[str, ...]:
    """Names of the attributes that a viewer can read from the picture of `scene`."""
    names = ["kind", "expression", "eyewear", "headwear"]
    person = scene.kind == "person"
    shaped = person and (scene.headwear == "none" or scene.hair_style in ("long", "curly"))
    if person:
        names += ["facial_hair", "hair_style"] if shaped else ["facial_hair"]
    if scene.style in ("photo", "pixel art", "watercolour", "zombie"):
        names += ["clothing", "background"]
        alive = scene.style != "zombie"
        if person and alive:
            names += ["skin"]
        furry = scene.kind in ("cat", "bear") and alive
        if furry or (shaped and scene.hair_style != "bald"):
            names += ["hair"]
    return tuple(names)


def sample_scene(rng: np.random.Generator, style: str = "photo") -> Scene:
    """A random scene; persons are half of all, and whatever a kind cannot show is put to rest."""
    values = {name: str(rng.choice(allowed)) for name, allowed in ATTRIBUTES.items()}
    values["kind"] = str(rng.choice(ATTRIBUTES["kind"], p=(0.64, 0.12, 0.12, 0.12)))
    if rng.random() < 0.4:
        values["headwear"] = "none"
    if rng.random() < 0.3:
        values["facial_hair"] = "none"
    if values["hair_style"] in ("mohawk", "bun"):
        values["headwear"] = "none"
    if values["kind"] != "person":
        values |= {"hair_style": "bald", "facial_hair": "none", "skin": "light"}
    if values["kind"] == "robot":
        values["hair"] = "white"
    numbers = tuple(float(rng.uniform(low, high)) for low, high in NUISANCES.values())
    return Scene(**values, style=style, nuisances=numbers)


def counterfactual(scene: Scene, **changes: str) -> Scene:
    """The same scene with some attributes changed: rendered, it is the perfect edit.

    Raises:
        OptionError: there is no such attribute, or it has no such value.
    """
    if unknown := sorted(set(changes) - set(VALUES)):
        raise OptionError(f"A portrait has no {unknown[0]!r}", hint=f"Use {', '.join(VALUES)}.")
    return replace(scene, **changes)  # type: ignore[arg-type]


def with_nuisances(scene: Scene, rng: np.random.Generator, keep: tuple[str, ...]) -> Scene:
    """The same attributes under other nuisances, except for those named in `keep`."""
    numbers = tuple(
        value if name in keep else float(rng.uniform(*NUISANCES[name]))
        for name, value in zip(NUISANCES, scene.nuisances, strict=True)
    )
    return replace(scene, nuisances=numbers)


def scene_vector(scene: Scene) -> np.ndarray:
    """(N,) float64 for the compiled renderer: indices of the attributes, then the nuisances."""
    indices = [allowed.index(getattr(scene, name)) for name, allowed in ATTRIBUTES.items()]
    return np.array([*indices, STYLES.index(scene.style), *scene.nuisances], dtype=np.float64)
