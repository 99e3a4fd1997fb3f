"""Every command and snippet of the documentation runs, on a tiny model."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from overpaint import editing
from overpaint.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SLOW = ("train", "tune", "doctor")


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

    monkeypatch.setattr(editing, "edit", quick)
    monkeypatch.setattr("overpaint.replaying.edit", quick)
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (40, 50), "teal").save("photo.jpg")
    Image.new("L", (40, 50), "white").save("hair.png")
    quick("photo.jpg", "x").save("photo.diffusionclip-0.png")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_commands_of_the_pages_run(words: list[str]) -> None:
    again = ["--overwrite"] if words[0] == "edit" else []
    assert main([*words, *again]) == 0


@pytest.mark.parametrize("code", blocks("python"))
def test_snippets_of_the_pages_run(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exec(compile(code, "README.md", "exec"), {})


def test_links_of_the_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
