"""`overpaint bench sweep`: values tried, and what each gains."""

import json

import pytest

from overpaint.cli import main

SWEEP = (
    "bench sweep sdedit -m tiny-text -n 3 --size 64 -O num_inference_steps=2,3 -O strength=0.5,1"
)


@pytest.fixture
def swept(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run(more):
        assert main([*SWEEP.split(), *more]) == 0
        return capsys.readouterr().out

    return run


def test_all_combinations_and_the_default_are_told(swept):
    lines = [json.loads(line) for line in swept(["-o", "a", "--json"]).splitlines()]
    ways = {line["way"] for line in lines}
    name = "sdedit on tiny-text"
    assert ways == {
        name,
        f"{name} num_inference_steps=2",
        f"{name} num_inference_steps=3",
        f"{name} num_inference_steps=2 strength=1",
        f"{name} num_inference_steps=3 strength=1",
    }
    (default,) = (line for line in lines if line["way"] == name)
    assert (default["gain"], default["nearer"], default["better"]) == (0, 0, False)
    assert all(line["edits"] == 3 for line in lines)


def test_the_table_has_a_line_for_each(swept):
    first, *lines = swept(["-o", "a"]).splitlines()
    assert first.split()[:3] == ["WAY", "EDITS", "OVERALL"]
    assert len(lines) == 5


def test_a_value_that_is_none_is_refused_before_any_work(tmp_path, capsys):
    asked = ["bench", "sweep", "sdedit", "-O", "strength=0.5,no", "-o", str(tmp_path / "a")]
    assert main(asked) == 2
    assert "strength" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()
