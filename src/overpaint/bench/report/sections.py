"""The sections of the page: a title, what to know, and a table, plots or pictures."""

from collections.abc import Sequence

from overpaint.bench.report import tables, words
from overpaint.bench.report.chosen import Shown
from overpaint.bench.report.markup import Markup, joined, tag
from overpaint.bench.report.measured import Measured
from overpaint.bench.report.plots import plot
from overpaint.bench.report.strips import strips
from overpaint.bench.report.thumbs import TIMES

ASKED = ("success", "clip_direction", "clip_t")
KEPT = ("kept", "background_psnr", "structure")
NEAR = ("psnr", "ssim", "perceptual", "background_psnr", "clip_direction", "clip_t")
"""What plots are of: the first of each that a folder has, else its first column."""
COST = "seconds"
MEANS = "Means with 95 % bootstrap intervals."
WIDE = 10  # edits: more of them are scrolled


def table(found: Measured) -> Markup:
    """All scores."""
    best = "bold: the best, of ways that were measured on all edits"
    told = f"{MEANS} An arrow says which way is better; {best}. A click on a title sorts."
    fewer = [line for line in found.ways if line.edits < found.full]
    note = f"{tables.FEWER} Measured on fewer edits than {found.full}: not comparable as it stands."
    terms = [
        tag("div", tag("dt", words.with_unit(name, column)), tag("dd", words.ABOUT[name]))
        for name, column in found.columns.items()
        if name in words.ABOUT
    ]
    return _section(
        "Scores",
        tag("p", told),
        _box(tables.scores(found), "Scores of each way"),
        tag("p", note, class_="foot") if fewer else None,
        tag("details", tag("summary", "What the columns are"), tag("dl", *terms, class_="terms")),
    )


def plots(found: Measured) -> Markup | None:
    """Success against preservation, quality against seconds; where there are such columns."""
    asked, kept, near = (_first(found, names) for names in (ASKED, KEPT, NEAR))
    drawn = []
    if asked and kept and asked != kept:
        drawn.append(
            _figure("What was asked for, against what was to stay", plot(found, asked, kept))
        )
    if near and COST in found.columns:
        title = "Quality against time"
        drawn.append(_figure(title, plot(found, COST, near, log=True)))
    there = [each for each in drawn if each is not None]
    if not there:
        return None
    told = "Bars are 95 % intervals; marks and colours are those of the table."
    told += " Pointing at a mark tells its numbers."
    return _section("Trade-offs", tag("p", told), tag("div", *there, class_="plots"))


def groups(found: Measured) -> Markup | None:
    """The first column by groups of edits, where there are several."""
    if len(found.groups) < 2 or not found.columns:
        return None
    score = next(iter(found.columns))
    told = words.with_unit(score, found.columns[score])
    box = _box(tables.by_group(found, score), f"{told} by group")
    return _section(f"{words.title(score)} by group of edits", tag("p", MEANS), box)


def pictures(found: Measured, shown: Sequence[Shown]) -> Markup:
    """A strip of each way."""
    truth = any(each.truth is not None for each in shown)
    against = "the true edit" if truth else "the source"
    told = (
        f"{len(shown)} of {len(found.edits)} edits, of every group in turn. Under each picture: "
        f"how it differs from {against}, {TIMES} times amplified (black: equal; white: different "
        "by a quarter of the range or more)."
    )
    if any(each.region is not None for each in shown):
        told += " The mask is the region that the true edit changes, over the source."
    kind = "wide" if len(shown) > WIDE else ""
    return _section("Pictures", tag("p", told), _box(strips(found, shown), "Pictures", kind))


def _first(found: Measured, names: Sequence[str]) -> str | None:
    return next((name for name in names if name in found.columns), None)


def _figure(title: str, drawn: Markup | None) -> Markup | None:
    if drawn is None:
        return None
    return tag("figure", tag("figcaption", title), _box(drawn, title))


def _box(inside: Markup, label: str, kind: str = "") -> Markup:
    """What scrolls by itself where the page is too narrow; by the keyboard too."""
    classes = f"box {kind}".strip()
    return tag("div", inside, class_=classes, role="region", aria_label=label, tabindex=0)


def _section(title: str, *inside: Markup | None) -> Markup:
    return tag("section", tag("h2", title), joined(*inside))
