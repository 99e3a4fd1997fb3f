"""PIE-Bench as a benchmark: edits of the user's copy of the data (arXiv 2310.01506)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from overpaint.bench.found import named
from overpaint.bench.networks import Networks, pixels
from overpaint.bench.pie_data import PICTURES, SIDE, Entry, decoded
from overpaint.bench.pie_scores import Seen, scored
from overpaint.bench.task import Pictures
from overpaint.core.emphasis import typed
from overpaint.data.images import read_image
from overpaint.errors import ImageReadError, OptionError
from overpaint.methods.registry import Method

NETWORKS = Networks("openai/clip-vit-large-patch14", "facebook/dino-vitb8", "squeeze")
"""Those of the published protocol."""
SEED = 1234  # of the published runs
HEAVY = 2  # what the word that is edited weighs there
PUBLISHED: Mapping[str, Any] = {
    "num_inference_steps": 50,
    "guidance_scale": 7.5,
    "alignment": "refine",
    "cross_replace": 0.4,
    "self_replace": 0.6,
    "blend_threshold": 0.3,
    "blend_spread": True,
}
"""Options of the published runs, for methods that read texts and have them."""
BLEND = "local_blend"


@dataclass(frozen=True)
class Edit:
    """An edit of the data in `folder`; compat: asked for and scored as published."""

    folder: Path
    entry: Entry
    networks: Networks
    compat: bool = False

    @property
    def name(self) -> str:
        """Its type and id."""
        return f"{self.group}/{self.entry.id}"

    @property
    def group(self) -> str:
        """Its type."""
        return self.entry.type

    @property
    def prompt(self) -> str:
        """What it shall show, without brackets."""
        return self.entry.prompt

    @property
    def source_prompt(self) -> str:
        """What it shows, without brackets."""
        return self.entry.source_prompt

    def pictures(self) -> Pictures:
        """The picture and where the edit may act; nobody knows a perfect edit.

        Raises:
            ImageReadError: it cannot be read, or is of another size than the mask.
        """
        source = read_image(self.folder / PICTURES / self.entry.image).on_white()
        if source.shape[:2] != (SIDE, SIDE):
            height, width = source.shape[:2]
            what = f"the picture of entry {self.entry.id} is {width} x {height}"
            raise ImageReadError(what, f"those of PIE-Bench, and their masks, are {SIDE} x {SIDE}")
        return Pictures(source, region=decoded(self.entry.runs))

    def given(self, method: Method) -> dict[str, Any] | None:
        """The words that the edit is about; no adapter is tuned to it."""
        if "adapter" in method.parts:
            return None
        known = {field.name for field in fields(method.options)}
        weight = HEAVY if self.compat and method.weighs else 1
        texts = {
            "prompt": weighted(self.prompt, self.entry.blended[-1:], weight),
            "source_prompt": plain(self.source_prompt),
        }
        asked = {**PUBLISHED, BLEND: "off"} if self.compat and method.reads else {}
        if words := self.words:
            asked[BLEND] = ",".join(words)
        elif asked:  # of no words: nothing is set of their places
            asked = {name: each for name, each in asked.items() if not name.startswith("blend_")}
        return texts | {name: each for name, each in asked.items() if name in known}

    @property
    def words(self) -> tuple[str, ...]:
        """Those of the blended words that a text holds."""
        both = (self.source_prompt, self.prompt)
        return tuple(
            word
            for word in dict.fromkeys(self.entry.blended)
            if "," not in word and any(_standing(word).search(text) for text in both)
        )

    def scores(self, picture: np.ndarray) -> dict[str, float]:
        """See `scored`."""
        pictures = self.pictures()
        mask = torch.from_numpy(np.asarray(pictures.region)).float()[None, None]
        seen = Seen(pixels(pictures.source), pixels(picture), mask, self.prompt)
        return scored(seen, self.networks, compat=self.compat)


def reader(folder: Path) -> Callable[[Edit], np.ndarray | None]:
    """Pictures that another system made, in files named as those of the data.

    The authors' own files hold squares side by side, of which the last is the edit.
    """

    def read(edit: Edit) -> np.ndarray | None:
        picture = named(folder, edit.entry.image.rpartition(".")[0])
        if picture is None:
            return None
        height, width = picture.shape[:2]
        if height != SIDE or width % SIDE:
            what = f"what was made of entry {edit.entry.id} is {width} x {height}"
            raise ImageReadError(what, f"expected {SIDE} x {SIDE}")
        return picture[:, -SIDE:]

    return read


def plain(text: str) -> str:
    """A text that is read as it stands, though words in parentheses may be weights."""
    try:
        same = typed(text).text == text
    except OptionError:
        same = False
    return text if same else _escaped(text)


def weighted(text: str, words: tuple[str, ...], weight: float) -> str:
    """The same, the words in it of some weight."""
    if weight == 1 or not any(_standing(word).search(text) for word in words):
        return plain(text)
    found = _escaped(text)
    for word in words:
        found = _standing(_escaped(word)).sub(lambda held: f"({held[0]}:{weight:g})", found)
    return found


def _escaped(text: str) -> str:
    return re.sub(r"[\\()]", r"\\\g<0>", text)


def _standing(word: str) -> re.Pattern[str]:
    """A word that is not part of another."""
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
