"""DreamBench: prompts read without running them, scores of pictures and of sets of them."""

import re
import sys
from itertools import combinations

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from overpaint.bench import networks, rows
from overpaint.bench.diverse import _apart
from overpaint.bench.dream import OfClass, asked
from overpaint.bench.dream_data import named, read, subjects
from overpaint.bench.dreaming import Elsewhere, dreamt
from overpaint.bench.making import Setting
from overpaint.bench.networks import Networks, pixels
from overpaint.bench.summary import lines
from overpaint.bench.ways import NOTHING, Way
from overpaint.errors import OptionError, UnsafeFileError
from overpaint.methods.registry import find
from overpaint.metrics import perceptual

from ..folders import write_clip
from ..published import PROMPTS, lpips, smooth, write_dino, write_dream

NONE = Networks()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_dream(tmp_path_factory.mktemp("dream"))


@pytest.fixture(scope="module")
def seeing(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    clip, dino = write_clip(folder / "clip", context=40), write_dino(folder / "dino")
    return Networks(str(clip), str(dino), device="cpu")


@pytest.fixture
def with_lpips(monkeypatch):
    monkeypatch.setitem(sys.modules, "lpips", lpips())
    for kept in (networks._lpips, perceptual._kept):
        kept.cache_clear()
    yield Networks(lpips="alex", device="cpu")
    for kept in (networks._lpips, perceptual._kept):
        kept.cache_clear()


def embedded(of, names, folder):
    """DINO's unit vectors of files, by the network itself."""
    dino = networks._dino_of(of.dino, "cpu")
    images = [pixels(np.asarray(Image.open(folder / name).convert("RGB"))) for name in names]
    return [F.normalize(dino.embed(image)[0].double(), dim=0) for image in images]


def test_subjects_have_the_prompts_of_their_kind(data):
    found, lacking = subjects(data)
    assert lacking == ["duck_toy"]
    bag, cat = found
    assert (bag.noun, cat.noun) == ("backpack", "cat")
    assert bag.prompts == ("a backpack in the jungle", "a red backpack")
    assert cat.prompts == ("a cat wearing a red hat", "a wet cat")
    assert cat.pictures == ("00.jpg", "01.jpg", "02.jpg")
    assert named(found, ("cat2",)) == [cat]
    with pytest.raises(OptionError, match="no subject 'cat'"):
        named(found, ("cat",))


def test_prompts_may_be_plain_texts_in_any_order_of_their_fields():
    text = PROMPTS.replace(
        "'a red {0} {1}'.format(unique_token, class_token)",
        "'a red {1} {0}'.format(class_token, unique_token), \"a {0} {1}'s shade\",",
    )
    _, things, pets = read(text)
    assert things == ["a {0} {1} in the jungle", "a red {0} {1}", "a {0} {1}'s shade"]
    assert pets == ["a {0} {1} wearing a red hat", "a wet {0} {1}"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("'a wet {0} {1}'.format(unique_token, class_token)", "open('x').read()", "no text that"),
        ("'a wet {0} {1}'.format", "__import__('os').system", "no text that"),
        ("'a wet {0} {1}'.format(unique_token, class_token)", "7", "no text"),
        ("a wet {0}", "a wet {0.__class__}", "a field that is neither"),
        ("a wet {0}", "a wet {2}", "a field that is neither"),
        ("a wet {0}", "a wet {", "a field that is neither"),
        ("'a wet", "a wet", "cannot be read"),
        ("'a wet", "[" * 9999 + "'a wet", "cannot be read"),
        ("Live Subject Prompts", "Others", "one heading"),
        ("bag,backpack", "../bag,backpack", "is no subject"),
        ("bag,backpack", "/etc,backpack", "is no subject"),
        ("bag,backpack", "bag,back,pack", "is no subject"),
    ],
)
def test_damaged_files_are_refused_and_nothing_of_them_is_run(tmp_path, old, new, said):
    folder = write_dream(tmp_path)
    assert old in PROMPTS
    (folder / "prompts_and_classes.txt").write_text(PROMPTS.replace(old, new))
    with pytest.raises(UnsafeFileError, match="is damaged") as error:
        subjects(folder)
    assert said in error.value.why


def test_a_list_without_prompts_is_refused(tmp_path):
    text = re.sub(r"prompt_list = \[.*?\]", "prompt_list = []", PROMPTS, count=1, flags=re.S)
    assert text != PROMPTS
    with pytest.raises(ValueError, match="no prompt for"):
        read(text)


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(OptionError, match="holds no DreamBench"):
        subjects(tmp_path)
    (tmp_path / "prompts_and_classes.txt").write_text(PROMPTS)
    with pytest.raises(OptionError, match="no picture of any subject"):
        subjects(tmp_path)


def test_subjects_take_turns_and_each_picture_is_edited(data):
    found, _ = subjects(data)
    tasks = asked(data, found, NONE)
    assert len(tasks) == len({task.name for task in tasks}) == 2 * 2 * 3
    assert [task.name for task in tasks[:4]] == ["bag/00_0", "bag/00_1", "bag/00_2", "cat2/01_0"]
    assert [task.edited for task in tasks[:3]] == ["00.jpg", "01.jpg", "02.jpg"]
    assert asked(data, found, NONE, 2) == tasks[:6]
    first = tasks[0]
    given = {"prompt": "a backpack in the jungle", "source_prompt": "a backpack"}
    assert first.given(find("sdedit")) == given
    assert first.given(find("diffusionclip")) is None


