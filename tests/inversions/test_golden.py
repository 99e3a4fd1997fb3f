"""Edit-friendly, DDIM, null-text, negative-prompt and direct inversion, as the authors' code."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from overpaint.core.prediction import Prediction, from_eps
from overpaint.core.schedule import Level, NoiseSchedule
from overpaint.core.solvers import ddim as step
from overpaint.core.solvers import last
from overpaint.inversions import direct, edit_friendly
from overpaint.inversions.ddim import ddim
from overpaint.inversions.negative_prompt import between
from overpaint.inversions.pivotal import pivotal
from overpaint.inversions.source import Source
from overpaint.inversions.trajectory import Trajectory, replay
from overpaint.models.conditions import Cond, stacked
from overpaint.models.prompting import away_from

from .. import golden
from ..gaussian import Told

ZS, TEXTS, REST = 5e-4, 1e-4, 5e-5


class Drawn:
    """Noise that was drawn before."""

    def __init__(self, noises: Tensor) -> None:
        self.noises = iter(noises)

    def randn_like(self, x: Tensor) -> Tensor:
        return next(self.noises)[None]


@pytest.fixture(scope="module")
def facts() -> dict:
    return golden.facts("inversions")


@pytest.fixture(scope="module")
def arrays() -> dict[str, Tensor]:
    return golden.arrays("inversions")


@pytest.fixture(scope="module")
def levels(facts: dict) -> list[Level]:
    """Their last step ends at the first time of the schedule."""
    return NoiseSchedule.scaled_linear().path([*facts["timesteps"], 0])


@pytest.fixture
def texts(arrays: dict) -> list[Cond]:
    return [Cond(arrays[f"embedding.{i}"][None]) for i in range(3)]


@pytest.fixture
def model(arrays: dict, facts: dict) -> Told:
    return Told(arrays["patterns"], facts["s"])


@pytest.fixture
def source(model: Told, texts: list[Cond]) -> Source:
    """The first prompt's, with the guidance of null-text inversion."""
    return Source(model, None, texts[1], texts[0], 7.5)


def near(found: Tensor, wanted: Tensor, atol: float = REST) -> None:
    torch.testing.assert_close(found, wanted, atol=atol, rtol=0)


@pytest.mark.parametrize("eta", [1, 0.6])
@pytest.mark.parametrize("skip", [0, 7])
def test_edit_friendly_maps_states_and_edits(
    arrays: dict, facts: dict, levels: list, model: Told, texts: list, eta: float, skip: int
) -> None:
    empty, first, second = texts
    scales = facts["cfg"]
    source = Source(model, Drawn(arrays["path_noise"]), first, empty, scales[0])
    found = edit_friendly.edit_friendly(
        source, arrays["x0"], levels[skip:], eta=eta, published=True
    )
    name, upward = f"ef.eta{eta}", found.levels[::-1]
    for k, (low, high) in enumerate(pairwise(upward)):
        near(found.states[high][0], arrays[f"{name}.xts_from_1"][k])
        near(found.noises[high][0] / spread(high, low, eta), arrays[f"{name}.zs"][k], ZS)
    weights = torch.tensor(scales).view(2, 1, 1, 1)
    asked = {
        "reconstruction": ([0], away_from(empty, model, [(first, 1.0)], scales[0])),
        "edit": ([0], away_from(empty, model, [(second, 1.0)], scales[1])),
        "both": ([0, 0], led(model, empty, stacked([first, second]), weights)),
    }
    for what, (rows, denoise) in asked.items():
        made = last(edit_friendly.replay(found.rows(rows), denoise))
        near(made, arrays[f"{name}.skip{skip}.{what}"])
    lost = float(
        (last(edit_friendly.replay(found, asked["reconstruction"][1])) - arrays["x0"]).abs().max()
    )
    assert lost == pytest.approx(
        facts["runs"][f"{name}.skip{skip}"]["max_reconstruction_error"], abs=REST
    )


