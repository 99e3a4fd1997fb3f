"""Trajectories in files: as they were, or refused."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from overpaint import trajectories
from overpaint.core.solvers import last
from overpaint.errors import OptionError, OutputExistsError, UnsafeFileError
from overpaint.inversions.matching import check
from overpaint.inversions.registry import INVERSIONS
from overpaint.inversions.storing import ENTRY, digest
from overpaint.inversions.trajectory import Key
from overpaint.models.conditions import Cond

from .worlds import LEVELS, X0, drawn, world

KEY = Key("abc", ("a dog", "a cat"), 7.5)
SOURCE = replace(world(), key=KEY)
each = pytest.mark.parametrize("name", INVERSIONS)


def inverted(name="ddim", x0=X0):
    return INVERSIONS[name].invert(SOURCE, x0, LEVELS)


@each
def test_what_is_loaded_is_what_was_saved(name, tmp_path):
    found = inverted(name)
    again = trajectories.load(trajectories.save(found, tmp_path / "way.safetensors"))
    assert (again.levels, again.inversion, again.key) == (found.levels, name, KEY)
    assert (again.residual, again.settings) == (found.residual, found.settings)
    for level in LEVELS:
        assert torch.equal(again.states[level], found.states[level])
    assert again.noises.keys() == found.noises.keys()
    assert all(torch.equal(again.noises[level], x) for level, x in found.noises.items())
    assert (again.pair is None) == (found.pair is None)
    assert again.empties.keys() == found.empties.keys()
    back = [last(INVERSIONS[name].replay(t, SOURCE.along(t), sources=2)) for t in (found, again)]
    assert torch.equal(*back)


def test_a_text_that_many_levels_share_is_kept_once(tmp_path):
    path = trajectories.save(inverted("negative-prompt"), tmp_path / "way.safetensors")
    assert [name for name in load_file(path) if name.startswith("empty")] == ["empty.0.text"]
    again = trajectories.load(path)
    assert len({id(cond) for cond in again.empties.values()}) == 1


def test_pooled_numbers_are_kept(tmp_path):
    cond = Cond(drawn(2, 3, 4), drawn(2, 5))
    found = replace(inverted(), empties=dict.fromkeys(LEVELS[:-1], cond))
    again = trajectories.load(trajectories.save(found, tmp_path / "way.safetensors"))
    assert torch.equal(again.empties[LEVELS[0]].pooled, cond.pooled)


def test_nothing_is_overwritten_unasked_and_names_end_as_they_should(tmp_path):
    path = tmp_path / "way.safetensors"
    trajectories.save(inverted(), path)
    before = path.read_bytes()
    with pytest.raises(OutputExistsError, match="exists already"):
        trajectories.save(inverted("edict"), path)
    assert path.read_bytes() == before
    trajectories.save(inverted("edict"), path, overwrite=True)
    assert trajectories.load(path).inversion == "edict"
    with pytest.raises(OptionError, match=r"end in \.safetensors") as caught:
        trajectories.check_target(tmp_path / "way.png")
    assert caught.value.hint == "end the name in .safetensors"
    with pytest.raises(OptionError, match="no such file"):
        trajectories.load(tmp_path / "nope.safetensors")
    assert [each.name for each in tmp_path.iterdir()] == ["way.safetensors"]


@pytest.mark.parametrize(
    ("name", "change", "what"),
    [
        ("ddim", {"key": replace(KEY, model="xyz")}, "another model"),
        ("ddim", {"key": replace(KEY, texts=("a bird",))}, "another source prompt"),
        ("null-text", {"key": replace(KEY, scale=3.0)}, "another scale"),
        (
            "ddim",
            {"key": replace(KEY, dtype="bfloat16")},
            "another precision\nfloat32, not bfloat16",
        ),
    ],
)
def test_another_model_text_or_guidance_is_named(name, change, what):
    found = inverted(name)
    check(found, SOURCE, X0)
    with pytest.raises(OptionError, match=what):
        check(found, replace(SOURCE, **change), X0)


def test_another_picture_is_named_and_the_same_one_encoded_elsewhere_is_not():
    check(inverted(), SOURCE, X0 + 1e-3)
    for other in (X0.flip(0), X0[:1], X0[..., :2]):
        with pytest.raises(OptionError, match="another picture"):
            check(inverted(), SOURCE, other)


def test_an_inversion_without_guidance_serves_any_scale():
    check(inverted("direct"), replace(SOURCE, key=replace(KEY, scale=3.0)), X0)


def rewritten(path, tensors=None, **told):
    """The file with other tensors (None: without it) and other things said of it."""
    with safe_open(path, "pt") as file:
        said = json.loads(file.metadata()[ENTRY])
    kept = {**load_file(path), **(tensors or {})}
    kept = {name: tensor for name, tensor in kept.items() if tensor is not None}
    said.pop("sha256")
    said |= told
    own = {"sha256": digest(said, kept)}
    save_file(kept, path, metadata={ENTRY: json.dumps(own | said)})
    return path


NAN = torch.full((2, 3, 4, 4), torch.nan)
FIRST = [[level.t, level.alpha, level.sigma] for level in LEVELS]
HOSTILE = {
    "another hash": {"sha256": "0" * 64},
    "no hash that is one": {"sha256": None},
    "another format": {"format": "overpaint-trajectory-9"},
    "no levels": {"levels": []},
    "too few numbers": {"levels": [[1.0, 0.5]] * 17},
    "levels that rise": {"levels": FIRST[::-1]},
    "levels that stay": {"levels": FIRST[:1] * 17},
    "a level of nothing": {"levels": [*FIRST[:-1], [0.0, 0.0, 0.0]]},
    "infinite levels": {"levels": [[0.0, 1.0, float("inf")], *FIRST[1:]]},
    "a huge number": {"levels": [[10**400, 0.5, 0.5], *FIRST[1:]]},
    "an unknown inversion": {"inversion": "nope"},
    "an inversion that is a list": {"inversion": []},
    "settings that are none": {"settings": 3},
    "a setting out of range": {"settings": {"mix": 1e9}},
    "a setting to divide by": {"settings": {"mix": 0}},
    "no settings": {"settings": {}},
    "no key": {"key": None},
    "a mix that swaps": {"settings": {"mix": 0.5}},
    "no fitted texts": {"inversion": "null-text"},
    "no text in place of the empty one": {"inversion": "negative-prompt"},
    "a key of nothing": {"key": {}},
    "texts that are none": {"key": {"model": "", "texts": [1], "scale": 1}},
    "an unknown precision": {"key": {"model": "", "texts": [], "scale": 1, "dtype": [8]}},
    "a residual that is a text": {"residual": "x"},
    "texts of no number": {"empties": [3] * 16},
    "texts for some levels": {"empties": [0, 0]},
    "texts that are missing": {"empties": [0] * 16},
    "a state that is missing": {"tensors": {"state.3": None}},
    "a state too many": {"tensors": {"state.99": X0}},
    "a state of another shape": {"tensors": {"state.3": X0[:1].clone()}},
    "states of no picture": {"tensors": {f"state.{i}": torch.zeros(2) for i in range(17)}},
    "states of nothing": {"tensors": {f"state.{i}": torch.zeros(0, 3, 4, 4) for i in range(17)}},
    "a state of no numbers": {"tensors": {"state.3": NAN}},
    "a state of integers": {"tensors": {"state.3": torch.zeros(2, 3, 4, 4, dtype=torch.int64)}},
    "a pair that is one": {"tensors": {"pair": X0}},
    "no pair": {"tensors": {"pair": None}},
    "noise of one level": {"tensors": {"noise.0": X0}},
    "a text nobody asked for": {"tensors": {"empty.0.text": torch.zeros(2, 3, 4)}},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_files_that_are_not_sound_are_refused(what, tmp_path):
    path = trajectories.save(inverted("edict"), tmp_path / "way.safetensors")
    with pytest.raises(UnsafeFileError, match="holds no sound trajectory") as caught:
        trajectories.load(rewritten(path, **HOSTILE[what]))
    assert caught.value.why


def test_damaged_files_are_refused(tmp_path):
    path = trajectories.save(inverted(), tmp_path / "way.safetensors")
    whole = path.read_bytes()
    for data in (b"", whole[:7], whole[:-9], b"\xff" * 64, whole[:300]):
        path.write_bytes(data)
        with pytest.raises(UnsafeFileError):
            trajectories.load(path)
    flipped = bytearray(whole)
    flipped[-500] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(UnsafeFileError) as caught:
        trajectories.load(path)
    assert caught.value.why == "it does not hold what was written"
    save_file({"state.0": X0}, path)
    with pytest.raises(UnsafeFileError, match="no trajectory of `overpaint invert --save`"):
        trajectories.load(path)


def test_null_text_without_guidance_has_fitted_nothing(tmp_path):
    plain = replace(SOURCE, scale=1.0, key=replace(KEY, scale=1.0))
    found = INVERSIONS["null-text"].invert(plain, X0, LEVELS)
    again = trajectories.load(trajectories.save(found, tmp_path / "way.safetensors"))
    assert (again.inversion, again.empties) == ("null-text", {})


@pytest.mark.parametrize(
    "cond", [Cond(drawn(2, 5, 4)), Cond(drawn(2, 3, 9)), Cond(drawn(2, 3, 4), drawn(2, 5))]
)
def test_texts_of_another_shape_are_named(cond):
    found = replace(inverted("null-text"), empties=dict.fromkeys(LEVELS[:-1], cond))
    with pytest.raises(OptionError, match="another text encoder"):
        check(found, SOURCE, X0)


@pytest.mark.parametrize(
    ("was", "instead"),
    [
        (r"\"mix\": 0.93", r"\"mix\": 0.83"),
        (r"\"scale\": 7.5", r"\"scale\": 7.4"),
        (r"\"a dog\"", r"\"a dot\""),
        (r"\"abc\"", r"\"abd\""),
        (r"\"residual\": null", r"\"residual\": 0.25"),
        (f"{LEVELS[3].alpha!r}"[:12], f"{LEVELS[3].alpha + 1e-5!r}"[:12]),
    ],
)
def test_whatever_a_file_says_of_itself_is_as_it_was_written(was, instead, tmp_path):
    path = trajectories.save(inverted("edict"), tmp_path / "way.safetensors")
    whole = path.read_bytes()
    assert was.encode() in whole
    path.write_bytes(whole.replace(was.encode(), instead.encode()))
    assert path.stat().st_size == len(whole)
    with pytest.raises(UnsafeFileError, match="holds no sound trajectory"):
        trajectories.load(path)


@pytest.mark.parametrize(("said", "same"), [("a  dog ", True), ("adog", False)])
def test_blanks_between_words_make_no_other_text(said, same):
    source = replace(SOURCE, key=replace(KEY, texts=(said, "a cat")))
    if same:
        check(inverted(), source, X0)
    else:
        with pytest.raises(OptionError, match="another source prompt"):
            check(inverted(), source, X0)


def test_long_texts_are_compared_to_their_ends():
    long = "a dog " * 20
    found, source = (
        replace(each, key=replace(KEY, texts=(long + end,)))
        for each, end in ((inverted(), "here"), (SOURCE, "there"))
    )
    with pytest.raises(OptionError, match="another source prompt"):
        check(found, source, X0)
