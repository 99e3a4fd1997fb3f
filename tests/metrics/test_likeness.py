"""Likeness to a network has its closed forms on embeddings that are made by hand."""

import math

import pytest
import torch

from overpaint.metrics.likeness import (
    clip_i,
    clip_t,
    dino,
    direction,
    div,
    identity,
    pres,
    segmentation,
    structure,
)

X, Y = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
BETWEEN = torch.tensor([[1.0, 1.0]])


@pytest.mark.parametrize("measure", [clip_t, identity])
def test_cosines_know_no_length(measure):
    assert measure(3 * X, BETWEEN).item() == pytest.approx(math.sqrt(0.5))
    assert measure(X, -2 * X).item() == pytest.approx(-1)


def test_the_direction_is_that_of_unit_vectors():
    assert direction(5 * Y, X, 2 * Y, X).item() == pytest.approx(1)
    assert direction(X, Y, Y, X).item() == pytest.approx(-1)
    assert direction(X, X, Y, X).item() == 0  # nothing changed
    half = direction(BETWEEN, X, Y, X).item()  # (cos 45 - 1, sin 45) with (-1, 1)
    root = math.sqrt(0.5)
    assert half == pytest.approx((1 - root + root) / math.sqrt(2) / math.hypot(1 - root, root))


@pytest.mark.parametrize("measure", [clip_i, dino, pres])
def test_sets_are_compared_pair_by_pair(measure):
    made, real = torch.cat([X, Y]), torch.cat([X, X, -Y])
    assert float(measure(made, real)) == pytest.approx((1 + 1 + 0 + 0 + 0 - 1) / 6)


def test_structure_is_of_places_among_each_other():
    places = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    turn = torch.linalg.qr(torch.randn(8, 8, dtype=torch.float64)).Q
    assert structure(2 * places @ turn, places).max() < 1e-20  # how it is told does not matter
    assert structure(places[:, [1, 0, 2, 3, 4]], places).min() > 0
    one, other = torch.stack([X[0], X[0]])[None], torch.stack([X[0], Y[0]])[None]
    assert structure(one, other).item() == pytest.approx(0.5)  # two of four cosines are off by 1


def test_segmentation_is_the_share_of_places_with_their_class():
    before = torch.tensor([[[0, 1], [2, 2]]])
    assert segmentation(before, before).item() == 1
    assert segmentation(torch.tensor([[[0, 1], [1, 0]]]), before).item() == 0.5


def test_diversity_counts_no_picture_with_itself():
    apart = torch.tensor([[9.0, 1.0, 2.0], [1.0, 9.0, 3.0], [2.0, 3.0, 9.0]])
    assert float(div(apart)) == pytest.approx(2)
