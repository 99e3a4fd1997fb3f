"""Real pictures to compare with: of a model's own world, or the user's."""

from pathlib import Path

from torch import Tensor

from overpaint.core.watch import Watch, unwatched
from overpaint.errors import OptionError
from overpaint.models.bundle import DiffusionModel
from overpaint.recipes.material import material

RENDERED = 256  # portraits, where no folder is given
MOST = 2048  # pictures of a folder
APART = 10_000
"""Of the seeds of pictures, so that none of these was learnt from."""


def real_pictures(model: DiffusionModel, folder: str = "", watch: Watch = unwatched) -> Tensor:
    """Those of a folder, else rendered portraits for a model of them: (N, 3, S, S) in [-1, 1].

    Raises:
        OptionError: the model is of other pictures and no folder is given, or it holds none.
    """
    if folder:
        return material(model, str(Path(folder)), MOST, 0, watch).pictures
    if model.card.get("domain") != "photo":
        what = f"No real pictures are known for {model.name or 'this model'}"
        why = "realism is how its edits compare with some"
        raise OptionError(what, why, "Give a folder of them: --real FOLDER, or -O real=FOLDER.")
    return material(model, "portraits", RENDERED, APART, watch).pictures
