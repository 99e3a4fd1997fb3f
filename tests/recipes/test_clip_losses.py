"""What CLIP says against an edit: the authors' numbers, and what each loss counts."""

import pytest
import torch
from torch.nn import functional as F

from overpaint.recipes.clip_losses import directional, distant, logarithmic, misturned, unlike_parts
from overpaint.recipes.directions import mean_change

from .. import golden

ALONG, ACROSS = torch.eye(8)[:2]


@pytest.fixture(scope="module")
def stored():
    return golden.arrays("diffusionclip_direction")


@pytest.fixture(scope="module")
def cases():
    return golden.facts("diffusionclip_direction")["cases"]


def changes(stored, name="trg_image"):
    """The changes of the stored embeddings, and the target's with a gradient."""
    image = stored[name].clone().requires_grad_()
    return image, F.normalize(image, dim=1) - F.normalize(stored["src_image"], dim=1)


def test_the_directional_loss_is_the_authors(stored, cases):
    _, change = changes(stored)
    loss = directional(change, stored["text_direction"][0])
    assert torch.allclose(loss, stored["L_direction"], atol=1e-6)
    assert float(loss.detach()) == pytest.approx(cases["L_direction"], abs=1e-6)


def test_the_authors_form_and_its_gradient_are_theirs(stored, cases):
    image, change = changes(stored)
    loss = logarithmic(directional(change, stored["text_direction"][0]))
    loss.backward()
    assert torch.allclose(loss, stored["loss_clip"], atol=1e-6)
    assert float(loss.detach()) == pytest.approx(cases["loss_clip"], abs=1e-6)
    assert torch.allclose(image.grad, stored["grad_trg_image"], atol=1e-6)


def test_no_change_costs_what_it_costs_the_authors(stored, cases):
    _, none = changes(stored, "src_image")
    loss = directional(none, stored["text_direction"][0])
    assert float(loss.detach()) == float(stored["L_same"]) == cases["L_same_image"]
    same = float(logarithmic(loss).detach())
    assert same == pytest.approx(cases["loss_same_image"], abs=1e-6)


def test_the_authors_form_of_any_loss_is_theirs(cases):
    given = torch.tensor([float(value) for value in cases["loss_for_L"]])
    expected = torch.tensor(list(cases["loss_for_L"].values()))
    assert torch.allclose(logarithmic(given), expected, atol=1e-6)


def test_the_direction_of_texts_is_the_authors_mean_over_templates(stored):
    texts = (F.normalize(stored[name], dim=1) for name in ("src_text", "trg_text"))
    ours = F.normalize(mean_change(*texts), dim=0)
    assert torch.allclose(ours, stored["text_direction"][0], atol=1e-6)


def test_the_authors_form_is_steeper_for_what_is_worse_and_ends_somewhere():
    losses = torch.tensor([0.2, 1.0, 1.8, 2.0], requires_grad=True)
    formed = logarithmic(losses)
    formed.sum().backward()
    assert losses.grad[:3].tolist() == pytest.approx([1 / 1.8, 1.0, 5.0], rel=1e-5)
    assert 10 < float(formed[3].detach()) < 20
    assert torch.isfinite(losses.grad).all()


def test_the_directional_loss_counts_the_angle_alone():
    for change, expected in [(3.0 * ALONG, 0), (-0.1 * ALONG, 2), (ACROSS, 1)]:
        assert float(directional(change[None], ALONG)) == pytest.approx(expected, abs=1e-6)


def test_the_directional_loss_takes_one_direction_or_one_for_each():
    change = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    assert float(directional(change, torch.tensor([1.0, 0.0]))) == pytest.approx(0.5)
    assert float(directional(change, change)) == pytest.approx(0, abs=1e-6)
    assert float(directional(change, -change)) == pytest.approx(2)


def test_a_change_counts_in_full_once_it_reaches_as_far_as_the_texts():
    words = 0.5 * ALONG
    for length, expected in [(0.0, 1), (0.1, 0.75), (0.4, 0), (2.0, 0), (-0.1, 1.25), (-2.0, 2)]:
        change = length * ALONG[None]
        assert float(directional(change, words, reach=0.8)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("loss", [directional, lambda c, d: unlike_parts(c, d[None])])
def test_no_change_has_a_finite_gradient_that_leads_along_the_text(loss):
    change = torch.zeros(2, 8, requires_grad=True)
    loss(change, ALONG).backward()
    assert torch.isfinite(change.grad).all()
    assert change.grad.abs().max() < 1e4
    assert (change.grad @ ALONG < 0).all()


def test_the_global_loss_is_least_at_the_text():
    for seen, expected in [(ALONG, 0), (ACROSS, 1), (-ALONG, 2)]:
        assert float(distant(seen[None], ALONG)) == pytest.approx(expected)


def test_the_patch_loss_weighs_parts_by_how_near_the_patch_moved_to_them():
    parts = torch.stack([ALONG, ACROSS])
    near = torch.tensor([0.6, 0.8])
    expected = float(((1 - near) * near.exp() / near.exp().sum()).sum())
    change = 7.0 * (0.6 * ALONG + 0.8 * ACROSS)
    assert float(unlike_parts(change[None], parts)) == pytest.approx(expected, abs=1e-6)


def test_the_patch_loss_falls_along_any_part_and_rises_against_it():
    parts = torch.stack([ALONG, ACROSS])
    along, none, against = (
        float(unlike_parts((size * ALONG)[None], parts)) for size in (1.0, 0.0, -1.0)
    )
    assert along < none == 1 < against


def test_the_manifold_loss_wants_pictures_as_far_apart_as_the_texts():
    turned = (0.6 * ALONG + 0.8 * ACROSS)[None]
    for angle, expected in [(0.6, 0), (0.9, 0.3), (0.0, 0.6)]:
        loss = misturned(ALONG[None], turned, torch.tensor(angle))
        assert float(loss) == pytest.approx(expected, abs=1e-6)
