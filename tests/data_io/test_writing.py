"""The writer: whole files or none, nothing overwritten, nothing left behind."""

import errno
import io
import multiprocessing
import os
import resource
import signal
import stat
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from overpaint.data import placing, writing
from overpaint.data.images import read_image
from overpaint.data.names import output_name
from overpaint.data.writing import check_target, write_image, write_next, write_stream
from overpaint.errors import OptionError, OutputError, OutputExistsError, OverpaintError

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def image(pixels) -> Image.Image:
    return Image.fromarray(pixels)


@pytest.fixture(autouse=True)
def _sweep_anew():
    placing._sweep_once.cache_clear()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("suffix", [".png", ".webp", ".PNG"])
def test_lossless_formats_keep_every_byte(tmp_path, pixels, suffix, mode):
    image = Image.fromarray(pixels).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.fromarray(pixels[..., 0]))
    path = write_image(image, tmp_path / f"out{suffix}")
    assert np.array_equal(read_image(path).pixels, pixels)
    assert os.listdir(tmp_path) == [path.name]


def test_transparency_is_not_lost_silently(tmp_path, image):
    write_image(image.convert("RGBA"), tmp_path / "opaque.jpg")
    image.putalpha(100)
    with pytest.raises(OptionError, match="transparent"):
        write_image(image, tmp_path / "out.jpg")


def test_nothing_is_overwritten_without_being_asked(tmp_path, image):
    path = tmp_path / "out.png"
    path.write_bytes(b"precious")
    with pytest.raises(OutputExistsError, match="exists already"):
        write_image(image, path)
    assert path.read_bytes() == b"precious"
    path.chmod(0o640)
    write_image(image, path, overwrite=True)
    assert read_image(path).size == (30, 40)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert write_next(image, path).name == "out-1.png"
    assert write_next(image, path).name == "out-2.png"


