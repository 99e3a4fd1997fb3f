"""`overpaint edit` and `replay`: files, pipes, records, and nothing lost."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from overpaint.data.metadata import read_record
from overpaint.methods import registry
from overpaint.methods.registry import Method, Run

EDIT = "edit face.png -p smile --method sdedit -m tiny --steps 2"


def pixels(path: str) -> np.ndarray:
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
        assert line["calls"] == 2
        assert line["seconds"] > 0
        assert line["record"]["options"]["num_inference_steps"] == 2


def test_v_tells_what_was_done_on_stderr(run: Callable, here: Path) -> None:
    assert "sdedit with tiny: 2 network calls in" in run(f"{EDIT} -v").err


def test_options_reach_the_record(run: Callable, here: Path) -> None:
    run(f"{EDIT} --strength 0.25 -O solver=ddim -o out.png")
    options = read_record("out.png").options
    assert (options["strength"], options["solver"]) == (0.25, "ddim")


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


@pytest.mark.parametrize("more", ["", "--json"])
def test_an_interrupted_edit_keeps_what_is_done(
    run: Callable, here: Path, monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    real = registry.perform

    def interrupted(method: Method, model: Any, task: Any, options: Any, how: Run, parts: Any):
        if how.seeds == (2,):
            raise KeyboardInterrupt
        return real(method, model, task, options, how, parts)

    monkeypatch.setattr(registry, "perform", interrupted)
    ran = run(f"{EDIT} -n 9 --batch 1 -o made/ {more}")
    assert ran.code == 130
    assert len(ran.text.splitlines()) == 2
    assert [read_record(path).seeds for path in sorted(here.glob("made/*"))] == [(0,), (1,)]
    assert "2 of 9 pictures are finished" in ran.err
    assert "--seed 2 -n 7" in ran.err


def test_a_prompt_that_nothing_reads_is_told(run: Callable, here: Path) -> None:
    (line,) = run(f"{EDIT} --json").text.splitlines()
    (note,) = json.loads(line)["warnings"]
    assert "the prompt has no effect" in note
    assert note in run(f"{EDIT} -n 2 -v").err
    unasked = run(f"{EDIT.replace('-p smile ', '')} --json")
    assert json.loads(unasked.text)["warnings"] == []


def test_a_new_folder_is_made_for_the_first_picture_alone(run: Callable, here: Path) -> None:
    assert run(f"{EDIT.replace('face', 'nope')} -o new/deep/").code == 2
    assert not Path("new").exists()
    assert run(f"{EDIT} -o new/deep/").text == "new/deep/face.sdedit-0.png\n"
    assert run(f"{EDIT} -o face.png/").code == 1


def test_a_name_that_is_taken_gets_a_number(run: Callable, here: Path) -> None:
    Path("made").mkdir()
    command = "invert face.png -m tiny --steps 1 -o made/"
    assert [run(command).code, run(command).code] == [0, 0]
    run(f"{EDIT} -o made/out.png")
    assert run("replay made/out.png -o made/").code == 0
    names = ["out-1.png", "out.png", "reconstruction-1.png", "reconstruction.png"]
    assert sorted(path.name for path in Path("made").iterdir()) == names


@pytest.mark.parametrize("verb", ["edit", "invert"])
def test_transparency_that_the_format_lacks_is_told_before_the_work(
    run: Callable, here: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    for work in ("overpaint.editing.edits", "overpaint.inverting.reconstruct"):
        monkeypatch.setattr(work, lambda *_, **__: pytest.fail("work was done"))
    Image.new("RGBA", (8, 8), (9, 9, 9, 100)).save("clear.png")
    ran = run(f"{verb} clear.png -m tiny -o out.jpg")
    assert ran.code == 2
    assert "transparent" in ran.err


def test_exif_is_kept_when_asked_for(run: Callable, here: Path) -> None:
    tags = Image.Exif()
    tags.get_ifd(0x8825)[0x1D] = "SECRET-PLACE"
    Image.open("face.png").save("face.jpg", exif=tags)
    edit = EDIT.replace("face.png", "face.jpg")
    for more, kept in (("", False), ("--keep-exif", True)):
        path = run(f"{edit} {more}").text.strip()
        assert (b"SECRET-PLACE" in Path(path).read_bytes()) == kept


def test_the_limit_of_pixels_is_a_flag(run: Callable, here: Path) -> None:
    Image.new("L", (60, 80), 255).save("mask.png")
    for more in ("", "--mask mask.png"):
        refused = run(f"{EDIT} {more} --max-pixels {4799 if more else 1199} -o no.png")
        assert refused.code == 2
        assert "--max-pixels" in refused.err
        assert run(f"{EDIT} {more} --max-pixels 4800 -o out.png --overwrite").code == 0
    assert run("invert face.png -m tiny --steps 1 --max-pixels 1199").code == 2
    assert run("replay out.png --max-pixels 1199").code == 2
    assert run("replay out.png --max-pixels 4800").code == 0


def test_a_method_is_looked_up_before_files_are_named_after_it(run: Callable) -> None:
    ran = run("edit face.png -p x -m tiny --method a/b")
    assert ran.code == 2
    assert "there is no method 'a/b'" in ran.err
