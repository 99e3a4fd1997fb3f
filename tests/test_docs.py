"""Every command and snippet of the documentation runs, on a tiny model."""

import dataclasses
import importlib
import os
import re
import shlex
from collections.abc import Iterator
from functools import partial
from inspect import signature
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import overpaint
from overpaint import Face, editing, trading, tuning
from overpaint.cli import main
from overpaint.cli.methods import _range as limits
from overpaint.cli.terminal import given
from overpaint.methods.finding import Finding
from overpaint.methods.options import parse_fields
from overpaint.methods.registry import find, methods, parse_options
from overpaint.models.families.published import Options
from overpaint.models.families.tiny import tiny, tiny_text
from overpaint.portraits import tasks
from overpaint.portraits.scene import VALUES
from overpaint.recipes import diffusionclip
from overpaint.recipes.registry import RECIPES
from overpaint.recipes.training import Training

from .colours import colours
from .measuring import filled
from .published import write_dream, write_pie

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SLOW = ("doctor",)
TINY = {False: "tiny", True: "tiny-text"}


def blocks(language: str) -> Iterator[str]:
    """The fenced blocks of a language in all pages."""
    for page in PAGES:
        found = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.M | re.S)
        yield from (text for kind, text in found if kind == language)


COMMANDS = [
    words[1:]
    for block in blocks("")
    for line in block.splitlines()
    if line.startswith("overpaint ")
    and (words := shlex.split(line, comments=True))
    and words[1] not in SLOW
    and "<" not in words
]


@pytest.fixture(autouse=True)
def _tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the files that the pages speak of; every edit is a quick one."""
    importlib.import_module("overpaint.bench.looking")  # before there is no CLIP to be had
    real, asked = editing.edit, signature(editing.edits).parameters
    apart = signature(tuning.tune).parameters
    trade = trading.tradeoff

    def quick(image: object, prompt: str, **given: Any) -> editing.Result:
        kept = {name: given[name] for name in ("seed", "count", "mask") if name in given}
        model = "tiny-text" if kept.get("mask") == "auto" else "tiny"
        return real(image, prompt, method="sdedit", model=model, num_inference_steps=1, **kept)

    def each(image: object, prompt: str, *, count: int, seed: int, **given: Any) -> Iterator:
        options = {n: v for n, v in given.items() if n not in asked}
        parse_options(find(given["method"]), options)
        yield from (quick(image, prompt, seed=seed + k, **given) for k in range(count))

    def tuned(prompt: str, *, folder: Path | None = None, **given: Any) -> tuple[Path, dict]:
        options = {n: v for n, v in given.items() if n not in apart}
        parse_fields(diffusionclip.Config, options, "Tuning")
        return folder or Path("adapter"), {"prompt": prompt}

    def converted(file: Path, folder: Path, **given: Any) -> tuple[Path, dict]:
        Options.parsed({name: given[name] for name in given if name != "overwrite"})
        return folder, {"family": "ddpm", "parameters": 0, "assumed": {}}

    def curve(guides: list[str], **given: Any) -> trading.Curve:
        options = {n: v for n, v in given.items() if n not in signature(trade).parameters}
        parse_fields(methods()["sdedit"].options, options, "A curve")
        return trading.Curve((trading.Point(0.5, 1.0, 1.0, None),), 0.5, len(guides))

    monkeypatch.setattr(trading, "tradeoff", curve)
    for recipe in RECIPES.values():  # options are read, nothing is trained
        module = importlib.import_module(recipe.module)
        monkeypatch.setattr(module, "run", lambda folder, config, watch: {})
    monkeypatch.setattr(tuning, "tune", tuned)
    real_edits = tasks.edits
    monkeypatch.setattr(tasks, "edits", lambda split, count: real_edits(split, min(count, 3)))
    monkeypatch.setattr("overpaint.bench.dreaming.dreamt", lambda *asked, **how: iter(()))
    monkeypatch.setattr("overpaint.bench.running.run", lambda *asked, **how: iter(()))
    # Whoever takes it from `editing` comes first: what is put back afterwards is then the real one.
    monkeypatch.setattr(overpaint, "edit", quick)
    monkeypatch.setattr("overpaint.replaying.edit", quick)
    monkeypatch.setattr(editing, "edit", quick)
    monkeypatch.setattr(editing, "edits", each)
    monkeypatch.setattr("overpaint.inverting.suited", lambda name, reads: TINY[reads])
    monkeypatch.setattr("overpaint.explaining.load", lambda name, *told: tiny_text())
    # Checkpoints of others, a CLIP that ranks, and a face, that the pages speak of.
    monkeypatch.setattr("overpaint.ranking.ranker", colours)
    monkeypatch.setattr(
        overpaint, "load", lambda name, **told: (tiny_text if "latent" in name else tiny)()
    )
    monkeypatch.setattr("overpaint.models.clip.load_clip", str)
    monkeypatch.setattr("overpaint.models.identity.load_identity", str)
    monkeypatch.setattr("overpaint.converting.convert", converted)
    monkeypatch.setattr("overpaint.data.finding.find", lambda pixels: [Face(20, 25, 12)])
    monkeypatch.chdir(tmp_path)
    filled(Path("bench"))
    for name in ("photo.jpg", "group.jpg", "portrait.png"):
        Image.new("RGB", (40, 50), "teal").save(name)
    for name in (
        "hair.png",
        "hat.png",
        "glasses.png",
        "mouth.png",
        "crown.png",
        "soft.png",
        "found.png",
    ):
        Image.new("L", (40, 50), "white").save(name)
    for name in ("person.png", "small.png"):
        Image.new("L", (40, 50), "black").save(name)
    for name in ("photo.strokes.png", "drawn.guide.png", "guide.png", "real.png", "hatted.png"):
        Image.new("RGB", (40, 50), "teal").save(name)
    for place in (
        "edited",
        "edits/a.sdedit-0",
        "edits/b",
        "sources/a",
        "sources/b",
        "photos/0",
        "photos/1",
    ):
        Path(place).parent.mkdir(exist_ok=True)
        Image.new("RGB", (40, 50), "navy").save(f"{place}.png")
    for name in ("drawn.png", "scribble.png", "patch.png"):
        Image.new("RGBA", (40, 50), (200, 0, 0, 128)).save(name)
    Image.new("RGB", (40, 50), "red").save("pasted.png")
    write_pie(Path("PIE-Bench"))
    write_dream(Path("dreambooth/dataset"))
    for name in ("theirs", "mine", "classes"):
        Path(name).mkdir()
    for name in ("photo.diffusionclip-0.png", "step.png", "both.png"):
        quick("photo.jpg", "x").save(name)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_commands_of_the_pages_run(words: list[str]) -> None:
    again = ["--overwrite"] if words[0] in ("edit", "strokes") else []
    if words[0] == "invert" and "--trajectory" in words:
        assert main(["invert", words[1], "--steps", "2", "--save", words[-1]]) == 0
    assert main([*words, *again]) == 0


def test_the_command_of_the_authors_program_has_its_setting() -> None:
    """blended-diffusion's defaults (2111.14818), as far as they are options here."""
    (words,) = (words for words in COMMANDS if "respacing=100" in words)
    found = parse_options(
        find(words[words.index("--method") + 1]),
        given([value for flag, value in pairwise(words) if flag == "-O"]),
    )
    theirs = {
        "respacing": "100",
        "skip": 25,
        "solver": "ancestral",
        "clamp": False,
        "form": "paper",
        "gradient": "exact",
        "clip_lambda": 1000,
        "range_weight": 50 / 1000,
        "loss": "arc",
        "fill": "grey",
        "warp": "strong",
        "views": 8,
        "mixture": True,
        "guide_from": 1,
        "guide_to": 0,
        "dilate": 0,
        "jumps": 1,
        "fresh_noise": True,
    }
    assert {name: getattr(found, name) for name in theirs} == theirs


