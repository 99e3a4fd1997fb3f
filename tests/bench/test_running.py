"""A benchmark's run: calibrated by what no method made, stopped and gone on, the same each time."""

import json
import math

import numpy as np
import pytest
from PIL import Image

from overpaint.bench import making, peaks, rows
from overpaint.bench.making import Setting
from overpaint.bench.portraits import Portrait
from overpaint.bench.running import run
from overpaint.bench.summary import lines
from overpaint.bench.ways import CALIBRATION, NOTHING, OTHER, TRUTH, Way, masked, ways
from overpaint.errors import ModelNotFoundError, OptionError
from overpaint.methods.registry import find, methods
from overpaint.portraits.changes import CHANGES
from overpaint.portraits.tasks import edit, edits, named
from overpaint.replaying import replay

TINY = Way("sdedit", "tiny-text", {"num_inference_steps": 2})
SIZE = 64
EDITS = [Portrait(each, SIZE) for each in edits("validation", 20)]
TIMES = ("seconds", "memory")  # no run is as long as another


def done(folder, chosen, asked=EDITS[:3], seed=0, size=SIZE):
    return list(run(asked, chosen, Setting(folder, seed, {"size": size})))


def timeless(found):
    return [{name: each for name, each in row.items() if name not in TIMES} for row in found]


@pytest.fixture(scope="module")
def twenty(tmp_path_factory):
    """Twenty edits, in the ways that calibrate and in one that draws."""
    folder = tmp_path_factory.mktemp("bench")
    return folder, done(folder, [*map(Way, CALIBRATION), TINY], EDITS)


def test_calibration_lies_where_it_must(twenty):
    nothing, truth, other, _ = (line.scores for line in lines(twenty[1]))
    assert nothing["success"].mean < 0.2
    assert truth["success"].mean > 0.8
    assert truth["psnr"].mean == 54
    assert truth["perceptual"].mean == truth["mae"].mean == 0
    assert nothing["kept"].mean == 1
    assert nothing["background_psnr"].mean == 54
    assert nothing["structure"].mean == pytest.approx(0, abs=1e-9)
    assert nothing["clip_direction"].mean == pytest.approx(0, abs=1e-6)
    assert nothing["identity"].mean == pytest.approx(1, abs=1e-5)
    assert other["kept"].mean < 0.8
    assert other["identity"].mean < nothing["identity"].mean
    assert other["background_psnr"].mean < 25
    assert truth["clip_direction"].mean > max(other["clip_direction"].mean, 0.2)


def test_an_edit_is_kept_with_its_record_and_can_be_done_again(twenty):
    folder, found = twenty
    row = next(row for row in found if row["way"] == TINY.name)
    path = folder / row["path"]
    source = np.asarray(Image.open(path.parent / making.SOURCE))
    assert np.array_equal(source, named(row["edit"]).drawn(64)[0])
    again = replay(path)
    assert again.verdict == "identical"
    assert row["calls"] == again.result.calls > 0


def test_the_same_seed_gives_the_same_numbers_twice(tmp_path):
    found = [done(tmp_path / str(n), [TINY], EDITS[:2], seed) for n, seed in enumerate((3, 3, 4))]
    one, two, other = map(timeless, found)
    assert one == two
    assert [row["mae"] for row in one] != [row["mae"] for row in other]


def test_a_run_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    whole = done(tmp_path / "whole", [TINY])
    began = run(EDITS[:3], [TINY], Setting(tmp_path / "cut", 0, {"size": SIZE}))
    next(began)
    began.close()
    asked = []
    real = making.made_by
    monkeypatch.setattr(making, "made_by", lambda *a, **b: asked.append(b) or real(*a, **b))
    again = done(tmp_path / "cut", [TINY])
    assert len(asked) == 2
    assert timeless(whole) == timeless(again)
    assert len(rows.read(tmp_path / "cut")) == 3


def test_a_folder_is_of_one_size_and_seed(tmp_path):
    done(tmp_path, [Way(NOTHING)], EDITS[:1])
    for how in ({"seed": 1}, {"size": 80}):
        with pytest.raises(OptionError, match="holds edits of size 64, seed 0"):
            done(tmp_path, [Way(NOTHING)], EDITS[:1], **how)


def failing(*_, **__):
    raise OptionError("no zebra")


def test_an_edit_that_fails_is_a_row_and_no_success_and_tried_again(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(making, "made_by", failing)
        found = done(tmp_path, [TINY], EDITS[:2])
        assert all("zebra" in row["error"] for row in found)
        (line,) = lines(found)
        assert (line.failed, line.scores["success"].mean) == (2, 0)
    assert not any("error" in row for row in done(tmp_path, [TINY], EDITS[:2]))
    assert len(rows.read(tmp_path)) == 2


def test_a_model_that_is_not_there_is_no_failure_of_edits(tmp_path):
    with pytest.raises(ModelNotFoundError):
        done(tmp_path, [Way("sdedit", "nonesuch")], EDITS[:1])
    assert rows.read(tmp_path) == []


def test_a_way_counts_once_however_often_it_is_named(tmp_path):
    assert len(done(tmp_path, [Way(NOTHING), Way(NOTHING)], EDITS[:1])) == 1


def test_the_random_other_picture_is_another_and_the_same_whatever_is_asked(tmp_path):
    found = []
    for count in (1, 3):
        setting = Setting(tmp_path / str(count), 0, {"size": SIZE})
        found.append(next(run(EDITS[:count], [Way(OTHER)], setting, others=EDITS)))
    assert found[0] == found[1]
    assert found[0]["kept"] < 1


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(OptionError, match="is a file"):
        done(tmp_path / "taken", [Way(NOTHING)], EDITS[:1])


def test_memory_is_unknown_where_the_system_does_not_say(tmp_path, monkeypatch):
    (tmp_path / "status").write_text("Name: x\n")
    monkeypatch.setattr(peaks, "STATUS", tmp_path / "status")
    monkeypatch.setattr(peaks, "CLEAR", tmp_path / "none" / "clear")
    (row,) = done(tmp_path / "out", [TINY], EDITS[:1])
    assert math.isnan(row["memory"])
    assert row["calls"] > 0


def test_what_no_adapter_is_tuned_to_is_left_out(tmp_path):
    smiling = next(each for each in CHANGES if each.name == "expression smiling")
    asked = [Portrait(edit("validation", each, 0), SIZE) for each in (smiling, CHANGES[2])]
    way = Way("diffusionclip", options={"num_inference_steps": 2, "num_inversion_steps": 2})
    first, second = done(tmp_path, [way], asked)
    assert "left_out" in second
    assert "left_out" not in first
    assert "error" not in first, first
    json.dumps(first)


def test_every_method_is_measured_and_what_needs_a_mask_gets_it():
    found = ways()
    assert {way.method for way in found} == {*CALIBRATION, *methods()}
    assert len({way.name for way in found}) == len(found)
    assert [way.method for way in found[:3]] == [NOTHING, TRUTH, OTHER]
    assert masked(find("blended"))
    assert not masked(find("diffedit"))
    assert not masked(find("sdedit"))
