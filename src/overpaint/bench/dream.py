"""DreamBench as a benchmark: subjects in other surroundings (arXiv 2208.12242)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from overpaint.bench.dream_data import Subject
from overpaint.bench.networks import Networks, pixels
from overpaint.bench.pie import plain
from overpaint.bench.task import Pictures
from overpaint.data.images import read_image
from overpaint.methods.registry import Method
from overpaint.metrics import likeness

NETWORKS = Networks("openai/clip-vit-base-patch32", "facebook/dino-vits16", "alex")
"""DINO as published; which CLIP was not said, and most take this one."""
EACH = 4  # pictures of a prompt


@dataclass(frozen=True)
class Shown:
    """A subject that shall be shown as one of its prompts says, in one of several pictures.

    found: it is made by another system, which saw all of the real pictures; else it is an edit of
        one of them, which then does not count among those that it is compared with.
    """

    folder: Path
    subject: Subject
    at: int
    number: int
    networks: Networks
    found: bool = False

    @property
    def name(self) -> str:
        """As the file of a picture that another system made."""
        return f"{self.subject.name}/{self.at:02d}_{self.number}"

    @property
    def group(self) -> str:
        """The subject."""
        return self.subject.name

    @property
    def prompt(self) -> str:
        """With the class's noun, without an identifier."""
        return self.subject.prompts[self.at]

    @property
    def source_prompt(self) -> str:
        """The class."""
        return f"a {self.subject.noun}"

    @property
    def edited(self) -> str:
        """The real picture that is edited."""
        return self.subject.pictures[self.number % len(self.subject.pictures)]

    def pictures(self) -> Pictures:
        """A real picture; nobody knows more."""
        return Pictures(_read(self.folder / self.subject.name / self.edited))

    def given(self, method: Method) -> dict[str, Any] | None:
        """Nothing; no adapter is tuned to it."""
        if "adapter" in method.parts:
            return None
        return {"prompt": plain(self.prompt), "source_prompt": plain(self.source_prompt)}

    def scores(self, picture: np.ndarray) -> dict[str, float]:
        """Means over the subject's real pictures, and how well the text fits; NaN of none."""
        count = [not self.found and name == self.edited for name in self.subject.pictures]
        beside = ~torch.tensor(count)
        clip, dino = real(self.folder, self.subject, self.networks)
        found, image = {}, pixels(picture)
        if dino is not None:
            found["dino"] = float(likeness.dino(self.networks.embed(image), dino[beside]))
        if clip is not None:
            seen, text = self.networks.see(image), self.networks.read([self.prompt])
            found["clip_i"] = float(likeness.clip_i(seen, clip[beside]))
            found["clip_t"] = float(likeness.clip_t(seen, text))
        return found


@dataclass(frozen=True)
class OfClass:
    """A picture of a subject's class, made by a model that was tuned to the subject."""

    folder: Path
    subject: Subject
    made: Path
    networks: Networks

    @property
    def name(self) -> str:
        """The subject's and the file's."""
        return f"class/{self.subject.name}/{self.made.name}"

    @property
    def group(self) -> str:
        """The subject."""
        return self.subject.name

    @property
    def prompt(self) -> str:
        """The class."""
        return f"a {self.subject.noun}"

    @property
    def source_prompt(self) -> str:
        """The same."""
        return self.prompt

    def pictures(self) -> Pictures:
        """A real one of the subject, which it should not look like."""
        return Pictures(_read(self.folder / self.subject.name / self.subject.pictures[0]))

    def given(self, method: Method) -> dict[str, Any] | None:
        """It is not to be edited."""
        return None

    def scores(self, picture: np.ndarray) -> dict[str, float]:
        """How much the class has become the subject."""
        dino = real(self.folder, self.subject, self.networks)[1]
        if dino is None:
            return {}
        return {"pres": float(likeness.pres(self.networks.embed(pixels(picture)), dino))}


def asked(
    folder: Path, subjects: Sequence[Subject], networks: Networks, count: int | None = None
) -> list[Shown]:
    """The pictures of so many prompts, subjects taking turns and beginning at other prompts.

    Of a prompt as many edits are asked for as there are real pictures, at most 4.
    """
    most = max((len(subject.prompts) for subject in subjects), default=0)
    pairs = [
        (subject, (turn + which) % len(subject.prompts))
        for turn in range(most)
        for which, subject in enumerate(subjects)
        if turn < len(subject.prompts)
    ]
    return [
        Shown(folder, subject, at, number, networks)
        for subject, at in pairs[:count]
        for number in range(min(EACH, len(subject.pictures)))
    ]


@lru_cache(maxsize=64)
def real(folder: Path, subject: Subject, networks: Networks) -> tuple[Tensor | None, Tensor | None]:
    """CLIP's and DINO's embeddings (M, d) of a subject's real pictures."""
    images = [pixels(_read(folder / subject.name / name)) for name in subject.pictures]
    clip = None if networks.clip is None else torch.cat([networks.see(each) for each in images])
    dino = None if networks.dino is None else torch.cat([networks.embed(each) for each in images])
    return clip, dino


def _read(path: Path) -> np.ndarray:
    return read_image(path).on_white()
