"""Every error says what, why and what to do; `errors.txt` holds their words.

After a change on purpose: OVERPAINT_REWRITE=1 pytest tests/cli/test_errors.py
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from PIL import Image

from overpaint.core.schedule import CLEAN, Level
from overpaint.inversions.storing import packed
from overpaint.inversions.trajectory import Key, Trajectory
from overpaint.models.families.tiny import tiny_text

SNAPSHOTS = Path(__file__).parent / "errors.txt"


def told() -> dict[str, str]:
    """Command line -> exit code and stderr."""
    blocks = [block.partition("\n") for block in SNAPSHOTS.read_text().strip().split("\n\n")]
    return {command.removeprefix("$ overpaint "): rest for command, _, rest in blocks}


@pytest.fixture
def unsuitable(here: Path) -> None:
    """Files that something is wrong with."""
    content = Path("face.png").read_bytes()
    Path("cut.png").write_bytes(content[: len(content) // 2])
    Path("words.png").write_text("no picture")
    Path("empty.png").write_bytes(b"")
    Path("folder.png").mkdir()
    Path("there.png").write_bytes(b"mine")
    Path("model").mkdir()
    Path("pickled/unet").mkdir(parents=True)
    Path("pickled/unet/weights.ckpt").write_bytes(b"\x80\x04.")
    Path("pickled/unet/config.json").write_text('{"_class_name": "UNet2DModel", "sample_size": 8}')
    Image.new("L", (7, 5)).save("small-mask.png")
    Image.new("RGBA", (8, 8)).save("clear.png")
    Path("drawing.png").write_bytes(b"8BPS\0\1" + bytes(64))
    Path("latent/unet").mkdir(parents=True)
    Path("latent/unet/config.json").write_text('{"_class_name": "UNet2DConditionModel"}')
    Path("clip").mkdir()
    Path("clip/config.json").write_text('{"model_type": "clip"}')
    Path("adapter").mkdir()
    Path("adapter/card.json").write_text('{"prompt": "x"}')
    Path("theirs").mkdir()
    Path("theirs/config.json").write_text("{}")
    Path("way.safetensors").write_bytes(packed(_way()))


def _way() -> Trajectory:
    """Of another picture of tiny-text's."""
    levels = (Level(500.0, 0.6, 0.8), CLEAN)
    states = dict.fromkeys(levels, torch.zeros(1, 4, 8, 8))
    empties = {levels[0]: tiny_text().text([""])}
    key = Key("tint000000", ("cat",), 7.5)
    return Trajectory(states, levels, empties=empties, inversion="null-text", key=key)


@pytest.mark.usefixtures("unsuitable")
@pytest.mark.parametrize("command", list(told()))
def test_errors_are_three_lines_with_an_exit_code(run: Callable, command: str) -> None:
    ran = run(command)
    said = f"{ran.code}\n{ran.err}".strip().replace(constants.HF_HUB_CACHE, "<cache>")
    if os.environ.get("OVERPAINT_REWRITE"):
        blocks = {**told(), command: said}
        text = [f"$ overpaint {line}\n{words}" for line, words in blocks.items()]
        SNAPSHOTS.write_text("\n\n".join(text) + "\n")
    assert said == told()[command]
    starts = [line[:7] for line in ran.err.splitlines()]
    assert starts == ["error: ", "why:   ", "try:   "]
    assert ran.out == b""
    assert not [path for path in Path().iterdir() if path.name.startswith("out")]
