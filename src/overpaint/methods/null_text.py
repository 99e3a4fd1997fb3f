"""Null-text inversion with Prompt-to-Prompt, for whom looks for it by name (arXiv:2211.09794)."""

from dataclasses import dataclass

from overpaint.inversions.trajectory import Trajectory
from overpaint.methods import prompt_to_prompt as attending
from overpaint.methods.options import opt
from overpaint.methods.registry import Outcome, Run, Task, register
from overpaint.models.bundle import DiffusionModel


@dataclass(frozen=True)
class Options(attending.Options):
    """Options of Null-text inversion."""

    inversion: str = opt("null-text", "how the picture is inverted", choices=("null-text",))


@register(
    "null-text",
    title="Null-text inversion",
    paper="2211.09794",
    options=Options,
    needs=("prompt", "source_prompt"),
    reads=True,
    finds=True,
    inverts=True,
    weighs=True,
)
def null_text(
    model: DiffusionModel,
    task: Task,
    options: Options,
    run: Run,
    *,
    trajectory: Trajectory | None = None,
) -> Outcome:
    """One picture for each seed, all alike: nothing is drawn by chance."""
    return attending.prompt_to_prompt(model, task, options, run, trajectory=trajectory)
