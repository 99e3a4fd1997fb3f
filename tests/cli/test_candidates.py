"""`edit -n` with `--rank`, `--best` and `--sheet`: the order, what is kept, what is removed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from overpaint import ranking
from overpaint.data.sheets import GAP, LINE, SIDE
from overpaint.methods import registry

from ..colours import colours

EDIT = "edit face.png -p red --method sdedit -m tiny --steps 2 -o made/"


@pytest.fixture(autouse=True)
def _ranked_by_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "ranker", colours)


def stop_at(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody presses Ctrl-C while that seed is made."""
    real = registry.perform

    def perform(method: Any, model: Any, task: Any, options: Any, how: Any, parts: Any) -> Any:
        if seed in how.seeds:
            raise KeyboardInterrupt
        return real(method, model, task, options, how, parts)

    monkeypatch.setattr(registry, "perform", perform)


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """That happens while seed 4 is made."""
    stop_at(4, monkeypatch)


def best_first(paths: list[str]) -> list[str]:
    return [paths[each.index] for each in ranking.rank(paths, "red", clip=colours())]


def made() -> list[str]:
    return sorted(str(path) for path in Path("made").iterdir())


def cells(path: str, lines: int = 2) -> int:
    """How many cells of a sheet hold a picture."""
    page = np.asarray(Image.open(path))
    height, width = SIDE + GAP + lines * LINE, SIDE + GAP
    corners = [
        page[top : top + SIDE, left : left + SIDE]
        for top in range(GAP, page.shape[0] - GAP, height)
        for left in range(GAP, page.shape[1] - GAP, width)
    ]
    return sum(bool((each < 250).any()) for each in corners)


def test_the_best_stay_and_are_printed_best_first(run: Callable, here: Path) -> None:
    Path("made").mkdir()
    Path("made/mine.png").write_bytes(b"mine")
    run(f"{EDIT} -n 6")
    order = best_first(made()[:-1])
    for path in order:
        Path(path).unlink()
    ran = run(f"{EDIT} -n 6 --best 2")
    assert (ran.code, ran.err) == (0, "")
    assert ran.text.split() == order[:2]
    assert made() == sorted([*order[:2], "made/mine.png"])


def test_a_file_that_was_changed_meanwhile_is_not_removed(
    run: Callable, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ranking.rank

    def rank(files: list[Path], *asked: Any, **how: Any) -> list[ranking.Ranked]:
        for path in files:
            path.write_bytes(path.read_bytes() + b"mine")
        return real(files, *asked, **how)

    monkeypatch.setattr(ranking, "rank", rank)
    assert run(f"{EDIT} -n 3 --best 1").code == 0
    assert len(made()) == 3


def test_rank_prints_all_with_their_scores(run: Callable, here: Path) -> None:
    rows = [line.split() for line in run(f"{EDIT} -n 3 --rank").text.splitlines()]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert sorted(row[-1] for row in rows) == made()
    scores = [float(row[1]) for row in rows]
    assert scores == sorted(scores, reverse=True)


def test_lines_of_json_carry_the_ranking(run: Callable, here: Path) -> None:
    ran = run(f"{EDIT} -n 4 --best 2 --json")
    lines = [json.loads(line) for line in ran.text.splitlines()]
    assert [line["rank"] for line in lines] == [1, 2]
    for line in lines:
        assert line["score"] == pytest.approx((line["context"] + line["crop"]) / 2)
        assert Path(line["path"]).is_file()


@pytest.mark.parametrize(("prompt", "lines"), [("-p red", 2), ("", 1)])
def test_the_sheet_has_a_cell_for_the_source_and_each_candidate(
    run: Callable, here: Path, prompt: str, lines: int
) -> None:
    edit = EDIT.replace("-p red", prompt)
    ran = run(f"{edit} -n 4 --sheet sheet.png")
    assert ran.code == 0
    assert sorted(ran.text.split()) == made()
    assert cells("sheet.png", lines) == 5


def test_an_interruption_ranks_what_is_finished_and_removes_nothing(
    run: Callable, here: Path, interrupted: None
) -> None:
    ran = run(f"{EDIT} -n 9 --batch 2 --best 1 --sheet sheet.png")
    assert ran.code == 130
    assert made() == [f"made/face.sdedit-{seed}.png" for seed in range(4)]
    assert ran.text.split() == best_first(made())
    assert cells("sheet.png") == 5
    assert "4 of 9 pictures are finished" in ran.err
    assert "--seed 4 -n 5" in ran.err


def test_the_rest_is_made_by_the_command_that_is_told(
    run: Callable, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        stop_at(4, patched)
        told = run(f"{EDIT} -n 6 --batch 2 --best 1 --sheet sheet.png").err
    more = told.partition("same command with ")[2].strip()
    first = Path("sheet.png").read_bytes()
    rest = run(f"{EDIT} --batch 2 --best 1 --sheet sheet.png {more}")
    assert rest.code == 0
    assert len(made()) == 5  # four that were finished, and the better one of two
    assert Path("sheet.png").read_bytes() == first
    assert cells("sheet-1.png") == 3


def test_an_interruption_when_all_is_made_says_so(
    run: Callable, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rank(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(ranking, "rank", rank)
    ran = run(f"{EDIT} -n 2 --best 1")
    assert ran.code == 130
    assert len(made()) == 2
    assert "all pictures are finished" in ran.err


def test_an_interruption_before_the_first_one_leaves_nothing(
    run: Callable, here: Path, interrupted: None
) -> None:
    ran = run(f"{EDIT} --seed 4 -n 3 --sheet sheet.png")
    assert (ran.code, ran.text) == (130, "")
    assert "run the same command again" in ran.err
    assert not Path("sheet.png").exists()


def test_one_picture_that_stands_for_all_is_enough(run: Callable, here: Path) -> None:
    ran = run(f"{EDIT} -n 5 --best 3 --strength 0 -v")
    assert ran.text.split() == made() == ["made/face.sdedit-0.png"]
    assert "the seed makes no difference" in ran.err


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        ("-n 3 --best 4", 2, "4 cannot be chosen of 3"),
        ("-n 3 --sheet .", 2, "it names no file"),
        ("-n 3 --sheet face.png --overwrite", 2, "face.png is an input"),
        ("-n 3 --sheet mask.png --mask mask.png --overwrite", 2, "mask.png is an input"),
        ("-n 1 -o one.png --sheet one.png", 2, "would be written twice"),
        ("-n 1 -o - --rank", 2, "do not fit a pipe"),
        ("-n 3 --sheet none/sheet.png", 1, "its folder does not exist"),
    ],
)
def test_what_cannot_be_done_is_told_before_the_work(
    run: Callable, here: Path, monkeypatch: pytest.MonkeyPatch, more: str, code: int, told: str
) -> None:
    monkeypatch.setattr("overpaint.editing.edits", lambda *_, **__: pytest.fail("work was done"))
    Path("mask.png").write_bytes(Path("face.png").read_bytes())
    ran = run(f"{EDIT} {more}")
    assert ran.code == code
    assert told in ran.err
