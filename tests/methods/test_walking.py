"""Up with the model and down with another, by every inversion."""

import pytest
import torch
from torch import nn

from overpaint.core.schedule import NoiseSchedule
from overpaint.errors import OptionError
from overpaint.inversions.registry import INVERSIONS
from overpaint.methods.combining import as_blend
from overpaint.methods.plans import Options, step_counts, way_of
from overpaint.methods.walking import Way, walk
from overpaint.models.bundle import Calls, DiffusionModel, Unshuffle
from overpaint.models.control import Adapter

SCHEDULE = NoiseSchedule.linear()
TIED = [name for name, each in INVERSIONS.items() if each.tied and not each.reads]
FREE = [name for name, each in INVERSIONS.items() if not each.tied and not each.reads]


class Gaussian(nn.Module):
    """The noise predictor of N(mean, 0.25), each row at a time of its own."""

    def __init__(self, mean):
        super().__init__()
        self.mean = nn.Parameter(mean.clone(), requires_grad=False)

    def forward(self, x, times):
        low = times.long()
        bars = torch.tensor(SCHEDULE.alphas_bar, dtype=torch.float64)
        a = torch.lerp(bars[low], bars[(low + 1).clamp(max=999)], (times - low).double())
        a = a.view(-1, 1, 1, 1)
        return ((1 - a).sqrt() * (x - a.sqrt() * self.mean) / (a * 0.25 + 1 - a)).float()


def smooth(seed, count=2):
    return torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) * 0.3


def gaussian(seed):
    return DiffusionModel(Gaussian(smooth(seed, 1)), SCHEDULE, Unshuffle(), size=8, calls=Calls())


def noting(model, moves):
    """The model, which notes the levels that it is asked at."""
    return lambda x, level: moves.append(level) or model(x, level)


@pytest.mark.parametrize("name", TIED)
def test_a_tied_inversion_goes_back_over_its_own_levels(name):
    """To the picture itself under the same model, in as many moves, whatever was asked."""
    model, x0, moves = gaussian(0), smooth(1), []
    made = walk(model, x0, noting(model, moves), Way(500, (12, 3), inversion=name))
    plain = walk(model, x0, model, Way(500, (12, 12)))  # direct, where no row is a source
    assert float((made - (plain if name == "direct" else x0)).abs().max()) < 1e-5
    assert len(dict.fromkeys(moves)) >= 11


@pytest.mark.parametrize("name", FREE)
def test_a_free_inversion_goes_back_in_as_many_steps_as_asked(name):
    moves, model = [], gaussian(0)
    walk(model, smooth(1), noting(model, moves), Way(500, (12, 3), inversion=name))
    assert len(moves) == 3


@pytest.mark.parametrize("name", TIED + FREE)
def test_another_model_leads_towards_its_own_mean(name):
    model, other, x0 = gaussian(0), gaussian(2), smooth(1)
    made = walk(model, x0, other, Way(700, (12, 12), inversion=name))
    moved, wanted = made - x0, (smooth(2, 1) - smooth(0, 1)).expand_as(x0)
    cosine = torch.cosine_similarity(moved.flatten(), wanted.flatten(), dim=0)
    assert cosine > 0.9


@pytest.mark.parametrize("name", TIED + FREE)
def test_outside_of_a_mask_the_picture_is_kept(name):
    model, x0 = gaussian(0), smooth(1)
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :4] = 1
    made = walk(model, x0, gaussian(2), Way(700, (12, 12), inversion=name), mask)
    torch.testing.assert_close(made[..., 4:], x0[..., 4:])
    assert (made[..., :4] - x0[..., :4]).abs().mean() > 0.05


def test_an_inversion_that_reads_texts_is_refused_by_name():
    with pytest.raises(OptionError, match="null-text needs a model that reads text"):
        walk(gaussian(0), smooth(1), gaussian(0), Way(500, (3, 3), inversion="null-text"))


@pytest.mark.parametrize(
    ("asked", "counts"),
    [
        ({}, (7, 7)),
        ({"num_inversion_steps": 9}, (9, 9)),
        ({"num_inference_steps": 5}, (5, 5)),
        ({"inversion": "ddim"}, (7, 3)),
    ],
)
def test_a_tied_inversion_has_one_number_of_steps(asked, counts):
    card = {"num_inversion_steps": 7, "num_inference_steps": 3}
    blend = as_blend(Adapter(changes={}, whole={}, card={"t0": 500, **card}))
    options = Options(**{"inversion": "edict", **asked})
    assert step_counts(options, blend) == counts
    assert way_of(options, 500, blend).steps == counts


@pytest.mark.parametrize(
    "asked",
    [
        {"solver": "dpmpp_2m"},
        {"spacing": "log_snr"},
        {"num_inversion_steps": 5, "num_inference_steps": 6},
    ],
)
def test_what_a_tied_inversion_cannot_do_is_refused(asked):
    with pytest.raises(OptionError, match="bdia goes back by its own steps"):
        Options(inversion="bdia", **asked)
    Options(inversion="fixed-point", **asked)
