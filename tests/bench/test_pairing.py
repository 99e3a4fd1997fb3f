"""Pictures find their partners by name, and no others."""

from pathlib import Path

import pytest

from overpaint.bench.pairing import pairs, pictures
from overpaint.errors import OptionError


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Makes empty files, as names are all that counts."""
    monkeypatch.chdir(tmp_path)

    def make(*names):
        for path in map(Path, names):
            path.parent.mkdir(exist_ok=True)
            path.touch()

    return make


def partners(made, against=None, mask=None):
    found = pairs(pictures([Path(made)]), *(each and Path(each) for each in (against, mask)))
    return {str(pair.made): pair.against and str(pair.against) for pair in found}


def test_one_file_is_for_all(files):
    files("made/b.png", "made/a.JPG", "made/rows.jsonl", "x.png")
    assert partners("made", "x.png") == {"made/a.JPG": "x.png", "made/b.png": "x.png"}
    assert partners("made") == {"made/a.JPG": None, "made/b.png": None}


def test_a_partner_has_the_name_or_the_beginning_of_an_outputs(files):
    files("made/a.png", "made/a.sdedit-0.png", "made/ab.png", "made/b.c.diffedit-1.png")
    files("from/a.jpg", "from/b.jpg", "from/b.c.jpg")
    assert partners("made", "from") == {
        "made/a.png": "from/a.jpg",
        "made/a.sdedit-0.png": "from/a.jpg",
        "made/ab.png": None,
        "made/b.c.diffedit-1.png": "from/b.c.jpg",
    }


def test_masks_are_found_likewise(files):
    files("made/a.sdedit-0.png", "masks/a.png", "a.png")
    (pair,) = pairs(pictures([Path("made")]), Path("a.png"), Path("masks"))
    assert (str(pair.against), str(pair.mask)) == ("a.png", "masks/a.png")


def test_of_two_that_could_be_the_very_name_decides(files):
    files("a.png", "from/a.jpg", "from/a.webp")
    with pytest.raises(OptionError, match=r"a.jpg and a.webp"):
        partners("a.png", "from")
    files("from/a.png")
    assert partners("a.png", "from") == {"a.png": "from/a.png"}


def test_a_folder_without_pictures_is_said(files):
    files("made/rows.jsonl")
    with pytest.raises(OptionError, match="no pictures in made"):
        pictures([Path("made")])