def test_a_link_is_written_through_and_a_dangling_one_is_in_the_way(tmp_path, image):
    link, real = tmp_path / "link.png", tmp_path / "real.png"
    link.symlink_to(real)
    with pytest.raises(OutputExistsError):
        write_image(image, link)
    real.write_bytes(b"old")
    write_image(image, link, overwrite=True)
    assert link.is_symlink()
    assert read_image(real).size == (30, 40)


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path, image, monkeypatch):
    path = tmp_path / "out.png"
    encode = writing.encode

    def slow(*args: object) -> bytes:
        path.write_bytes(b"faster")
        return encode(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(writing, "encode", slow)
    with pytest.raises(OutputExistsError):
        write_image(image, path)
    assert path.read_bytes() == b"faster"
    assert os.listdir(tmp_path) == ["out.png"]


def test_file_systems_without_links_are_as_safe(tmp_path, image, monkeypatch):
    def no_link(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_link)
    assert [write_next(image, tmp_path / "a.png").name for _ in range(3)] == [
        "a.png",
        "a-1.png",
        "a-2.png",
    ]
    assert sorted(os.listdir(tmp_path)) == ["a-1.png", "a-2.png", "a.png"]


def collide(folder: Path, worker: int, count: int) -> None:
    for number in range(count):
        image = Image.new("RGB", (2, 1), (worker, number % 256, number // 256))
        write_next(image, folder / "portrait.sdedit-0.png")


def test_a_thousand_colliding_names_are_a_thousand_files(tmp_path):
    """Promise 23: four processes, one name, every picture kept."""
    workers = [FORK.Process(target=collide, args=(tmp_path, n, 250)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    names = os.listdir(tmp_path)
    wanted = {"portrait.sdedit-0.png"} | {f"portrait.sdedit-0-{n}.png" for n in range(1, 1000)}
    assert set(names) == wanted
    found = {tuple(read_image(tmp_path / name).pixels[0, 0]) for name in names}
    assert found == {(w, n % 256, n // 256) for w in range(4) for n in range(250)}


def save_for_ever(folder: Path, overwrite: bool) -> None:
    rng = np.random.default_rng(os.getpid())
    while True:
        image = Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
        if overwrite:
            write_image(image, folder / "same.png", overwrite=True)
        else:
            write_next(image, folder / "each.png")


def test_killed_while_saving_no_half_file_remains(tmp_path, image):
    """Promise 21: twenty times kill -9; outputs are absent or whole, and strays are swept."""
    rng, strays = np.random.default_rng(5), 0
    for turn in range(20):
        worker = FORK.Process(target=save_for_ever, args=(tmp_path, turn % 2 == 0))
        worker.start()
        time.sleep(0.02 + 0.03 * rng.random())
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        strays += sum(name.endswith(".tmp") for name in os.listdir(tmp_path))
        for path in tmp_path.glob("*.png"):
            assert read_image(path).size == (64, 64)
            path.unlink()
        placing._sweep_once.cache_clear()
        write_image(image, tmp_path / "next.png")
        assert os.listdir(tmp_path) == ["next.png"]
        (tmp_path / "next.png").unlink()


def test_only_our_own_dead_strays_are_swept(tmp_path):
    dead = FORK.Process(target=int)
    dead.start()
    dead.join()
    ours = f".overpaint-{placing._machine()}-{dead.pid}-00000000.tmp"
    kept = {
        f".overpaint-{placing._machine()}-{os.getpid()}-00000000.tmp",
        f".overpaint-deadbeef-{dead.pid}-00000000.tmp",
        f".other-{dead.pid}.tmp",
        ".overpaint-x.tmp",
        "photo.png",
    }
    for name in {ours, *kept}:
        (tmp_path / name).write_bytes(b"x")
    assert placing.sweep(tmp_path) == 1
    assert set(os.listdir(tmp_path)) == kept
    assert placing.sweep(tmp_path / "missing") == 0


NAMES = {
    "gif": ("a.gif", "not a format"),
    "none": ("a", "no suffix"),
    "hidden": (".png", "no suffix"),
    "dot": (".", "names no file"),
    "dots": ("..", "names no file"),
    "empty": ("", "names no file"),
    "NUL": ("a\0b.png", "control character"),
    "newline": ("a\nb.png", "control character"),
    "device": ("CON.png", "device"),
    "device lower": ("nul.png", "device"),
    "device port": ("com1.x.png", "device"),
    "long": ("x" * 300 + ".png", "longer than 255"),
    "long emoji": ("😀" * 70 + ".png", "longer than 255"),
    "long path": ("/".join(["x" * 200] * 30) + "/a.png", "long"),
    "no folder": ("missing/a.png", "does not exist"),
    "file as folder": ("file/a.png", "does not exist"),
}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_unusable_names_are_refused_before_any_work(name, tmp_path, monkeypatch, image):
    """Promise 22, the names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(b"precious")
    path, why = NAMES[name]
    for call in (check_target, lambda given: write_image(image, given, overwrite=True)):
        with pytest.raises(OverpaintError, match=why) as caught:
            call(path)
        assert isinstance(caught.value, OptionError | OutputError)
        assert caught.value.hint
        assert all(c.isprintable() or c == "\n" for c in str(caught.value))
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("name", ["ü 😀.png", "a b'c\".png", "-.png", os.fsdecode(b"\xff.png")])
def test_unusual_names_are_written(name, tmp_path, image):
    path = write_image(image, tmp_path / name)
    assert read_image(path).size == (30, 40)
    assert isinstance(read_image(path).name.encode(), bytes)


def test_devices_and_folders_are_never_replaced(tmp_path, image):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "null.png").symlink_to("/dev/null")
    for name in ("folder.png", "null.png"):
        with pytest.raises(OptionError, match="folder or a device"):
            write_image(image, tmp_path / name, overwrite=True)
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("code", ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO"])
@pytest.mark.parametrize("overwrite", [True, False])
def test_failures_of_the_disk_leave_everything_as_it_was(
    tmp_path, image, monkeypatch, code, overwrite
):
    """Promise 22, the disk: at every step of the way."""
    path = tmp_path / "old.png"
    path.write_bytes(b"precious")
    target = path if overwrite else tmp_path / "new.png"
    number = getattr(errno, code)
    for call in ("fsync", "replace" if overwrite else "link"):
        if call == "link" and code == "EPERM":
            continue  # a file system without links, which has its own way
        with monkeypatch.context() as patch:
            patch.setattr(os, call, _raising(number))
            with pytest.raises(OutputError) as caught:
                write_image(image, target, overwrite=overwrite)
        assert os.strerror(number) in caught.value.why
        assert caught.value.hint
        assert os.listdir(tmp_path) == ["old.png"]
        assert path.read_bytes() == b"precious"


def _raising(number: int):
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def full_disk(folder: Path, said) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    try:
        write_image(image, folder / "out.png", overwrite=True)
    except OutputError as error:
        said.send(str(error))
    said.close()


def test_a_file_that_cannot_grow_is_a_clear_error(tmp_path, image):
    old = write_image(image.resize((4, 4)), tmp_path / "out.png")
    before, (here, there) = old.read_bytes(), FORK.Pipe()
    worker = FORK.Process(target=full_disk, args=(tmp_path, there))
    worker.start()
    assert "free some space" in here.recv()
    worker.join()
    assert os.listdir(tmp_path) == ["out.png"]
    assert old.read_bytes() == before


def test_pipes_get_the_file_itself(image):
    for format in ("PNG", "JPEG", "WEBP"):
        stream = io.BytesIO()
        write_stream(image, stream, format=format)
        assert read_image(stream.getvalue()).size == (30, 40)


def test_a_pipe_that_closed_is_a_clear_error(image):
    reading, writing_end = os.pipe()
    os.close(reading)
    with os.fdopen(writing_end, "wb", buffering=0) as stream, pytest.raises(OutputError):
        write_stream(image, stream)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("a/portrait.png", "portrait.sdedit-7.png"),
        ("a.b.jpg", "a.b.sdedit-7.png"),
        ("con.png", "picture_con.sdedit-7.png"),
        ("", "picture.sdedit-7.png"),
        ('a:b*"c.png', "a_b__c.sdedit-7.png"),
        ("x" * 400 + ".png", "x" * 150 + ".sdedit-7.png"),
    ],
)
def test_output_names_are_usable_everywhere(source, name):
    assert output_name(source, "sdedit", 7) == name
