"""The page: one file that asks for no other, and that runs nothing but its own script."""

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from overpaint.bench.report import sections
from overpaint.bench.report.chosen import chosen
from overpaint.bench.report.heading import heading
from overpaint.bench.report.markup import Markup, joined, tag
from overpaint.bench.report.measured import measured

EDITS = 8  # shown as pictures


@dataclass(frozen=True)
class Report:
    """A page, and how much it is of."""

    html: str
    rows: int
    edits: int
    ways: int
    shown: int

    @property
    def data(self) -> bytes:
        """As it is written; what no encoding holds becomes a question mark."""
        return self.html.encode("utf-8", "replace")


def report(folder: Path, *, edits: int = EDITS) -> Report:
    """A folder that a benchmark filled, as a page; the same folder gives the same page.

    edits: how many are shown as pictures.

    Raises:
        OptionError: the folder holds no edits.
        UnsafeFileError: its rows are none of ours.
    """
    found = measured(folder)
    shown = chosen(found, edits)
    parts = heading(found), sections.table(found), sections.plots(found), sections.groups(found)
    body = joined(*parts, sections.pictures(found, shown))
    counts = len(found.rows), len(found.edits), len(found.ways), len(shown)
    return Report(_whole(f"Edits measured: {found.name}", body), *counts)


def _whole(title: str, body: Markup) -> Markup:
    style, script = (Markup(_file(name)) for name in ("style.css", "sort.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag(
            "meta",
            http_equiv="Content-Security-Policy",
            content=f"{policy}script-src 'sha256-{digest}'",
        ),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("link", rel="icon", href="data:,"),
        tag("style", style),
    )
    whole = tag("html", head, tag("body", tag("main", body), tag("script", script)), lang="en")
    return joined(Markup("<!doctype html>\n"), whole, Markup("\n"))


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
