"""Masks that are found for any method: `mask="auto"`, in a region too, recorded and done again."""

import numpy as np
import pytest
from PIL import Image

import overpaint
from overpaint import Face
from overpaint.data.record import Record
from overpaint.errors import OptionError
from overpaint.methods.finding import Finding
from overpaint.replaying import replay

SOFT = {"threshold": 0.4}


@pytest.fixture(scope="module")
def photo():
    """A picture of an odd size and aspect."""
    small = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((23, 37), Image.Resampling.BICUBIC)


def edit(photo, prompt="a red hat", **more):
    asked = {"method": "sdedit", "model": "tiny-text", "source_prompt": "a cat", "mask": "auto"}
    return overpaint.edit(photo, prompt, **{**asked, "num_inference_steps": 2, **more})


def masked(result):
    return np.asarray(result.mask) > 0


@pytest.mark.parametrize("method", ["sdedit", "blended", "diffedit"])
def test_any_method_edits_in_the_mask_that_is_found(photo, method):
    result = edit(photo, method=method)
    before, after = np.asarray(photo), np.asarray(result.images[0])
    inside = masked(result)
    assert result.mask.size == photo.size
    assert 0.02 < inside.mean() < 0.98
    assert np.array_equal(after[~inside], before[~inside])
    assert (after[inside] != before[inside]).mean() > 0.5
    assert any(note.startswith("the mask was found: ") for note in result.warnings)


def test_one_mask_serves_every_method_and_every_seed(photo):
    one, other = edit(photo, count=2), edit(photo, method="blended", seed=7)
    assert np.array_equal(masked(one), masked(other))


def test_a_mask_is_found_again_to_the_same_pixels(photo, tmp_path):
    photo.save(tmp_path / "in.png")
    for seed in (9, 4):
        result = edit(tmp_path / "in.png", seed=seed, mask_options=SOFT | {"dilate": 1})
        again = replay(result.save(tmp_path / f"out{seed}.png"))
        assert again.verdict == "identical"
        assert np.array_equal(masked(again.result), masked(result))


def test_the_record_says_how_it_was_found(photo):
    record = edit(photo, mask_options=SOFT).record
    assert (record.mask, record.mask_sha256) == ("auto", "")
    assert record.mask_options["threshold"] == 0.4
    assert record.mask_options.keys() == Finding.__dataclass_fields__.keys()
    assert Record.from_json(record.to_json()) == record
    assert edit(photo, mask=Image.new("L", photo.size, 255)).record.mask_options == {}


def test_options_of_the_mask_act(photo):
    wide, narrow = (masked(edit(photo, mask_options={"threshold": t})) for t in (0.3, 0.5))
    assert wide[narrow].all()
    assert wide.sum() > narrow.sum() > 0


def test_a_method_that_finds_masks_lends_its_options(photo):
    own = edit(photo, method="diffedit", threshold=0.3)
    told = edit(photo, mask_options={"threshold": 0.3})
    assert np.array_equal(masked(own), masked(told))


def test_the_found_mask_the_other_way_round(photo):
    there, elsewhere = masked(edit(photo)), np.asarray(edit(photo, invert_mask=True).mask)
    assert np.array_equal(elsewhere < 255, there)


@pytest.mark.parametrize("method", ["blended", "diffedit"])
def test_every_region_may_be_found_by_its_own_text(photo, tmp_path, method):
    photo.save(tmp_path / "in.png")
    painted = Image.new("L", photo.size, 0)
    painted.paste(255, (0, 30, 23, 37))
    painted.save(tmp_path / "shoe.png")
    regions = [("auto", "a red hat"), ("auto", "a dog"), (tmp_path / "shoe.png", "a shoe")]
    result = edit(tmp_path / "in.png", "", method=method, mask=None, regions=regions)
    alone = [masked(edit(photo, text)) for text in ("a red hat", "a dog")]
    assert np.array_equal(masked(result), alone[0] | alone[1] | (np.asarray(painted) > 0))
    told = [note for note in result.warnings if "was found" in note]
    assert len(told) == 2
    assert "the mask of 'a dog' was found" in told[1]
    assert replay(result.save(tmp_path / "out.png")).verdict == "identical"


@pytest.mark.parametrize(
    ("text", "how", "why"),
    [("A Cat", {}, "both texts say the same"), ("a dog", {"threshold": 1}, "lower its threshold")],
)
def test_where_no_mask_is_found_nothing_changes_and_it_is_told(photo, text, how, why):
    asked = {"mask": None, "regions": [("auto", text)], "method": "blended", "mask_options": how}
    result = edit(photo, "", **asked)
    assert np.array_equal(np.asarray(result.images[0]), np.asarray(photo))
    assert result.calls == 0
    assert any(f"was found is empty: {why}" in note for note in result.warnings)


