"""Pictures through stdin and stdout."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EDIT = "edit - --method sdedit -m tiny --steps 2"


class Pipe(io.BytesIO):
    """Standard input that is no terminal."""

    @property
    def buffer(self) -> "Pipe":
        return self


@pytest.fixture
def pipe(here: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a file come through stdin."""
    return lambda name: monkeypatch.setattr(sys, "stdin", Pipe(Path(name).read_bytes()))


def pixels(path: str | io.BytesIO) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_a_picture_goes_through_pipes(run: Callable, pipe: Callable) -> None:
    run(f"{EDIT.replace('-', 'face.png', 1)} -o file.png")
    pipe("face.png")
    ran = run(EDIT)
    assert ran.err == ""
    assert np.array_equal(pixels(io.BytesIO(ran.out)), pixels("file.png"))


def test_a_mask_comes_through_a_pipe(run: Callable, pipe: Callable) -> None:
    mask = np.zeros((40, 30), np.uint8)
    mask[10:20, 5:15] = 255
    Image.fromarray(mask).save("mask.png")
    edit = EDIT.replace("-", "face.png", 1)
    run(f"{edit} --mask mask.png -o file.png")
    pipe("mask.png")
    assert run(f"{edit} --mask - -o piped.png").code == 0
    assert np.array_equal(pixels("piped.png"), pixels("file.png"))
    assert run(f"{EDIT} --mask -").code == 2


def test_json_takes_stdout_so_the_picture_goes_into_a_file(run: Callable, pipe: Callable) -> None:
    pipe("face.png")
    assert json.loads(run(f"{EDIT} --json").text)["path"] == "stdin.sdedit-0.png"


def test_a_reconstruction_goes_through_a_pipe_and_its_figures_to_stderr(run: Callable) -> None:
    ran = run("invert face.png -m tiny --steps 1 -o - -v")
    assert pixels(io.BytesIO(ran.out)).shape == (40, 30, 3)
    assert "psnr" in ran.err


def test_a_closed_stdin_is_an_error_of_usage(
    run: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    ran = run(EDIT)
    assert ran.code == 2
    assert "stdin is closed" in ran.err
