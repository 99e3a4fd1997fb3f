"""A folder of diffusers' LDMPipeline on the command line: edited, replayed, faults told."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from overpaint.data.metadata import read_record

from ..folders import write_latent

EDIT = "edit face.png --method sdedit --steps 2 -m ldm"


@pytest.fixture(autouse=True)
def folder(here: Path) -> Path:
    return write_latent(here / "ldm")


def pixels(path: str) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_a_masked_edit_keeps_every_byte_outside_and_is_replayed(run: Callable, here: Path) -> None:
    mask = np.zeros((40, 30), np.uint8)
    mask[7:21, 5:18] = 255
    Image.fromarray(mask).save("mask.png")
    ran = run(f"{EDIT} --mask mask.png -o out.png")
    assert (ran.code, ran.text) == (0, "out.png\n")
    was, made = pixels("face.png"), pixels("out.png")
    assert np.array_equal(made[mask == 0], was[mask == 0])
    assert (made[mask > 0] != was[mask > 0]).mean() > 0.9
    assert read_record("out.png").model == "ldm"
    assert run("replay out.png -o again.png").code == 0
    assert np.array_equal(pixels("again.png"), made)


def test_a_damaged_autoencoder_is_told(run: Callable, folder: Path) -> None:
    for weights in (folder / "vqvae").glob("*.safetensors"):
        weights.write_bytes(weights.read_bytes()[:100])
    ran = run(f"{EDIT} -o out.png")
    assert ran.code != 0
    assert "safetensors" in ran.err
    assert "Traceback" not in ran.err
    assert not Path("out.png").exists()
