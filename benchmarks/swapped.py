"""One word of a caption swapped: held-out portraits, both captions, true edit and region."""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count as upwards

import numpy as np
import torch

from benchmarks.edits import Aim
from benchmarks.local import Local
from overpaint.portraits.changes import Change
from overpaint.portraits.dataset import scenes
from overpaint.portraits.scene import VALUES, counterfactual, visible
from overpaint.portraits.tasks import LEAST, Edit
from overpaint.recipes.training import HELD_OUT, images

KINDS: Mapping[str, str] = {
    "hair colour": "hair",
    "clothing colour": "clothing",
    "background": "background",
    "headwear": "headwear",
}
"""What is swapped: the attribute, from a value to any other; not from or to none."""
ALL = "all four"


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
        asked = Edit(kind, Change(kind, "swap", {attribute: value}), scene, edit)
        shown = frozenset(visible(scene)) & frozenset(visible(edit))
        if now == "none" or attribute not in shown:
            continue
        before, after, region = asked.drawn(size)
        if region.mean() >= LEAST:
            yield Local(
                Aim(attribute, value),
                asked.prompt,
                asked.source_prompt,
                *images(np.stack([before, after])).split(1),
                torch.from_numpy(region)[None, None].float(),
                shown,
            )
