"""A pickle read as records: nothing that it names is looked up, imported or called.

Python's unpickler runs what a pickle tells it to. Here a pickle is a list of instructions for a
small machine, which knows those that TorchScript writes and builds nothing but the classes below.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
LITERALS = frozenset({"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"})
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


@dataclass(frozen=True)
class Named:
    """A class or function by its full name, and no more than the name."""

    name: str


@dataclass(frozen=True)
class Kept:
    """Something that lies beside the pickle, by its key."""

    key: Any


@dataclass
class Made:
    """What a pickle says results from `of` and `args`, and what it then puts into that."""

    of: Named
    args: tuple[Any, ...]
    state: Any = None


def read_records(data: bytes, allowed: Callable[[str], bool]) -> Any:
    """What the pickle `data` describes; `allowed` says which names may stand in it.

    Raises:
        ValueError: a name is not allowed, or the instructions are unknown or make no sense.
    """
    machine = _Machine(allowed)
    try:
        for code, argument, _ in pickletools.genops(data):
            machine.step(code.name, argument)
        (found,) = machine.stack
    except (TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"its pickle is damaged: {error}") from error
    return found


@dataclass
class _Machine:
    allowed: Callable[[str], bool]
    stack: list[Any] = field(default_factory=list)
    below: list[list[Any]] = field(default_factory=list)  # stacks that a mark has put aside
    memo: dict[int, Any] = field(default_factory=dict)

    def step(self, code: str, argument: Any) -> None:
        """Carry out one instruction."""
        match code:
            case "PROTO" | "STOP":
                pass
            case "MARK":
                self.below.append(self.stack)
                self.stack = []
            case "BINPUT" | "LONG_BINPUT":
                self.memo[argument] = self.stack[-1]
            case "SETITEMS":
                items = self._marked()
                self._insert(items[::2], items[1::2])
            case "SETITEM":
                key, value = self._top(2)
                self._insert([key], [value])
            case "APPENDS":
                items = self._marked()
                self.stack[-1].extend(items)
            case "APPEND":
                (item,) = self._top(1)
                self.stack[-1].append(item)
            case "BUILD":
                (state,) = self._top(1)
                self.stack[-1].state = state
            case _:
                value = self._value(code, argument)  # may put another stack in place of this one
                self.stack.append(value)

    def _value(self, code: str, argument: Any) -> Any:
        """What an instruction puts on the stack."""
        if code in LITERALS:
            return argument
        if code in CONSTANTS:
            return CONSTANTS[code]
        if code in TUPLES:
            return tuple(self._top(TUPLES[code]))
        match code:
            case "BINGET" | "LONG_BINGET":
                return self.memo[argument]
            case "EMPTY_DICT":
                return {}
            case "EMPTY_LIST":
                return []
            case "TUPLE":
                return tuple(self._marked())
            case "BINPERSID":
                return Kept(*self._top(1))
            case "GLOBAL":
                return self._named(argument.replace(" ", "."))
            case "NEWOBJ" | "REDUCE":
                return self._made(*self._top(2))
        raise ValueError(f"its pickle uses {code}, which TorchScript does not")

    def _named(self, name: str) -> Named:
        if not self.allowed(name):
            raise ValueError(f"it names {name[:80]}, which could be code")
        return Named(name)

    def _made(self, of: Any, args: Any) -> Made:
        if not (isinstance(of, Named) and isinstance(args, tuple)):
            raise TypeError("something is made of what is no class")
        return Made(of, args)

    def _insert(self, keys: list[Any], values: list[Any]) -> None:
        # Only plain keys: the hash of a deeply nested one overflows the interpreter's own stack.
        if not all(isinstance(key, str | int) for key in keys):
            raise TypeError("a key is neither text nor number")
        self.stack[-1].update(zip(keys, values, strict=True))

    def _top(self, count: int) -> list[Any]:
        """The uppermost `count` entries, taken off."""
        if count > len(self.stack):
            raise IndexError("the stack is empty")
        taken = self.stack[-count:]
        del self.stack[-count:]
        return taken

    def _marked(self) -> list[Any]:
        """All entries above the last mark, taken off with it."""
        taken, self.stack = self.stack, self.below.pop()
        return taken
