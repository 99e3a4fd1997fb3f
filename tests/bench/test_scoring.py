"""A picture scores as its metrics do by hand, and only by what was given."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from overpaint.bench.looking import Looks
from overpaint.bench.scoring import Asked, scoring
from overpaint.errors import ImageReadError, OptionError
from overpaint.metrics import fidelity, likeness
from overpaint.models.clip import load_clip
from overpaint.models.dino import load_dino
from overpaint.models.zoo import embedded

from .. import extras
from ..folders import write_dino

TEXTS = {"prompt": "a smiling person", "source_prompt": "a sad person"}
SIZE = (48, 40)


def pixels(seed):
    return np.random.default_rng(seed).integers(0, 256, (*SIZE[::-1], 3), dtype=np.uint8)


def tensor(values):
    return torch.from_numpy(values).permute(2, 0, 1)[None] / 255


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A source, an edit of its left half, the mask of that half, and a folder of four pictures."""
    monkeypatch.chdir(tmp_path)
    source, edit, mask = pixels(0), pixels(0), np.zeros(SIZE[::-1], np.uint8)
    edit[:, :24] = pixels(1)[:, :24]
    mask[:, :24] = 255
    for name, values in {"source": source, "edit": edit, "mask": mask}.items():
        Image.fromarray(values).save(f"{name}.png")
    Path("many").mkdir()
    for seed in range(4):
        Image.fromarray(pixels(seed)).save(f"many/{seed}.png")
    return source, edit


def scores(*made, looks=None, **asked):
    places = {name: Path(asked[name]) for name in ("against", "mask", "real") if name in asked}
    looked = Looks(**(looks or {}), device="cpu")
    return scoring(Asked([Path(each) for each in made], **{**asked, **places}), looked)


def one(*made, **asked):
    (found,) = scores(*made, **asked).each()
    return found.scores


def test_an_unchanged_picture_is_as_close_as_can_be(files):
    found = one("source.png", against="source.png", looks=TEXTS)
    assert found["psnr"] == math.inf
    assert found["mae"] == found["mse"] == found["l2"] == 0
    near = {name: found[name] for name in ("ssim", "identity", "clip-i")}
    assert near == pytest.approx(dict.fromkeys(near, 1), abs=1e-5)
    assert found["clip-direction"] == pytest.approx(0, abs=1e-6)
    assert not [name for name in found if name.startswith(("background", "lpips", "dino"))]


def test_what_the_mask_covers_counts_for_nothing(files):
    inside = one("edit.png", against="source.png", mask="mask.png")
    assert inside["background-psnr"] == math.inf
    assert inside["psnr"] < 20
    source, edit = files
    expected = fidelity.psnr(tensor(edit), tensor(source)).item()
    assert inside["psnr"] == pytest.approx(expected, abs=1e-4)
    Image.fromarray(255 - np.array(Image.open("mask.png"))).save("other.png")
    outside = one("edit.png", against="source.png", mask="other.png")
    half = torch.tensor(edit[:, :24] / 255.0), torch.tensor(source[:, :24] / 255.0)
    error = float((half[0] - half[1]).square().mean())
    assert outside["background-mse"] == pytest.approx(error, rel=1e-5)


def test_texts_are_compared_by_the_clip_that_does_not_guide(files):
    found = one("edit.png", looks={"prompt": TEXTS["prompt"]})
    clip = load_clip(embedded("clip-check"))
    image = clip.image(tensor(files[1]).float() * 2 - 1)
    assert found == {
        "clip-t": pytest.approx(
            float(likeness.clip_t(image, clip.text([TEXTS["prompt"]]))), abs=1e-5
        )
    }


def test_structure_is_of_the_keys_of_a_dino(files):
    folder = write_dino(Path("net"))
    asked = {"against": "source.png", "metrics": ["dino", "structure"], "looks": {"dino": "net"}}
    same, other = one("source.png", **asked), one("edit.png", **asked)
    assert same == {"dino": pytest.approx(1), "structure": pytest.approx(0, abs=1e-9)}
    source, edit = (load_dino(folder, "cpu").keys(tensor(each).float()) for each in files)
    assert other["structure"] == pytest.approx(float(likeness.structure(edit, source)), rel=1e-3)
    assert other["structure"] > 0


def test_a_library_is_asked_only_by_the_name_of_its_metric(files, library):
    library("lpips", extras.lpips())
    found = one("edit.png", against="source.png", metrics=["lpips-vgg"])
    expected = 3 * fidelity.mse(*(2 * tensor(each) for each in files)).item()
    assert found == {"lpips-vgg": pytest.approx(expected, rel=1e-5)}


def test_without_a_partner_only_what_needs_none_is_measured(files):
    work = scores("edit.png", "many", against="many", looks={"prompt": "x"})
    first, *others = work.each()
    assert first.pair.against is None
    assert first.scores.keys() == {"clip-t"}
    assert all(each.scores["psnr"] == math.inf for each in others)


def test_a_set_is_no_distance_from_itself(files):
    work = scores("many", real="many")
    assert list(work.each()) == []
    found = work.sets()
    assert (found.made, found.real, found.few) == (4, 4, True)
    assert found.scores["fid"] == pytest.approx(0, abs=1e-6)
    assert found.scores["precision"] == found.scores["recall"] == 1


def test_few_pictures_have_no_precision(files):
    three = ["many/0.png", "many/1.png", "many/2.png"]
    assert scores(*three, real="many").of_sets == ["fid", "kid"]
    with pytest.raises(OptionError, match="more than 3"):
        scores(*three, real="many", features="judge", metrics=["recall"]).sets()


def test_sets_are_compared_by_what_inception_sees_in_their_bytes(files, library):
    library("torch_fidelity", extras.torch_fidelity())
    found = scores("many", real="many", features="inception").sets()
    assert found.width == 3
    assert found.scores["fid"] == pytest.approx(0, abs=1e-6)
    assert found.scores["inception-score"] >= 1
    alone = scores("many", features="inception").sets()
    assert (alone.real, [*alone.scores]) == (0, ["inception-score"])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "nothing to measure"),
        ({"mask": "mask.png"}, "nothing to measure"),
        ({"metrics": ["psnrr"]}, "no metric 'psnrr'"),
        ({"metrics": ["psnr"]}, "psnr needs --against"),
        ({"metrics": ["structure"], "against": "source.png"}, "structure needs --dino"),
        ({"metrics": ["csfid"]}, "no metric 'csfid'"),
        (
            {"metrics": ["psnr"], "against": "source.png", "mask": "mask.png"},
            "--mask has no effect",
        ),
        ({"looks": TEXTS}, "--source-prompt has no effect"),
        ({"against": "source.png", "features": "clip"}, "--features is for sets"),
        ({"real": "many", "features": "vgg"}, "--features is clip, judge, inception"),
        ({"real": "many"}, "from 2 pictures on"),
        ({"against": "many"}, "No picture has its partner in many"),
    ],
)
def test_what_is_of_no_use_is_refused_before_any_work(files, asked, said):
    with pytest.raises(OptionError, match=said):
        scores("edit.png", **asked)


def test_other_sizes_are_refused(files):
    Image.new("RGB", SIZE[::-1]).save("tall.png")
    with pytest.raises(ImageReadError, match=r"edit\.png is 48 x 40, tall\.png 40 x 48"):
        one("edit.png", against="tall.png")
