"""One seed, one picture."""

import pytest
import torch

from overpaint.core.rng import NoiseStream
from overpaint.errors import OptionError

SHAPE = (3, 4, 4)


def test_a_batch_draws_what_each_seed_draws_alone():
    batch, alone = NoiseStream([7, 8, 9]), NoiseStream([8])
    for _ in range(3):
        assert torch.equal(batch.randn((3, *SHAPE))[1], alone.randn((1, *SHAPE))[0])


def test_the_same_seeds_draw_the_same_noise_and_it_advances():
    first, second = NoiseStream([1, 2]), NoiseStream([1, 2])
    drawn = first.randn((2, *SHAPE))
    assert torch.equal(drawn, second.randn((2, *SHAPE)))
    assert not torch.equal(drawn, first.randn((2, *SHAPE)))


def test_the_dtype_of_the_state_does_not_change_the_draw():
    x = torch.zeros(1, *SHAPE, dtype=torch.float16)
    drawn = NoiseStream([3]).randn_like(x)
    assert drawn.dtype == torch.float16
    assert torch.equal(drawn, NoiseStream([3]).randn((1, *SHAPE)).half())


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    NoiseStream([0]).randn((1, *SHAPE))
    assert torch.equal(before, torch.get_rng_state())


def test_a_batch_of_another_size_is_refused():
    with pytest.raises(OptionError, match="2 seeds cannot fill a batch of 3"):
        NoiseStream([0, 1]).randn((3, *SHAPE))


def test_uniform_numbers_belong_to_a_picture_too():
    batch, alone = NoiseStream([7, 8, 9]), NoiseStream([9])
    drawn = batch.rand((3, 1000))
    assert torch.equal(drawn[2], alone.rand((1, 1000))[0])
    assert 0 <= drawn.min() < drawn.max() < 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.02)
