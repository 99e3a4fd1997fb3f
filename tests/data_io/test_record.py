"""The record: read back as written from every format, and never believed unseen."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from overpaint.data.images import read_image
from overpaint.data.metadata import parameters, read_record
from overpaint.data.record import Record, RecordedRegion, bounded
from overpaint.data.sources import portable_name
from overpaint.data.writing import write_image
from overpaint.errors import ImageReadError, OptionError, UnsafeFileError

RECORD = Record(
    method="sdedit",
    model="portraits",
    prompt='a "cat", red: hair\nin two lines, ü and 😀',
    seeds=(7,),
    options={"num_inference_steps": 40, "strength": 0.5, "mask": None, "grid": [1, 2.5, "a"]},
    weights="0123456789",
    input="examples/portrait.png",
    input_sha256="ab" * 32,
    parts={"adapter": "a pencil sketch 0123456789"},
    versions={"overpaint": "0.1.0", "torch": "2.13.0"},
)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_every_format_carries_the_record(tmp_path, pixels, suffix):
    path = write_image(Image.fromarray(pixels), tmp_path / f"out{suffix}", RECORD)
    assert read_record(path) == RECORD
    assert read_record(path.read_bytes()) == RECORD


def test_pngs_carry_the_text_that_others_read(tmp_path, pixels):
    path = write_image(Image.fromarray(pixels), tmp_path / "out.png", RECORD)
    with Image.open(path) as image:
        assert image.text["parameters"] == parameters(RECORD, (30, 40))
        assert json.loads(image.text["overpaint"])["schema"] == 1
    lines = parameters(RECORD, (30, 40)).split("\n")
    assert "\n".join(lines[:2]) == RECORD.prompt
    assert lines[2] == (
        "Steps: 40, Method: sdedit, Denoising strength: 0.5, Seed: 7, Size: 30x40, "
        "Model hash: 0123456789, Model: portraits, Version: Overpaint 0.1.0"
    )


def test_a_picture_of_many_has_its_own_seed_alone():
    assert Record("a", "b", "c", (1, 2, 3)).only(1).seeds == (2,)


def test_pictures_without_a_record_say_so(tmp_path, pixels):
    for suffix in (".png", ".jpg", ".webp"):
        path = write_image(Image.fromarray(pixels), tmp_path / f"out{suffix}")
        with pytest.raises(ImageReadError, match="holds no record"):
            read_record(path)


def changed(**values: object) -> str:
    return json.dumps({**json.loads(RECORD.to_json()), **values})


REFUSED = {
    "schema": changed(schema=2),
    "schema text": changed(schema="1"),
    "schema true": changed(schema=True),
    "no schema": changed(schema=None),
    "unknown field": changed(code="import os"),
    "no method": json.dumps({"schema": 1, "model": "a", "prompt": "b", "seeds": [1]}),
    "prompt number": changed(prompt=5),
    "prompt long": changed(prompt="x" * 20_001),
    "prompt NUL": changed(prompt="a\0b"),
    "prompt surrogate": changed(prompt="\ud800"),
    "no seeds": changed(seeds=[]),
    "seed text": changed(seeds=["1"]),
    "seed true": changed(seeds=[True]),
    "seed negative": changed(seeds=[-1]),
    "seed huge": changed(seeds=[2**64]),
    "many seeds": changed(seeds=[1] * 5000),
    "seeds number": changed(seeds=1),
    "options list": changed(options=[1]),
    "option object": changed(options={"a": {"b": 1}}),
    "option deep": changed(options={"a": [[1]]}),
    "option huge": changed(options={"a": 2**64}),
    "options many": changed(options={str(n): n for n in range(101)}),
    "option infinite": RECORD.to_json().replace("0.5", "1e999"),
    "option NaN": RECORD.to_json().replace("0.5", "NaN"),
    "option endless": RECORD.to_json().replace("0.5", "9" * 5000),
    "parts": changed(parts={"a": 1}),
    "zoom number": changed(zoom=1),
    "regions number": changed(regions=1),
    "region text": changed(regions=["a"]),
    "region unknown": changed(regions=[{"prompt": "a", "code": "b"}]),
    "region number": changed(regions=[{"prompt": 1}]),
    "region path": changed(regions=[{"prompt": "a", "mask": "/etc/passwd"}]),
    "regions long": changed(regions=[{"prompt": "x" * 10_001}] * 2),
    "regions many": changed(regions=[{"prompt": "a"}] * 101),
    "history text": changed(history="a"),
    "history number": changed(history=[1]),
    "history many": changed(history=[json.loads(RECORD.to_json())] * 101),
    "history path": changed(history=[json.loads(changed(input="../secret.png"))]),
    "history schema": changed(history=[json.loads(changed(schema=2))]),
    "history of history": changed(
        history=[json.loads(changed(history=[json.loads(RECORD.to_json())]))]
    ),
    "threads none": changed(threads=0),
    "threads many": changed(threads=10**6),
    "threads half": changed(threads=1.5),
    "model absolute": changed(model="/etc/passwd"),
    "model parent": changed(model="a/../../b"),
    "model address": changed(model="https://example.org/model"),
    "model drive": changed(model="C:\\models"),
    "model share": changed(model="\\\\server\\share"),
    "model home": changed(model="~/model"),
    "input absolute": changed(input="/etc/passwd"),
    "input parent": changed(input="../secret.png"),
    "mask file": changed(mask="file:secret.png"),
    "twice": RECORD.to_json()[:-1] + ', "schema": 1}',
    "deep": "[" * 100_000,
    "list": "[1]",
    "text": "no JSON",
    "empty": "",
    "long": changed(prompt="x") + " " * 1_000_001,
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_doubtful_records_are_refused(name):
    with pytest.raises(UnsafeFileError) as caught:
        Record.from_json(REFUSED[name])
    assert len(str(caught.value)) < 500


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=8,
    ),
    st.sampled_from(
        ["schema", "method", "prompt", "seeds", "options", "parts", "threads", "new"],
    )
    | st.sampled_from(["zoom", "regions", "extend", "history"]),
)
def test_any_value_anywhere_is_taken_or_refused(value, name):
    try:
        record = Record.from_json(changed(**{name: value}))
    except (UnsafeFileError, OptionError):
        return
    assert Record.from_json(record.to_json()) == record


def test_damaged_files_with_a_record_are_refused(tmp_path, pixels):
    """As with pictures: only our own errors, whatever became of the file."""
    rng = np.random.default_rng(0)
    for suffix in (".png", ".jpg", ".webp"):
        data = write_image(Image.fromarray(pixels), tmp_path / f"out{suffix}", RECORD).read_bytes()
        for _ in range(200):
            damaged = bytearray(data[: rng.integers(1, len(data)) if rng.random() < 0.3 else None])
            for at in rng.integers(0, len(damaged), 5):
                damaged[at] = rng.integers(0, 256)
            try:
                read_record(bytes(damaged))
            except (ImageReadError, UnsafeFileError, OptionError):
                continue


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b.png", "a/b.png"),
        ("/a/b.png", "b.png"),
        ("../a/b.png", "b.png"),
        ("a/..", Path.cwd().name),
        (".", Path.cwd().name),
        ("12:30.png", "./12:30.png"),
        ("/a/C:b.png", "./C:b.png"),
        ("~a.png", "./~a.png"),
        ("\\\\a.png", "./\\\\a.png"),
        ("..\\a.png", ".._a.png"),
    ],
)
def test_names_that_are_written_can_be_read(path, name):
    assert portable_name(path) == name
    record = Record("a", name, "c", (1,), input=name, mask=name, parts={"adapter": name})
    assert Record.from_json(record.to_json()) == record


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30))
def test_any_name_can_be_recorded(path):
    record = Record("a", portable_name(path), "c", (1,))
    assert Record.from_json(record.to_json()) == record


def test_names_that_could_not_be_read_back_are_refused_at_once():
    for name in ("/etc/passwd", "../b", "https://example.org/model", "~/model"):
        with pytest.raises(OptionError):
            Record("a", name, "c", (1,))
    with pytest.raises(OptionError):
        Record("a", "b", "c", (1,), parts={"adapter": "\udc80"})


def test_prompts_that_could_not_be_read_back_are_refused_at_once():
    for prompt in ("x" * 20_001, "\udc80"):
        with pytest.raises(OptionError):
            Record("a", "b", prompt, (1,))


def test_records_of_earlier_versions_are_read():
    new = {"mask_options", "invert_mask", "regions", "zoom", "extend", "history"}
    old = {name: value for name, value in json.loads(RECORD.to_json()).items() if name not in new}
    assert Record.from_json(json.dumps(old)) == RECORD


def test_regions_that_could_not_be_read_back_are_refused_at_once():
    for region in (
        RecordedRegion("x" * 20_001),
        RecordedRegion("a\0b"),
        RecordedRegion("a", "../mask.png"),
    ):
        with pytest.raises(OptionError):
            Record("a", "b", "c", (1,), regions=(region,))


def steps(count: int, prompt: str = "") -> tuple[Record, ...]:
    return tuple(Record("a", "b", f"{n} {prompt}", (1,)) for n in range(count))


def test_a_chain_is_the_history_and_the_edit_itself():
    record = Record("a", "b", "now", (1,), history=steps(3))
    assert [step.prompt.strip() for step in record.chain] == ["0", "1", "2", "now"]
    assert not any(step.history for step in record.chain)
    assert Record.from_json(record.to_json()) == record


def test_a_history_keeps_its_latest_edits_and_room_for_the_rest():
    assert bounded(steps(150)) == steps(150)[50:]
    longest = "\U0001f600" * 9_990  # twelve characters each in a record's ASCII
    kept = bounded(steps(40, longest))
    assert 1 <= len(kept) < 40
    assert kept == steps(40, longest)[-len(kept) :]
    full = Record("a", "b", longest, (1,), source_prompt=longest, history=kept)
    assert Record.from_json(full.to_json()) == full


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_picture_brings_the_edits_that_made_it(tmp_path, pixels, suffix):
    record = Record("a", "b", "now", (1,), history=steps(3))
    path = write_image(Image.fromarray(pixels), tmp_path / f"out{suffix}", record)
    assert read_image(path).history == record.chain
    plain = write_image(Image.fromarray(pixels), tmp_path / f"plain{suffix}")
    assert read_image(plain).history == ()


def test_a_jpeg_holds_as_much_of_the_history_as_fits(tmp_path, pixels):
    record = Record("a", "b", "now", (1,), history=steps(90, "and some words" * 20))
    path = write_image(Image.fromarray(pixels), tmp_path / "out.jpg", record)
    kept = read_record(path).history
    assert 1 < len(kept) < 90
    assert kept == record.history[-len(kept) :]


def test_a_history_that_is_not_believed_is_left_out_with_a_note(tmp_path, pixels):
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("overpaint", REFUSED["input parent"])
    Image.fromarray(pixels).save(tmp_path / "in.png", pnginfo=texts)
    picture = read_image(tmp_path / "in.png")
    assert picture.history == ()
    assert any("not recorded" in note for note in picture.warnings)
