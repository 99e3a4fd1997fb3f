"""`overpaint invert`: every inversion, and trajectories that are kept."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from overpaint.inversions.registry import INVERSIONS
from overpaint.inversions.titles import TITLES

TEXT = "invert face.png -m tiny-text --steps 4 --strength 0.3 --guidance 2 --json"


def told(run: Callable, *words: str) -> dict:
    ran = run(*words)
    assert ran.code == 0, ran.err
    return json.loads(ran.text)


@pytest.mark.parametrize("name", INVERSIONS)
def test_every_inversion_of_a_model_that_reads_text(run: Callable, name: str) -> None:
    words = [*TEXT.split(), "--source-prompt", "a red hat", "--invert", name]
    found = told(run, *words)
    assert found["inversion"] == name
    assert found["codec_mae"] < 0.1
    if name in ("edict", "bdia", "edit-friendly", "direct"):
        assert found["codec_mae"] < 1e-4


@pytest.mark.parametrize("name", INVERSIONS)
def test_every_inversion_of_the_pixel_model_or_why_not(run: Callable, name: str) -> None:
    ran = run(f"invert face.png -m tiny --steps 4 --strength 0.3 --invert {name} --json")
    if INVERSIONS[name].reads:
        assert ran.code == 2
        assert f"the inversion {name} needs a model that reads text" in ran.err
    else:
        found = json.loads(ran.text)
        assert found["codec_mae"] == pytest.approx(found["mae"])


def test_help_has_a_word_on_each(run: Callable) -> None:
    listed = " ".join(run("invert --help").text.replace("│", " ").split())
    assert all(f"{name}: {title}" in listed for name, title in TITLES.items())


def test_calls_are_those_of_the_network(run: Callable) -> None:
    """Up without guidance, and down with it, but where the source text takes it away."""
    words = [*TEXT.split(), "--source-prompt", "a red hat", "--invert"]
    calls = {name: told(run, *words, name)["calls"] for name in INVERSIONS}
    assert calls["ddim"] == 4 + 2 * 4
    assert calls["direct"] == 4
    assert calls["edit-friendly"] == 2 * 4 + 2 * 4
    assert calls["edict"] == 2 * (2 * 4 + 2 * 4)
    assert calls["bdia"] == 2 * 4 + 2 * 3
    assert told(run, *TEXT.replace("--guidance 2", "").split())["calls"] == 8


def test_a_kept_trajectory_is_gone_back_from(run: Callable) -> None:
    words = [*TEXT.split(), "--source-prompt", "a red hat", "--invert", "null-text"]
    first = told(run, *words, "--save", "way.safetensors", "-o", "first.png")
    assert first["trajectory"] == "way.safetensors"
    # Text, guidance, levels and inversion are those of the file.
    again = told(
        run,
        *["invert", "face.png", "-m", "tiny-text", "--json", "-o", "again.png", "--trajectory"],
        "way.safetensors",
    )
    assert again["inversion"] == "null-text"
    assert again["codec_mae"] == pytest.approx(first["codec_mae"], abs=1e-6)
    assert again["calls"] == 2 * 4
    pictures = [np.array(Image.open(name)) for name in ("first.png", "again.png")]
    assert np.array_equal(*pictures)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["face.png", "-m", "tiny-latent"], "another model"),
        (["face.png", "-m", "tiny-text", "--source-prompt", "a dog"], "another source prompt"),
        (["other.png", "-m", "tiny-text"], "another picture"),
        (["face.png", "-m", "tiny"], "another model"),
    ],
)
def test_a_trajectory_of_something_else_is_refused(
    run: Callable, words: list[str], what: str
) -> None:
    kept = [*TEXT.split(), "--source-prompt", "a red hat", "--save", "way.safetensors"]
    assert run(*kept).code == 0
    Image.new("RGB", (30, 40), "teal").save("other.png")
    ran = run("invert", *words, "--trajectory", "way.safetensors")
    assert ran.code == 2
    assert f"error: the trajectory is of {what}" in ran.err


@pytest.mark.parametrize(
    ("words", "what", "why"),
    [
        ("--invert edict", "another inversion", "ddim, not edict"),
        ("--steps 9", "another path", "not 9 steps"),
        ("--strength 0.3", "another path", "from strength 0.3"),
    ],
)
def test_what_is_asked_for_otherwise_than_the_trajectory_has_it_is_refused(
    run: Callable, words: str, what: str, why: str
) -> None:
    assert run("invert face.png -m tiny --steps 2 --strength 0.5 --save way.safetensors").code == 0
    again = "invert face.png -m tiny --trajectory way.safetensors"
    ran = run(f"{again} {words}")
    assert ran.code == 2
    assert f"error: the trajectory is of {what}" in ran.err
    assert why in ran.err
    assert run(f"{again} --invert ddim --steps 2 --strength 0.5").code == 0


@pytest.mark.parametrize("scale", ["-1", "100.5", "nan", "1e30"])
def test_guidance_has_the_range_that_edits_have(run: Callable, scale: str) -> None:
    ran = run(*TEXT.replace("--guidance 2", "").split(), "--guidance", scale)
    assert ran.code == 2
    assert "guidance_scale must be a number in [0, 100]" in ran.err


def test_a_trajectory_does_not_replace_what_it_is_made_of(run: Callable) -> None:
    command = "invert face.png -m tiny --steps 2 --save way.safetensors"
    assert run(command).code == 0
    assert run(command).code == 2
    assert run(f"{command} --overwrite").code == 0
    again = run(f"{command} --overwrite --trajectory way.safetensors")
    assert again.code == 2
    assert "is an input of this command" in again.err
    assert sorted(p.name for p in Path().iterdir()) == ["face.png", "way.safetensors"]
