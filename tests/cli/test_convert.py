"""`overpaint convert`, and checkpoints given by -m."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from .. import golden


@pytest.fixture
def state(here: Path) -> dict[str, torch.Tensor]:
    """A small checkpoint's tensors; `it.ckpt` holds them."""
    facts = golden.facts("ddpm_unet_b")
    tensors = golden.filled(facts["state"], facts["gain"], 1)
    torch.save(tensors, "it.ckpt")
    return tensors


class Canary:
    """What runs where a pickle is trusted."""

    def __reduce__(self) -> tuple:
        return os.mkdir, ("canary",)


@pytest.mark.usefixtures("state")
def test_a_checkpoint_is_converted_and_used(run: Callable) -> None:
    ran = run("convert it.ckpt -o made -O size=32 -v")
    assert (ran.code, ran.text) == (0, "made\n")
    assert "ddpm, 3,231,619 parameters" in ran.err
    assert run("convert it.ckpt -o made -O size=32").code == 2
    again = run("convert it.ckpt -o made -O size=32 --overwrite --json")
    found = json.loads(again.text)
    assert (found["path"], found["card"]["given"]) == ("made", {"size": 32})
    for model in ("made", "it.ckpt"):
        ran = run(f"invert face.png -m {model} --steps 2 --dtype float32 --json")
        assert ran.code == 0, ran.err
        found[model] = json.loads(ran.text)["mae"]
    assert found["made"] > 0


@pytest.mark.parametrize(
    ("damage", "code", "said"),
    [
        ("cut", 5, "cannot be read as plain weights"),
        ("noise", 5, "it is damaged, or no checkpoint"),
        ("hostile", 5, "mkdir, and was not run"),
        ("wrong shape", 5, "mid.block_1.conv1.weight is (3, 3), expected (128, 128, 3, 3)"),
        ("missing", 5, "conv_in.bias (64,) is missing"),
        ("nan", 1, "in the tensor 'conv_in.bias'"),
        ("unknown", 3, "no checkpoint of a kind that is known here"),
        ("no tensors", 3, "holds no weights"),
        ("script", 3, "no checkpoint of a kind that is known here"),
    ],
)
def test_bad_checkpoints_are_three_lines(
    run: Callable, state: dict, damage: str, code: int, said: str
) -> None:
    whole = Path("it.ckpt").read_bytes()
    contents = {
        "hostile": {**state, "x": Canary()},
        "wrong shape": {**state, "mid.block_1.conv1.weight": torch.ones(3, 3)},
        "missing": {name: tensor for name, tensor in state.items() if name != "conv_in.bias"},
        "nan": {**state, "conv_in.bias": torch.full((64,), float("nan"))},
        "unknown": {"weight": torch.ones(2)},
        "no tensors": {"epoch": 3},
    }
    if damage in contents:
        torch.save(contents[damage], "it.ckpt")
    elif damage == "script":
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), "it.ckpt")
    else:
        Path("it.ckpt").write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"\7" * 999)
    for command in ("convert it.ckpt -o made", "invert face.png -m it.ckpt --steps 2"):
        ran = run(command)
        assert ran.code == code, ran.err
        assert said in ran.err
        starts = [line[:7] for line in ran.err.splitlines()]
        assert starts == ["error: ", "why:   ", "try:   "]
        assert len(ran.err) < 700
        assert ran.out == b""
    assert not {"made", "canary"} & {path.name for path in Path().iterdir()}
