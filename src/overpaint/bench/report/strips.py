"""Pictures side by side: an edit a column; source, truth and region, then each way's strip."""

from collections.abc import Callable, Sequence

import numpy as np

from overpaint.bench.report import thumbs, words
from overpaint.bench.report.chosen import Row, Shown
from overpaint.bench.report.inside import OutsideError, picture
from overpaint.bench.report.marks import named
from overpaint.bench.report.markup import Markup, joined, tag
from overpaint.bench.report.measured import Measured
from overpaint.bench.summary import Line

LONGEST = 80  # letters of why an edit is not there
GONE = "The picture is gone."


def strips(found: Measured, shown: Sequence[Shown]) -> Markup:
    """One grid for all ways: each picture that they share stands in it once."""
    heads = [tag("th", _named(each), scope="col") for each in shown]
    sources = tag("tr", tag("th", "Source", scope="row"), *_row(shown, _source))
    head = tag("thead", tag("tr", tag("th", "Edit", scope="col"), *heads), sources)
    known = []
    if any(each.truth is not None for each in shown):
        known.append(tag("tr", tag("th", "True edit", scope="row"), *_row(shown, _truth)))
    if any(each.region is not None for each in shown):
        told = tag("th", "Mask", tag("small", "what the true edit changes"), scope="row")
        known.append(tag("tr", told, *_row(shown, _mask)))
    ways = [
        tag("tr", _title(found, line), *(_made(found, line.way, each) for each in shown))
        for line in found.ways
    ]
    body = tag("tbody", *known, class_="known") if known else None
    return tag("table", head, body, tag("tbody", *ways), class_="strips")


def _named(each: Shown) -> Markup:
    told = tag("span", each.prompt or each.name, class_="asked", title=each.prompt or None)
    return joined(told, tag("small", each.name) if each.prompt else None)


def _row(shown: Sequence[Shown], cell: Callable[[Shown], Markup]) -> list[Markup]:
    return [tag("td", cell(each)) for each in shown]


def _source(each: Shown) -> Markup:
    return _image(each.source, f"source of {each.name}")


def _truth(each: Shown) -> Markup:
    return _image(each.truth, f"true edit of {each.name}")


def _mask(each: Shown) -> Markup:
    if each.region is None or each.source is None:
        return _absent(words.NOTHING)
    return _image(thumbs.marked(each.source, each.region), f"mask of {each.name}")


def _title(found: Measured, line: Line) -> Markup:
    """A way, and how many of all its edits succeeded."""
    share = line.scores["success"]
    told = "success" in found.columns and share.count
    done = f"{100 * share.mean:.0f} % of {line.edits} done" if told else None
    return tag("th", named(found, line.way, below=done), scope="row")


def _made(found: Measured, way: str, each: Shown) -> Markup:
    """The edit over its difference, and whether it succeeded; or why there is none."""
    row = each.rows.get(way)
    if row is None:
        return tag("td", _absent("Not measured."))
    for name, told in (("left_out", "Left out: "), ("error", "Failed: ")):
        if name in row:
            return tag("td", _absent(told + words.brief(row[name], LONGEST), title=row[name]))
    try:
        made = picture(found.folder, row.get("path", ""))
    except OutsideError:
        return tag("td", _absent("Refused: the row's path leads out of the folder."))
    caption = _caption(found, row)
    if made is None:
        return tag("td", _absent(GONE), caption)
    apart = None if each.reference is None else thumbs.difference(made, each.reference)
    pair = [_image(made, f"{each.name} by {way}")]
    if apart is not None:
        pair.append(_image(apart, f"difference of {each.name} by {way}"))
    return tag("td", *pair, caption)


def _caption(found: Measured, row: Row) -> Markup:
    """Whether it succeeded and how near it is; all its scores where one points at it."""
    told = {
        name: words.valued(row[name], column, found.decimals[name])
        for name, column in found.columns.items()
        if row.get(name) is not None
    }
    done = row.get("success")
    mark = None
    if done is not None:
        fine = done >= 1
        mark = tag("b", "✓ done" if fine else "✗ not done", class_="yes" if fine else "no")
    near = next((name for name in told if name not in ("success", "kept")), None)
    text = f" {words.title(near)} {told[near]}" if near and near != "mae" else None
    if "psnr" in told:
        text = f" {told['psnr']}"
    every = "\n".join(f"{words.title(name)}: {value}" for name, value in told.items())
    return tag("small", mark, text, class_="result", title=every)


def _absent(why: str, title: str | None = None) -> Markup:
    return tag("span", why, class_="absent", title=title)


def _image(pixels: np.ndarray | None, alt: str) -> Markup:
    if pixels is None:
        return _absent(GONE)
    return tag("img", src=thumbs.uri(pixels), alt=alt)
