"""PIE-Bench: read with care, asked for and scored as published or by what lies outside alone."""

import json
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from overpaint.bench import networks, rows
from overpaint.bench.found import found
from overpaint.bench.making import Setting
from overpaint.bench.networks import Networks, pixels, there
from overpaint.bench.pie import NETWORKS, Edit, plain, reader, weighted
from overpaint.bench.pie_data import TYPES, chosen, decoded, entries
from overpaint.bench.pie_scores import Seen, scored
from overpaint.bench.running import run
from overpaint.bench.summary import lines
from overpaint.bench.ways import MADE, NOTHING, OTHER, Way
from overpaint.core.emphasis import typed
from overpaint.errors import ImageReadError, ModelNotFoundError, OptionError, UnsafeFileError
from overpaint.methods.registry import find, parse_options
from overpaint.metrics import fidelity, perceptual

from ..folders import write_clip
from ..published import lpips, smooth, write_dino, write_pie

NONE = Networks()
FIRST = "000000000000"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_pie(tmp_path_factory.mktemp("pie"))


@pytest.fixture(scope="module")
def seeing(tmp_path_factory):
    """A CLIP and a DINO; no LPIPS."""
    folder = tmp_path_factory.mktemp("networks")
    clip, dino = write_clip(folder / "clip", context=40), write_dino(folder / "dino")
    return Networks(str(clip), str(dino), device="cpu")


@pytest.fixture
def with_lpips(monkeypatch):
    monkeypatch.setitem(sys.modules, "lpips", lpips())
    for kept in (networks._lpips, perceptual._kept):
        kept.cache_clear()
    yield Networks(lpips="squeeze", device="cpu")
    for kept in (networks._lpips, perceptual._kept):
        kept.cache_clear()


def edit(data, of=NONE, compat=False, at=0):
    return Edit(data, entries(data)[at], of, compat)


def changed(seed=0, where=None):
    """A source, an edit that differs in some rows, and a mask of the upper half; of 64 x 64."""
    source = pixels(np.asarray(smooth(seed, 64)))
    made, mask = source.clone(), torch.zeros(1, 1, 64, 64)
    mask[..., :32, :] = 1
    made[..., where, :] = made[..., where, :] * 0.5 + 0.2
    return Seen(source, made, mask, "a cat")


def test_masks_are_runs_along_the_rows_with_a_border():
    found = decoded([9, 2, 22, 1], side=6)
    rows = ["111111", "100111", "100001", "100011", "100001", "111111"]
    assert ["".join(str(int(each)) for each in row) for row in found] == rows
    assert decoded([6 * 6 - 7, 99], side=6).sum() == 20  # cut at the end: the border alone
    assert decoded([0, 512 * 512]).all()
    assert decoded([]).sum() == 4 * 511


def test_entries_are_read_in_order_with_texts_free_of_brackets(data):
    found = entries(data)
    assert [each.id for each in found] == [FIRST, "000000000001", "111000000000", "924000000002"]
    assert found[0].source_prompt == "a dog on a road"
    assert found[0].prompt == "a cat on a road"
    assert found[0].blended == ("dog", "cat")
    assert found[3].prompt == "a house in watercolour"
    assert [each.type for each in found] == ["random", "random", "change-object", "style"]


