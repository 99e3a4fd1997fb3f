"""`overpaint bench pie` and `bench dream`: what is told, and what is refused."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from overpaint.bench import networks
from overpaint.bench.dream_data import subjects
from overpaint.metrics import perceptual

from ..folders import write_clip
from ..published import ENTRIES, lpips, smooth, write_dino, write_dream, write_pie

BY = "--clip clip --dino dino --device cpu"


@pytest.fixture
def there(run: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Commands beside both data sets, networks, and pictures that others made."""
    monkeypatch.setitem(sys.modules, "lpips", lpips())
    for kept in (networks._lpips, networks._clip_of, networks._dino_of, perceptual._kept):
        kept.cache_clear()
    write_pie(Path("pie"))
    write_dream(Path("dream"))
    write_clip(Path("clip"), context=40)
    write_dino(Path("dino"))
    return run


def test_the_table_has_the_published_columns_and_says_how_many_have_a_number(there):
    ran = there("bench", "pie", "pie", "-o", "out", "--method", "no edit", *BY.split())
    assert ran.code == 0, ran.err
    titles, line = ran.text.splitlines()
    assert titles.startswith("WAY      EDITS  STRUCTURE x1000  BACKGROUND PSNR dB")
    assert "no edit  4      0 (0..0)         54 (54..54) of 3" in line
    assert "CLIP EDITED x100" in titles
    again = there("bench", "pie", "pie", "-o", "out", "--method", "no edit", *BY.split())
    assert again.text == ran.text


def test_compat_has_the_published_seed_and_a_folder_of_its_own(there):
    asked = ["bench", "pie", "pie", "-o", "out", "-n", "1", "--method", "no edit", *BY.split()]
    ran = there(*asked, "--compat", "--json")
    (row,) = map(json.loads, ran.text.splitlines())
    assert (row["seed"], row["protocol"], row["background_psnr"]) == (1234, "published", None)
    assert row["background_lpips"] == row["background_mse"] == 0
    refused = there(*asked)
    assert refused.code == 2
    assert "protocol published" in refused.err


@pytest.mark.parametrize("asked", ["pie pie --made", "dream dream --class-pictures"])
def test_pictures_of_others_are_looked_for_before_any_work(there, asked):
    ran = there(f"bench {asked} nowhere -o out")
    assert ran.code == 2
    assert "nowhere is no folder" in ran.err
    assert not Path("out").exists()


def test_what_others_made_is_scored_and_no_method_edits(there):
    for each in ENTRIES.values():
        path = Path("theirs", each["image_path"]).with_suffix(".png")
        path.parent.mkdir(parents=True, exist_ok=True)
        smooth(3).save(path)
    ran = there(f"bench pie pie -o out --type 0 --made theirs --json {BY}")
    rows = list(map(json.loads, ran.text.splitlines()))
    ways = ["no edit", "random other picture", "pictures of theirs"]
    assert [row["way"] for row in rows] == [way for way in ways for _ in range(2)]
    found, _ = subjects(Path("dream"))
    for number in range(3):
        Path("mine/bag").mkdir(parents=True, exist_ok=True)
        smooth(number, 48).save(f"mine/bag/00_{number}.png")
        Path("class/bag").mkdir(parents=True, exist_ok=True)
        smooth(number + 9, 48).save(f"class/bag/{number}.png")
    made = "--made mine --class-pictures class"
    ran = there(f"bench dream dream -n 1 --subject bag -o out2 {made} --json {BY}")
    rows = list(map(json.loads, ran.text.splitlines()))
    mine = [row for row in rows if row["way"] == "pictures of mine"]
    assert len(mine) == len(found[0].pictures)
    assert ["div" in row for row in mine] == [False, False, True]
    classes = [row for row in rows if row["way"] == "classes of class"]
    assert [row["edit"] for row in classes] == [f"class/bag/{n}.png" for n in range(3)]
    assert all("pres" in row and "dino" not in row for row in classes)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("bench pie none -o out", "holds no PIE-Bench"),
        ("bench pie pie -o out --type 11", "no type '11'"),
        ("bench pie pie -o out --clip none", "no CLIP 'none'"),
        ("bench pie pie -o out -O strength=0.5", "-O is for one method"),
        ("bench pie pie -o out -m tiny", "--model is for methods that are named"),
        ("bench dream pie -o out", "holds no DreamBench"),
        ("bench dream dream -o out --subject dog", "no subject 'dog'"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(there, command, said):
    ran = there(command)
    assert ran.code in (2, 3)
    assert said in ran.err
    assert not Path("out").exists()


def test_networks_that_are_not_there_are_told_of(there):
    ran = there("bench", "pie", "pie", "-n", "1", "-o", "out", "--method", "no edit", "-v")
    assert "no scores by CLIP" in ran.err
    assert "hf download facebook/dino-vitb8" in ran.err
    assert "LPIPS:" not in ran.err
