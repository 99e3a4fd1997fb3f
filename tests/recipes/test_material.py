"""Pictures to learn from: a folder of the user's, upright and by name; or drawn, or rendered."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from overpaint.data.images import read_image
from overpaint.data.placement import fit
from overpaint.errors import OptionError
from overpaint.models.families.tiny import tiny
from overpaint.portraits.scene import Scene
from overpaint.recipes.material import material

MODEL = tiny()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, one of them turned by its EXIF block, and what is none."""
    rng = np.random.default_rng(0)
    for name, size in [("c.png", (20, 30)), ("a.jpg", (24, 24)), ("b.webp", (40, 20))]:
        pixels = rng.integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
        block = Image.Exif()
        block[0x0112] = 6 if name == "c.png" else 1
        Image.fromarray(pixels).save(tmp_path / name, exif=block)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "cut.png").write_bytes((tmp_path / "c.png").read_bytes()[:200])
    (tmp_path / ".hidden.png").write_bytes((tmp_path / "c.png").read_bytes())
    (tmp_path / "more").mkdir()
    return tmp_path


def test_pictures_of_a_folder_come_by_name_upright_and_as_an_edit_sees_them(folder: Path) -> None:
    found = material(MODEL, str(folder), 10, 0)
    expected = [fit(read_image(folder / name), 16)[0] for name in ("a.jpg", "b.webp", "c.png")]
    assert torch.equal(found.pictures, torch.cat(expected))
    assert found.origin == folder.name
    (note,) = found.notes
    assert "cut.png" in note
    assert "notes.txt" in note
    assert "hidden" not in note


def test_there_are_no_more_than_asked_for(folder: Path) -> None:
    assert len(material(MODEL, str(folder), 2, 0).pictures) == 2


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nowhere", "there is no such folder"),
        ("a.jpg", "it is a file"),
        ("more", "it holds no files"),
        ("words", "left out as no pictures: notes.txt"),
    ],
)
def test_a_folder_without_pictures_is_refused(folder: Path, name: str, why: str) -> None:
    (folder / "words").mkdir()
    (folder / "words/notes.txt").write_text("no picture")
    with pytest.raises(OptionError, match="There are no pictures to learn from") as told:
        material(MODEL, str(folder / name), 5, 0)
    assert told.value.why.startswith(why)


def test_many_faults_make_a_short_note(folder: Path) -> None:
    for k in range(20):
        (folder / f"{k}.txt").write_text("no picture")
    (note,) = material(MODEL, str(folder), 10, 0).notes
    assert note.endswith("and 19 more")


def test_portraits_are_for_models_of_photos_and_others_draw(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def render(scene: Scene, size: int) -> np.ndarray:
        return np.full((size, size, 3), len(scene.hair), np.uint8)

    monkeypatch.setattr("overpaint.recipes.material.render", render)
    photos = replace(MODEL, card={"domain": "photo"})
    rendered, drawn = material(photos, "", 2, 0), material(MODEL, "", 2, 0)
    assert (rendered.origin, drawn.origin) == ("portraits", "drawn")
    assert torch.equal(material(MODEL, "portraits", 2, 0).pictures, rendered.pictures)
    assert torch.equal(material(photos, "drawn", 2, 0).pictures, drawn.pictures)
    assert rendered.hash != drawn.hash
    assert rendered.pictures.shape == drawn.pictures.shape == (2, 3, 16, 16)
