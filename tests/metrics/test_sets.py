"""Distances of sets have their closed forms, and sets of one kind have none on average."""

import pytest
import torch

from overpaint.errors import OptionError
from overpaint.metrics.sets import csfid, fid, inception_score, kid, precision, recall


def drawn(n, d=4, seed=0, **more):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), **more)


def test_kid_of_two_points_is_the_kernels_formula():
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([-1.0, 0.5])
    k = lambda x, y: (float(x @ y) / 2 + 1) ** 3  # noqa: E731
    found = kid(a.repeat(3, 1), b.repeat(5, 1))
    assert found == pytest.approx(k(a, a) + k(b, b) - 2 * k(a, b))


def test_kid_counts_no_picture_with_itself():
    x, y = drawn(3), drawn(2, seed=1)
    k = lambda a, b: (float(a @ b) / 4 + 1) ** 3  # noqa: E731
    within = sum(k(x[i], x[j]) for i in range(3) for j in range(3) if i != j) / 6
    across = sum(k(a, b) for a in x for b in y) / 6
    assert kid(x, y) == pytest.approx(within + k(y[0], y[1]) - 2 * across, abs=1e-5)


def test_kid_of_one_kind_is_zero_on_average_however_few_they_are():
    found = [kid(drawn(4, seed=2 * s), drawn(6, seed=2 * s + 1)) for s in range(2000)]
    assert abs(sum(found) / len(found)) < 0.05
    assert min(found) < 0


def test_fid_of_a_shift_is_its_square_and_of_a_scale_the_deviations():
    x = drawn(200)
    shift = torch.tensor([1.0, -2.0, 0.0, 0.5])
    assert fid(x + shift, x) == pytest.approx(float(shift.square().sum()), abs=1e-4)
    wide = 3 * x
    moved = (wide.mean(0) - x.mean(0)).square().sum()
    assert fid(wide, x) == pytest.approx(float(moved + 4 * x.var(0).sum()), rel=1e-5)
    assert fid(x, x) == pytest.approx(0, abs=1e-5)


def test_fid_needs_no_covariances_that_commute():
    one, other = torch.tensor([[2.0, 1.0], [1.0, 1.0]]), torch.tensor([[1.0, -0.5], [-0.5, 2.0]])
    x, y = drawn(4000, 2, dtype=torch.float64), drawn(4000, 2, 1, dtype=torch.float64)
    x, y = x @ one.double(), y @ other.double()
    values = torch.linalg.eigvals(x.T.cov() @ y.T.cov()).real.sqrt().sum()
    expected = (x.mean(0) - y.mean(0)).square().sum() + x.T.cov().trace() + y.T.cov().trace()
    assert fid(x, y) == pytest.approx(float(expected - 2 * values), rel=1e-8)


@pytest.mark.parametrize("measure", [kid, fid])
def test_sets_that_cannot_be_compared_are_refused(measure):
    with pytest.raises(OptionError, match="at least 2"):
        measure(drawn(1), drawn(5))
    with pytest.raises(OptionError, match="of one kind"):
        measure(drawn(5), drawn(5, 3))


def test_csfid_is_the_mean_of_the_classes():
    x, y, classes = drawn(40), drawn(60, seed=1), torch.arange(40) % 2
    real = torch.arange(60) % 2
    each = [fid(x[classes == c], y[real == c]) for c in (0, 1)]
    assert csfid(x, classes, y, real) == pytest.approx(sum(each) / 2)


def test_precision_and_recall_of_one_set_are_whole_and_of_far_ones_nothing():
    x = drawn(50)
    assert (precision(x, x), recall(x, x)) == (1, 1)
    assert (precision(x + 100, x), recall(x + 100, x)) == (0, 0)


def test_what_covers_a_part_only_is_precise_but_recalls_little():
    x = drawn(200)
    part = x[x[:, 0] > 1]
    assert precision(part, x) == 1
    assert recall(part, x) < 0.5
    with pytest.raises(OptionError, match="more than 3"):
        precision(x[:3], x[:3])


def test_reach_is_to_the_third_neighbour():
    real = torch.tensor([[0.0], [1.0], [2.0], [3.0], [10.0]])  # 10 reaches to 1, 9 away
    made = torch.tensor([[18.9], [19.1], [-3.1], [-2.9]])  # 0 reaches 3
    assert precision(made, real) == 0.5


def test_the_inception_score_is_the_number_of_classes_at_best():
    sure = torch.eye(5).repeat(4, 1)
    assert inception_score(sure) == pytest.approx(5)
    assert inception_score(torch.full((8, 5), 0.2)) == pytest.approx(1)