def test_an_edit_is_compared_with_the_real_pictures_that_it_is_not_of(data, seeing):
    found, _ = subjects(data)
    first = asked(data, found, seeing)[0]
    real = embedded(seeing, found[0].pictures, data / "bag")
    scores = first.scores(first.pictures().source)
    others = [float(real[0] @ each) for each in real[1:]]
    assert scores["dino"] == pytest.approx(np.mean(others), abs=1e-6)
    clip = networks._clip_of(seeing.clip, "cpu")
    source = pixels(first.pictures().source)
    text = clip.text(["a backpack in the jungle"])
    wanted = float((clip.image(source * 2 - 1) * text).sum())
    assert scores["clip_t"] == pytest.approx(wanted, abs=1e-6)
    assert -1 <= scores["clip_i"] <= 1


def test_pictures_of_others_are_compared_with_all(data, seeing, tmp_path):
    (tmp_path / "made/bag").mkdir(parents=True)
    for number in range(2):
        smooth(50 + number, 64).save(tmp_path / f"made/bag/00_{number}.png")
    tasks = asked(data, named(subjects(data)[0], ("bag",)), seeing, 1)
    elsewhere = Elsewhere(shown=tmp_path / "made")
    setting = Setting(tmp_path / "out", 0, seeing.told)
    found = list(dreamt(tasks, [], setting, elsewhere=elsewhere))
    assert [row["way"] for row in found] == ["pictures of made"] * 3
    assert [row["edit"] for row in found if "left_out" in row] == ["bag/00_2"]
    real = embedded(seeing, ("00.jpg", "01.jpg", "02.jpg"), data / "bag")
    (mine,) = embedded(seeing, ("00_0.png",), tmp_path / "made/bag")
    wanted = np.mean([float(mine @ each) for each in real])
    assert found[0]["dino"] == pytest.approx(wanted, abs=1e-6)
    assert (tmp_path / "out" / found[0]["path"]).is_file()


def test_a_class_that_became_the_subject_is_told_by_its_pictures(data, seeing, tmp_path):
    (tmp_path / "class/bag").mkdir(parents=True)
    for name in ("00.jpg", "01.jpg"):
        (tmp_path / f"class/bag/{name}").write_bytes((data / "bag" / name).read_bytes())
    tasks = asked(data, subjects(data)[0], seeing)
    setting = Setting(tmp_path / "out", 0, seeing.told)
    found = list(dreamt(tasks, [], setting, elsewhere=Elsewhere(of_class=tmp_path / "class")))
    real = torch.stack(embedded(seeing, ("00.jpg", "01.jpg", "02.jpg"), data / "bag"))
    wanted = float((real[:2] @ real.T).mean())
    (line,) = lines(found)
    assert line.scores["pres"].mean == pytest.approx(wanted, abs=1e-6)
    assert line.scores["dino"].count == 0
    first = OfClass(data, tasks[0].subject, tmp_path / "class/bag/00.jpg", seeing)
    assert found[0]["edit"] == first.name == "class/bag/00.jpg"


def test_diversity_is_the_mean_of_pairs_also_of_a_run_that_was_stopped(data, with_lpips, tmp_path):
    tasks = asked(data, subjects(data)[0], with_lpips, 2)
    way = Way("sdedit", "tiny", {"num_inference_steps": 1})
    setting = Setting(tmp_path, 0, with_lpips.told)
    begun = dreamt(tasks, [Way(NOTHING), way], setting)
    for _ in range(6 + 2):  # two of three pictures of the first prompt
        next(begun)
    begun.close()
    found = list(dreamt(tasks, [Way(NOTHING), way], setting))
    assert len(found) == len(rows.read(tmp_path)) == 12
    having = [row for row in found if "div" in row]
    assert [row["edit"] for row in having] == ["bag/00_2", "cat2/01_2"]
    for row in having:
        prompt = row["edit"][:-2]
        paths = [tmp_path / r["path"] for r in found if "path" in r and r["edit"][:-2] == prompt]
        images = [np.asarray(Image.open(path), dtype=float) / 255 for path in paths]
        pairs = [20 * np.abs(a - b).mean() for a, b in combinations(images, 2)]
        assert len(pairs) == 3
        assert row["div"] == pytest.approx(np.mean(pairs), rel=1e-5)


def test_real_pictures_calibrate_and_what_needs_a_region_is_left_out(data, seeing, tmp_path):
    tasks = asked(data, named(subjects(data)[0], ("bag",)), seeing)
    setting = Setting(tmp_path, 0, seeing.told)
    found = list(dreamt(tasks, [Way(NOTHING), Way("blended", "tiny")], setting))
    nothing, blended = lines(found)
    real = torch.stack(embedded(seeing, ("00.jpg", "01.jpg", "02.jpg"), data / "bag"))
    wanted = float((real @ real.T).sum() - 3) / 6  # of all pairs of two
    assert nothing.scores["dino"].mean == pytest.approx(wanted, abs=1e-6)
    assert (blended.edits, blended.left_out) == (0, 6)


def test_pictures_of_other_sizes_are_brought_to_the_firsts(tmp_path):
    sizes, there = [], [tmp_path / "0.png", tmp_path / "1.png"]
    for path, side in zip(there, (48, 64), strict=True):
        smooth(3, side).save(path)

    def distance(image, other):
        sizes.append((image.shape[2:], other.shape[2:]))
        return 0.5

    assert _apart(there, distance) == 0.5
    assert sizes == [((48, 48), (48, 48))]
