"""Edits of edits: the last file tells them all, and they are done again from the original."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from overpaint.data.metadata import read_record

HOW = "--method sdedit -m tiny --steps 1"


def chain(run: Callable, middle: str = "second.png") -> None:
    """face.png -> first.png -> `middle` -> last.png"""
    assert run(f"edit face.png {HOW} -p one -o first.png").code == 0
    assert run(f"edit first.png {HOW} -p two --seed 4 --extend right=0.5 -o {middle}").code == 0
    assert run(f"edit {middle} {HOW} -p three --strength 0.2 -o last.png").code == 0


def test_a_record_keeps_the_edits_before_it(run: Callable, here: Path) -> None:
    chain(run)
    record = read_record("last.png")
    assert [step.prompt for step in record.chain] == ["one", "two", "three"]
    assert [step.input for step in record.chain] == ["face.png", "first.png", "second.png"]
    assert [step.seeds for step in record.chain] == [(0,), (4,), (0,)]


@pytest.mark.parametrize("middle", ["second.png", "second.jpg", "second.webp"])
@pytest.mark.parametrize(("image", "again"), [("face", 3), ("first", 2), ("second", 1)])
def test_a_chain_is_done_again_from_any_of_its_pictures(
    run: Callable, here: Path, middle: str, image: str, again: int
) -> None:
    chain(run, middle)
    name = middle if image == "second" else f"{image}.png"
    kept = {other: Path(other).read_bytes() for other in (name, "last.png")}
    for path in here.iterdir():
        path.unlink()
    for other, content in kept.items():
        Path(f"kept-{other}").write_bytes(content)
    told = json.loads(run(f"replay kept-last.png --image kept-{name} --json").text)
    assert (told["verdict"], told["changed"]) == ("identical", [])
    assert [step["again"] for step in told["steps"]] == [k >= 3 - again for k in range(3)]
    assert [step["prompt"] for step in told["steps"]] == ["one", "two", "three"]


def test_the_latest_picture_at_hand_is_where_a_replay_begins(run: Callable, here: Path) -> None:
    chain(run)
    for lost, first in (("nothing", 3), ("second.png", 2), ("first.png", 1)):
        Path(lost).unlink(missing_ok=True)
        *steps, verdict = run("replay last.png").text.splitlines()
        assert verdict == "last.png: identical"
        assert ["not done again" in step for step in steps] == [k + 1 < first for k in range(3)]
    Path("face.png").unlink()
    lost = run("replay last.png")
    assert lost.code == 2
    assert "second.png" in lost.err


def test_each_step_is_told(run: Callable, here: Path) -> None:
    chain(run)
    Path("second.png").unlink()
    assert run("replay last.png").text.splitlines() == [
        "1. face.png, sdedit with tiny: one (not done again)",
        "2. first.png, sdedit with tiny: two",
        "3. second.png, sdedit with tiny: three",
        "last.png: identical",
    ]


def test_another_original_makes_another_picture(run: Callable, here: Path) -> None:
    chain(run)
    Image.fromarray(255 - np.asarray(Image.open("second.png"))).save("other.png")
    ran = run("replay last.png --image other.png -v")
    assert ran.code == 1
    assert "input_sha256" in ran.err


def test_each_mask_of_a_chain_is_known_by_its_content(run: Callable, here: Path) -> None:
    for name, rows in (("a.png", slice(0, 20)), ("b.png", slice(20, 40))):
        values = np.zeros((40, 30), np.uint8)
        values[rows] = 255
        Image.fromarray(values).save(name)
    run(f"edit face.png {HOW} --mask a.png -o first.png")
    run(f"edit first.png {HOW} --mask b.png -o last.png")
    Path("a.png").rename("moved-a.png")
    Path("b.png").rename("moved-b.png")
    ran = run("replay last.png --image face.png --mask moved-b.png --mask moved-a.png")
    assert ran.text.endswith("last.png: identical\n"), ran.err
