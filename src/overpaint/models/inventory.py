"""Whether all embedded models can be loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from overpaint.errors import ModelNotFoundError
from overpaint.models import zoo
from overpaint.models.clip import load_clip
from overpaint.models.control import adapted, read_adapter
from overpaint.models.identity import load_identity
from overpaint.models.judge import load_judge

PARTS: dict[str, Callable[..., Any]] = {
    "clip": load_clip,
    "clip-check": load_clip,
    "identity": load_identity,
    "judge": load_judge,
}


def problems() -> dict[str, str]:
    """What is wrong with each embedded model and adapter, by name; nothing where it loads."""
    found = {name: _problem(zoo.load, name, "cpu") for name in zoo.names() or ["portraits"]}
    found |= {name: _problem(load, zoo.WEIGHTS / name) for name, load in PARTS.items()}
    for card in sorted(zoo.WEIGHTS.glob("adapters/*/card.json")):
        found[f"adapters/{card.parent.name}"] = _problem(_fit, card.parent)
    return found


def _problem(load: Callable[..., Any], *where: Any) -> str:
    try:
        load(*where)
    except Exception as error:  # a damaged file fails in too many ways to name
        return (str(error) or type(error).__name__).splitlines()[0]
    return ""


def _fit(folder: Path) -> None:
    """Put an adapter into the model that it was tuned for."""
    adapter = read_adapter(folder)
    for model in (zoo.load(name, "cpu") for name in zoo.names()):
        if model.hash == adapter.card.get("base"):
            adapted(model, adapter)
            return
    raise ModelNotFoundError("it was tuned for another model")
