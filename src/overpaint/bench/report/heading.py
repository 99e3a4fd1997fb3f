"""What was measured, and how to do it again."""

import shlex
from importlib.metadata import version

from overpaint.bench.report import words
from overpaint.bench.report.again import commands
from overpaint.bench.report.markup import Markup, tag
from overpaint.bench.report.measured import Measured

LONGEST = 60  # letters of a value


def heading(found: Measured) -> Markup:
    """The title, the facts and the commands."""
    again = commands(found)
    name = f"{found.name}/"
    told = "\n".join([*again, shlex.join(["overpaint", "bench", "report", name])])
    facts = [tag("div", tag("dt", title), tag("dd", value)) for title, value in _facts(found)]
    return tag(
        "header",
        tag("p", "Overpaint benchmark", class_="kicker"),
        tag("h1", "Edits measured: ", tag("span", found.name)),
        tag("dl", *facts),
        tag(
            "details",
            tag("summary", "Commands that make it again" if again else "Command of this page"),
            tag("pre", tag("code", told)),
            open=len(again) < 4,
        ),
    )


def _facts(found: Measured) -> list[tuple[str, str]]:
    """Names and values, in their order."""
    groups = len(found.groups)
    edits = f"{len(found.edits)}" + (f" in {groups} groups" if groups > 1 else "")
    more = f" and {len(found.calibration)} that calibrate" if found.calibration else ""
    shared = [(words.title(n), words.brief(str(v), LONGEST)) for n, v in found.shared.items()]
    ways = ("Ways", f"{len(found.ways)}{more}")
    return [("Edits", edits), ways, *shared, ("Version", f"overpaint {version('overpaint')}")]
