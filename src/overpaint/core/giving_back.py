"""What a codec loses of a picture, given back to its edits."""

from torch import Tensor

from overpaint.core.masks import dilated

ALIKE = 0.2  # of values in [-1, 1]: an edit that is so far off looks otherwise
AROUND = 3  # pixels beside it that look otherwise too


def restored(edits: Tensor, image: Tensor, rebuilt: Tensor) -> Tensor:
    """What a codec loses of a picture, given back where an edit looks as the picture does.

    All are (1 or B, 3, H, W) in [-1, 1]; rebuilt: the picture after the codec's round trip.
    """
    apart = dilated((edits - rebuilt).abs().amax(1, keepdim=True), AROUND)
    same = (1 - apart / ALIKE).clamp(min=0)
    return edits + same * (image - rebuilt)
