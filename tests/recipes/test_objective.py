"""The objective of a tuning: what it counts, what it leaves alone, and what it refuses."""

import sys
from types import ModuleType

import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from overpaint.errors import ImageReadError, ModelNotFoundError, OptionError
from overpaint.models.clip import Clip, load_clip
from overpaint.models.identity import FaceEncoder, load_identity
from overpaint.recipes import guides, objective
from overpaint.recipes.aims import KEEPS, STEERS, Aims
from overpaint.recipes.clip_losses import directional
from overpaint.recipes.directions import text_direction
from overpaint.recipes.losses import misplaced, roughness
from overpaint.recipes.sight import VIEWS

from ..folders import write_clip, write_identity
from .worlds import one_thread

TEXTS = ("red", "a face")
SIZE = 16
BEFORE = torch.rand(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1)) * 2 - 1
AFTER = 0.5 * BEFORE.roll(3, 2) + 0.2


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two CLIPs and a face encoder, tiny and random; style images and a mask."""
    one_thread()
    root = tmp_path_factory.mktemp("networks")
    write_clip(root / "clip", context=40)
    write_clip(root / "other", context=40, seed=1)
    write_identity(root / "face")
    (root / "styles").mkdir()
    Image.new("RGB", (20, 30), "teal").save(root / "styles/one.png")
    Image.new("RGB", (40, 16), "orange").save(root / "styles/two.jpg")
    mask = Image.new("L", (SIZE, SIZE))
    mask.paste(255, (0, 0, SIZE, SIZE // 2))  # the upper half may change
    mask.save(root / "mask.png")
    return root


@pytest.fixture(autouse=True)
def _embedded(folders, monkeypatch):
    """The tiny networks in the place of the embedded ones."""
    places = {"clip": folders / "clip", "identity": folders / "face"}
    for module in (guides, objective):
        monkeypatch.setattr(module, "embedded", places.__getitem__)


@pytest.fixture
def lpips(monkeypatch):
    """A package that stands in for lpips; its distance is the mean square."""

    class LPIPS(nn.Module):
        def __init__(self, net, verbose):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, one, other):
            return self.scale * (one - other).square().mean((1, 2, 3), keepdim=True)

    package = ModuleType("lpips")
    package.LPIPS = LPIPS
    monkeypatch.setitem(sys.modules, "lpips", package)
    return package


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def made(**options):
    return objective.objective(Aims(**options), *TEXTS, size=SIZE).over(BEFORE)


def judged(source=BEFORE, edited=AFTER, **options):
    """The loss, its terms, and the gradient for the edited pictures."""
    edited = edited.clone().requires_grad_()
    loss, terms = made(**options)(source, edited, rng())
    loss.backward()
    return loss.detach(), terms, edited.grad


STYLE = {"style_weight": 1.0}
KEPT = {"reach": 1.8, "l1_weight": 1.0, "identity_weight": 0.2, "edge_weight": 0.2}


@pytest.mark.parametrize("options", [{}, KEPT])
def test_by_default_it_is_what_the_embedded_adapters_were_tuned_by_bit_for_bit(folders, options):
    clip, face = load_clip(folders / "clip"), load_identity(folders / "face")
    aims, edited = Aims(**options), AFTER.clone().requires_grad_()
    copies = [each.repeat(3, 1, 1, 1) for each in (BEFORE, edited)]
    before, after = VIEWS.alike(copies, rng())
    change = clip.image(after) - clip.image(before)
    likeness = (face.embed(edited) * face.embed(BEFORE)).sum(1)
    expected = (
        aims.clip_weight
        * directional(change, text_direction(clip, *reversed(TEXTS)), reach=aims.reach)
        + aims.l1_weight * F.l1_loss(edited, BEFORE)
        + aims.identity_weight * (1 - likeness).mean()
        + aims.edge_weight * misplaced(edited, BEFORE)
        + aims.smooth_weight * roughness(edited)
    )
    expected.backward()
    loss, _, grad = judged(**options)
    assert torch.equal(loss, expected.detach())
    assert torch.equal(grad, edited.grad)


def test_a_picture_left_as_it_was_costs_only_the_missing_change():
    pictures = torch.zeros(2, 3, SIZE, SIZE)
    pictures[..., 8:] = 0.6  # an edge, as high as the picture
    options = {"clip_weight": 2.0, "smooth_weight": 0.5, "identity_weight": 1.0}
    loss, terms, grad = judged(pictures, pictures, **options)
    smooth = 0.6**2 / 15
    expected = {"clip": 1.0, "l1": 0.0, "identity": 0.0, "edges": 0.0, "smooth": smooth}
    assert terms == pytest.approx({**expected, "direction": 0.0, "likeness": 1.0}, abs=1e-4)
    assert float(loss) == pytest.approx(2.0 + 0.5 * smooth, abs=1e-3)
    assert torch.isfinite(grad).all()


@pytest.mark.parametrize("name", STEERS | KEEPS)
def test_each_weight_counts_its_own_term(name, folders, lpips):
    style = {"style_images": str(folders / "styles")} | STYLE
    options = dict.fromkeys((STEERS | KEEPS).values(), 1.0) | style
    field = (STEERS | KEEPS)[name]
    one, terms, _ = judged(**options)
    two, _, _ = judged(**options | {field: 2.0})
    assert float(two - one) == pytest.approx(terms[name], rel=1e-3)
    assert terms[name] > 1e-3
    less = options | {field: 0.0} | ({"style_images": ""} if name == "style" else {})
    assert name not in judged(**less)[1]


def test_what_has_no_weight_is_neither_loaded_nor_computed(folders, monkeypatch):
    seen = []
    real = Clip.image
    monkeypatch.setattr(Clip, "image", lambda *given: seen.append(len(given[1])) or real(*given))
    monkeypatch.setattr(FaceEncoder, "embed", None)
    monkeypatch.setattr(objective, "load_identity", None)
    monkeypatch.setitem(sys.modules, "lpips", None)
    nothing = {"l1_weight": 0.0, "edge_weight": 0.0, "smooth_weight": 0.0, "identity": "none"}
    _, terms, _ = judged(**nothing)
    assert set(terms) == {"clip", "direction"}
    assert seen == [6, 6]
    seen.clear()
    judged(**nothing, patch_weight=1.0, patches=5)
    assert seen == [6, 6, 10, 10]


def test_networks_are_frozen_and_get_no_gradient(lpips):
    wanted = made(identity_weight=1.0, lpips_weight=1.0, patch_weight=1.0, clip_weight=1.0)
    edited = AFTER.clone().requires_grad_()
    wanted(BEFORE, edited, rng())[0].backward()
    assert edited.grad.abs().max() > 0
    nets = [wanted.guides[0].clip.towers, wanted.keeping.face.net]
    perceive = wanted.keeping.perceive.__closure__
    nets += [cell.cell_contents for cell in perceive if isinstance(cell.cell_contents, nn.Module)]
    assert len(nets) == 3
    for net in nets:
        assert not net.training
        assert all(not p.requires_grad and p.grad is None for p in net.parameters())


def test_the_reach_is_counted():
    near, far = (judged(edited=-BEFORE, reach=reach)[1]["clip"] for reach in (0.0, 10.0))
    assert abs(1 - far) < 0.9 * abs(1 - near)  # ten times the texts' change is never reached


def test_the_authors_form_and_views_are_theirs(folders):
    clip = load_clip(folders / "clip")
    change = clip.image(AFTER, False) - clip.image(BEFORE, False)
    cosine = F.cosine_similarity(change, text_direction(clip, *reversed(TEXTS)), dim=1).mean()
    _, terms, _ = judged(form="authors", views=0, reach=0.0, antialias=False)
    assert terms["clip"] == pytest.approx(float(-torch.log((1 + cosine) / 2)), abs=1e-5)
    assert terms["direction"] == pytest.approx(float(cosine), abs=1e-5)


def test_antialias_is_chosen_for_pictures_larger_than_clips():
    large = torch.rand(1, 3, 64, 64, generator=rng(3)) * 2 - 1
    options = {"views": 0, "reach": 0.0, "edge_weight": 0.0}
    smooth, rough = (judged(large, -large, antialias=on, **options)[1] for on in (True, False))
    assert abs(smooth["direction"] - rough["direction"]) > 1e-4


def test_the_score_is_the_angle_whatever_the_loss_makes_of_it():
    plain = judged(reach=0.0)[1]
    assert plain["direction"] == pytest.approx(1 - plain["clip"], abs=1e-5)
    for options in ({"reach": 5.0}, {"form": "authors"}, {"clip_weight": 0.0, "angle_weight": 1.0}):
        assert judged(**options)[1]["direction"] == plain["direction"]


def test_templates_turn_the_direction():
    found = {judged(templates=name)[1]["direction"] for name in ("none", "imagenet", "small")}
    assert len(found) == 3


def test_several_clips_count_by_their_weights(folders):
    names = [str(folders / name) for name in ("clip", "other")]
    one, other = (judged(clip=name)[1] for name in names)
    both = judged(clip=f"{names[0]}:3, {names[1]}")[1]
    for name in ("clip", "direction"):
        assert both[name] == pytest.approx(0.75 * one[name] + 0.25 * other[name], abs=1e-6)
    assert judged(clip=f"embedded,{names[1]}:2")[1]["clip"] == pytest.approx(
        (one["clip"] + 2 * other["clip"]) / 3, abs=1e-6
    )


def test_a_path_may_hold_a_colon(folders):
    assert list(guides.listed("C:/clip,b:c:0.5")) == [("C:/clip", 1.0), ("b:c", 0.5)]
    assert list(guides.listed("")) == [("embedded", 1.0)]


@pytest.mark.parametrize("text", ["a,", ",a", "a:0", "a:-1,b", "a:nan", ":2", "a:inf"])
def test_clips_that_cannot_be_read_are_refused(text):
    with pytest.raises(OptionError, match="clip cannot be read"):
        list(guides.listed(text))


ONLY = {"edge_weight": 0.0, "smooth_weight": 0.0, "reach": 0.0}


def test_with_a_region_clip_sees_only_what_changed_inside(folders):
    options = {"region": str(folders / "mask.png"), "l1_weight": 0.0, "patch_weight": 1.0, **ONLY}
    _, terms, grad = judged(**options)
    assert grad[:, :, 8:].abs().max() == 0
    assert grad[:, :, :8].abs().max() > 0
    elsewhere = AFTER.clone()
    elsewhere[:, :, 8:] = -0.3
    assert judged(edited=elsewhere, **options)[1]["clip"] == terms["clip"]
    whole = [judged(edited=each, **ONLY)[1]["clip"] for each in (AFTER, elsewhere)]
    assert abs(whole[0] - whole[1]) > 1e-4


@pytest.mark.parametrize("name", ["l1", "lpips"])
def test_with_a_region_only_what_is_outside_has_to_look_alike(name, folders, lpips):
    options = {"region": str(folders / "mask.png"), "l1_weight": 0.0, **ONLY}
    options |= {"clip_weight": 0.0, "style_weight": 1e-9, "style_images": str(folders / "styles")}
    _, terms, grad = judged(**options | {f"{name}_weight": 1.0})
    assert grad[:, :, :8].abs().max() < 1e-6
    assert (grad[:, :, 8:].abs() > 1e-7).all()
    apart = (AFTER - BEFORE)[:, :, 8:]
    expected = apart.abs().mean() if name == "l1" else apart.square().mean() / 2
    assert terms[name] == pytest.approx(float(expected), rel=1e-4)


def test_a_region_that_is_white_everywhere_asks_for_no_likeness(folders):
    Image.new("L", (32, 32), 255).save(folders / "white.png")
    _, terms, _ = judged(region=str(folders / "white.png"))
    assert terms["l1"] == 0
    assert terms["clip"] == judged()[1]["clip"]


def descended(wanted, steps=30):
    """Pixels that followed the objective's gradient."""
    edited = BEFORE.clone().requires_grad_()
    adam = torch.optim.Adam([edited], lr=0.05)
    for step in range(steps):
        adam.zero_grad()
        wanted(BEFORE, edited, rng(step))[0].backward()
        adam.step()
    return edited.detach()


