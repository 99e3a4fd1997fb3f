"""Texts worth having at hand, with the options that suit them: found by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from overpaint.errors import OptionError
from overpaint.methods.options import suggest
from overpaint.recipes.attributes import ATTRIBUTES, TIMES

PHOTO = "a photo of a person"
KEEPING = {
    "l1_weight": 1.0,
    "identity_weight": 0.2,
    "learn": "factors",
    "rank": 12,
    "lr": 3e-3,
    "iterations": 110,
}
"""For what leaves the picture much as it was, and the face of the same person: factors suffice."""
PAPER: Mapping[str, Any] = {
    "clip": "openai/clip-vit-base-patch16",
    "templates": "imagenet",
    "form": "cosine",
    "reach": 0.0,
    "views": 0,
    "antialias": False,
    "l1_weight": 0.3,
    "identity_weight": 0.3,
    "edge_weight": 0.0,
    "smooth_weight": 0.0,
    "learn": "all",
    "lr": 4e-6,
    "lr_schedule": "paper",
    "t0": 500.0,
    "num_inversion_steps": 40,
    "num_inference_steps": 6,
    "pictures": 50,
    "batch_size": 1,
    "iterations": 250,
}
"""Tuning as the paper tells it; `identity` has to name an encoder of real faces, as IR-SE50 is."""
CODE: Mapping[str, Any] = {
    **PAPER,
    "form": "authors",
    "clip_weight": 3.0,
    "l1_weight": 1.0,
    "identity_weight": 0.0,
    "identity": "none",
    "lr": 8e-6,
    "lr_schedule": "code",
    "grid": "official",
}
"""Tuning as the example of the released code has it."""
FACELESS = {"identity": "none", "identity_weight": 0.0}


@dataclass(frozen=True)
class Preset:
    """A text worth having at hand: what it is called else, and what its tuning does differently."""

    prompt: str
    source_prompt: str
    aliases: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


PORTRAITS: dict[str, Preset] = {
    "sketch": Preset(
        "a pencil sketch of a person",
        PHOTO,
        ("a pencil sketch", "pencil sketch", "sketch", "a sketch", "a sketch of a person"),
    ),
    "bronze": Preset(
        "a bronze statue of a person",
        PHOTO,
        ("a bronze statue", "bronze statue", "bronze", "a bronze bust of a person"),
        {"num_inference_steps": 2, "iterations": 105, "edge_weight": 0.4},
    ),
    "neon": Preset(
        "a neon sign of a person",
        PHOTO,
        ("a neon sign", "neon", "neon sign", "a neon portrait of a person", "a person in neon"),
        {"edge_weight": 0.35},
    ),
    "zombie": Preset("a photo of a zombie", PHOTO, ("a zombie", "zombie", "a zombie person")),
    "smiling": Preset(
        "a smiling person",
        "a sad person",
        ("smiling", "smile", "a person smiling", "a person with a smile", "a happy person"),
        {**KEEPING, "iterations": 150, "reach": 1.8, "edge_weight": 0.2},
    ),
    "red-hair": Preset(
        "a person with red hair",
        "a person",
        ("red hair", "a red-haired person", "ginger hair"),
        {**KEEPING, "reach": 0.4},
    ),
}


def _of_paper(domain: str, name: str) -> Preset:
    """A preset for real checkpoints: no face encoder is at hand for them, and dogs need none."""
    source_prompt, prompt = ATTRIBUTES[domain][name]
    known = {"t0": time} if (time := TIMES.get(domain, {}).get(name)) else {}
    return Preset(prompt, source_prompt, options={**PAPER, **FACELESS, **known})


PRESETS: dict[str, dict[str, Preset]] = {
    "portraits": PORTRAITS,
    **{domain: {name: _of_paper(domain, name) for name in of} for domain, of in ATTRIBUTES.items()},
}
"""By domain, then by name."""


def find(name: str, domain: str = "") -> Preset:
    """The preset called `name`, such as `tanned` or, where several domains have one, `dog/zombie`.

    domain: where to look; everywhere without it.

    Raises:
        OptionError: there is none of that name, or more than one.
    """
    wanted = name.strip().lower().replace("_", "-")
    domains = [domain] if domain else list(PRESETS)
    known = {f"{of}/{each}": preset for of in domains for each, preset in PRESETS[of].items()}
    found = [full for full in known if wanted in (full, full.partition("/")[2])]
    if len(found) == 1:
        return known[found[0]]
    if found:
        why, hint = "several domains have one of that name", f"Write {' or '.join(found)}."
        raise OptionError(f"The preset {name!r} is not the only one", why, hint)
    names = {*known, *(full.partition("/")[2] for full in known)}
    raise OptionError(f"There is no preset {name!r}", hint=suggest(wanted, names))
