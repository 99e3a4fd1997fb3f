"""What edits by two texts are used for, tried on one portrait: sheets for their pages."""

import time
from collections.abc import Mapping

import overpaint
from benchmarks.pictures import FOLDER
from benchmarks.uses import PORTRAIT, Figures, Use, mask
from overpaint.data.sheets import Cell, sheet
from overpaint.models.bundle import DiffusionModel
from overpaint.models.zoo import load

MODEL = "portraits-latent"
HAIR, WORN, WALL = "long brown hair", "a green sweater", "a blue background"


def said(hair: str = HAIR, worn: str = WORN, wall: str = WALL, what: str = "photo") -> str:
    """What the portrait shows, or would show."""
    return f"a {what} of a person with {hair} in {worn} on {wall}"


LOOKED = ("person", "brown", "hair", "green", "sweater", "blue", "background")
ANYWHERE = {"local_blend": "off"}
STYLE = {**ANYWHERE, "cross_replace": 0.8, "self_replace": 0.8}


def use(words: str, prompt: str, **how: object) -> Use:
    """One use under two texts, told by the words under its picture."""
    return Use(words, words, prompt, how=how)


SWAPS = (
    use("red hair", said("long red hair")),
    use("a purple sweater", said(worn="a purple sweater")),
    use("a red background", said(wall="a red background")),
)
USES: Mapping[str, tuple[Use, ...]] = {
    "prompt-to-prompt": (
        *SWAPS,
        use("hair and sweater", said("long blond hair", "a purple sweater")),
        use("added: a top hat", f"{said()} with a top hat"),
        use(
            "glasses, in a mask",
            f"{said()} wearing round glasses",
            mask=mask("glasses"),
            **ANYWHERE,
        ),
        use("a pencil sketch", said(what="pencil sketch"), **STYLE),
        use("a bronze statue", said(what="bronze statue"), **STYLE),
    ),
    "diffedit": (*SWAPS, use("the same, dilate=6", said(wall="a red background"), dilate=6)),
    "null-text": SWAPS,
}


def tried() -> Figures:
    """Seconds of each use; keeps a sheet for each method, with the masks that were found."""
    figures, model = Figures(), load(MODEL)
    for method, uses in USES.items():
        cells = [Cell(PORTRAIT, ("portrait",))]
        for each in uses:
            began, texts = time.perf_counter(), {"source_prompt": said(), "method": method}
            made = overpaint.edit(PORTRAIT, each.prompt, model=model, **texts, **each.how)
            figures[f"{method}, {each.words}: seconds"] = time.perf_counter() - began
            cells.append(Cell(made.images[0], (each.words,)))
            if method == "diffedit" and made.mask is not None:
                cells.append(Cell(made.mask, ("found",)))
        sheet(cells).save(FOLDER / f"{method}-uses.png")
    return figures | explained(model)


def explained(model: DiffusionModel) -> Figures:
    """The share of attention that words of the portrait's text have; keeps a sheet of them."""
    found = [
        each for each in overpaint.explain(PORTRAIT, said(), model=model) if each.word in LOOKED
    ]
    cells = [Cell(PORTRAIT, ("portrait",)), *(Cell(each.picture, (each.word,)) for each in found)]
    sheet(cells).save(FOLDER / "explain.png")
    return {f"explain, {each.word}: share": each.share for each in found}