def test_a_mask_that_is_found_can_be_zoomed_in_on(photo, tmp_path):
    photo.resize((230, 370)).save(tmp_path / "in.png")
    how = {"mask_options": {"threshold": 0.62, "largest": True}, "zoom": "on"}
    result, whole = (
        edit(tmp_path / "in.png", **how),
        edit(tmp_path / "in.png", **how | {"zoom": "off"}),
    )
    assert result.record.zoom
    assert np.array_equal(masked(result), masked(whole))  # it is looked for in all of the picture
    assert not np.array_equal(*(np.asarray(each.images[0]) for each in (result, whole)))
    assert replay(result.save(tmp_path / "out.png")).verdict == "identical"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": "tiny"}, "tiny reads no text"),
        ({"prompt": " "}, "needs a text"),
        ({"prompt": "", "mask": None, "regions": [("auto", "")], "method": "blended"}, "a text"),
        ({"face": Face(10, 10, 5)}, "a mask that is auto and a face"),
        ({"mask_options": {"treshold": 0.4}}, "A mask that is auto has no option 'treshold'"),
        ({"mask_options": SOFT, "mask": None}, "mask options are for a mask that is found"),
        ({"extend": "right=0.5"}, "do not go together"),
    ],
)
def test_what_cannot_be_found_is_refused(photo, given, said):
    with pytest.raises(OptionError, match=said):
        edit(photo, **given)


def test_a_file_of_that_name_is_a_file(photo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("L", photo.size, 0).save("auto", "PNG")
    result = edit(photo, mask="./auto")
    assert not masked(result).any()
    assert result.record.mask_sha256


@pytest.mark.parametrize("seeds", [(0, 1)])
def test_what_a_method_finds_is_handed_out_for_each_seed(photo, seeds):
    both = edit(photo, method="diffedit", mask=None, seed=seeds, batch=2)
    alone = edit(photo, method="diffedit", mask=None, seed=seeds[0])
    assert np.array_equal(np.asarray(both.mask), np.asarray(alone.mask))
    assert both.contrast.size == photo.size
    assert any("of the picture was found" in note for note in both.warnings)
    before, after = np.asarray(photo), np.asarray(both.images[0])
    assert np.array_equal(after[~masked(both)], before[~masked(both)])


@pytest.mark.parametrize("hint", ["intersect", "union"])
def test_a_hint_is_exact_in_pixels(photo, hint):
    given = Image.new("L", photo.size, 0)
    given.paste(255, (3, 5, 14, 22))
    result = edit(photo, method="diffedit", mask=given, hint=hint, zoom="off")
    inside, hinted = masked(result), np.asarray(given) > 0
    assert (inside[~hinted].any(), inside[hinted].all()) == (hint == "union", hint == "union")
    before, after = np.asarray(photo), np.asarray(result.images[0])
    assert np.array_equal(after[~inside], before[~inside])


def test_faces_are_edited_each_in_its_own_mask(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    group, faces = Image.fromarray(pixels), [Face(20, 22, 12), Face(63, 30, 14, -20)]
    result = edit(group, method="diffedit", mask=None, face=faces)
    inside, changed = masked(result), (np.asarray(result.images[0]) != pixels).any(2)
    assert not changed[~inside].any()
    for left in (0, 45):
        assert changed[:, left : left + 45].any()
    assert 0 < inside.mean() < 0.6


WEIGHED = "weights of words count in null-text and prompt-to-prompt alone"


@pytest.mark.parametrize("method", ["sdedit", "blended", "diffedit"])
def test_weights_typed_in_a_prompt_are_not_read_as_letters(photo, method):
    how = {"method": method, "num_inference_steps": 1}
    plain, heavy = (edit(photo, text, **how) for text in ("a red hat", "a (red hat:2)"))
    assert np.array_equal(masked(plain), masked(heavy))
    assert np.array_equal(np.asarray(plain.images[0]), np.asarray(heavy.images[0]))
    assert (WEIGHED in heavy.warnings, WEIGHED in plain.warnings) == (True, False)
    assert heavy.record.prompt == "a (red hat:2)"


def test_weights_in_regions_and_source_prompts_are_not_read_as_letters(photo):
    def made(text, source):
        how = {"regions": [("auto", text)], "mask": None, "source_prompt": source}
        return edit(photo, "", method="diffedit", **how)

    plain, heavy = made("a dog", "a cat"), made("a (dog:2)", "a (cat:2)")
    assert np.array_equal(np.asarray(plain.images[0]), np.asarray(heavy.images[0]))
    assert WEIGHED in heavy.warnings
    assert "weights of words have no effect in a source prompt" in heavy.warnings


@pytest.mark.parametrize(
    ("method", "prompt"), [("prompt-to-prompt", "a (cat:1)"), ("diffedit", "a (cat:2)")]
)
def test_a_text_whose_weights_do_nothing_is_its_own_source(photo, method, prompt):
    with pytest.raises(OptionError, match="mean the same"):
        edit(photo, prompt, method=method, mask=None)


def test_a_weight_alone_is_an_edit_of_prompt_to_prompt(photo):
    result = edit(photo, "a (cat:2)", method="prompt-to-prompt", mask=None)
    assert result.mask is not None
    assert WEIGHED not in result.warnings
