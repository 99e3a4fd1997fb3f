"""DDIM inversion: the deterministic step, walked up (arXiv 2010.02502, section 4.3)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from overpaint.core.prediction import Denoiser
from overpaint.core.schedule import Level
from overpaint.core.solvers import solve
from overpaint.core.watch import Watch, unwatched
from overpaint.inversions.trajectory import Trajectory, replay

__all__ = ["Trajectory", "ddim", "replay"]


def ddim(
    denoise: Denoiser,
    x0: Tensor,
    levels: Sequence[Level],
    *,
    ask_ahead: bool = False,
    watch: Watch = unwatched,
) -> Trajectory:
    """Inverts `x0` (B, ...) up a path; no gradient is kept.

    Args:
        levels: descending, as for sampling; the picture is taken for the state at the last one.
        ask_ahead: ask the network at the time a move goes to (null-text inversion's code), not
            at the one it comes from (DiffusionCLIP's).
    """
    upward = levels[::-1]
    with torch.no_grad():
        moves = solve(denoise, x0, upward, ask_ahead=ask_ahead)
        visited = [x0, *watch(moves, len(upward) - 1, "inverting")]
    return Trajectory(dict(zip(upward, visited, strict=True)), tuple(levels))
