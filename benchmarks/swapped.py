"""One word of a caption swapped: held-out portraits, both captions, true edit and region."""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count as upwards

import numpy as np
import torch

from benchmarks.edits import Aim
from benchmarks.local import Local
from overpaint.portraits.captions import PLAINEST, phrase
from overpaint.portraits.dataset import scenes
from overpaint.portraits.regions import changed
from overpaint.portraits.render import render
from overpaint.portraits.scene import VALUES, Scene, counterfactual, visible
from overpaint.recipes.training import HELD_OUT, images

KINDS: Mapping[str, str] = {
    "hair colour": "hair",
    "clothing colour": "clothing",
    "background": "background",
    "headwear": "headwear",
}
"""What is swapped: the attribute, from a value to any other; not from or to none."""
ALL = "all four"
TOLD = ("hair", "headwear", "clothing", "background")  # in every caption, where they are seen
LEAST = 0.003  # of the picture: a smaller change is hardly seen


def caption(scene: Scene, attribute: str) -> str:
    """What it shows, in words that are the same for scenes that differ in `attribute` alone."""
    seen = [name for name in TOLD if name in visible(scene) and getattr(scene, name) != "none"]
    names = ["style", "kind", *dict.fromkeys([*seen, attribute])]
    return phrase({name: getattr(scene, name) for name in names}, PLAINEST)


@cache
def wanted(kind: str, count: int = 64, size: int = 128) -> tuple[Local, ...]:
    """The first held-out photos in which a swap of this kind can be asked for."""
    found = list[Local]()
    for swap in _each(kind, size):
        if len(found) == count:
            break
        found.append(swap)
    return tuple(found)


def _each(kind: str, size: int) -> Iterator[Local]:
    attribute, rng = KINDS[kind], np.random.default_rng([HELD_OUT, list(KINDS).index(kind)])
    for scene in (scene for chunk in upwards() for scene in scenes("photos", HELD_OUT, chunk)):
        now = getattr(scene, attribute)
        others = [value for value in VALUES[attribute] if value not in (now, "none")]
        value = str(rng.choice(others))
        edit = counterfactual(scene, **{attribute: value})
        shown = frozenset(visible(scene)) & frozenset(visible(edit))
        if now == "none" or attribute not in shown:
            continue
        before, after = render(scene, size), render(edit, size)
        if (region := changed(before, after)).mean() >= LEAST:
            yield Local(
                Aim(attribute, value),
                caption(edit, attribute),
                caption(scene, attribute),
                *images(np.stack([before, after])).split(1),
                torch.from_numpy(region)[None, None].float(),
                shown,
            )
