"""Blended Diffusion's own steps, losses and loops, made with this project's functions."""

import pytest
import torch

from overpaint.core.guidance import lead, mapping_x0, steer
from overpaint.core.masks import blend
from overpaint.core.prediction import from_x0
from overpaint.core.respacing import respaced
from overpaint.core.solvers import (
    ancestral,
    ddim,
    ddim_eta,
    posterior,
    posterior_variance,
    solve,
)
from overpaint.methods.guiding import arc, changed_outside, cosine, mixture, out_of_range

from .. import golden
from ..gaussian import Gaussian, with_variance
from .test_respacing import SCHEDULE, least, near, place

ALONE, BOTH = (1, 3, 12, 12), (2, 3, 12, 12)
INDICES = (0, 1, 30, 74, 99)
CLIP, RANGE, BACKGROUND = 1000, 50, 10000


@pytest.fixture(scope="module")
def numbers():
    return golden.arrays("blended_steps")


@pytest.fixture
def model(numbers):
    return with_variance(Gaussian(numbers["m"]), 0.8, 0.2)


class Given:
    """Noises in the order in which they are asked for."""

    def __init__(self, *noises):
        self.noises = list(noises)

    def randn_like(self, x):
        return self.noises.pop(0)


class Wave:
    """The noises of a run: its n-th call, of the shape that the reference draws."""

    def __init__(self, run):
        self.run, self.calls = run, 0

    def draw(self, shape):
        self.calls += 1
        return golden.noise(f"{self.run}/0/{self.calls - 1}", shape)

    def randn_like(self, x):
        return self.draw(x.shape)


@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("clamped", [0, 1])
def test_p_mean_variance(numbers, model, index, clamped):
    here, there = place("100", index)
    denoise = mapping_x0(model, lambda x0: x0.clamp(-1, 1)) if clamped else model
    pred = denoise(numbers["x"], here)
    mean, log_variance = posterior(pred, here, there, least=least("100"))
    of = lambda name: numbers[f"pmv.{index}.{clamped}.{name}"]  # noqa: E731
    near(pred.x0, of("pred_xstart"), 1e-4 if index == 99 else 2e-5)
    near(mean, of("mean"), 2e-5)
    near(log_variance, of("log_variance"), 2e-5)
    near(log_variance.exp(), of("variance"), 2e-5)


@pytest.mark.parametrize("index", INDICES)
def test_q_posterior(numbers, index):
    here, there = place("100", index)
    x0 = numbers["init_image"].expand(BOTH)
    mean, log = posterior(from_x0(numbers["x"], here, x0), here, there, least=least("100"))
    near(mean, numbers[f"q_posterior.{index}.mean"], 2e-5)
    assert log == pytest.approx(numbers[f"q_posterior.{index}.log_variance"].item(), abs=2e-5)
    variance = numbers[f"q_posterior.{index}.variance"].item()
    assert posterior_variance(here, there) == pytest.approx(variance, rel=1e-5)


def downhill(numbers):
    """A loss with the given gradient."""
    return lambda x, pred, level: -(x * numbers["gradient"]).flatten(1).sum(1)


@pytest.mark.parametrize("index", INDICES)
def test_p_sample(numbers, model, index):
    here, there = place("100", index)
    pred = lead(model, downhill(numbers))(numbers["x"], here)
    step = ancestral(Given(numbers["noise"]), least=least("100"))
    near(step(numbers["x"], pred, here, there), numbers[f"p_sample.{index}"], 2e-5)


@pytest.mark.parametrize("index", INDICES)
def test_ddim_steps(numbers, model, index):
    x, (here, there) = numbers["x"], place("100", index)
    pred = steer(model, downhill(numbers))(x, here)
    near(ddim(x, pred, here, there), numbers[f"ddim.{index}"], 2e-5)
    noisy = ddim_eta(Given(numbers["noise"]), 0.7)(x, pred, here, there)
    near(noisy, numbers[f"ddim_eta.{index}"], 2e-5)


@pytest.mark.parametrize("index", [0, 1, 30, 74])
def test_ddim_upwards(numbers, model, index):
    here, above = place("100", index)[0], place("100", index + 1)[0]
    moved = ddim(numbers["x"], model(numbers["x"], here), here, above)
    near(moved, numbers[f"ddim_reverse.{index}"], 2e-5)


