"""Pictures from pure noise: one for each seed, whatever stands beside it."""

import torch

from overpaint.models.families.tiny import tiny
from overpaint.recipes.drawing import drawn


def test_a_seed_draws_the_same_picture_in_any_batch():
    model = tiny()
    pictures = drawn(model, [3, 4, 5], steps=4, batch_size=2)
    assert pictures.shape == (3, 3, model.size, model.size)
    assert float(pictures.abs().max()) <= 1
    alone = drawn(model, [4], steps=4)
    assert torch.allclose(pictures[1:2], alone, atol=1e-4)
    assert not torch.allclose(pictures[0], pictures[1], atol=1e-2)


def test_drawing_tells_how_far_it_is():
    told = []

    def watch(items, total, title):
        for item in items:
            told.append((total, title))
            yield item

    drawn(tiny(), range(5), steps=2, batch_size=2, watch=watch)
    assert told == [(3, "drawing pictures")] * 3
