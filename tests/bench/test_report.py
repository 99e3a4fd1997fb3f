"""The page holds what the rows say, asks for nothing, and believes no row."""

import re
from html import escape, unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from overpaint.bench.report import thumbs, words
from overpaint.bench.report.again import commands
from overpaint.bench.report.axes import even, logarithmic
from overpaint.bench.report.chosen import chosen
from overpaint.bench.report.inside import OutsideError, file, picture
from overpaint.bench.report.labels import laid
from overpaint.bench.report.markup import Markup, joined, tag
from overpaint.bench.report.measured import measured
from overpaint.bench.report.page import report
from overpaint.bench.report.plots import short
from overpaint.bench.summary import lines
from overpaint.errors import OptionError, UnsafeFileError

from ..measuring import SIZE, WAYS, filled, write

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """Every element with its attributes, every table as rows of cells, and what is open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[dict[str, str | None]]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.elements.append((name, given))
        if name not in VOID:
            self.open.append(name)
        if name == "table":
            self.tables.append([])
        if name == "tr":
            self.tables[-1].append([])
        if name in ("td", "th"):
            self.tables[-1][-1].append({**given, "text": ""})

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1]["text"] += data


@pytest.fixture
def folder(tmp_path):
    filled(tmp_path / "measured")
    return tmp_path / "measured"


def table(html, kind=0):
    """Titles without units, and the cells of each way."""
    heads, *rows = Page(html).tables[kind]
    titles = [head["text"].split(" ")[0].strip() for head in heads]
    return titles, {row[0]["data-value"]: row for row in rows}


def test_numbers_of_the_table_are_those_of_the_summary(folder):
    rows = measured(folder).rows
    titles, cells = table(report(folder).html)
    for line in lines(rows):
        for name, scale in (("success", 100), ("psnr", 1), ("seconds", 1)):
            cell, mean = cells[line.way][titles.index(words.title(name))], line.scores[name]
            if not mean.count:
                assert "data-value" not in cell
                assert cell["text"] == words.NOTHING
                continue
            assert float(cell["data-value"]) == pytest.approx(mean.mean * scale, abs=1e-12)
            told = [float(each.replace("−", "-")) for each in re.findall(r"[−\d.]+", cell["text"])]
            near = [scale * each for each in (mean.mean, mean.low, mean.high)]
            digits = cell["text"].partition(".")[2]
            decimals = len(re.match(r"\d*", digits)[0])
            assert told[-2:] == pytest.approx(near[1:], abs=0.51 * 10**-decimals)
        made = titles.index("Made"), titles.index("Failed"), titles.index("Left")
        counts = [int(cells[line.way][at]["data-value"]) for at in made]
        assert counts == [line.edits - line.failed, line.failed, line.left_out]


def test_columns_are_those_that_an_edit_has_a_number_for(folder):
    titles, _ = table(report(folder).html)
    assert {"Success", "Kept", "PSNR", "MAE", "Seconds"} <= set(titles)
    assert not {"SSIM", "Identity", "Background"} & set(titles)
    only = [{"edit": "a", "way": "x", "seconds": 1.0}]
    only.append({"edit": "b", "way": "x", "error": "no", "success": 0.0})
    write(folder, only)
    assert list(measured(folder).columns) == ["seconds"]


def test_the_best_is_bold_and_what_calibrates_is_none(folder):
    _, cells = table(report(folder).html)
    at = table(report(folder).html)[0].index("PSNR")
    bold = {way for way, row in cells.items() if row[at].get("class") == "best"}
    found = {line.way: line.scores["psnr"].mean for line in measured(folder).ways}
    assert bold == {max(WAYS[:2], key=found.__getitem__)}


def test_a_way_of_fewer_edits_is_marked_and_never_the_best(folder):
    rows = [row for row in measured(folder).rows if row["way"] != WAYS[1]]
    rows.append({"edit": rows[0]["edit"], "way": WAYS[1], "success": 1.0, "psnr": 50.0})
    write(folder, rows)
    titles, cells = table(report(folder).html)
    assert "†" in cells[WAYS[1]][0]["text"]
    assert cells[WAYS[1]][titles.index("PSNR")].get("class") != "best"
    assert cells[WAYS[0]][titles.index("PSNR")]["class"] == "best"


def test_groups_hold_the_means_of_their_edits(folder):
    titles, cells = table(report(folder).html, kind=1)
    assert titles == ["Way", "all", "expression", "hair"]
    rows = [r for r in measured(folder).rows if r["group"] == "hair" and r["way"] == WAYS[0]]
    mean = 100 * np.mean([row["success"] for row in rows])
    assert float(cells[WAYS[0]][3]["data-value"]) == pytest.approx(mean)


def test_rows_of_any_benchmark_make_a_page(tmp_path):
    row = {"way": "x on y", "clip_t": 0.2, "psnr": 9.0, "seconds": 2.0}
    rows = [{**row, "edit": name} for name in "ab"]
    write(tmp_path, rows)
    page = report(tmp_path)
    assert (page.rows, page.edits, page.ways, page.shown) == (2, 2, 1, 2)
    assert "by group" not in page.html
    write(tmp_path, [{"edit": "a", "way": "no edit"}])
    assert report(tmp_path).ways == 0


def test_whatever_rows_say_is_text(tmp_path):
    folder = tmp_path / "<b>folder"
    rows = filled(folder, notes=HOSTILE)
    names = {"group": HOSTILE, "error": HOSTILE, "left_out": HOSTILE}
    rows += [{**row, "way": f"{HOSTILE} on {HOSTILE}", **names} for row in rows if "path" in row]
    rows.append({"edit": HOSTILE, "way": HOSTILE, "success": 1.0, "psnr": 3.0, "kept": 1.0})
    rows += [{**rows[-1], "way": "two", "seconds": 1.0, "path": HOSTILE, "edit": "\0"}]
    write(folder, rows)
    page = report(folder, edits=9)
    found = Page(page.html)
    assert not found.open
    assert [name for name, _ in found.elements].count("script") == 1
    names = {name for _, given in found.elements for name in given}
    assert not [name for name in names if name.startswith("on")]
    pictures = [given["src"] for name, given in found.elements if name == "img"]
    assert all(each.startswith("data:image/webp;base64,") for each in pictures)
    assert HOSTILE not in page.html
    assert escape(HOSTILE) in page.html
    page.data.decode()


def test_the_page_asks_for_nothing(folder):
    page = report(folder)
    assert not re.findall(r"https?:|@import|url\(|src=\"(?!data:)|href=\"(?!data:)", page.html)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page.html)
    assert unescape(policy).startswith("default-src 'none'; img-src data:;")


def test_the_same_folder_gives_the_same_page(folder):
    assert report(folder) == report(folder)


@pytest.mark.parametrize(
    "name", ["../secret.png", "/etc/passwd", "a/../../secret.png", "out/secret.png", "link.png", ""]
)
def test_pictures_are_read_inside_the_folder_alone(tmp_path, name):
    inside = tmp_path / "inside"
    inside.mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.png")
    (inside / "out").symlink_to(tmp_path)
    (inside / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(OutsideError):
        file(inside, name)
    row = {"edit": "a", "way": "x", "path": name, "success": 1.0}
    write(inside, [row, {**row, "edit": ".."}])
    page = report(inside).html
    assert "leads out of the folder" in page
    assert "<img" not in page


@pytest.mark.parametrize("name", ["C:\\x.png", "a\\..\\b.png", "a\0b", "x" * 5000])
def test_names_of_no_system_are_refused(tmp_path, name):
    try:
        assert picture(tmp_path, name) is None
    except OutsideError:
        return


def test_pictures_that_are_not_there_are_told(folder):
    rows = measured(folder).rows
    (folder / rows[2]["path"]).unlink()
    (folder / rows[3]["path"]).write_text("no picture")
    for name in ("source", "truth", "region"):
        (folder / "validation-hair-red-0" / f"{name}.png").unlink()
    html = report(folder).html
    assert html.count("The picture is gone.") == 2 + 2  # no mask without a source
    assert "Failed: no &lt;mask&gt; at all" in html
    assert "Left out: untold" in html


def test_each_picture_stands_in_the_page_once(folder):
    html = report(folder).html
    found = re.findall(r'src="(data:[^"]+)"', html)
    assert len(found) == 4 * 3 + 4 * 2 * 2
    assert len(set(found)) == len(found) - 8  # both ways made the same of each edit
    assert len(html) < 200_000


def test_edits_are_of_every_group_in_turn(folder):
    found = measured(folder)
    assert [each.name.split("/")[1] for each in chosen(found, 2)] == [
        "expression-smiling",
        "hair-bald",
    ]
    assert len(chosen(found, 3)) == 3
    assert len(chosen(found, 99)) == 4


@pytest.mark.parametrize("row", [{"success": "1"}, {"psnr": [1]}, {"kept": 10**400}, {"path": 3}])
def test_rows_of_others_are_refused(tmp_path, row):
    write(tmp_path, [{"edit": "a", "way": "x", **row}])
    with pytest.raises(UnsafeFileError, match="damaged"):
        report(tmp_path)


def test_a_folder_without_edits_is_told(tmp_path):
    for _ in range(2):
        with pytest.raises(OptionError, match="holds no edits"):
            report(tmp_path)
        (tmp_path / "rows.jsonl").write_text("")


def test_a_row_that_was_measured_again_counts_once(folder):
    rows = list(measured(folder).rows)
    write(folder, [*rows, {**rows[2], "success": 1.0}])
    found = measured(folder)
    assert len(found.rows) == len(rows)
    assert found.rows[2]["success"] == 1.0


def test_a_difference_is_zero_where_nothing_differs_and_full_at_a_quarter():
    grey = np.full((4, 4, 3), 100, dtype=np.uint8)
    assert not thumbs.difference(grey, grey).any()
    other = grey.copy()
    other[0, 0, 1] += 64
    found = thumbs.difference(other, grey)
    assert tuple(found[0, 0]) == thumbs.HEAT[-1]
    assert not found[1:].any()
    assert thumbs.difference(grey, np.zeros((9, 7, 3), np.uint8)).shape == grey.shape


def test_a_mask_keeps_colour_inside_alone():
    source = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    region = np.zeros_like(source)
    region[:5] = 255
    found = thumbs.marked(source, region).astype(int)
    assert not np.ptp(found[5:], axis=2).any()
    assert np.ptp(found[:5], axis=2).min() >= 0
    assert found[:5, :, 0].mean() > found[:5, :, 1].mean() + 40


def test_markup_is_escaped_once():
    assert tag("b", "<", Markup("<i></i>"), title='"') == '<b title="&quot;">&lt;<i></i></b>'
    assert joined(tag("p", "a & b"), None, "&") == "<p>a &amp; b</p>&amp;"


def test_labels_cover_neither_each_other_nor_points():
    rng = np.random.default_rng(3)
    points = [tuple(each) for each in rng.uniform(60, 560, (12, 2)).tolist()]
    points += [(300.0, 200.0), (304.0, 203.0)]
    room = (0.0, 0.0, 640.0, 600.0)
    boxes = laid(points, ["a way of editing"] * len(points), room, [])
    for k, (left, top, right, bottom) in enumerate(boxes):
        assert 0 <= left < right <= 640
        assert 0 <= top < bottom <= 600
        for a, b, c, d in boxes[:k]:
            assert min(right, c) <= max(left, a) or min(bottom, d) <= max(top, b)
        assert not [1 for x, y in points if left < x < right and top < y < bottom]


@pytest.mark.parametrize("values", [[3.0, 40.0], [1.0], [0.02, 900.0], [5.0, 6.0]])
def test_axes_hold_their_values_in_order(values):
    for axis in (even(values, 10, 110), logarithmic(values, 10, 110)):
        assert axis.marks[0] <= min(values)
        assert axis.marks[-1] >= max(values)
        at = [axis.at(each) for each in axis.marks]
        assert at == sorted(at)
        assert (at[0], at[-1]) == (10, 110)
        assert 2 <= len(at) <= 12
    axis = logarithmic([1.0, 100.0], 0, 100)
    assert axis.at(10.0) == pytest.approx(50)


def test_a_model_is_told_where_a_method_has_several():
    ways = ["a on m", "a on n", "b on m x=1"]
    assert short(ways) == ["a on m", "a on n", "b x=1"]


def test_numbers_show_three_digits_of_the_middle():
    assert words.places([83.61, 100.0, 0.0]) == 0
    assert words.places([43.2, 50.0, 83.6]) == 1
    assert words.places([0.0123, 0.04]) == 4
    assert words.number(-0.00001, 2) == "0.00"
    assert words.number(-1.5, 1) == "−1.5"


def test_the_command_measures_the_same_again(folder):
    rows = []
    for name in ("test/expression-neutral/0", "test/expression-sad/1"):
        for way in ("no edit", WAYS[1]):
            rows.append({"edit": name, "way": way, "seed": 7, "size": 64})
    write(folder, rows)
    asked = "overpaint bench portraits -n 46 --split test --size 64 --seed 7 -o measured/"
    assert commands(measured(folder)) == [
        f"{asked} --method 'no edit'",
        f"{asked} --method sdedit -m portraits-latent -O strength=0.6",
    ]
    write(folder, [{"edit": "elsewhere/1", "way": "no edit"}])
    assert commands(measured(folder)) == []
