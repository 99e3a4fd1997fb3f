"""Every command and snippet of the documentation runs, on a tiny model."""

import dataclasses
import importlib
import re
import shlex
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from overpaint import editing, replaying, tuning
from overpaint.cli import main
from overpaint.cli.methods import _range as limits
from overpaint.methods.options import parse_fields
from overpaint.portraits.scene import VALUES
from overpaint.recipes import diffusionclip
from overpaint.recipes.registry import RECIPES
from overpaint.recipes.training import Training

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SLOW = ("doctor",)


def blocks(language: str) -> Iterator[str]:
    """The fenced blocks of a language in all pages."""
    for page in PAGES:
        yield from re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)


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
    real = editing.edit

    def quick(image: object, prompt: str, **given: Any) -> editing.Result:
        kept = {name: given[name] for name in ("seed", "count", "mask") if name in given}
        return real(image, prompt, method="sdedit", model="tiny", num_inference_steps=1, **kept)

    def each(image: object, prompt: str, *, count: int, seed: int, **given: Any) -> Iterator:
        yield from (quick(image, prompt, seed=seed + k, **given) for k in range(count))

    def tuned(prompt: str, *, folder: Path | None = None, **given: Any) -> tuple[Path, dict]:
        options = {n: v for n, v in given.items() if n not in signature(tuning.tune).parameters}
        parse_fields(diffusionclip.Config, options, "Tuning")
        return folder or Path("adapter"), {"prompt": prompt}

    for recipe in RECIPES.values():  # options are read, nothing is trained
        module = importlib.import_module(recipe.module)
        monkeypatch.setattr(module, "run", lambda folder, config, watch: {})
    monkeypatch.setattr(tuning, "tune", tuned)
    monkeypatch.setattr(editing, "edit", quick)
    monkeypatch.setattr(editing, "edits", each)
    monkeypatch.setattr(replaying, "edit", quick)
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (40, 50), "teal").save("photo.jpg")
    Image.new("L", (40, 50), "white").save("hair.png")
    quick("photo.jpg", "x").save("photo.diffusionclip-0.png")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_commands_of_the_pages_run(words: list[str]) -> None:
    again = ["--overwrite"] if words[0] == "edit" else []
    assert main([*words, *again]) == 0


def ranged(field: dataclasses.Field) -> str:
    """The last columns of an option's row."""
    return f"{limits(field.metadata).replace(' | ', ', ')} | {field.metadata['help']} |"


def default(field: dataclasses.Field) -> str:
    """As a person types it."""
    names = {True: "on", False: "off"}
    plain = isinstance(field.default, bool | str)
    return names.get(field.default, field.default) if plain else f"{field.default:g}"


ROWS = {
    "portraits.md": [f"| {name} | {', '.join(values)} |" for name, values in VALUES.items()],
    "training.md": [
        *(f"| {recipe.name} | {recipe.title} |" for recipe in RECIPES.values()),
        *(f"| `{f.name}` | {ranged(f)}" for f in dataclasses.fields(Training)),
        *(
            f"| `{f.name}` | {default(f)} | {ranged(f)}"
            for f in dataclasses.fields(diffusionclip.Config)
        ),
    ],
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
