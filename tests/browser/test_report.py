"""The report as a person meets it: in Chromium, by mouse and keyboard, wide, narrow and dark."""

import shutil

import pytest

from overpaint.bench.report.page import report

from ..measuring import WAYS, filled

NAMES = ("chromium", "chromium-browser", "google-chrome")
FOUND = next(filter(None, map(shutil.which, NAMES)), None)
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(FOUND is None, reason=f"there is none of {', '.join(NAMES)}")

READABLE = 4.5  # contrast of text, WCAG 2.2 AA
CONTRASTS = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const drawn = (colours) => {  // one over the other, as the browser mixes them
    canvas.clearRect(0, 0, 1, 1);
    for (const each of colours) { canvas.fillStyle = each; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => rgb.map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node; (node = texts.nextNode()); ) {
    const of = node.parentElement;
    if (!node.data.trim() || of.closest("title") || !of.getClientRects().length) continue;
    const behind = [];
    const style = getComputedStyle(of);
    for (let at = of; at; at = at.parentElement) {
      behind.unshift(getComputedStyle(at).backgroundColor);
    }
    const ink = of.closest("svg") ? style.fill : style.color;
    const [a, b] = [light(drawn(behind)), light(drawn([...behind, ink]))];
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), node.data.trim()]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=FOUND, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("measured")
    filled(folder)
    path = folder / "report.html"
    path.write_bytes(report(folder).data)
    return path.as_uri()


@pytest.fixture
def opened(browser, address):
    """Opens the page; what the browser complains of or asks for besides fails the test."""
    contexts, heard = [], []

    def opened(width: int = 1280, **how: object):
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, **how))
        page = contexts[-1].new_page()
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: heard.append(request.url))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [each for each in heard if each != address and not each.startswith("data:")] == []


def column(page, title: str) -> tuple[int, list[str]]:
    """Its number, and the ways from top to bottom."""
    heads = page.locator("table.scores thead th").all_inner_texts()
    at = next(k for k, head in enumerate(heads) if head.startswith(title))
    rows = page.locator("table.scores tbody:not(.fixed) th")
    return at, [row.get_attribute("data-value") for row in rows.all()]


def values(page, at: int) -> list[float | None]:
    """Of a column, from top to bottom; None where there is no number."""
    cells = page.locator(f"table.scores tbody:not(.fixed) tr > :nth-child({at + 1})").all()
    found = [cell.get_attribute("data-value") for cell in cells]
    return [None if each is None else float(each) for each in found]


@pytest.mark.parametrize(("title", "first"), [("PSNR", "descending"), ("Seconds", "ascending")])
@pytest.mark.parametrize("key", ["", "Enter", " "])
def test_a_title_sorts_the_better_end_first_and_then_turns(opened, title, first, key):
    page = opened()
    at, _ = column(page, title)
    head = page.locator("table.scores thead th").nth(at)
    for order in (first, {"ascending": "descending", "descending": "ascending"}[first]):
        button = head.locator("button")
        button.press(key) if key else button.click()
        assert head.get_attribute("aria-sort") == order
        assert page.locator("table.scores [aria-sort]").count() == 1
        found = values(page, at)
        known = [each for each in found if each is not None]
        assert len(known) == 2
        assert known == sorted(known, reverse=order == "descending")
        assert found[-1] is None, "what has no number stands last"
        fixed = page.locator("table.scores tbody").first
        assert fixed.locator("th").all_inner_texts() == ["no edit", "true edit"]


def test_names_are_sorted_as_texts(opened):
    page = opened()
    page.locator("table.scores thead button").first.click()
    assert column(page, "Way")[1] == sorted(WAYS)


def test_the_page_opens_sorted_by_its_first_score(opened):
    page = opened()
    at, _ = column(page, "Success")
    head = page.locator("table.scores thead th").nth(at)
    assert head.get_attribute("aria-sort") == "descending"
    found = values(page, at)
    assert found == sorted(found, reverse=True)


def test_pictures_are_there_and_plots_are_drawn(opened):
    page = opened()
    sizes = page.evaluate("[...document.images].map((each) => each.naturalWidth)")
    assert len(sizes) == 28
    assert min(sizes) > 0
    assert page.locator(".plots svg").count() == 2
    for plot in page.locator(".plots svg").all():
        marks = plot.locator(".dot")
        assert marks.count() >= 2
        assert WAYS[0] in marks.locator("title").first.text_content()


def test_a_way_has_one_colour_everywhere(opened):
    page = opened()
    fills = """(way) => [...document.querySelectorAll(".dot")]
      .filter((each) => each.querySelector("title").textContent.startsWith(way))
      .concat([...document.querySelectorAll("tbody th")]
        .filter((each) => each.dataset.value === way))
      .map((each) => getComputedStyle(each.querySelector(".mark")).fill)"""
    colours = [page.evaluate(fills, way) for way in WAYS[:2]]
    assert [len(each) for each in colours] == [4, 4]  # two plots and two tables
    assert [len({*each}) for each in colours] == [1, 1]
    assert colours[0][0] != colours[1][0]


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_stands_out_of_the_page(opened, width):
    page = opened(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("details").first.evaluate("(each) => { each.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read(opened, scheme):
    page = opened(color_scheme=scheme)
    page.locator("details").evaluate_all("(all) => all.forEach((each) => { each.open = true; })")
    found = page.evaluate(CONTRASTS)
    assert len(found) > 100
    assert [each for each in found if each[0] < READABLE] == []
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")


def test_it_can_be_read_without_script(opened):
    page = opened(java_script_enabled=False)
    assert page.locator("table.scores tbody tr").count() == 5
    assert page.get_by_text("Trade-offs").is_visible()


def test_all_colours_of_ways_can_be_read(opened):
    for scheme in ("light", "dark"):
        page = opened(color_scheme=scheme)
        page.evaluate("""() => {
          const drawing = document.querySelector(".plots svg");
          const label = drawing.querySelector(".name");
          for (let k = 0; k < 9; k += 1) {
            const each = label.cloneNode(true);
            each.setAttribute("class", `name way${k}`);
            drawing.append(each);
          }
        }""")
        assert [each for each in page.evaluate(CONTRASTS) if each[0] < READABLE] == []
