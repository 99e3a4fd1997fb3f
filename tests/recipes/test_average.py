"""Averages of models: the mean of all weights, in the format of the first."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from overpaint.core.watch import unwatched
from overpaint.errors import OptionError
from overpaint.recipes.average import mean
from overpaint.recipes.registry import find, train


def member(folder, value):
    (folder / "unet").mkdir(parents=True)
    (folder / "checkpoints").mkdir()
    save_file({"w": torch.tensor([9.0])}, folder / "checkpoints" / "state.safetensors")
    weights = {"w": torch.tensor([value, 1.0]).half(), "steps": torch.tensor(3)}
    save_file(weights, folder / "unet" / "model.safetensors")
    (folder / "unet" / "config.json").write_text('{"width": 1}')
    (folder / "card.json").write_text(
        json.dumps({"recipe": "clip", "loss": value, "logit_scale": value})
    )
    return str(folder)


def test_the_average_is_a_folder_like_the_first_with_the_mean_of_the_weights(tmp_path):
    of = ",".join(member(tmp_path / name, value) for name, value in (("a", 1.0), ("b", 4.0)))
    card = train(find("average"), tmp_path / "mean", {"of": of}, unwatched)
    made = load_file(tmp_path / "mean" / "unet" / "model.safetensors")
    assert made["w"].dtype == torch.float16
    assert made["w"].tolist() == [2.5, 1.0]
    assert made["steps"] == 3
    assert (tmp_path / "mean" / "unet" / "config.json").read_text() == '{"width": 1}'
    assert not (tmp_path / "mean" / "checkpoints").exists()
    assert card["logit_scale"] == 2.5
    assert [each["loss"] for each in card["of"]] == [1.0, 4.0]
    assert json.loads((tmp_path / "mean" / "card.json").read_text()) == card


def test_an_average_replaces_no_model_and_needs_two(tmp_path):
    one, other = member(tmp_path / "a", 1.0), member(tmp_path / "b", 2.0)
    with pytest.raises(OptionError, match="two models or more"):
        train(find("average"), tmp_path / "new", {"of": one}, unwatched)
    with pytest.raises(OptionError, match="holds something already"):
        train(find("average"), tmp_path / "b", {"of": f"{one},{other}"}, unwatched)
    assert float(load_file(tmp_path / "b" / "unet" / "model.safetensors")["w"][0]) == 2


def test_models_of_two_kinds_have_no_average_and_leave_nothing(tmp_path):
    with pytest.raises(OptionError, match="not of one kind"):
        mean([{"w": torch.zeros(2)}, {"w": torch.zeros(3)}])
    one, other = member(tmp_path / "a", 1.0), member(tmp_path / "b", 2.0)
    (tmp_path / "b" / "unet" / "config.json").write_text('{"width": 2}')
    with pytest.raises(OptionError, match="configurations or tokenizers differ"):
        train(find("average"), tmp_path / "new", {"of": f"{one},{other}"}, unwatched)
    assert not (tmp_path / "new").exists()


def test_a_paused_run_has_nothing_to_average(tmp_path):
    one = member(tmp_path / "a", 1.0)
    (tmp_path / "b" / "checkpoints").mkdir(parents=True)
    save_file({"w": torch.zeros(1)}, tmp_path / "b" / "checkpoints" / "state.safetensors")
    with pytest.raises(OptionError, match="holds no weights"):
        train(find("average"), tmp_path / "new", {"of": f"{one},{tmp_path / 'b'}"}, unwatched)
