"""Every verb's `--json` prints the fields that docs/json.md publishes, and nothing else."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from overpaint.data.face import Face
from overpaint.models.bundle import DiffusionModel
from overpaint.recipes import diffusionclip, pixel

from .. import golden
from ..adapters import write_random
from ..measuring import filled
from ..published import write_dream, write_pie

PAGE = (Path(__file__).parents[2] / "docs/json.md").read_text()
TYPES = {
    "boolean": bool,
    "text": str,
    "number": int | float,
    "list": list,
    "object": dict,
    "null": type(None),
}
COMMANDS = {
    "edit": "edit face.png -p x -m tiny --method sdedit --steps 1 -n 2",
    "replay": "replay face.sdedit-0.png",
    "faces": "faces face.png",
    "invert": "invert face.png -m tiny --steps 2",
    "explain": "explain face.png -p cat -m tiny-text --steps 1",
    "methods": "methods",
    "models": "models",
    "convert": "convert it.ckpt -o made",
    "train": "train",
    "train RECIPE": "train pixel -o runs/pixel",
    "tune": "tune diffusionclip -p x -m tiny -o adapter",
    "strokes simulate": "strokes simulate face.png",
    "strokes lay": "strokes lay face.png --paper white",
    "strokes paste": "strokes paste face.png --onto face.png --at 9,9",
    "strokes mask": "strokes mask face.guide.png face.png",
    "portraits render": "portraits render -n 2 --size 32 -o world",
    "bench sweep": "bench sweep sdedit -m tiny-text -O strength=0.6 -n 1 --size 64 -o bench",
    "bench portraits": "bench portraits -n 2 --size 64 --method diffusionclip -o bench",
    "bench report": "bench report measured",
    "bench pie": "bench pie pie -n 1 --method sdedit -m tiny -O num_inference_steps=1 -o edits",
    "bench dream": "bench dream dream -n 1 --method sdedit -m tiny -O strength=0 -o made",
    "score": "score face.png face.sdedit-0.png --against face.png --real .",
    "doctor": "doctor",
}


def published() -> dict[str, dict[str, str]]:
    """Verb -> field -> its types; the field `...` stands for any."""
    sections = [section.partition("\n") for section in PAGE.split("\n## ")[1:]]
    row = re.compile(r"^\| `?([a-z0-9_.]+)`? \| (?!type)([a-z ]+) \|", re.M)
    return {verb: dict(row.findall(rest)) for verb, _, rest in sections}


@pytest.fixture
def quick(run: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Commands beside an edited picture; nothing is trained or tuned."""
    monkeypatch.setattr(pixel, "run", lambda folder, config, watch: {"finished": False})

    def tuned(model: DiffusionModel, *_: object, folder: Path, **__: object) -> Path:
        return write_random(model, folder)

    monkeypatch.setattr(diffusionclip, "tune", tuned)
    monkeypatch.setattr("overpaint.data.finding.find", lambda pixels: [Face(15, 20, 9)])
    facts = golden.facts("ddpm_unet_b")
    torch.save(golden.filled(facts["state"], facts["gain"], 1), "it.ckpt")
    monkeypatch.setattr("overpaint.models.inventory.problems", lambda: {"portraits": ""})
    filled(Path("measured"))
    write_pie(Path("pie"))
    write_dream(Path("dream"))
    assert run(f"{COMMANDS['edit']} --overwrite").code == 0
    assert run(f"{COMMANDS['strokes paste']} -o face.guide.png").code == 0
    return run


def test_every_verb_is_published() -> None:
    assert published().keys() == COMMANDS.keys()


@pytest.mark.parametrize("verb", COMMANDS)
def test_lines_have_the_published_fields(quick: Callable, verb: str) -> None:
    fields = published()[verb]
    more = fields.pop("...", None)
    ran = quick(f"{COMMANDS[verb]} --json")
    assert ran.code == 0, ran.err
    assert ran.text
    for line in map(json.loads, ran.text.splitlines()):
        assert line.keys() == fields.keys() or (line.keys() > fields.keys() and more)
        for name, kinds in fields.items():
            assert any(isinstance(line[name], TYPES[kind]) for kind in kinds.split(" or ")), name
