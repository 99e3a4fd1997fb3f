"""A row of the table of figures: what was asked, what was measured, by which command."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Results = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Row:
    """One figure: where its number is, what it should reach, and whether more is better."""

    label: str
    command: str
    value: Callable[[Results], float]
    bar: float
    unit: str = "%"
    more: bool = True

    def line(self, results: Results) -> str:
        """The row in Markdown; a figure that was not measured yet is a dash."""
        if not self.measured(results):
            return f"| {self.label} | {self._shown(self.bar)} | - | `{self.command}` |"
        value = self.value(results)
        mark = "" if self.reached(results) else " (short)"
        return (
            f"| {self.label} | {self._shown(self.bar)} | {self._shown(value)}{mark} "
            f"| `{self.command}` |"
        )

    def measured(self, results: Results) -> bool:
        """Whether its number is there."""
        try:
            self.value(results)
        except KeyError:
            return False
        return True

    def reached(self, results: Results) -> bool:
        """Whether it was measured, and is what it should be."""
        if not self.measured(results):
            return False
        value = self.value(results)
        return value >= self.bar if self.more else value <= self.bar

    def _shown(self, value: float) -> str:
        if self.unit == "%":
            return f"{100 * value:.1f} %"
        return f"{value:.2f} s" if self.unit == "s" else f"{value:{self.unit or '.4f'}}"


def at(group: str, name: str) -> Callable[[Results], float]:
    """The number of that name among those that `python -m benchmarks GROUP` measured."""
    return lambda results: results[group][name]