def test_types_take_turns(data):
    found = entries(data)
    assert [each.id[:3] for each in chosen(found, (), None)] == ["000", "111", "924", "000"]
    assert [each.type for each in chosen(found, (), 2)] == ["random", "change-object"]
    assert [each.type for each in chosen(found, ("9", "random"), 2)] == ["random", "style"]
    with pytest.raises(OptionError, match="no type 'nine'") as error:
        chosen(found, ("nine",), None)
    assert all(each in error.value.hint for each in TYPES)
    with pytest.raises(OptionError, match="no edit of pose"):
        chosen(found, ("pose",), None)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("image_path", "../secret.jpg", "expected a file below"),
        ("image_path", "/etc/passwd", "expected a file below"),
        ("image_path", "a\\..\\b.jpg", "expected a file below"),
        ("image_path", "0_random_140/none.jpg", "no picture"),
        ("image_path", 7, "expected a text"),
        ("image_path", "link.jpg", "leads out"),
        ("original_prompt", ["a"], "expected a text"),
        ("original_prompt", "half a \ud800", "surrogates not allowed"),
        ("editing_prompt", "[]", "editing_prompt is missing"),
        ("editing_type_id", "10", "no type"),
        ("editing_type_id", None, "no type"),
        ("blended_word", {}, "expected a text"),
        ("mask", [512 * 512, 1], "begins beyond"),
        ("mask", [0, 512 * 512 + 1], "not in"),
        ("mask", [-1, 3], "not in"),
        ("mask", [1.5, 3], "not in"),
        ("mask", [True, 3], "not in"),
        ("mask", [1, 2, 3], "expected pairs"),
        ("mask", "0 5", "expected pairs"),
        ("mask", None, "expected pairs"),
    ],
)
def test_damaged_entries_are_refused_by_their_id(tmp_path, field, value, said):
    smooth(9, 8).save(tmp_path / "elsewhere.jpg")
    folder = write_pie(tmp_path / "pie", **{field: value})
    (folder / "annotation_images/link.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    with pytest.raises(UnsafeFileError, match="is damaged") as error:
        entries(folder)
    assert FIRST in error.value.why
    assert said in error.value.why


@pytest.mark.parametrize("text", ["[]", "{", '{"../x": {}}', '{"x": 3}', "[" * 99999])
def test_files_that_hold_no_entries_are_refused(tmp_path, text):
    folder = write_pie(tmp_path)
    (folder / "mapping_file.json").write_text(text)
    with pytest.raises(UnsafeFileError, match="is damaged"):
        entries(folder)


def test_other_folders_and_sizes_are_refused(tmp_path):
    with pytest.raises(OptionError, match="holds no PIE-Bench"):
        entries(tmp_path)
    folder = write_pie(tmp_path)
    smooth(0, 256).save(folder / "annotation_images/0_random_140/000000000000.jpg")
    with pytest.raises(ImageReadError, match=f"{FIRST} is 256 x 256"):
        edit(folder).pictures()


def test_methods_are_given_the_words_that_the_edit_is_about(data):
    asked, style = edit(data), edit(data, at=3)
    given = asked.given(find("prompt-to-prompt"))
    assert given == {
        "prompt": asked.prompt,
        "source_prompt": asked.source_prompt,
        "local_blend": "dog,cat",
    }
    assert asked.given(find("sdedit")).keys() == {"prompt", "source_prompt"}
    assert "local_blend" not in style.given(find("prompt-to-prompt"))
    assert asked.given(find("diffusionclip")) is None


@pytest.mark.parametrize("at", [0, 3])
def test_published_runs_have_their_options(data, at):
    method = find("prompt-to-prompt")
    given = edit(data, compat=True, at=at).given(method)
    prompt, _ = given.pop("prompt"), given.pop("source_prompt")
    options = parse_options(method, given)  # which refuses what has no effect
    assert (options.num_inference_steps, options.guidance_scale) == (50, 7.5)
    assert (options.cross_replace, options.self_replace) == (0.4, 0.6)
    assert options.alignment == "refine"
    assert options.local_blend == ("dog,cat" if at == 0 else "off")
    weights = typed(prompt).weights
    assert [weight for _, weight in weights] == ([2] if at == 0 else [])
    assert typed(prompt).text == edit(data, at=at).prompt
    plain = edit(data, compat=True).given(find("sdedit"))
    assert plain.keys() == {"prompt", "source_prompt"}


def test_texts_with_parentheses_are_read_as_they_stand():
    for text in ("a cat", "a cat (grey)", "a cat (on: a mat)", "\\(", "a (b:2) c"):
        assert typed(plain(text)).text == text
        assert not typed(plain(text)).weights
        assert typed(weighted(text, ("cat",), 2)).text == text
    assert weighted("a cat, a catfish", ("cat",), 2) == "a (cat:2), a catfish"
    assert weighted("a Cat", ("cat",), 2) == "a (Cat:2)"


@pytest.mark.parametrize("compat", [True, False])
def test_what_changed_inside_alone_leaves_the_background(compat):
    found = scored(changed(where=slice(4, 28)), NONE, compat=compat)
    assert found["background_mse"] == 0
    assert found["background_psnr"] == (np.inf if compat else 54)
    if compat:  # windows that reach inside see black there
        assert found["background_ssim"] == pytest.approx(1)


def test_compat_is_a_mean_over_the_frame_and_the_other_one_over_what_lies_outside():
    seen = changed(where=slice(40, 60))
    difference = (seen.made - seen.source).square()[..., 32:, :].double()
    published, ours = (scored(seen, NONE, compat=compat) for compat in (True, False))
    assert published["background_mse"] == pytest.approx(float(difference.sum()) / (3 * 64 * 64))
    assert ours["background_mse"] == pytest.approx(float(difference.mean()))
    for each in (published, ours):
        psnr = -10 * np.log10(each["background_mse"])
        assert each["background_psnr"] == pytest.approx(psnr)
    black = [each.clone() for each in (seen.made, seen.source)]
    for each in black:
        each[..., :32, :] = 0
    assert published["background_ssim"] == pytest.approx(float(fidelity.ssim(*black)))
    assert ours["background_ssim"] < published["background_ssim"]


def test_lpips_is_published_over_black_and_ours_by_what_lies_outside(with_lpips):
    seen = changed(where=slice(0, 64))
    apart = (seen.made - seen.source).abs()[..., 32:, :]
    published, ours = (
        scored(seen, with_lpips, compat=compat)["background_lpips"] for compat in (True, False)
    )
    assert published == pytest.approx(20 * float(apart.sum()) / (3 * 64 * 64), rel=1e-4)
    assert ours == pytest.approx(20 * float(apart.mean()), rel=1e-4)


def test_the_structure_is_of_self_similarity_and_published_in_full_range(seeing):
    seen = changed(where=slice(0, 64))
    dino = networks._dino_of(seeing.dino, "cpu")
    for compat in (True, False):
        alike = []
        for each in (seen.made, seen.source):
            keys = F.normalize(dino.keys(each, full_range=compat)[0].double(), dim=1)
            alike.append(keys @ keys.T)
        wanted = float((alike[0] - alike[1]).square().mean())
        assert scored(seen, seeing, compat=compat)["structure"] == pytest.approx(wanted)
    ours, published = (scored(seen, seeing, compat=c)["structure"] for c in (False, True))
    assert ours != pytest.approx(published)


def test_clip_sees_the_whole_and_what_is_edited(seeing):
    seen = changed(where=slice(0, 64))
    clip = networks._clip_of(seeing.clip, "cpu")
    text = clip.text(["a cat"])
    black = seen.made.clone()
    black[..., 32:, :] = 0
    wanted = [float((clip.image(each * 2 - 1) * text).sum()) for each in (seen.made, black)]
    found = scored(seen, seeing, compat=False)
    assert [found["clip_t"], found["clip_edited"]] == pytest.approx(wanted, abs=1e-6)
    published = scored(seen, seeing, compat=True)
    assert published["clip_t"] == pytest.approx(max(0, wanted[0]), abs=1e-6)
    assert published["clip_edited"] == pytest.approx(max(0, wanted[1]), abs=1e-6)


@pytest.mark.parametrize("compat", [True, False])
def test_a_mask_of_all_leaves_no_background(data, seeing, compat):
    style = edit(data, seeing, compat, at=3)
    found = style.scores(np.asarray(smooth(77)))
    beside = [value for name, value in found.items() if name.startswith("background")]
    assert len(beside) == 3
    assert np.isnan(beside).all()
    assert all(np.isfinite(found[name]) for name in ("structure", "clip_t", "clip_edited"))


def test_a_run_is_made_kept_and_told(data, seeing, tmp_path):
    tasks = [Edit(data, each, seeing) for each in entries(data)]
    setting = Setting(tmp_path, 0, {"protocol": "own", **seeing.told})
    method = Way("sdedit", "tiny", {"num_inference_steps": 1})
    asked = [Way(NOTHING), Way(OTHER), method]
    begun = run(tasks, asked, setting)
    next(begun)
    begun.close()
    made = list(run(tasks, asked, setting))
    assert len(made) == len(rows.read(tmp_path)) == 12
    assert not any("error" in row or "left_out" in row for row in made)
    assert made[0]["clip_net"] == "clip"
    json.dumps(made, default=str)
    nothing, other, edited = (line.scores for line in lines(made))
    assert nothing["background_psnr"].mean == 54
    assert nothing["background_psnr"].count == 3  # of four; one has no background
    assert nothing["structure"].mean == pytest.approx(0, abs=1e-9)
    assert other["background_psnr"].mean < 30
    assert edited["calls"].mean == 1
    region = np.asarray(Image.open(tmp_path / f"random-{FIRST}/region.png"))
    assert np.array_equal(region > 0, decoded(entries(data)[0].runs))
    with pytest.raises(OptionError, match="protocol own"):
        list(run(tasks, asked, Setting(tmp_path, 0, {"protocol": "published"})))


def test_pictures_of_the_authors_are_scored_by_their_last_square(data, tmp_path):
    folder = tmp_path / "theirs/0_random_140"
    folder.mkdir(parents=True)
    row = np.concatenate([np.asarray(smooth(seed)) for seed in (5, 6, 0)], axis=1)
    Image.fromarray(row).save(folder / f"{FIRST}.png")
    smooth(0, 1024).save(folder / "000000000001.jpg")
    tasks = [edit(data, at=0), edit(data, at=1), edit(data, at=2)]
    setting, way = Setting(tmp_path / "out"), Way(MADE, "theirs")
    read = found(reader(tmp_path / "theirs"))
    first, second, third = run(tasks, [way], setting, spread=read)
    assert first["background_psnr"] > 40  # the source itself, but for the JPEG
    kept = np.asarray(Image.open(tmp_path / "out" / first["path"]))
    assert np.array_equal(kept, np.asarray(smooth(0)))
    assert "is 1024 x 1024" in second["error"]
    assert "left_out" in third


def test_networks_that_are_not_there_are_told_of_or_missed(seeing, monkeypatch):
    monkeypatch.setitem(sys.modules, "lpips", None)
    for kept in (networks._lpips, perceptual._kept):
        kept.cache_clear()
    none, notes = there(NETWORKS)
    assert (none.clip, none.dino, none.lpips) == (None, None, None)
    assert "hf download openai/clip-vit-large-patch14" in notes[0]
    assert "hf download facebook/dino-vitb8" in notes[1]
    assert notes[2].startswith("no scores by LPIPS")
    some, _ = there(NETWORKS, clip=seeing.clip)
    assert (some.clip, some.dino) == (seeing.clip, None)
    with pytest.raises(ModelNotFoundError):
        there(NETWORKS, clip="no/clip-here")
