"""Whether networks fit together, tried on the meta device: without weights and without memory."""

from typing import Any

import torch

from overpaint.errors import UnsafeFileError
from overpaint.models.bundle import Ask
from overpaint.models.conditions import Cond

TOKENS = 8  # any number of them would do


def check_asked(
    ask: Ask, net: Any, *, state: tuple[int, int, int], width: int, pooled: int
) -> None:
    """Refuse a network on the meta device that does not give what it takes.

    Args:
        state: channels, height and width.
        width, pooled: numbers that it is told of a token, and of a whole text.

    Raises:
        UnsafeFileError: it does not, or its layers do not fit.
    """
    x = torch.empty(1, *state, device="meta")
    cond = Cond(x.new_empty(1, TOKENS, width), x.new_empty(1, pooled))
    try:
        with torch.no_grad():
            out = ask(net, x, x.new_empty(1), cond)
    except Exception as error:  # layers that do not fit fail in too many ways to name
        why = str(error).partition("\n")[0][:200]
        raise UnsafeFileError("The network does not fit together", why) from error
    if out.shape != x.shape:
        why = f"of a state of {state} it makes {tuple(out.shape[1:])}"
        raise UnsafeFileError("The network does not fit the autoencoder", why)
