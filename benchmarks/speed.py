"""Seconds of one edit, of one tuning and of the first answer of the command line."""

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import overpaint
from overpaint.models.zoo import WEIGHTS

PORTRAIT = Path(__file__).parent.parent / "examples" / "portrait.png"
PROMPT = "a pencil sketch of a person"


def measured(repeats: int = 5) -> dict[str, float]:
    """Medians; tuning is what the cards of the embedded adapters say."""
    model = overpaint.load("portraits")
    overpaint.edit(PORTRAIT, PROMPT, model=model)
    edits = [overpaint.edit(PORTRAIT, PROMPT, model=model).seconds for _ in range(repeats)]
    cards = [json.loads(path.read_text()) for path in (WEIGHTS / "adapters").glob("*/card.json")]
    return {
        "edit, model loaded": median(edits),
        "edit, from the start of the process": _timed("edit", str(PORTRAIT), "-p", PROMPT),
        "--help": median([_timed("--help") for _ in range(repeats)]),
        "tuning one text, mean": sum(card["seconds"] for card in cards) / max(1, len(cards)),
        "tuning one text, longest": max((card["seconds"] for card in cards), default=0.0),
    }


def _timed(*arguments: str) -> float:
    command = [str(Path(sys.executable).parent / "overpaint"), *arguments]
    if arguments[0] == "edit":
        command += ["-o", "-"]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
