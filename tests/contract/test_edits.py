"""What holds for every method from a picture file to a picture file."""

import dataclasses
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

import overpaint
from overpaint import parts
from overpaint.core.watch import unwatched
from overpaint.data.record import Record
from overpaint.editing import edits
from overpaint.errors import OptionError
from overpaint.replaying import replay

pytestmark = pytest.mark.usefixtures("with_tiny_parts")


def edit(case, image, **more):
    asked = {**case.source, **case.quick, **more}
    return overpaint.edit(image, "a sketch", method=case.method.name, model=case.named, **asked)


def some_mask(photo, seed=0):
    """Blobs of white, grey edges and black."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (5, 4), dtype=np.uint8))
    values = np.asarray(small.resize(photo.size, Image.Resampling.BICUBIC)).astype(int)
    return Image.fromarray(np.clip((values - 100) * 3, 0, 255).astype(np.uint8))


def test_the_result_has_the_size_of_the_picture_and_a_record(case, photo):
    result, count = edit(case, photo, seed=5, count=2, **case.varied), case.several(2)
    assert [image.size for image in result.images] == [photo.size] * count
    assert result.record.seeds == (5, 6)[:count]
    assert result.record.method == case.method.name
    assert result.record.options.keys() == case.method.options.__dataclass_fields__.keys()
    assert set(result.record.parts) == case.needed(case.method.options(**case.varied))
    assert result.calls >= 2 * count
    assert Record.from_json(result.record.to_json()) == result.record


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize("seed", range(3))
def test_bytes_outside_the_mask_are_the_originals(case, photo, mode, seed):
    photo = photo.convert(mode)
    if mode == "RGBA":
        photo.putalpha(some_mask(photo, seed + 10))
    mask = some_mask(photo, seed)
    (image,) = edit(case, photo, mask=mask, seed=seed).images
    before = np.asarray(photo.convert(image.mode))
    outside = np.asarray(mask) == 0
    assert outside.any()
    assert np.array_equal(np.asarray(image)[outside], before[outside])
    if mode == "RGBA":
        assert np.array_equal(np.asarray(image)[..., 3], before[..., 3])
    assert not np.array_equal(np.asarray(image), before)


def test_grey_mixes_the_edit_and_the_picture_once(case, photo):
    if "clip" in case.method.parts:
        pytest.skip("CLIP is shown the mixture, so it asks for another edit")
    white, grey = (
        edit(case, photo, mask=Image.new("L", photo.size, value)).images[0] for value in (255, 102)
    )
    mixed = 0.4 * np.asarray(white.convert("RGB"), float) + 0.6 * np.asarray(photo, float)
    assert np.abs(np.asarray(grey.convert("RGB")) - mixed).max() <= 1
    assert np.abs(np.asarray(white.convert("RGB"), float) - np.asarray(photo)).max() > 5


def test_a_black_mask_gives_the_picture_back(case, photo):
    (image,) = edit(case, photo, mask=Image.new("L", photo.size, 0)).images
    assert np.array_equal(np.asarray(image), np.asarray(photo))


def test_strength_zero_gives_the_picture_back(case, photo):
    if "strength" not in case.method.options.__dataclass_fields__:
        pytest.skip("this method has no strength")
    (image,) = edit(case, photo, strength=0).images
    assert np.array_equal(np.asarray(image), np.asarray(photo))


def test_a_file_is_done_again_to_the_same_bytes(case, photo, tmp_path):
    photo.save(tmp_path / "in.png")
    some_mask(photo).save(tmp_path / "mask.png")
    asked = {"seed": [9, 4], "batch": 1, **case.varied}
    result = edit(case, tmp_path / "in.png", mask=tmp_path / "mask.png", **asked)
    for index in range(len(result.images)):
        path = result.save(tmp_path / f"out{index}.png", index)
        again = replay(path)
        assert again.verdict == "identical", again
        assert np.array_equal(np.asarray(again.result.images[0]), np.asarray(result.images[index]))


def test_progress_is_told(case, photo):
    told = []

    def watch(items, total, label, /):
        told.append(total)
        return unwatched(items, total, label)

    edit(case, photo, watch=watch)
    assert told


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, [1, 2, 3], []])
def test_seeds_are_checked(case, photo, seed):
    with pytest.raises(OptionError):
        edit(case, photo, seed=seed, count=2)


@pytest.mark.parametrize("seed", [np.int64(3), True, [np.uint8(3), 4], np.array([3, 4])])
def test_whole_numbers_of_any_kind_are_seeds(case, photo, seed):
    record, count = edit(case, photo, seed=seed, count=2, **case.varied).record, case.several(2)
    assert record.seeds in ((3, 4)[:count], (1, 2)[:count])
    assert Record.from_json(record.to_json()) == record


@pytest.mark.parametrize("batch", [0, -1, 1.5, "many"])
def test_the_size_of_batches_is_checked(case, photo, batch):
    with pytest.raises(OptionError, match="batch must be a whole number from 1"):
        edit(case, photo, batch=batch)


def test_each_picture_comes_as_soon_as_its_batch_is_made(case, photo):
    asked = {"method": case.method.name, "model": case.named, "batch": 2, **case.varied}
    results = edits(photo, "a sketch", count=1000, **case.source, **asked)
    first = list(islice(results, case.several(2)))
    assert [result.record.seeds for result in first] == [(0,), (1,)][: len(first)]
    both = edit(case, photo, count=2, batch=2, **case.varied)
    assert both.images == [result.images[0] for result in first]
    assert both.calls == sum(result.calls for result in first)


def test_a_batch_is_its_pictures_alone(case, photo):
    """To one grey level, with the same calls for each and records that make it again."""
    together = edit(case, photo, count=5, batch=3, **case.varied)
    assert len(together.images) == case.several(5)
    for index, image in enumerate(together.images):
        alone = edit(case, photo, seed=index, **case.varied)
        apart = np.asarray(image).astype(int) - np.asarray(alone.images[0])
        assert np.abs(apart).max() <= 1
        assert together.calls == alone.calls * len(together.images)
        assert together.record.only(index) == alone.record


@pytest.mark.parametrize("given", [{"strength": 0}, {"mask": np.zeros((37, 23), np.uint8)}])
def test_nothing_is_loaded_where_nothing_can_change(case, photo, monkeypatch, given):
    monkeypatch.setattr(parts, "_RESOLVERS", {})
    result = edit(case, photo, **given)
    assert result.calls == 0
    assert np.array_equal(np.asarray(result.images[0]), np.asarray(photo))


def test_what_cannot_be_recorded_is_refused_before_parts_are_loaded(case, photo, monkeypatch):
    monkeypatch.setattr(parts, "_RESOLVERS", {})
    named = {"method": case.method.name, "model": case.named}
    with pytest.raises(OptionError, match="prompt is not valid Unicode"):
        overpaint.edit(photo, "\udc80", **named, **case.source)


def test_a_text_that_nothing_reads_is_told(case, photo):
    ignored = [note for note in edit(case, photo).warnings if "the prompt has no effect" in note]
    assert len(ignored) == (not case.method.reads_text)


def test_where_seeds_make_no_difference_one_picture_is_made(case, photo):
    settled = case.varied | ({"bridge": "off"} if "bridge" in case.varied else {})
    made = case.run(0, 1, **settled)
    assert made.chance != torch.equal(*made.images)
    result = edit(case, photo, count=3, **settled)
    told = [note for note in result.warnings if "the seed makes no difference" in note]
    assert (len(result.images), len(told)) == ((3, 0) if made.chance else (1, 1))


def test_an_unknown_method_is_hinted_at(case, photo):
    with pytest.raises(OptionError, match=f"Did you mean '{case.method.name}'"):
        overpaint.edit(photo, "x", method=f"{case.method.name}s", model=case.named)


def test_thread_count_moves_no_value_by_more_than_one_level(case, photo):
    threads, shown = torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            shown.append(np.asarray(edit(case, photo).images[0]).astype(int))
    finally:
        torch.set_num_threads(threads)
    assert np.abs(shown[0] - shown[1]).max() <= 1


def test_options_are_recorded_as_they_were_used(case, photo):
    recorded = edit(case, photo).record.options
    defaults = dataclasses.asdict(case.method.options())
    asked = {**defaults, **case.quick}
    left = {name for name, value in asked.items() if value in (None, "auto")}  # to the method
    assert recorded.keys() == asked.keys()
    assert {name for name in asked if recorded[name] != asked[name]} <= left
