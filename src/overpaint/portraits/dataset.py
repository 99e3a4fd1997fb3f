"""Rendered portraits as cached arrays: the same seed gives the same pictures, chunk by chunk."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from overpaint.portraits.labels import label_row
from overpaint.portraits.render import develop, shoot
from overpaint.portraits.scene import (
    ATTRIBUTES,
    IDENTITY,
    STYLES,
    VALUES,
    Scene,
    counterfactual,
    sample_scene,
    visible,
    with_nuisances,
)

CHUNK = 500
SIZE = 64
WORLD = 4
"""Raised when pictures or labels change: sets that were rendered before are not taken."""
SUBTLE = ("hair", "hair_style", "expression") * 2 + ("expression",) * 2
"""What is hardest to read, as often as edits change it more than the rest."""

Sampler = Callable[[np.random.Generator], list[Scene]]


@dataclass(frozen=True)
class Portraits:
    """(N, S, S, 3) uint8 pictures with their (N, len(LABELS)) int8 labels, HIDDEN if unseen."""

    pictures: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.pictures)


def photos(rng: np.random.Generator) -> list[Scene]:
    """One photo: the world of the diffusion model."""
    return [sample_scene(rng)]


def all_styles(rng: np.random.Generator) -> list[Scene]:
    """One portrait in a random style: the world of CLIP and of the judge."""
    return [sample_scene(rng, style=str(rng.choice(STYLES)))]


def restyled(rng: np.random.Generator) -> list[Scene]:
    """A photo, and often the same scene in another style: the world of the latent model."""
    scene = sample_scene(rng)
    if rng.random() < 0.3:
        return [scene]
    return [scene, replace(scene, style=str(rng.choice(STYLES[1:])))]


def twins(rng: np.random.Generator) -> list[Scene]:
    """Two photos of one face: other pose, light, hair, expression and clothes."""
    first = sample_scene(rng)
    other = sample_scene(rng)
    kept = {"kind": first.kind, "skin": first.skin}
    if first.kind != "person":
        kept["hair"] = first.hair
    values = {name: getattr(other, name) for name in ATTRIBUTES} | kept
    if first.kind == "person" and other.kind != "person":
        values |= {"hair_style": str(rng.choice(ATTRIBUTES["hair_style"][:4]))}
    if first.kind != "person":
        values |= {"hair_style": "bald", "facial_hair": "none"}
    second = Scene(**values, nuisances=first.nuisances)
    return [first, with_nuisances(second, rng, keep=IDENTITY)]


def edits(rng: np.random.Generator) -> list[Scene]:
    """A portrait, often a photo, and its perfect edit: another style, or one attribute changed."""
    style = "photo" if rng.random() < 0.4 else str(rng.choice(STYLES))
    while True:
        scene = sample_scene(rng, style=style)
        shown = visible(scene)[1:]
        subtle = [name for name in SUBTLE if name in shown]
        name = "style" if rng.random() < 0.5 else str(rng.choice([*shown, *subtle]))
        others = [value for value in VALUES[name] if value != getattr(scene, name)]
        edit = counterfactual(scene, **{name: str(rng.choice(others))})
        if name == "style" or name in visible(edit):
            return [scene, edit]


SAMPLERS: dict[str, Sampler] = {
    "photos": photos,
    "all_styles": all_styles,
    "twins": twins,
    "edits": edits,
    "restyled": restyled,
}


def scenes(sampler: str, seed: int, chunk: int) -> list[Scene]:
    """The CHUNK scenes of one chunk, a pure function of its arguments."""
    rng = np.random.default_rng([seed, chunk, list(SAMPLERS).index(sampler)])
    drawn: list[Scene] = []
    while len(drawn) < CHUNK:
        drawn += SAMPLERS[sampler](rng)
    return drawn


def chunk_file(folder: Path, sampler: str, seed: int, chunk: int, size: int = SIZE) -> Path:
    """Where the pictures of one chunk are cached."""
    large = "" if size == SIZE else f"-{size}"
    return folder / f"world{WORLD}-{sampler}{large}-{seed}-{chunk:04d}.npz"


def pictured(drawn: list[Scene], size: int = SIZE) -> Iterator[np.ndarray]:
    """The pictures of scenes; those that follow one another in style alone are traced once."""
    for look, same in groupby(drawn, lambda scene: replace(scene, style="photo")):
        shot = shoot(look, size)
        yield from (develop(shot, scene.style) for scene in same)


def _write_chunk(folder: Path, sampler: str, seed: int, chunk: int, size: int) -> None:
    target = chunk_file(folder, sampler, seed, chunk, size)
    if target.exists():
        return
    drawn = scenes(sampler, seed, chunk)
    pictures = np.stack(list(pictured(drawn, size)))
    labels = np.stack([label_row(scene) for scene in drawn])
    keep(target, pictures=pictures, labels=labels)


def keep(target: Path, *unnamed: np.ndarray, **named: np.ndarray) -> None:
    """Write arrays to a file, whole or not at all."""
    temporary = target.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        np.savez(file, *unnamed, allow_pickle=False, **named)
    temporary.replace(target)


def build(
    folder: Path, sampler: str, count: int, seed: int, *, size: int = SIZE, workers: int = 2
) -> Iterator[int]:
    """Render what is missing of `count` portraits into `folder`; yields how many are there."""
    folder.mkdir(parents=True, exist_ok=True)
    chunks = range(-(-count // CHUNK))
    if all(chunk_file(folder, sampler, seed, chunk, size).exists() for chunk in chunks):
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_write_chunk, folder, sampler, seed, chunk, size) for chunk in chunks]
        for done, job in enumerate(jobs, 1):
            job.result()
            yield min(done * CHUNK, count)


def load(folder: Path, sampler: str, count: int, seed: int, size: int = SIZE) -> Portraits:
    """The first `count` portraits of a set that `build` rendered."""
    chunks = range(-(-count // CHUNK))
    parts = [np.load(chunk_file(folder, sampler, seed, chunk, size)) for chunk in chunks]
    return Portraits(
        np.concatenate([part["pictures"] for part in parts])[:count],
        np.concatenate([part["labels"] for part in parts])[:count],
    )
