"""One inversion, many edits: a kept trajectory takes the place of the inversion."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import overpaint
from overpaint import trajectories
from overpaint.errors import OptionError
from overpaint.inverting import reconstruct
from overpaint.methods import registry
from overpaint.methods.taking import left_open
from overpaint.models.zoo import load

from .adapters import write_random
from .folders import write_clip

MODEL = load("tiny-text")
VALUES = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
PICTURE = Image.fromarray(VALUES)
FROM, TO = "a person with brown hair", "a person with red hair"
HOW = {"steps": 3, "strength": 0.6}
LEFT = Image.fromarray(np.repeat([[255, 0]], 8, axis=1).astype(np.uint8).repeat(16, axis=0))


def kept(inversion="direct", source_prompt=FROM, model=MODEL, picture=PICTURE, **more):
    how = {"inversion": inversion, "source_prompt": source_prompt, **HOW, **more}
    return reconstruct(picture, model=model, **how).trajectory


def made(method="prompt-to-prompt", picture=PICTURE, **more):
    told = {"source_prompt": FROM, "model": MODEL, **more}
    return overpaint.edit(picture, told.pop("prompt", TO), method=method, **told)


def asked(options=("num_inference_steps", "strength"), **more):
    return {**dict(zip(options, HOW.values(), strict=True)), **more}


def same(one, other):
    return all(np.array_equal(*pair) for pair in zip(one.images, other.images, strict=True))


TEXTS = [
    ("prompt-to-prompt", "direct", {}),
    ("prompt-to-prompt", "null-text", {"guidance_scale": 2.0}),
    ("prompt-to-prompt", "edict", {"guidance_scale": 2.0}),
    ("prompt-to-prompt", "edit-friendly", {"guidance_scale": 2.0}),
    ("null-text", "null-text", {"guidance_scale": 2.0}),
    ("diffedit", "ddim", {"mask": LEFT}),
    ("diffedit", "fixed-point", {"mask": LEFT, "encode_source": True}),
]


@pytest.mark.parametrize(("method", "inversion", "more"), TEXTS)
def test_an_edit_is_the_same_and_nothing_is_inverted(method, inversion, more):
    """Steps, strength, inversion and what it was led by are those of the trajectory."""
    plain = made(method, **asked(inversion=inversion, **more))
    text = FROM if method != "diffedit" or "encode_source" in more else ""
    led = {"guidance_scale": 2.0} if "guidance_scale" in more else {}
    way = kept(inversion, text, **led)
    found = made(method, trajectory=way, **({"mask": LEFT} if "mask" in more else {}))
    assert same(plain, found)
    assert found.record.options == plain.record.options
    # What is left is the way down, on which edict has two states.
    assert found.calls == (6 if inversion == "edict" else 3) < plain.calls


def test_texts_of_other_edits_share_it():
    way = kept()
    for prompt in (TO, "a person with a hat"):
        plain = made(prompt=prompt, inversion="direct", **asked())
        assert same(plain, made(prompt=prompt, trajectory=way))


def test_noise_that_was_kept_leaves_nothing_to_the_seed():
    way = kept("edit-friendly", guidance_scale=2.0)
    found = made(trajectory=way, seed=5, count=2)
    assert len(found.images) == 1
    assert same(found, made(trajectory=way))


def test_noise_that_was_kept_is_that_of_an_edit_that_finds_its_mask():
    how = {"num_maps_per_mask": 2, "guidance_scale": 2.0}
    plain = made("diffedit", **asked(inversion="edit-friendly", encode_source=True, **how))
    way = kept("edit-friendly", guidance_scale=2.0)
    assert same(plain, made("diffedit", trajectory=way, num_maps_per_mask=2))


def test_blanks_between_words_make_no_other_source_prompt():
    told = FROM.replace(" ", "  ") + " "
    assert made(trajectory=kept(), source_prompt=told).calls == 3
    assert made(trajectory=kept(source_prompt=told)).calls == 3
    assert reconstruct(PICTURE, model=MODEL, source_prompt=told, trajectory=kept()).calls == 0


def test_diffedit_edits_the_mask_of_every_seed_from_one_trajectory():
    wide = {"mask_thresholding_ratio": 3.0, "num_maps_per_mask": 2, "seed": 0, "count": 2}
    plain = made("diffedit", inversion="ddim", **asked(), **wide)
    found = made("diffedit", trajectory=kept("ddim", ""), **wide)
    assert same(plain, found)
    assert len(found.images) == 2


@pytest.fixture
def pixels(tmp_path):
    """What the methods need that edit by models without texts."""
    tiny = load("tiny")
    return {
        "diffusionclip": {"adapter": write_random(tiny, tmp_path / "a", t0=500, base=tiny.hash)},
        "clip-latent": {"clip": write_clip(tmp_path / "c"), "iterations": 1},
    }


@pytest.mark.parametrize(
    ("method", "inversion"),
    [("diffusionclip", "fixed-point"), ("diffusionclip", "edict"), ("clip-latent", "ddim")],
)
def test_models_without_texts_too(pixels, method, inversion):
    model, own = load("tiny"), pixels[method]
    ways = {"inversion": inversion, "bridge": "off"} if method == "diffusionclip" else {}
    how = {"model": model, "source_prompt": "", **own}
    plain = made(method, **asked(("num_inversion_steps", "strength")), **how, **ways)
    found = made(method, trajectory=kept(inversion, "", model), **how)
    assert same(plain, found)
    # Three moves up; fixed-point and edict ask more often.
    assert plain.calls - found.calls == {"fixed-point": 7, "edict": 6, "ddim": 3}[inversion]


@pytest.mark.parametrize(
    ("more", "what", "why"),
    [
        ({"model": replace(MODEL, dtype=torch.bfloat16)}, "precision", "float32, not bfloat16"),
        ({"model": replace(MODEL, hash="other")}, "model", "weights tint000000, not other"),
        ({"picture": Image.fromarray(255 - VALUES)}, "picture", "it differs by"),
        ({"source_prompt": "a cat"}, "source prompt", "'a person with brown hair', not 'a cat'"),
        ({"guidance_scale": 3.0}, "scale of guidance", "2, not 3"),
        ({"inversion": "ddim"}, "inversion", "null-text, not ddim"),
        ({"num_inference_steps": 4}, "path", "3 steps from strength 0.6, not 4 steps from"),
        ({"strength": 0.5}, "path", "3 steps from strength 0.6, not 3 steps from strength 0.5"),
    ],
)
def test_what_does_not_fit_is_named(more, what, why):
    way = kept("null-text", guidance_scale=2.0)
    with pytest.raises(OptionError, match=f"the trajectory is of another {what}") as caught:
        made(trajectory=way, **more)
    assert why in caught.value.why


STILL = [
    ("prompt-to-prompt", "direct", {"strength": 0}),
    ("null-text", "null-text", {"strength": 0.0}),
    ("diffedit", "ddim", {"strength": "0"}),
    ("diffusionclip", "ddim", {"strength": 0}),
    ("diffusionclip", "ddim", {"t0": "0"}),
    ("clip-latent", "ddim", {"strength": 0}),
]


@pytest.mark.parametrize(("method", "inversion", "more"), STILL)
def test_strength_0_is_another_path(pixels, method, inversion, more):
    """Nothing would be gone back from, and nobody be told."""
    how = {"model": load("tiny"), "source_prompt": "", **pixels[method]} if method in pixels else {}
    way = kept(inversion, "" if how or method == "diffedit" else FROM, how.get("model", MODEL))
    with pytest.raises(OptionError, match="the trajectory is of another path") as caught:
        made(method, trajectory=way, **how, **more)
    assert caught.value.why == "3 steps from strength 0.6, not 0 steps from strength 0"


def test_a_reconstruction_takes_a_trajectory_that_is_at_hand(tmp_path):
    first = reconstruct(PICTURE, model=MODEL, source_prompt=FROM, inversion="edict", **HOW)
    path = trajectories.save(first.trajectory, tmp_path / "way.safetensors")
    for way in (first.trajectory, path):
        again = reconstruct(PICTURE, model=MODEL, trajectory=way)
        assert np.array_equal(first.image, again.image)
        assert again.calls < first.calls
    with pytest.raises(OptionError, match="neither a file nor a Trajectory"):
        reconstruct(PICTURE, model=MODEL, trajectory=3)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5])
def test_a_reconstruction_has_the_seeds_that_edits_have(seed):
    for refused in (kept, made):
        with pytest.raises(OptionError, match=r"A seed is a whole number from 0 to 2\^63 - 1"):
            refused(seed=seed)


@pytest.mark.parametrize("text", [3, None, b"a hat"])
def test_what_is_no_text_is_no_source_prompt(text):
    for refused in (kept, lambda **told: made("sdedit", **told)):
        with pytest.raises(OptionError, match="source_prompt must be a text, got"):
            refused(source_prompt=text)
    with pytest.raises(OptionError, match=r"^prompt must be a text, got"):
        made("sdedit", prompt=text)


def test_levels_of_another_schedule_are_told_so(tmp_path):
    way = kept()
    late = {level: replace(level, t=level.t + 900) for level in way.levels}
    states = {late[level]: state for level, state in way.states.items()}
    far = replace(way, levels=tuple(late.values()), states=states)
    path = trajectories.save(far, tmp_path / "far.safetensors")
    other = replace(MODEL, schedule=MODEL.schedule.ending_in_noise())
    for refused in (
        lambda: made(trajectory=far),
        lambda: reconstruct(PICTURE, model=MODEL, trajectory=path),
        lambda: kept(model=other, trajectory=trajectories.save(way, tmp_path / "a.safetensors")),
    ):
        with pytest.raises(OptionError, match="the trajectory is of another schedule"):
            refused()


def test_what_a_method_inverts_otherwise_is_refused(pixels):
    with pytest.raises(OptionError, match="another inversion") as caught:
        made("null-text", trajectory=kept("ddim"))
    assert caught.value.why == "ddim, not null-text"
    with pytest.raises(OptionError, match="The method sdedit takes no trajectory"):
        made("sdedit", trajectory=kept("ddim"))
    with pytest.raises(OptionError, match="operator=noise takes no trajectory"):
        made("diffedit", trajectory=kept("ddim", ""), operator="noise")
    tiny, clip = load("tiny"), pixels["diffusionclip"]
    for how, what in (({"t0": "auto"}, "t0=auto goes"), ({"bridge": "on"}, "a bridge goes")):
        given = {"model": tiny, "source_prompt": "", **clip, **how}
        with pytest.raises(OptionError, match=f"{what} without a trajectory"):
            made("diffusionclip", trajectory=kept("ddim", "", tiny), **given)


def test_a_grid_of_other_times_is_told_apart(pixels):
    how = {"model": load("tiny"), "source_prompt": "", **pixels["diffusionclip"]}
    with pytest.raises(OptionError, match="another path"):
        made("diffusionclip", trajectory=kept("ddim", "", load("tiny")), grid="official", **how)


def test_only_what_is_left_open_is_taken_over():
    kind, schedule = registry.find("prompt-to-prompt").options, MODEL.schedule
    way = kept("null-text", guidance_scale=2.0)
    told = {"inversion": "null-text", "num_inference_steps": 3, "strength": 0.6}
    led = {"guidance_scale": 2.0}
    assert left_open(kind, {}, way, schedule) == pytest.approx({**told, **led})
    assert left_open(kind, told, way, schedule) == led
    assert "guidance_scale" not in left_open(kind, {}, kept("direct"), schedule)


def test_a_small_mask_is_not_zoomed_into():
    spot = Image.new("L", (16, 16))
    spot.paste(255, (6, 6, 9, 9))
    assert made(trajectory=kept(), mask=spot).record.zoom is False
    with pytest.raises(OptionError, match="another picture"):
        made(trajectory=kept(), mask=spot, zoom="on")


def test_a_record_names_the_file_and_knows_it_in_memory_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    way = kept()
    path = trajectories.save(way, "way.safetensors")
    by_file, loaded, bare = (
        made(trajectory=each).record.parts["trajectory"]
        for each in (path, trajectories.load(path), way)
    )
    assert by_file == loaded == f"way.safetensors {bare}"
    assert len(bare) == 64
    other = replace(trajectories.load(path), residual=1.0)
    assert made(trajectory=other).record.parts["trajectory"] not in (by_file, bare)


def test_a_trajectory_goes_where_the_model_is():
    way = kept("null-text", guidance_scale=2.0)
    assert way.to("cpu") is way
    away = way.to("meta")
    tensors = [*away.states.values(), *(cond.text for cond in away.empties.values())]
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert torch.equal(way.picture, kept().picture)
