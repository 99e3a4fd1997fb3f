"""Commands run in this process, in an empty folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from overpaint.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code and what it said."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder holding `face.png`, 30 x 40 pixels."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    values = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    Image.fromarray(values).save("face.png")
    return tmp_path


@pytest.fixture
def run(here: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Ran]:
    """Run a command line, given as one text or as words."""

    def run(*words: str) -> Ran:
        argv = words[0].split() if len(words) == 1 else list(words)
        capfdbinary.readouterr()
        code = main(argv)
        out, err = capfdbinary.readouterr()
        return Ran(code, out, err.decode())

    return run
