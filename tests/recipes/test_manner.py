"""How a tuning is carried out: the authors' learning rates, and options that do not go together."""

import pytest

from overpaint.errors import OptionError
from overpaint.recipes.fit import learning_rate
from overpaint.recipes.manner import Manner, check, fitting

from .. import golden


def rates(moves: int = 1, pictures: int = 50, **options: object) -> list[float]:
    """The learning rate of each iteration."""
    config = fitting(Manner(**options), pictures, moves)
    return [learning_rate(step, config) for step in range(config.steps)]


def test_the_rate_grows_with_every_round_as_in_the_authors_code() -> None:
    told = golden.facts("diffusionclip_direction")["learning_rate_by_epoch"]
    expected = told["lr=2e-06,gamma=1.3"]
    found = rates(lr=2e-6, lr_schedule="code", batch_size=1, iterations=50 * len(expected))
    assert found[::50] == pytest.approx(expected, rel=1e-12, abs=0)
    assert found[49::50] == pytest.approx(expected, rel=1e-12, abs=0)


def test_the_rate_grows_every_fifty_iterations_as_in_the_paper() -> None:
    expected = golden.facts("diffusionclip_direction")["learning_rate_by_epoch"]
    found = rates(lr=8e-6, lr_schedule="paper", batch_size=7, iterations=400)
    assert found[::50] == pytest.approx(expected["lr=8e-06,gamma=1.2"], rel=1e-12, abs=0)


def test_a_round_takes_as_many_iterations_as_there_are_batches_and_moves() -> None:
    walk = {"gradient": "per-step", "step_each": True}
    found = rates(6, lr=1.0, lr_schedule="code", batch_size=8, pictures=50, iterations=50, **walk)
    assert found[41] == 1.0
    assert found[42] == pytest.approx(1.3)


def test_the_other_rates_are_warmed_up_to() -> None:
    constant = rates(lr=1.0, lr_schedule="constant", iterations=40)
    assert constant[:2] == pytest.approx([0.1, 0.2])
    assert set(constant[10:]) == {1.0}
    assert rates(lr=1.0, iterations=40)[-1] < 0.01


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"grid": "official"}, "1 step is too few"),
        ({"grid": "official", "num_inference_steps": 6, "num_inversion_steps": 1}, "too few"),
        ({"step_each": True, "gradient": "checkpointed"}, "no steps to follow"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict, match: str) -> None:
    with pytest.raises(OptionError, match=match):
        check(Manner(**options))