def test_files_of_the_page_on_local_edits_are_examples_or_explained() -> None:
    page = (ROOT / "docs/methods/blended.md").read_text()
    there = {file.name for file in (ROOT / "examples").iterdir()}
    there |= set(re.findall(r"`(\w+\.(?:png|jpg))`", page))  # spoken of in the text
    for line in re.findall(r"^overpaint .*$", page, re.M):
        made = set(re.findall(r"(?:-o|--mask-out|--sheet) (\S+)", line))
        assert set(re.findall(r"\w+\.(?:png|jpg)", line)) <= there | made, line
        there |= made


def options(kind: type) -> str:
    """The options dataclass as a table."""
    names = {True: "on", False: "off", None: "auto"}
    rows = []
    for field in dataclasses.fields(kind):
        plain = isinstance(field.default, bool | str | None)
        default = names.get(field.default, field.default) if plain else f"{field.default:g}"
        allowed = limits(field.metadata).replace(" | ", ", ")
        rows.append(f"| `{field.name}` | {default} | {allowed} | {field.metadata['help']} |")
    return "\n".join(["| option | default | range | meaning |", "|---|---|---|---|", *rows])


TABLES = {
    "training": lambda: options(Training),
    "tune diffusionclip": lambda: options(diffusionclip.Config),
    "mask": lambda: options(Finding),
    **{name: partial(options, method.options) for name, method in methods().items()},
}
MARKED = re.compile(r"(<!-- table: (.+?) -->\n)(?:.*?\n)?(<!-- /table -->)", re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_of_options_are_the_programs(page: Path) -> None:
    """After a change on purpose: OVERPAINT_REWRITE=1 pytest tests/test_docs.py"""
    text = page.read_text()
    now = MARKED.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}", text)
    if os.environ.get("OVERPAINT_REWRITE"):
        page.write_text(now)
    assert text == now


ROWS = {
    "portraits.md": [f"| {name} | {', '.join(values)} |" for name, values in VALUES.items()],
    "training.md": [f"| {recipe.name} | {recipe.title} |" for recipe in RECIPES.values()],
}


@pytest.mark.parametrize(("page", "row"), [(page, row) for page in ROWS for row in ROWS[page]])
def test_tables_of_the_pages_hold_what_the_program_says(page: str, row: str) -> None:
    assert row in (ROOT / "docs" / page).read_text()


@pytest.mark.parametrize("code", blocks("python"))
def test_snippets_of_the_pages_run(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exec(compile(code, "README.md", "exec"), {})


def test_links_of_the_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
