"""`overpaint edit` and `replay`: files, pipes, records, and nothing lost."""

import hashlib
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from overpaint.data.metadata import read_record

EDIT = "edit face.png -p smile --method sdedit -m tiny --steps 2"


class Pipe(io.BytesIO):
    """Standard input that is no terminal."""

    @property
    def buffer(self) -> "Pipe":
        return self


def pixels(path: str | io.BytesIO) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_the_default_name_is_printed_and_nothing_else(run: Callable, here: Path) -> None:
    ran = run(EDIT)
    assert (ran.code, ran.text, ran.err) == (0, "face.sdedit-0.png\n", "")
    assert pixels("face.sdedit-0.png").shape == (40, 30, 3)


def test_each_seed_has_its_own_file_and_record(run: Callable, here: Path) -> None:
    ran = run(f"{EDIT} --seed 7 -n 2 -o made/")
    assert ran.text.split() == ["made/face.sdedit-7.png", "made/face.sdedit-8.png"]
    assert [read_record(path).seeds for path in ran.text.split()] == [(7,), (8,)]
    alone = run(f"{EDIT} --seed 8 -o alone.png")
    assert alone.code == 0
    assert np.array_equal(pixels("alone.png"), pixels("made/face.sdedit-8.png"))


def test_several_pictures_of_one_name_are_told_apart_by_seed(run: Callable, here: Path) -> None:
    assert run(f"{EDIT} -n 2 -o out.png").text.split() == ["out-0.png", "out-1.png"]


def test_json_is_all_that_stands_on_stdout(run: Callable, here: Path) -> None:
    ran = run(f"{EDIT} -n 2 --json -v")
    lines = [json.loads(line) for line in ran.text.splitlines()]
    assert [line["seed"] for line in lines] == [0, 1]
    for line in lines:
        content = Path(line["path"]).read_bytes()
        assert line["sha256"] == hashlib.sha256(content).hexdigest()
        assert line["calls"] == 4
        assert line["seconds"] > 0
        assert line["record"]["options"]["num_inference_steps"] == 2


def test_v_tells_what_was_done_on_stderr(run: Callable, here: Path) -> None:
    assert "sdedit with tiny: 2 network calls in" in run(f"{EDIT} -v").err


def test_options_reach_the_record(run: Callable, here: Path) -> None:
    run(f"{EDIT} --strength 0.25 -O solver=ddim -o out.png")
    options = read_record("out.png").options
    assert (options["strength"], options["solver"]) == (0.25, "ddim")


def test_a_picture_goes_through_pipes(
    run: Callable, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(f"{EDIT} -o file.png")
    monkeypatch.setattr(sys, "stdin", Pipe(Path("face.png").read_bytes()))
    ran = run(EDIT.replace("face.png", "-"))
    assert ran.err == ""
    assert np.array_equal(pixels(io.BytesIO(ran.out)), pixels("file.png"))


def test_nothing_is_overwritten_unasked(run: Callable, here: Path) -> None:
    Path("out.png").write_bytes(b"mine")
    refused = run(f"{EDIT} -o out.png")
    assert (refused.code, Path("out.png").read_bytes()) == (2, b"mine")
    assert "--overwrite" in refused.err
    assert run(f"{EDIT} -o out.png --overwrite").code == 0
    assert pixels("out.png").shape == (40, 30, 3)


def test_bytes_outside_the_mask_stay(run: Callable, here: Path) -> None:
    mask = np.zeros((40, 30), np.uint8)
    mask[10:20, 5:15] = 255
    Image.fromarray(mask).save("mask.png")
    run(f"{EDIT} --mask mask.png -o out.png")
    before, after = pixels("face.png"), pixels("out.png")
    assert np.array_equal(before[mask == 0], after[mask == 0])
    assert not np.array_equal(before, after)


def test_replay_makes_the_same_pixels(run: Callable, here: Path) -> None:
    run(f"{EDIT} --seed 3 -o out.png")
    ran = run("replay out.png")
    assert (ran.code, ran.text) == (0, "out.png: identical\n")
    told = json.loads(run("replay out.png --json -o again.png").text)
    assert (told["verdict"], told["changed"], told["path"]) == ("identical", [], "again.png")
    assert np.array_equal(pixels("out.png"), pixels("again.png"))


def test_replay_says_when_the_pixels_differ(run: Callable, here: Path) -> None:
    run(f"{EDIT} -o out.png")
    with Image.open("out.png") as picture:
        info = {"pnginfo": _texts(picture)}
        Image.fromarray(255 - np.asarray(picture)).save("other.png", **info)
    ran = run("replay other.png")
    assert (ran.code, ran.text) == (1, "other.png: differs\n")


def test_replay_finds_the_original_by_its_content(run: Callable, here: Path) -> None:
    Path("made").mkdir()
    run(f"{EDIT} -o made/out.png")
    Path("face.png").rename("moved.png")
    Image.new("RGB", (30, 40)).save("face.png")
    lost = run("replay made/out.png")
    assert lost.code == 2
    assert "--image FILE" in lost.err
    assert run("replay made/out.png --image moved.png").text == "made/out.png: identical\n"


def _texts(picture: Image.Image) -> object:
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_itxt("overpaint", str(picture.info["overpaint"]))
    return texts
