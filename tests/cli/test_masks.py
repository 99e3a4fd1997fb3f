"""Masks that are found, and masks that are saved, on the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from overpaint.data.metadata import read_record

EDIT = "edit face.png -p hat --source-prompt cat -m tiny-text --steps 2"


def pixels(path: str) -> np.ndarray:
    return np.asarray(Image.open(path))


def outside_is_kept(mask: str, made: str) -> bool:
    outside = pixels(mask) == 0
    assert outside.any()
    assert not outside.all()
    return np.array_equal(pixels(made)[outside], pixels("face.png")[outside])


@pytest.mark.parametrize("method", ["sdedit", "blended"])
def test_a_mask_is_found_saved_and_kept_to(run: Callable, here: Path, method: str) -> None:
    ran = run(f"{EDIT} --method {method} --mask auto --save-mask mask.png -o out.png -v")
    assert (ran.code, ran.text) == (0, "out.png\n")
    assert "the mask was found: " in ran.err
    assert pixels("mask.png").shape == (40, 30)
    assert outside_is_kept("mask.png", "out.png")
    assert run("replay out.png").code == 0


def test_how_it_is_found_can_be_said(run: Callable, here: Path) -> None:
    for number in (3, 5):
        how = f"--mask auto --mask-option threshold=0.{number} --mask-option num-maps-per-mask=4"
        run(f"{EDIT} --method sdedit {how} --save-mask {number}.png -o out-{number}.png")
        record = read_record(f"out-{number}.png")
        assert record.mask_options["num_maps_per_mask"] == 4
    assert (pixels("3.png") > 0).sum() > (pixels("5.png") > 0).sum()


def test_a_mask_that_was_saved_can_be_given(run: Callable, here: Path) -> None:
    asked = f"{EDIT} --method sdedit"
    run(f"{asked} --mask auto --save-mask mask.png -o one.png")
    run(f"{asked} --mask mask.png -o two.png")
    assert np.array_equal(pixels("one.png"), pixels("two.png"))


def test_each_seed_has_its_own_mask_where_the_method_finds_it(run: Callable, here: Path) -> None:
    asked = f"{EDIT} --method diffedit -n 2 --seed 5 -o out.png"
    assert run(f"{asked} --save-mask mask.png").code == 0
    for seed in (5, 6):
        assert outside_is_kept(f"mask-{seed}.png", f"out-{seed}.png")
    assert not np.array_equal(pixels("mask-5.png"), pixels("mask-6.png"))


def test_one_mask_of_all_is_saved_once(run: Callable, here: Path) -> None:
    run(f"{EDIT} --method sdedit -n 2 --mask auto --save-mask mask.png -o made/")
    assert sorted(path.name for path in here.glob("*.png")) == ["face.png", "mask.png"]


def test_regions_are_found_each_by_its_own_text(run: Callable, here: Path) -> None:
    edit = EDIT.replace("-p hat ", "")
    regions = ["--region", "auto=a red hat", "--region", "auto=a dog"]
    more = [*regions, "--method", "diffedit", "--save-mask", "mask.png", "-o", "out.png", "-v"]
    ran = run(*edit.split(), *more)
    assert ran.code == 0, ran.err
    assert ran.err.count("was found: ") == 2
    assert outside_is_kept("mask.png", "out.png")
    assert run("replay out.png").code == 0


def test_json_lines_hold_how_the_mask_was_found(run: Callable, here: Path) -> None:
    ran = run(f"{EDIT} --method sdedit --mask auto --json")
    record = json.loads(ran.text)["record"]
    assert record["mask"] == "auto"
    assert record["mask_options"]["threshold"] == 0.5


def test_the_mask_of_an_edit_that_may_act_anywhere_is_white(run: Callable, here: Path) -> None:
    asked = f"{EDIT} --method prompt-to-prompt -O local_blend=off"
    assert run(f"{asked} --save-mask mask.png -o out.png").code == 0
    assert pixels("mask.png").shape == pixels("out.png").shape[:2]
    assert pixels("mask.png").min() == 255