FREE = {"l1_weight": 0.0, "views": 0, "clip_weight": 0.0, **ONLY}


def test_the_patch_loss_leads_patches_along_the_text():
    wanted = made(patch_weight=1.0, **FREE)
    there = descended(wanted)
    losses = [wanted(BEFORE, each, rng(99))[1]["patch"] for each in (there, 2 * BEFORE - there)]
    assert losses[0] < 0.9 < 1 < losses[1]


def test_the_style_loss_leads_from_the_pictures_to_the_style_images(folders):
    options = {"style_images": str(folders / "styles"), **STYLE}
    wanted = made(**options, **FREE)
    clip, there = wanted.guides[0].clip, descended(wanted)
    with torch.no_grad():
        styles = torch.cat([clip.image(image) for image in wanted.styles]).mean(0)
        before = clip.image(BEFORE)
        change, towards = clip.image(there) - before, styles - before.mean(0)
        assert F.cosine_similarity(change, towards, dim=1).min() > 0.7


def test_one_style_image_will_do_and_the_pictures_themselves_will_not(folders, tmp_path):
    one = made(style_images=str(folders / "styles/one.png"), **STYLE)
    assert [image.shape for image in one.styles] == [(1, 3, 30, 20)]
    teal = torch.tensor([0.0, 128, 128]).view(1, 3, 1, 1).expand(2, -1, SIZE, SIZE) / 127.5 - 1
    aims = Aims(style_images=str(folders / "styles/one.png"), views=0, **STYLE)
    with pytest.raises(OptionError, match="look like the pictures"):
        objective.objective(aims, *TEXTS, size=SIZE).over(teal)


