"""What `overpaint doctor` looks at: libraries, hardware, embedded models, places to write."""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

OK, NOTE, BROKEN = "ok", "note", "BROKEN"

# The first versions without the known holes that an untrusted picture or checkpoint can reach.
FLOORS = {"torch": "2.10", "diffusers": "0.38", "transformers": "5.10", "pillow": "12.3"}


@dataclass(frozen=True)
class Finding:
    """What a check found; `state` is OK, NOTE or BROKEN."""

    about: str
    state: str
    found: str
    hint: str = ""


def python() -> Finding:
    """The interpreter."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    fine = sys.version_info >= (3, 11)
    return Finding("python", OK if fine else BROKEN, found, "" if fine else "needs 3.11 or newer")


def libraries() -> Finding:
    """Versions that are missing or too old."""
    found = {name: _version(name) for name in FLOORS}
    old = [f"{n} {found[n] or 'missing'}" for n in FLOORS if _older(found[n], FLOORS[n])]
    text = ", ".join(f"{name} {number}" for name, number in found.items())
    hint = f"too old: {', '.join(old)}; install with the project's constraints.txt" if old else ""
    return Finding("libraries", BROKEN if old else OK, text, hint)


def torchvision() -> Finding:
    """Not needed, and breaks transformers and peft where it does not fit torch."""
    number = _version("torchvision")
    if not number:
        return Finding("torchvision", OK, "absent, as it should be")
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError, OSError) as error:
        hint = "pip uninstall torchvision; Overpaint does not need it"
        return Finding("torchvision", BROKEN, f"{number} does not fit torch ({error})", hint)
    return Finding("torchvision", NOTE, f"{number} works, and is not needed")


def hardware() -> Finding:
    """What networks would run on."""
    import torch

    from overpaint.models.devices import pick_device, pick_dtype

    device = pick_device()
    dtype = str(pick_dtype("auto", device)).removeprefix("torch.")
    found = f"{device.type} in {dtype}, {torch.get_num_threads()} threads"
    if device.type == "cpu" and (Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi")):
        return Finding("hardware", NOTE, found, "there is a GPU, but torch was built without CUDA")
    return Finding("hardware", OK, found)


def embedded() -> Finding:
    """The models that came along: each is loaded."""
    from overpaint.models.inventory import problems

    found = problems()
    broken = [f"{name}: {said}" for name, said in found.items() if said]
    hint = f"install Overpaint again ({'; '.join(broken)})" if broken else ""
    return Finding("embedded models", BROKEN if broken else OK, ", ".join(found), hint)


def writing() -> Finding:
    """Whether results can be written here."""
    free = shutil.disk_usage(Path.cwd()).free >> 20
    try:
        with tempfile.TemporaryFile(dir=Path.cwd()):
            state, hint = (OK, "") if free > 200 else (NOTE, "the disk is nearly full")
    except OSError as error:
        state, hint = NOTE, f"this folder cannot be written ({error.strerror}): use -o"
    return Finding("writing", state, f"{Path.cwd()}, {free} MiB free", hint)


def cache() -> Finding:
    """Where tuned adapters and models of the hub lie, and whether the hub may be asked."""
    from huggingface_hub import constants
    from platformdirs import user_cache_path

    offline = "offline" if constants.HF_HUB_OFFLINE else "online"
    own = user_cache_path("overpaint")
    place = next(path for path in (own, *own.parents) if path.exists())
    found = f"{own}; hub ({offline}): {constants.HF_HUB_CACHE}"
    if os.access(place, os.W_OK):
        return Finding("caches", OK, found)
    return Finding("caches", NOTE, found, f"{place} cannot be written; set XDG_CACHE_HOME")


CHECKS: tuple[Callable[[], Finding], ...] = (
    python,
    libraries,
    torchvision,
    hardware,
    embedded,
    writing,
    cache,
)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _older(number: str, floor: str) -> bool:
    """Whether a version is below a floor, by its leading two numbers."""
    parts = [int("".join(filter(str.isdigit, p)) or 0) for p in number.split("+")[0].split(".")[:2]]
    return parts < [int(part) for part in floor.split(".")]
