"""`--trajectory` of `edit` and `replay`: a picture inverted once, edited as often as one likes."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

INVERT = "invert face.png -m tiny-text --steps 3 --invert direct --source-prompt"
EDIT = "edit face.png -m tiny-text --method prompt-to-prompt --source-prompt"
FROM = "a brown hat"


def kept(run: Callable) -> None:
    ran = run(*INVERT.split(), FROM, "--save", "way.safetensors")
    assert ran.code == 0, ran.err


def edited(run: Callable, to: str, *words: str, source: str = FROM) -> dict:
    ran = run(*EDIT.split(), source, "-p", to, "--json", *words)
    assert ran.code == 0, ran.err
    return json.loads(ran.text)


def test_one_inversion_serves_many_edits(run: Callable) -> None:
    kept(run)
    for number, to in enumerate(["a red hat", "a red cat"]):
        own = [
            "-O",
            "inversion=direct",
            "--steps",
            "3",
            "--strength",
            "0.5",
            "-o",
            f"plain-{number}.png",
        ]
        plain = edited(run, to, *own)
        found = edited(run, to, "--trajectory", "way.safetensors", "-o", f"kept-{number}.png")
        assert (plain["calls"], found["calls"]) == (6, 3)
        pictures = [np.array(Image.open(f"{name}-{number}.png")) for name in ("plain", "kept")]
        assert np.array_equal(*pictures)


@pytest.mark.parametrize("name", ["edit-friendly", "null-text"])
def test_what_is_inverted_by_itself_serves_an_edit_by_itself(run: Callable, name: str) -> None:
    way = [*INVERT.replace("direct", name).split(), FROM, "--strength", "1"]
    assert run(*way, "--save", "way.safetensors").code == 0
    edited(run, "a red hat", "--invert", name, "--steps", "3", "-o", "plain.png")
    edited(run, "a red hat", "--trajectory", "way.safetensors", "-o", "kept.png")
    plain, found = (np.array(Image.open(f"{which}.png")) for which in ("plain", "kept"))
    assert np.array_equal(plain, found)


def test_replay_finds_the_trajectory_or_says_what_it_needs(run: Callable) -> None:
    kept(run)
    edited(run, "a red hat", "--trajectory", "way.safetensors", "-o", "out.png")
    assert run("replay out.png").text == "out.png: identical\n"
    Path("elsewhere").mkdir()
    Path("way.safetensors").rename("elsewhere/other.safetensors")
    lost = run("replay out.png")
    assert lost.code == 2
    assert "the trajectory of out.png is not found" in lost.err
    assert "say where it is with --trajectory FILE" in lost.err
    again = run("replay out.png --trajectory elsewhere/other.safetensors")
    assert again.text == "out.png: identical\n"


def test_a_chain_of_edits_asks_for_each_its_own(run: Callable) -> None:
    kept(run)
    edited(run, "a red hat", "--trajectory", "way.safetensors", "-o", "first.png")
    run("edit first.png --method sdedit -m tiny --steps 2 -o second.png")
    Path("first.png").unlink()
    assert run("replay second.png").text.endswith("second.png: identical\n")


def test_no_output_replaces_the_trajectory(run: Callable) -> None:
    kept(run)
    Path("way.safetensors").rename("way.png")
    words = [
        *EDIT.split(),
        FROM,
        "-p",
        "a hat",
        "--trajectory",
        "way.png",
        "-o",
        "way.png",
        "--overwrite",
    ]
    ran = run(*words)
    assert ran.code == 2
    assert "is an input of this command" in ran.err


def test_an_edit_names_its_inversion_as_invert_does(run: Callable, here: Path) -> None:
    found = [
        edited(run, "a red hat", *way.split(), "--steps", "2", "-o", f"{number}.png")["record"]
        for number, way in enumerate(("--invert edict", "-O inversion=edict", "--invert direct"))
    ]
    assert [record["options"]["inversion"] for record in found] == ["edict", "edict", "direct"]
    pictures = [np.asarray(Image.open(f"{number}.png")) for number in range(3)]
    assert np.array_equal(pictures[0], pictures[1])
