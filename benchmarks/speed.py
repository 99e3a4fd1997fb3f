"""Seconds of one edit, of one tuning and of the first answer of the command line."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import overpaint
from overpaint.models.zoo import WEIGHTS

PORTRAIT = Path(__file__).parent.parent / "examples" / "portrait.png"
PROMPT = "a pencil sketch of a person"
SWAP = {"source_prompt": "a photo of a person", "prompt": "a photo of a person with red hair"}
SWAPS: Mapping[str, Mapping[str, Any]] = {
    "diffedit": {"method": "diffedit"},
    "prompt-to-prompt, direct": {"method": "prompt-to-prompt", "inversion": "direct"},
    "prompt-to-prompt, edit-friendly": {"method": "prompt-to-prompt", "inversion": "edit-friendly"},
}
"""Edits by two texts, of 50 steps, with the model that reads text."""


def measured(repeats: int = 5) -> dict[str, float]:
    """Medians; tuning is what the cards of the embedded adapters say."""
    model = overpaint.load("portraits")
    overpaint.edit(PORTRAIT, PROMPT, model=model)
    edits = [overpaint.edit(PORTRAIT, PROMPT, model=model).seconds for _ in range(repeats)]
    cards = [json.loads(path.read_text()) for path in (WEIGHTS / "adapters").glob("*/card.json")]
    return {
        "edit, model loaded": median(edits),
        **_swaps(repeats),
        "edit, from the start of the process": _timed("edit", str(PORTRAIT), "-p", PROMPT),
        "--help": median([_timed("--help") for _ in range(repeats)]),
        "tuning one text, mean": sum(card["seconds"] for card in cards) / max(1, len(cards)),
        "tuning one text, longest": max((card["seconds"] for card in cards), default=0.0),
    }


def _swaps(repeats: int) -> dict[str, float]:
    model, steps = overpaint.load("portraits-latent"), {"num_inference_steps": 50}
    return {
        f"{way}, model loaded": median(
            overpaint.edit(PORTRAIT, model=model, **SWAP, **how, **steps).seconds
            for _ in range(repeats)
        )
        for way, how in SWAPS.items()
    }


def _timed(*arguments: str) -> float:
    command = [str(Path(sys.executable).parent / "overpaint"), *arguments]
    if arguments[0] == "edit":
        command += ["-o", "-"]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