def test_lpips_is_asked_for_only_when_it_is_wanted(monkeypatch, lpips):
    assert judged(lpips_weight=1.0)[1]["lpips"] == pytest.approx(
        float((AFTER - BEFORE).square().mean()), rel=1e-5
    )
    lpips.LPIPS = lambda **given: (_ for _ in ()).throw(OSError("no route to host"))
    with pytest.raises(ModelNotFoundError, match=r"alex are not on this machine"):
        made(lpips_weight=1.0)
    monkeypatch.setitem(sys.modules, "lpips", None)
    made()
    with pytest.raises(OptionError, match=r"library lpips(.|\n)*overpaint\[metrics\]"):
        made(lpips_weight=1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clip_weight": 0.0}, "Nothing would change"),
        ({"identity": "none", "identity_weight": 0.2}, "needs a face encoder"),
        ({"style_weight": 1.0}, "style_weight needs style_images"),
        ({"style_images": "styles"}, "style_images needs style_weight"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        made(**options)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"clip": "nowhere"}, ModelNotFoundError),
        ({"clip": "nobody/has-this"}, ModelNotFoundError),
        ({"identity": "nowhere"}, ModelNotFoundError),
        ({"region": "nowhere.png"}, ImageReadError),
        ({"style_images": "nowhere.png", **STYLE}, ImageReadError),
    ],
)
def test_what_is_not_there_is_named(options, kind):
    name = next(iter(options.values()))
    with pytest.raises(kind, match=name):
        made(**options)


