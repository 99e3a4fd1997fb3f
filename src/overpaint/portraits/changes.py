"""The kinds of edits of Portraits-CF: what changes, from which values to which."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from overpaint.portraits.scene import ATTRIBUTES, STYLES, VALUES, Scene

ANY = ""  # any other value
NONE = "none"
Wanted = Mapping[str, str]
"""Attribute (or "style") to the value that it shall have, or ANY."""


@dataclass(frozen=True)
class Change:
    """One kind of edit.

    group: of kinds, such as "add". from_none: the attribute is not there before (an addition).
    """

    name: str
    group: str
    wanted: Wanted = field(hash=False)
    from_none: bool = False

    def drawn(self, scene: Scene, rng: np.random.Generator) -> dict[str, str] | None:
        """Values for a scene; None where it does not suit, or has them already."""
        found = {}
        for name, value in self.wanted.items():
            now = getattr(scene, name)
            if name in WORN and (now == NONE) != self.from_none:
                return None
            others = [each for each in VALUES[name] if each not in (now, NONE)]
            found[name] = value or str(rng.choice(others))
            if found[name] == now:
                return None
        return found

    def instruction(self, before: Scene, after: Scene) -> str:
        """What to do, as one would say it to a person."""
        return " and ".join(_told(name, before, after) for name in self.wanted)


WORN = ("eyewear", "facial_hair", "headwear")
"""What a portrait has or has not."""
BARE = ("glasses", "sunglasses", "pixel art")  # said without an article
THINGS = {"neon": "neon sign", "clay": "clay figure"}
"""Styles that are no things."""


def _a(thing: str) -> str:
    thing = THINGS.get(thing, thing)
    return thing if thing in BARE else f"a {thing}"


def _told(name: str, before: Scene, after: Scene) -> str:
    now, new = getattr(before, name), getattr(after, name)
    if name in WORN:
        if new == NONE:
            return f"remove the {now}"
        return f"add {_a(new)}" if now == NONE else f"replace the {now} by {_a(new)}"
    if name == "style":
        return f"turn it into {_a(new)}"
    return TOLD[name].format(new=new, now=now, kind=before.kind)


TOLD: Mapping[str, str] = {
    "kind": "turn the {now} into a {new}",
    "hair": "make the hair {new}",
    "hair_style": "change the hair from {now} to {new}",
    "skin": "make the skin {new}",
    "expression": "make the {kind} look {new}",
    "clothing": "make the clothes {new}",
    "background": "make the background {new}",
}


def _each(group: str, attribute: str, values: tuple[str, ...], **how: bool) -> list[Change]:
    return [Change(f"{group} {value}", group, {attribute: value}, **how) for value in values]


def _pair(one: str, other: str) -> Change:
    return Change(f"two {one} {other}".replace("_", " "), "two", {one: ANY, other: ANY})


CHANGES: tuple[Change, ...] = (
    *_each("expression", "expression", ATTRIBUTES["expression"]),
    *_each("hair", "hair_style", ATTRIBUTES["hair_style"]),
    Change("skin", "attribute", {"skin": ANY}),
    Change("swap headwear", "attribute", {"headwear": ANY}),
    Change("swap eyewear", "attribute", {"eyewear": ANY}),
    *_each("add", "eyewear", ATTRIBUTES["eyewear"][1:], from_none=True),
    *_each("add", "facial_hair", ATTRIBUTES["facial_hair"][1:], from_none=True),
    *_each("add", "headwear", ATTRIBUTES["headwear"][1:], from_none=True),
    *(Change(f"remove {name}".replace("_", " "), "remove", {name: NONE}) for name in WORN),
    Change("colour hair", "colour", {"hair": ANY}),
    Change("colour clothing", "colour", {"clothing": ANY}),
    *_each("style", "style", STYLES[1:]),
    *_each("kind", "kind", ATTRIBUTES["kind"]),
    Change("background", "background", {"background": ANY}),
    _pair("hair", "clothing"),
    _pair("headwear", "background"),
    _pair("expression", "clothing"),
    _pair("hair", "background"),
)
"""All kinds, in the order in which edits of them take turns."""
