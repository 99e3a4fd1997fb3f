"""Pickles and TorchScript archives assembled by hand, also such as no program would write."""

import os
import pickle
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

MODULE = b"\x80\x02c__torch__\nM\n)\x81"


def text(value: str) -> bytes:
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


def number(value: int) -> bytes:
    return b"\x8a\x09" + value.to_bytes(9, "little", signed=True)


def together(*parts: bytes) -> bytes:
    """A tuple."""
    return b"(" + b"".join(parts) + b"t"


def tensor(
    kind: str = "FloatStorage",
    key: str = "0",
    count: int = 4,
    offset: int = 0,
    size: Sequence[int] = (4,),
    stride: Sequence[int] = (1,),
) -> bytes:
    """A tensor of so many of the `count` numbers in a storage."""
    named = b"ctorch\n" + kind.encode() + b"\n"
    storage = together(text("storage"), named, text(key), text("cpu"), number(count)) + b"Q"
    places = [together(*map(number, values)) for values in (size, stride)]
    made = together(storage, number(offset), *places, b"\x89", b"}")
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + made + b"R"


def module(**items: bytes) -> bytes:
    """A whole pickle of a module with these attributes."""
    held = b"".join(text(name) + value for name, value in items.items())
    return MODULE + b"}(" + held + b"ub."


def archive(path: Path, data: bytes, compress: int = 0, **storages: bytes) -> Path:
    """A TorchScript archive; `storages` are called `s0`, `s1`, ..."""
    files = {"data.pkl": data, "constants.pkl": b"\x80\x02).", "byteorder": b"little"}
    files |= {f"data/{name[1:]}": value for name, value in storages.items()}
    with zipfile.ZipFile(path, "w", compress) as file:
        for name, value in files.items():
            file.writestr(f"archive/{name}", value)
    return path


class Calls:
    """What a pickle makes call `function`."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.reduced = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.reduced


def attacks(canary: Path) -> dict[str, bytes]:
    """Pickles that create the file `canary` if anything in them is carried out."""
    command, program = f"touch {canary}", f"open({str(canary)!r}, 'w')"
    calls = {"system": Calls(os.system, command), "eval": Calls(eval, program)}
    calls |= {"exec": Calls(exec, program), "getattr": Calls(getattr, "", "upper")}
    made = {
        f"{name} in protocol {n}": pickle.dumps(call, n)
        for name, call in calls.items()
        for n in (0, 2, 4)
    }
    quoted = command.encode()
    return made | {
        "instance": b"(S'" + quoted + b"'\nios\nsystem\n.",
        "object": b"(cos\nsystem\nS'" + quoted + b"'\no.",
        "in a module": module(x=b"cos\nsystem\n" + together(text(command)) + b"R"),
        "behind a name of TorchScript": b"\x80\x02c__torch__.os\nsystem\n"
        + together(text(command))
        + b"R.",
        "state of a function": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}("
        + text("x")
        + b"Nub.",
    }