def spread(here: Level, there: Level, eta: float) -> float:
    """What their z is multiplied by."""
    share = 1 - (here.alpha / there.alpha) ** 2
    return eta * share**0.5 * there.sigma / here.sigma


def led(model: Told, empty: Cond, cond: Cond, scale: Tensor):
    """Guidance of a scale for each row."""

    def denoise(x: Tensor, level: Level) -> Prediction:
        plain, told = model(x, level, empty), model(x, level, cond)
        return from_eps(x, level, plain.eps + scale * (told.eps - plain.eps))

    return denoise


def test_edit_friendly_without_a_prompt(arrays, levels, model, texts) -> None:
    source = Source(model, Drawn(arrays["path_noise"]), texts[0], texts[0])
    found = edit_friendly.edit_friendly(source, arrays["x0"], levels, published=True)
    for k, (low, high) in enumerate(pairwise(levels[::-1])):
        near(found.noises[high][0] / spread(high, low, 1), arrays["ef.noprompt.zs"][k], ZS)


def test_ddim_asks_at_the_level_gone_to(arrays, facts, levels, model, source) -> None:
    found = ddim(source.denoise, arrays["x0"], levels, ask_ahead=True)
    assert [level.t for level in model.asked] == facts["ddim_inversion_network_times"]
    near(torch.cat([found.states[level] for level in levels[::-1]]), arrays["ddim.latents"])
    halved = replace(source, scale=facts["ddim_guided_scale"])
    guided = ddim(halved.guided(), arrays["x0"], levels, ask_ahead=True)
    near(torch.cat([guided.states[level] for level in levels[::-1]]), arrays["ddim_guided.latents"])
    plain = ddim(source.under(source.empty), arrays["x0"], levels, ask_ahead=True)
    near(plain.noise, arrays["ddim_null.last"])


def test_null_text_as_published(arrays, facts, levels, model, source, texts) -> None:
    settings = facts["null"]
    found = pivotal(
        source, arrays["x0"], levels, steps=settings["num_inner_steps"], epsilon=settings["epsilon"]
    )
    fitted = torch.cat([found.empties[level].text for level in levels[:-1]])
    near(fitted, arrays["null.uncond"], TEXTS)
    # The way up, and at each level once under the text, twice for the step, and once a loss.
    assert len(model.asked) == 20 + 20 + 20 * 1 + len(settings["inner_losses"])
    near(last(replay(found, source.along(found))), arrays["null.replay"])
    near(last(both(found, source, texts)), arrays["null.edit"])


def both(found: Trajectory, source: Source, texts: list[Cond]) -> Iterator[Tensor]:
    """The replay of the picture and of its edit."""
    told = partial(found.rows([0, 0]).empty_at, empty=source.empty)
    denoise = away_from(told, source.model, [(stacked(texts[1:]), 1.0)], source.scale)
    return replay(found.rows([0, 0]), denoise)


def test_the_plain_empty_text_and_the_source_text_in_its_place(
    arrays, levels, source, texts
) -> None:
    pivot = ddim(source.denoise, arrays["x0"], levels, ask_ahead=True)
    negative = replace(pivot, empties=dict.fromkeys(levels[:-1], source.text))
    for name, found in (("plain", pivot), ("negative", negative)):
        near(last(replay(found, source.along(found))), arrays[f"{name}.replay"])
        near(last(both(found, source, texts)), arrays[f"{name}.edit"])
    near(between(source.text, source.empty, 0.3).text, arrays["negative.slerp0.3"])


def test_direct_replaces_what_offsets_would_put_right(arrays, levels, source, texts) -> None:
    found = ddim(source.denoise, arrays["x0"], levels, ask_ahead=True).rows([0, 0])
    denoise = away_from(source.empty, source.model, [(stacked(texts[1:]), 1.0)], source.scale)
    for k, (here, there) in enumerate(pairwise(levels)):
        state = found.states[here]
        offset = found.states[there] - step(state, denoise(state, here), here, there)
        near(offset, arrays["direct.offsets"][k])
    near(last(direct.replay(found, denoise, sources=1)), arrays["direct.edit"])
