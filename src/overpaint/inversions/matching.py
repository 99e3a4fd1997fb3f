"""Whether a trajectory that was kept is of what is at hand now."""

from torch import Tensor

from overpaint.errors import OptionError
from overpaint.inversions.registry import find
from overpaint.inversions.source import Source
from overpaint.inversions.trajectory import Trajectory

CLOSE = 0.02  # largest difference of two encodings of a picture, by other devices and batches
AGAIN = "Invert the picture again."


def check(trajectory: Trajectory, source: Source, x0: Tensor) -> None:
    """Refuses a trajectory of another model, precision, source prompt, guidance or picture.

    Raises:
        OptionError: it is; the first of them is named.
    """
    then, now = trajectory.key, source.key
    if then is not None and now is not None:
        _check(then.model == now.model, "model", f"weights {then.model}, not {now.model}")
        said, says = (_said(each.texts) for each in (then, now))
        _check(said == says, "source prompt", f"{said}, not {says}")
        _check(then.dtype == now.dtype, "precision", f"{then.dtype}, not {now.dtype}")
        led = find(trajectory.inversion).led
        why = f"{then.scale:g}, not {now.scale:g}"
        _check(not led or then.scale == now.scale, "scale of guidance", why)
    found, wanted = (tuple(each.shape) for each in (trajectory.picture, x0))
    _check(found == wanted, "picture", f"its size is {found}, not {wanted}")
    apart = float((trajectory.picture.to(x0) - x0).abs().max())
    _check(apart <= CLOSE, "picture", f"it differs by {apart:.2g}")


def _said(texts: tuple[str, ...]) -> str:
    return " / ".join(repr(text) for text in texts)[:80] or "none"


def _check(same: bool, what: str, why: str) -> None:
    if not same:
        raise OptionError(f"the trajectory is of another {what}", why, AGAIN)
