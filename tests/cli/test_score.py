"""`overpaint score`: one picture, many, and sets, as tables and as lines."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def folders(here: Path) -> None:
    """Three edits beside their sources, of which one is unchanged; and one without a source."""
    for folder in ("from", "made"):
        Path(folder).mkdir()
    rng = np.random.default_rng(0)
    for name in "abc":
        source = rng.integers(50, 200, (24, 32, 3), dtype=np.uint8)
        Image.fromarray(source).save(f"from/{name}.png")
        Image.fromarray(source + 10 * "cab".index(name)).save(f"made/{name}.sdedit-0.png")
    Image.fromarray(source).save("made/lost.png")


def row(text: str, metric: str) -> list[str]:
    (found,) = (line.split("  ") for line in text.splitlines() if line.startswith(metric))
    return [cell.strip() for cell in found if cell.strip()]


def test_an_unchanged_picture_is_infinitely_like_itself(run: Callable) -> None:
    asked = "score face.png --against face.png --metric psnr --metric ssim"
    assert row(run(asked).text, "psnr") == ["psnr", "inf", "1", "higher", "dB"]
    assert row(run(asked).text, "ssim") == ["ssim", "1", "1", "higher"]
    (line,) = map(json.loads, run(f"{asked} --json").text.splitlines())
    assert line == {
        "path": "face.png",
        "against": "face.png",
        "real": None,
        "psnr": None,
        "ssim": 1,
    }


@pytest.mark.usefixtures("folders")
def test_means_have_intervals_and_tell_what_is_not_in_them(run: Callable) -> None:
    ran = run("score made --against from --metric psnr --metric mae -v")
    psnr = [20 * np.log10(25.5), 20 * np.log10(12.75)]
    middle, interval = row(ran.text, "psnr")[1].split(" (")
    assert float(middle) == pytest.approx(np.mean(psnr), abs=0.01)
    low, high = map(float, interval.rstrip(")").split(".."))
    assert (low, high) == pytest.approx((psnr[1], psnr[0]), abs=0.01)
    assert row(ran.text, "psnr")[2] == "2 and 1 infinite"
    assert row(ran.text, "mae")[2] == "3"
    assert "made/lost.png has no partner in --against" in ran.err


@pytest.mark.usefixtures("folders")
def test_sets_have_a_line_of_their_own(run: Callable) -> None:
    ran = run("score made --real from --against from --metric mae --metric kid -v")
    assert row(ran.text, "kid")[2] == "4 and 3"
    *each, last = map(
        json.loads, run("score made --real from --metric kid --json").text.splitlines()
    )
    assert each == []
    assert last.keys() == {"path", "against", "real", "pictures", "kid"}
    assert (last["path"], last["real"], last["pictures"]) == (None, "from", 4)
    told = run("score made --real from --metric fid -v").err
    assert "compare fid with that of as many pictures alone" in told


def test_refusals_come_before_the_work(run: Callable) -> None:
    assert "psnr needs --against" in run("score face.png --metric psnr").err
    assert run("score face.png").code == 2
    ran = run("score face.png --against face.png --dino a/b --metric dino")
    assert (ran.code, "hf download a/b" in ran.err) == (3, True)