def test_pictures_without_content_are_refused(tmp_path):
    Image.new("L", (SIZE, SIZE)).save(tmp_path / "black.png")
    with pytest.raises(OptionError, match="black everywhere"):
        made(region=str(tmp_path / "black.png"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/notes.txt").write_text("no picture")
    with pytest.raises(ImageReadError, match="no image"):
        made(style_images=str(tmp_path / "empty"), **STYLE)


def test_a_card_names_networks_by_hash_and_files_without_their_folders(folders):
    clip, other = (load_clip(folders / name).hash for name in ("clip", "other"))
    told = made().described()
    assert told["clip"] == clip
    assert told["identity"] == load_identity(folders / "face").hash
    told = made(
        clip=f"{folders / 'clip'},{folders / 'other'}:3",
        identity="none",
        region=str(folders / "mask.png"),
    ).described()
    assert told["clip"] == f"{clip}:0.25,{other}:0.75"
    assert told["identity"] == "none"
    name, digest = told["region"].split()
    assert (name, len(digest)) == ("mask.png", 10)


def test_a_card_tells_regions_of_one_name_apart(tmp_path):
    told = set()
    for side in (8, 12):
        mask = Image.new("L", (SIZE, SIZE))
        mask.paste(255, (0, 0, side, side))
        mask.save(tmp_path / "mask.png")
        told.add(made(region=str(tmp_path / "mask.png")).described()["region"])
    assert len(told) == 2
