"""Steps down several losses at once."""

from itertools import pairwise

import torch

from overpaint.inversions.descending import Place, descend

from .worlds import drawn

CURVES = torch.tensor([[1.0, 1.0, 1.0], [100.0, 1.0, 0.1], [0.5, 3.0, 7.0]])
START = drawn(3, 3)


def bowl(curves=CURVES, floor=0.0, asked=None):
    """Squares of points, each weighted; their lowest places are at 0."""

    def evaluate(points, rows):
        if asked is not None:
            asked.append(rows.tolist())
        weighted = curves[rows] * points
        return Place(points, (weighted * points).sum(1) + floor, 2 * weighted, (weighted,))

    return evaluate


def test_every_loss_falls_and_more_steps_never_leave_more():
    losses = [descend(bowl(), START, bound=0, steps=n).loss for n in range(12)]
    assert all((b <= a).all() for a, b in pairwise(losses))
    assert (losses[-1] < losses[0] / 20).all()


def test_what_is_found_is_of_the_place_that_is_returned():
    place = descend(bowl(), START, bound=0, steps=7)
    again = bowl()(place.point, torch.arange(3))
    for ours, theirs in ((place.loss, again.loss), (place.slope, again.slope)):
        torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(place.found[0], again.found[0])


def test_rows_do_not_see_each_other():
    together = descend(bowl(), START, bound=1e-6, steps=9)
    for row in range(3):
        alone = descend(bowl(CURVES[[row]]), START[[row]], bound=1e-6, steps=9)
        torch.testing.assert_close(alone.point[0], together.point[row])


def test_rows_below_the_bound_are_left_alone_and_the_others_go_on():
    asked = []
    start = torch.cat([torch.full((1, 3), 1e-4), START[1:]])
    place = descend(bowl(asked=asked), start, bound=1e-3, steps=9)
    assert torch.equal(place.point[0], start[0])
    assert asked[0] == [0, 1, 2]
    assert all(0 not in rows for rows in asked[1:])


def test_a_loss_that_does_not_fall_any_more_ends_its_row():
    asked = []
    place = descend(bowl(floor=5.0, asked=asked), START, bound=0, steps=50)
    assert len(asked) < 20
    assert (place.loss < 5 + 0.3 * (CURVES * START.square()).sum(1)).all()


def test_a_step_that_would_rise_is_taken_back():
    """The loss is steep at the start and flat further on, so that the first step is too long."""

    def evaluate(points, rows):
        return Place(points, points.pow(4).sum(1) - points.sum(1) + 9, 4 * points.pow(3) - 1)

    start = torch.full((1, 2), 2.0)
    losses = [float(descend(evaluate, start, bound=0, steps=n).loss) for n in range(6)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 9
