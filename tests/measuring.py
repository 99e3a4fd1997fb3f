"""A folder as a benchmark leaves it, without an edit being made."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

WAYS = ("blended on portraits", "sdedit on portraits-latent strength=0.6", "glide on portraits")
GROUPS = {"smiling": "expression", "sad": "expression", "bald": "hair", "red": "hair"}
SIZE = 24  # pixels


def filled(folder: Path, **more: Any) -> list[dict[str, Any]]:
    """The rows of four edits in three ways and two that calibrate, with pictures of the first two.

    more: fields of each row.
    """
    rng = np.random.default_rng(0)
    rows = []
    for number, (kind, group) in enumerate(GROUPS.items()):
        name = f"validation/{group}-{kind}/0"
        below = folder / name.replace("/", "-")
        below.mkdir(parents=True)
        source, truth = rng.integers(0, 256, (2, SIZE, SIZE, 3), dtype=np.uint8)
        region = np.zeros((SIZE, SIZE), dtype=np.uint8)
        region[4:12, 6:18] = 255
        for each, pixels in (("source", source), ("truth", truth), ("region", region)):
            Image.fromarray(pixels).save(below / f"{each}.png")
        shared = {"edit": name, "group": group, "seed": 0, "size": SIZE, **more}
        rows.append({**shared, "way": "no edit", "success": 0.0, "kept": 1.0, "psnr": 20.0})
        rows.append({**shared, "way": "true edit", "success": 1.0, "kept": 1.0, "psnr": 54.0})
        for way in WAYS[:2]:
            Image.fromarray(truth // 2 + source // 2).save(below / f"{way}.png")
            rows.append({**shared, "way": way, "path": f"{below.name}/{way}.png"} | _scores(rng))
        last = {"error": "no <mask>\nat all", "success": 0.0} if number else {"left_out": "untold"}
        rows.append({**shared, "way": WAYS[2], **last})
    write(folder, rows)
    return rows


def write(folder: Path, rows: list[dict[str, Any]]) -> None:
    """As the rows of a folder, in place of all others."""
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _scores(rng: np.random.Generator) -> dict[str, float]:
    success, kept, psnr, seconds = rng.random(4).tolist()
    return {
        "success": round(success),
        "kept": kept,
        "psnr": 15 + 10 * psnr,
        "background_psnr": None,
        "mae": 0.1 * kept,
        "seconds": 1 + 20 * seconds,
    }
