"""What holds for every method that edits the faces of a photograph."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

import overpaint
from overpaint import Face
from overpaint.data import finding
from overpaint.data.record import Record
from overpaint.data.squares import feather
from overpaint.errors import ImageReadError, OptionError
from overpaint.replaying import replay

pytestmark = pytest.mark.usefixtures("with_tiny_parts")

LEFT, RIGHT = Face(20, 22, 12, 9.5, 1.2), Face(63, 30, 14, -20, 0.7)


@pytest.fixture
def group():
    """A picture of 90 x 60 pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture
def seen(monkeypatch):
    """The faces that a finder sees in it."""
    found = [RIGHT, LEFT]
    monkeypatch.setattr(finding, "find", lambda pixels: list(found))
    return found


def edit(case, image, face, **more):
    asked = {"method": case.method.name, "model": case.named, "face": face, **case.quick, **more}
    return overpaint.edit(image, "a sketch", **case.source, **asked)


def inside(*faces):
    """Where an edit of the faces may change a byte."""
    rows, columns = slice(0, 60), slice(0, 90)
    return np.any([feather(face.square, rows, columns, 0.15) > 0 for face in faces], axis=0)


def changed(image, group):
    return np.any(np.asarray(image.convert("RGB")) != np.asarray(group), axis=2)


@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize(("face", "where"), [(1, (LEFT,)), ("2", (RIGHT,)), ("all", (LEFT, RIGHT))])
def test_bytes_beyond_the_faces_are_the_originals(case, group, face, where):
    result = edit(case, group, face)
    difference = changed(result.images[0], group)
    assert not difference[~inside(*where)].any()
    for each in where:
        assert difference[inside(each)].mean() > 0.5
    assert result.record.faces == where
    assert Record.from_json(result.record.to_json()) == result.record


@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize("face", [2, "all"])
def test_faces_are_done_again_without_looking_for_them(case, group, face, tmp_path, monkeypatch):
    group.save(tmp_path / "in.png")
    path = edit(case, tmp_path / "in.png", face, seed=3).save(tmp_path / "out.png")
    monkeypatch.setattr(finding, "find", lambda pixels: pytest.fail("looked for faces"))
    again = replay(path)
    assert again.verdict == "identical", again


@pytest.mark.usefixtures("seen")
def test_all_faces_are_the_single_ones_one_after_another(case, group):
    both = edit(case, group, "all")
    options = {name: value for name, value in both.record.options.items() if value is not None}
    first = edit(case, group, 1, **options)
    then = edit(case, first.images[0], RIGHT, **options)
    assert np.array_equal(np.asarray(both.images[0]), np.asarray(then.images[0]))
    assert both.calls >= 2 * case.quick.get("num_inference_steps", 1)


def test_the_only_face_is_chosen_and_several_are_not(case, group, seen):
    with pytest.raises(OptionError, match="2 faces"):
        edit(case, group, "auto")
    del seen[0]
    assert edit(case, group, "auto").record.faces == (LEFT,)
    seen.clear()
    with pytest.raises(ImageReadError, match="no face"):
        edit(case, group, "auto")


def test_a_mask_narrows_the_edit_of_a_face(case, group):
    mask = np.zeros((60, 90), np.uint8)
    mask[:20] = 255
    difference = changed(edit(case, group, [LEFT, RIGHT], mask=mask).images[0], group)
    allowed = inside(LEFT, RIGHT) & (mask > 0)
    assert not difference[~allowed].any()
    assert difference[allowed].any()


def test_a_mask_beside_the_face_loads_nothing_and_says_so(case, group, monkeypatch):
    monkeypatch.setattr("overpaint.parts._RESOLVERS", {})
    mask = np.zeros((60, 90), np.uint8)
    mask[:, 80:] = 255
    result = edit(case, group, LEFT, mask=mask)
    assert result.calls == 0
    assert not changed(result.images[0], group).any()
    assert any("black at every face" in note for note in result.warnings)


@pytest.mark.usefixtures("seen")
def test_transparency_and_metadata_are_kept(case, group, tmp_path):
    alpha = np.random.default_rng(1).integers(0, 256, (60, 90), dtype=np.uint8)
    group.putalpha(Image.fromarray(alpha))
    tags = Image.Exif()
    tags[0x0110] = "camera"
    group.save(tmp_path / "in.png", exif=tags, dpi=(300, 300))
    result = edit(case, tmp_path / "in.png", "all")
    with Image.open(result.save(tmp_path / "out.png")) as image:
        assert image.getexif()[0x0110] == "camera"
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert np.array_equal(np.asarray(image)[..., 3], alpha)


def test_faces_lie_in_the_upright_picture(case, group, tmp_path):
    """A photo stored on its side gives the edit of the same photo stored upright."""
    tags = Image.Exif()
    tags[0x0112] = 6
    group.save(tmp_path / "upright.png")
    group.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "stored.png", exif=tags)
    one, other = (edit(case, tmp_path / f"{name}.png", LEFT) for name in ("upright", "stored"))
    assert np.array_equal(np.asarray(one.images[0]), np.asarray(other.images[0]))


def test_seeds_that_differ_in_any_face_are_not_called_the_same(case, group):
    mask = np.zeros((60, 90), np.uint8)
    mask[:, 45:] = 255  # the first face stays as it is
    result = edit(case, group, [LEFT, RIGHT], mask=mask, count=2, strength=0.5)
    told = any("makes no difference" in note for note in result.warnings)
    assert len(result.images) == (1 if told else 2)
    assert told or not np.array_equal(*(np.asarray(image) for image in result.images))


@pytest.mark.parametrize("faces", [3, [[1, 2, 3]], [{"x": 1}], [{"x": 1, "y": 1, "size": "9"}]])
def test_faces_of_a_hostile_record_are_refused(case, group, faces):
    record = edit(case, group, LEFT, strength=0).record
    told = dataclasses.asdict(record) | {"faces": faces}
    with pytest.raises(overpaint.errors.UnsafeFileError, match="refused"):
        Record.from_json(json.dumps(told))
