"""The other verbs, and how the program behaves as a whole."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from overpaint.cli.progress import _figure
from overpaint.errors import OutOfMemoryError
from overpaint.models.bundle import DiffusionModel

from ..adapters import write_random
from ..folders import write_clip

START = "import sys; from overpaint.cli import main; code = main(sys.argv[1:]); "


def started(*argv: str, then: str = "sys.exit(code)") -> subprocess.CompletedProcess[str]:
    """The program in a process of its own."""
    words = [sys.executable, "-c", START + then, *argv]
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("argv", ["--help", "--version"])
def test_help_is_without_what_is_slow_to_load(argv: str) -> None:
    slow = "{'torch', 'diffusers', 'transformers', 'scipy', 'numpy', 'PIL'}"
    ran = started(argv, then=f"assert not {slow} & set(sys.modules), {slow} & set(sys.modules)")
    assert ran.returncode == 0, ran.stderr


STROKES = ("simulate", "lay", "paste", "mask")


def test_every_verb_has_help(run: Callable) -> None:
    verbs = ("edit", "replay", "invert", "methods", "models", "train", "tune", "score", "doctor")
    for verb in (*verbs, "tradeoff", "portraits render", *(f"strokes {each}" for each in STROKES)):
        ran = run(f"{verb} --help")
        assert ran.code == 0
        assert "--json" in ran.text


def test_methods_are_listed_and_described(run: Callable) -> None:
    listed = run("methods").text
    assert "sdedit" in listed
    assert "diffusionclip" in listed
    told = run("methods sdedit").text
    assert "num_inference_steps" in told
    assert "1 .. 1000" in told
    assert "Needs nothing more" in told
    assert "Needs prompt, a model that reads texts" in run("methods diffedit").text
    (line,) = run("methods sdedit --json").text.splitlines()
    assert {o["name"] for o in json.loads(line)["options"]} >= {"strength", "solver"}


def test_invert_reports_figures(run: Callable) -> None:
    told = json.loads(run("invert face.png -m tiny --steps 2 --json -o back.png").text)
    assert told["calls"] == 4
    assert 0 <= told["mae"] <= 1
    assert Path("back.png").exists()
    assert [
        row.split()[0] for row in run("invert face.png -m tiny --steps 2").text.splitlines()
    ] == [
        "mae",
        "psnr",
        "ssim",
        "codec_mae",
        "calls",
        "seconds",
    ]


def test_portraits_come_with_their_truth(run: Callable, here: Path) -> None:
    ran = run("portraits render -n 2 --seed 5 --size 32 -o world --json")
    assert ran.code == 0, ran.err
    scenes = [json.loads(line) for line in Path("world/scenes.jsonl").read_text().splitlines()]
    assert scenes == [json.loads(line) for line in ran.text.splitlines()]
    assert [scene["seed"] for scene in scenes] == [5, 6]
    for scene in scenes:
        assert (here / "world" / scene["file"]).exists()
        assert all((here / "world" / name).exists() for name in scene["masks"].values())
        assert scene["captions"]
        assert scene["scene"]["style"] == "photo"
    assert run("portraits render -n 2 --seed 5 --size 32 -o world").code == 2


def test_portraits_that_were_interrupted_go_on(run: Callable, here: Path) -> None:
    command = "portraits render -n 2 --seed 5 --size 32 -o world"
    assert run(command).code == 0
    whole = {path: path.read_bytes() for path in sorted(here.glob("world/**/*.*"))}
    Path("world/scenes.jsonl").unlink()
    Path("world/portrait-6.png").unlink()
    ran = run(command)
    assert ran.code == 0, ran.err
    assert {path: path.read_bytes() for path in sorted(here.glob("world/**/*.*"))} == whole


def test_portraits_keep_what_is_another_picture(run: Callable) -> None:
    Path("world").mkdir()
    Path("world/portrait-5.png").write_bytes(b"mine")
    assert run("portraits render -n 1 --seed 5 --size 32 -o world").code == 2
    assert Path("world/portrait-5.png").read_bytes() == b"mine"


def test_doctor_names_a_damaged_model(run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"portraits": "", "clip": "its file is cut"}
    monkeypatch.setattr("overpaint.models.inventory.problems", lambda: found)
    ran = run("doctor")
    assert ran.code == 1
    assert "clip: its file is cut" in ran.text


def test_doctor_and_models_speak_json(run: Callable) -> None:
    findings = [json.loads(line) for line in run("doctor --json").text.splitlines()]
    assert {"python", "libraries", "torchvision"} <= {found["about"] for found in findings}
    for line in run("models --json").text.splitlines():
        assert {"name", "kind"} <= json.loads(line).keys()


def test_recipes_are_listed(run: Callable) -> None:
    assert {row.split()[0] for row in run("train").text.splitlines()} >= {"pixel", "clip"}
    listed = [json.loads(line) for line in run("train --json").text.splitlines()]
    assert {recipe["name"] for recipe in listed} >= {"pixel", "clip"}


def test_a_terminal_sees_a_bar_and_a_pipe_sees_nothing(
    run: Callable,
) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Screen()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", screen)
        patch.setenv("TERM", "xterm")
        assert run("invert face.png -m tiny --steps 2").code == 0
        assert "inverting" in screen.getvalue()
        screen.truncate(0)
        assert run("invert face.png -m tiny --steps 2 -q").code == 0
        assert screen.getvalue().strip("\0") == ""
    assert run("invert face.png -m tiny --steps 2").err == ""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_with_130(run: Callable, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def stopped(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.Signals[name])
        time.sleep(5)

    if name == "SIGINT":  # a shell leaves it ignored in what it runs in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr("overpaint.inverting.reconstruct", stopped)
    ran = run("invert face.png -m tiny")
    assert ran.code == 130
    assert "interrupted" in ran.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OutOfMemoryError("too big"), 4),
        (MemoryError(), 4),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"), 4),
        (RuntimeError("unsupported memory format option"), 1),
        (OSError(28), 1),
    ],
)
def test_failures_have_their_exit_codes(
    run: Callable, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("overpaint.inverting.reconstruct", failing)
    ran = run("invert face.png -m tiny")
    assert ran.code == code
    assert "Traceback" not in ran.err
    assert "Traceback" in run("invert face.png -m tiny -vv").err


def test_memory_that_runs_out_is_told_by_every_verb(
    run: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(
        "overpaint.inverting.find", lambda name: SimpleNamespace(invert=failing, reads=False)
    )
    monkeypatch.setattr("overpaint.tuning._tuned", failing)
    monkeypatch.setattr("overpaint.recipes.registry.train", failing)
    for words in ("invert face.png -m tiny", "tune diffusionclip -p x -m tiny", "train pixel"):
        assert run(words).code == 4


def test_training_leaves_the_models_of_others_alone(
    run: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overpaint.recipes.registry.train", lambda *_: {})
    Path("model").mkdir()
    Path("model/config.json").write_text("{}")
    refused = run("train judge -o model")
    assert refused.code == 2
    assert "no recipe made it" in refused.err
    Path("model/card.json").write_text("{}")
    assert run("train judge -o model").code == 0
    assert run("train judge -o new").code == 0


def test_an_adapter_is_tuned_and_given(run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    def tune(model: DiffusionModel, prompt: str, *_: object, folder: Path, **__: object) -> None:
        steps = {"num_inversion_steps": 3, "num_inference_steps": 2}
        write_random(model, folder, prompt=prompt, base=model.hash, **steps)

    monkeypatch.setattr("overpaint.recipes.diffusionclip.tune", tune)
    assert run("tune diffusionclip -p clay -m tiny -o clay").text == "clay\n"
    assert run("tune diffusionclip -p clay -m tiny -o clay").code == 2
    assert run("tune diffusionclip -p clay -m tiny -o clay --overwrite").code == 0
    edit = "edit face.png -p clay -m tiny --adapter clay"
    record = json.loads(run(f"{edit} -o out.png --json").text)["record"]
    assert record["parts"]["adapter"].startswith("clay ")
    assert [record["options"][f"num_{of}_steps"] for of in ("inversion", "inference")] == [3, 2]
    assert run("replay out.png --adapter clay").text == "out.png: identical\n"
    assert run(f"{edit} -o no.png --method sdedit -O num_inversion_steps=2").code == 2


def test_a_preset_brings_texts_and_options(run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def tune(prompt: str, **how: object) -> tuple[Path, dict]:
        asked.update(how, prompt=prompt)
        return Path("made"), {"notes": ["one picture was left out"]}

    known = SimpleNamespace(prompt="clay", source_prompt="a face", options={"t0": 300, "rank": 2})
    presets = SimpleNamespace(find=lambda name: {"clay": known}[name])
    monkeypatch.setitem(sys.modules, "overpaint.recipes.presets", presets)
    monkeypatch.setattr("overpaint.tuning.tune", tune)
    ran = run("tune diffusionclip --preset clay -O rank=4 --images pictures -v")
    assert (ran.text, ran.err) == ("made\n", "note:  one picture was left out\n")
    assert (asked["prompt"], asked["source_prompt"]) == ("clay", "a face")
    assert (asked["t0"], asked["rank"], asked["images"]) == (300, "4", "pictures")
    assert run("tune diffusionclip --preset clay -q").err == ""


def test_a_training_step_shows_its_scores() -> None:
    item = SimpleNamespace(loss=0.5, figures={"likeness": 0.25, "clip": 1.0, "direction": 0.125})
    assert _figure(item) == "  loss 0.5000  direction 0.1250  likeness 0.2500"
    assert _figure("a picture") == ""


def test_a_clip_is_given(run: Callable) -> None:
    write_clip(Path("guide"))
    few = "-O iterations=1 -O num_inversion_steps=2 -O num_inference_steps=2"
    edit = f"edit face.png -p clay -m tiny --method clip-latent {few} --clip guide"
    record = json.loads(run(f"{edit} -o out.png --json").text)["record"]
    assert record["parts"]["clip"]
    assert run("replay out.png --clip guide").text == "out.png: identical\n"
    refused = run("edit face.png -m tiny --method sdedit --clip guide -o no.png")
    assert (refused.code, "takes no clip" in refused.err) == (2, True)


def test_errors_stay_off_stdout_where_stderr_is_closed() -> None:
    words = [sys.executable, "-c", START + "sys.exit(code)", "edit", "nope.png", "--method", "no"]
    ran = subprocess.run(["sh", "-c", '"$@" 2>&-', "sh", *words], stdout=subprocess.PIPE)
    assert (ran.returncode, ran.stdout) == (2, b"")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    words = [sys.executable, "-c", START + "sys.exit(code)", "methods", "--json"]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    assert child.stderr.read() == ""
    assert child.wait() == 0


def test_tuning_lists_its_options_and_presets(run: Callable) -> None:
    listed = run("tune diffusionclip --list").text
    for said in ("likeness_floor", "checkpointed", "face", "tanned", "portraits"):
        assert said in listed
