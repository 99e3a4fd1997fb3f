"""What is measured: a method on a model with its options, or a picture that calibrates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overpaint.bench.task import Task
from overpaint.methods import registry
from overpaint.methods.registry import Method
from overpaint.models.zoo import AUTO, PLAIN, READING, suited

NOTHING, TRUTH, OTHER = "no edit", "true edit", "random other picture"
CALIBRATION = (NOTHING, TRUTH, OTHER)
"""Pictures that no method makes: between them lies what a score can be."""
MADE = "made elsewhere"
"""Pictures of another system; a way's model then says of which."""


@dataclass(frozen=True)
class Way:
    """A row of the table; equal ways have equal names."""

    method: str
    model: str = AUTO
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        """As it stands in the table, in files' names and in rows."""
        if self.method in CALIBRATION:
            return self.method
        if self.method == MADE:
            return self.model
        options = "".join(f" {name}={value}" for name, value in sorted(self.options.items()))
        return f"{self.method} on {self.on}{options}"

    @property
    def on(self) -> str:
        """The model's name."""
        return suited(self.model, reads=registry.find(self.method).reads)

    def asked(self, task: Task, region: Path) -> dict[str, Any] | None:
        """What `overpaint.edit` is given, but for the model; None if it is not for it.

        region: the true one's file, if it is known, for a method that is led by masks and finds
            none.
        """
        method = registry.find(self.method)
        more = task.given(method)
        if more is None:
            return None
        given = {"prompt": task.prompt, "source_prompt": task.source_prompt, **more}
        if masked(method):
            if not region.exists():
                return None
            given["mask"] = region
        return given | {"method": self.method, **self.options}


def masked(method: Method) -> bool:
    """Whether a method is given the true region, since it needs to be told where to edit."""
    return method.regions and not method.finds


def ways() -> list[Way]:
    """Every registered method on each embedded model that can do what a text asks for."""
    found = [Way(each) for each in CALIBRATION]
    for name, method in registry.methods().items():
        if method.reads_text and not method.reads:
            found.append(Way(name, PLAIN))
        if "adapter" not in method.parts:
            found.append(Way(name, READING))
    return found