def objective(numbers, background=BACKGROUND):
    """The editor's losses, with its linear map in CLIP's place.

    It compares the kept part with the whole picture, whose masked part adds a constant, and takes
    the mean over the batch of this term alone.
    """
    mask, source = numbers["mask"], numbers["init_image"]
    target = torch.nn.functional.normalize(numbers["text"], dim=-1)

    def loss(x, pred, level):
        seen = mixture(x, pred, level)
        embedded = torch.nn.functional.normalize((seen * mask).flatten(1) @ numbers["W"].T, dim=-1)
        lost = changed_outside(seen, source, mask) + (source * mask).square().mean()
        near_text = CLIP * arc(embedded, target) + RANGE * out_of_range(pred.x0)
        return near_text + background * lost / len(x)

    return loss


@pytest.mark.parametrize("index", [5, 40, 74])
def test_guidance(numbers, model, index):
    here, _ = place("100", index)
    values = []

    def watched(x, pred, level):
        values.append(objective(numbers)(x, pred, level))
        return values[-1]

    pull = lead(model, watched)(numbers["x"], here).pull
    expected = numbers[f"guidance.{index}"]
    near(pull, expected, 2e-3)
    near(values[0].detach().sum(), numbers[f"guidance_loss.{index}"], 0, 3e-6)


def test_losses(numbers):
    normal = torch.nn.functional.normalize
    embeds, text = normal(numbers["loss.embeds"], dim=-1), normal(numbers["loss.text"], dim=-1)
    near(arc(embeds, text), numbers["loss.d_clip"], 1e-6)
    near(cosine(embeds, text[0]), numbers["loss.d_clip_cosine"], 1e-6)
    near(arc(text, text), numbers["loss.d_clip_same"], 1e-6)
    near(arc(-text, text), numbers["loss.d_clip_opposite"], 1e-5)
    near(out_of_range(numbers["loss.range_input"]), numbers["loss.range"], 1e-6)


def walked(numbers, model, run):
    """Every state of a loop, and the last predicted picture.

    The reference blends at the level that a step came from, hence the level above; and it draws
    noises that it does not use, at every step of DDIM and at the last one. What it calls the
    predicted picture is guided in DDIM, and not yet in the ancestral step.
    """
    setting, wave = golden.facts("blended_steps")["runs"][run], Wave(run)
    spec, source = setting["respacing"], numbers["init_image"]
    levels = respaced(SCHEDULE, spec, setting["skip_timesteps"])
    came_from, seen = dict(zip(levels[1:], levels, strict=False)), []

    def remembered(x, level):
        seen.append(led(x, level))
        return seen[-1]

    def pull(x, pred, level):
        return (x - numbers["target"]).square().flatten(1).sum(1)

    def after(x, level):
        if step is ddim or level.sigma == 0:
            wave.draw(BOTH)
        if not setting["blend"]:
            return x
        return blend(x, came_from[level].noised(source, wave.draw(ALONE)), numbers["mask"])

    step = ancestral(wave, least=least(spec)) if setting["sampler"] == "ancestral" else ddim
    loss = {"pull": pull, "losses": objective(numbers), None: None}[setting["guidance"]]
    guide = steer if step is ddim else lead
    led = model if loss is None else guide(model, loss)
    start = levels[0].noised(source.expand(BOTH), golden.noise(f"{run}/start/0", BOTH))
    return list(solve(remembered, start, levels, step, after)), seen[-1].x0


@pytest.mark.parametrize("run", ["ancestral", "guided", "ddim", "plain"])
def test_loops(numbers, model, run):
    setting, atol = golden.facts("blended_steps")["runs"][run], 3e-4 if run == "guided" else 2e-5
    states, x0 = walked(numbers, model, run)
    assert len(states) == setting["steps"]
    for i in setting["stored"]:
        near(states[i], numbers[f"{run}.sample.{i}"], atol)
    near(x0, numbers[f"{run}.pred_xstart.{setting['steps'] - 1}"], atol)
    near(blend(x0, numbers["init_image"], numbers["mask"]), numbers[f"{run}.final"], atol)
