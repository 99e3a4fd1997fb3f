"""Parts that a user names: paths, and what was downloaded from the hub before."""

import pytest

from overpaint.errors import ModelNotFoundError, UnsafeFileError
from overpaint.models.clip import load_clip
from overpaint.models.zoo import located


@pytest.fixture
def hub(tmp_path, monkeypatch, clip_folder):
    """A hub cache that holds a CLIP as `huggingface_hub` lays it out: links into blobs."""
    cache = tmp_path / "hub"
    repository = cache / "models--some--clip"
    snapshot = repository / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text("a" * 40)
    for file in clip_folder.iterdir():
        file.rename(repository / "blobs" / file.name)
        (snapshot / file.name).symlink_to(f"../../blobs/{file.name}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    return snapshot


def test_a_part_of_the_hub_is_loaded_through_its_links(hub):
    assert located("some/clip").resolve() == hub.resolve()
    assert load_clip(located("some/clip")).size == 16


def test_links_lead_no_further_than_the_repository(hub, tmp_path, monkeypatch):
    (hub / "config.json").unlink()
    (tmp_path / "secret.json").write_text("{}")
    (hub / "config.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(UnsafeFileError, match="leads out"):
        load_clip(hub)


def test_a_folder_that_only_looks_like_a_snapshot_is_not_trusted(hub, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "elsewhere"))
    with pytest.raises(UnsafeFileError, match="leads out"):
        load_clip(hub)


def test_paths_come_first_and_what_is_nowhere_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some/clip").mkdir(parents=True)
    assert located("some/clip").resolve() == tmp_path / "some/clip"
    with pytest.raises(ModelNotFoundError, match="hf download other/clip"):
        located("other/clip")
    with pytest.raises(ModelNotFoundError, match="no such file or folder"):
        located("nowhere")
