"""The optimiser loop: it learns, it stops, and a resumed run ends at the same bits."""

import subprocess
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from overpaint.errors import NumericsError, OptionError
from overpaint.recipes.fit import Batch, FitConfig, Progress, fit, learning_rate
from overpaint.recipes.state import averaged

from .job import CONFIG, batch, loss, network

PARTS = ("weights", "ema", "optimizer")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def ended(folder: Path) -> dict[str, dict[str, torch.Tensor]]:
    """All tensors of the last checkpoint."""
    last = folder / f"step-{CONFIG.steps:08d}"
    return {part: load_file(last / f"{part}.safetensors") for part in PARTS}


def assert_bit_equal(one: Path, other: Path) -> None:
    for part, tensors in ended(one).items():
        for name, value in ended(other)[part].items():
            assert torch.equal(tensors[name], value), f"{part}: {name}"


def run(config: FitConfig, folder: Path | None = None) -> tuple[nn.Module, list[Progress]]:
    module = network()
    return module, list(fit(module, loss, batch, config, folder))


def test_the_loss_falls_and_every_step_is_told() -> None:
    _, told = run(replace(CONFIG, steps=60))
    assert [p.step for p in told] == list(range(1, 61))
    assert sum(p.loss for p in told[-5:]) < 0.8 * sum(p.loss for p in told[:5])


def test_a_run_killed_at_random_moments_ends_at_the_same_bits(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    run(CONFIG, whole)
    job = [sys.executable, "-m", "tests.recipes.job", str(killed)]
    root = Path(__file__).parents[2]
    done = subprocess.run(job, cwd=root, capture_output=True, text=True, check=True)
    assert int(done.stdout) >= 4, "the job was too fast to be killed"
    assert not (killed / f"step-{CONFIG.steps:08d}").exists()
    run(CONFIG, killed)
    assert_bit_equal(whole, killed)
    assert not list(killed.glob(".draft*"))


def test_leaving_the_loop_loses_no_step(tmp_path: Path) -> None:
    whole, left = tmp_path / "whole", tmp_path / "left"
    run(CONFIG, whole)
    steps = fit(network(), loss, batch, CONFIG, left)
    assert next(islice(steps, 9, None)).step == 10
    steps.close()  # type: ignore[attr-defined]
    _, told = run(CONFIG, left)
    assert [p.step for p in told[:2]] == [10, 11]
    assert_bit_equal(whole, left)


def test_the_time_budget_pauses_and_the_next_run_goes_on(tmp_path: Path) -> None:
    _, told = run(replace(CONFIG, max_seconds=0.0), tmp_path)
    assert [p.step for p in told] == [1]
    _, more = run(replace(CONFIG, max_seconds=0.0), tmp_path)
    assert [p.step for p in more] == [1, 2]


def test_a_finished_run_is_read_back_and_not_repeated(tmp_path: Path) -> None:
    config = replace(CONFIG, steps=12)
    module, told = run(config, tmp_path)
    again, more = run(config, tmp_path)
    assert [p.step for p in more] == [12]
    assert more[0].loss == told[-1].loss
    for one, other in zip(module.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_changed_settings_are_named_and_refused(tmp_path: Path) -> None:
    run(replace(CONFIG, steps=3), tmp_path)
    changed = replace(CONFIG, steps=5, lr=0.5)
    with pytest.raises(OptionError, match=r"lr: 0.01 -> 0.5; steps: 3 -> 5"):
        run(changed, tmp_path)
    told = list(fit(network(), loss, batch, changed, tmp_path, changed="allow"))
    assert [p.step for p in told] == [3, 4, 5]


def test_a_checkpoint_of_other_settings_can_be_left_for_a_fresh_start(tmp_path: Path) -> None:
    run(replace(CONFIG, steps=3), tmp_path)
    changed = replace(CONFIG, steps=5, lr=0.5)
    module = network()
    told = list(fit(module, loss, batch, changed, tmp_path, changed="afresh"))
    assert [p.step for p in told] == [1, 2, 3, 4, 5]
    assert torch.equal(module[0].weight, run(changed)[0][0].weight)


def test_a_step_that_runs_out_of_memory_is_repeated_once_it_is_lighter() -> None:
    hopes = [False, True, True]

    def heavy(module: nn.Module, b: Batch, g: torch.Generator) -> torch.Tensor:
        if hopes[1:]:
            raise RuntimeError("CUDA out of memory")
        return loss(module, b, g)

    module = network()
    list(fit(module, heavy, batch, replace(CONFIG, steps=3), lighten=hopes.pop))
    assert torch.equal(module[0].weight, run(replace(CONFIG, steps=3))[0][0].weight)
    hopes += [True]
    with pytest.raises(RuntimeError, match="out of memory"):
        list(fit(module, heavy, batch, replace(CONFIG, steps=1), lighten=lambda: False))


def test_what_the_run_is_about_counts_as_a_setting(tmp_path: Path) -> None:
    config = replace(CONFIG, steps=2)
    list(fit(network(), loss, batch, config, tmp_path, about={"batch": 4}))
    with pytest.raises(OptionError, match=r"about\.batch: 4 -> 8"):
        list(fit(network(), loss, batch, config, tmp_path, about={"batch": 8}))


def test_a_nan_loss_ends_the_run_before_it_reaches_the_weights() -> None:
    module = network()
    before = [p.detach().clone() for p in module.parameters()]
    broken = fit(module, lambda m, b, g: loss(m, b, g) * float("nan"), batch, CONFIG)
    with pytest.raises(NumericsError):
        list(broken)
    for one, other in zip(before, module.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_average_is_the_recurrence_with_a_warm_decay() -> None:
    module = network()
    weight = module[0].weight
    expected = weight.detach().clone()
    for p in fit(module, loss, batch, replace(CONFIG, steps=6)):
        decay = min(CONFIG.ema, (1 + p.step) / (10 + p.step))
        expected = decay * expected + (1 - decay) * weight.detach()
    assert torch.allclose(p.ema["0.weight"], expected, atol=1e-6)


def test_averaged_weights_are_put_back_with_the_mode() -> None:
    module, told = run(replace(CONFIG, steps=4))
    live = module[0].weight.detach().clone()
    with averaged(module, told[-1].ema):
        assert torch.equal(module[0].weight, told[-1].ema["0.weight"])
        assert not module.training
    assert torch.equal(module[0].weight, live)
    assert module.training


def test_frozen_parameters_neither_move_nor_are_saved(tmp_path: Path) -> None:
    module = network()
    module[0].requires_grad_(False)
    before = module[0].weight.detach().clone()
    list(fit(module, loss, batch, replace(CONFIG, steps=3), tmp_path))
    assert torch.equal(module[0].weight, before)
    assert "0.weight" not in load_file(tmp_path / "step-00000003" / "weights.safetensors")


def test_the_global_random_state_is_left_alone() -> None:
    torch.manual_seed(11)
    module, before = network(), torch.get_rng_state()
    list(fit(module, loss, batch, replace(CONFIG, steps=2)))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_schedule_warms_up_and_ends_near_zero() -> None:
    config = FitConfig(steps=100, lr=1.0, warmup=10)
    rates = [learning_rate(step, config) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == rates[10] == 1.0
    assert rates[-1] < 1e-3
    assert learning_rate(99, replace(config, schedule="constant")) == 1.0


def test_figures_pass_through() -> None:
    def told(module: nn.Module, b: Batch, g: torch.Generator) -> tuple[torch.Tensor, dict]:
        return loss(module, b, g), {"share": 0.5}

    assert next(iter(fit(network(), told, batch, CONFIG))).figures == {"share": 0.5}
