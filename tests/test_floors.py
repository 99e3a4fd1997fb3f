"""Every file imports its own floor or a lower one, read off the syntax tree."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "overpaint"
FILES = sorted(PACKAGE.rglob("*.py"))

# From the ground up; what shares a floor stands side by side.
FLOORS = [
    {"errors", "listing", "memory"},
    {"core"},
    {"models"},
    {"inversions"},
    {"methods", "metrics", "data", "portraits"},
    {"recipes"},
    {"adapters", "parts", "trajectories", "tuning"},
    {"every other file of the top folder"},
    {"bench"},
    {"__init__"},
    {"cli", "web", "__main__"},
]
RANK = {part: rank for rank, parts in enumerate(FLOORS) for part in parts}
# What imports less than its floor would let it.
CLOSED = {"portraits": {"errors", "core", "portraits"}}
# Who alone imports a library.
WRAPPERS = {
    "diffusers": "models",
    "transformers": "models",
    "peft": "models",
    "dlib": "data",
    "lpips": "metrics",
    "torch_fidelity": "metrics",
    "numba": "portraits",
    "typer": "cli",
    "rich": "cli",
}
CORE_IMPORTS = {
    *("overpaint", "torch"),
    *("collections", "contextlib", "dataclasses", "functools", "itertools", "math", "operator"),
    "typing",
}


def part_of(file: Path) -> str:
    return file.relative_to(PACKAGE).with_suffix("").parts[0]


def rank(part: str) -> int:
    return RANK.get(part, RANK["every other file of the top folder"])


PARTS = {part_of(file) for file in FILES}
each_file = pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))


def imports(file: Path) -> Iterator[str]:
    """The dotted names that a file imports, also inside functions, relative ones made whole."""
    package = ("overpaint", *file.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*start, *filter(None, [node.module])))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def parts_imported(file: Path) -> set[str]:
    """The parts of this package that a file imports; any other name of it is `__init__`'s."""
    names = [name.split(".") for name in imports(file)]
    ours = [rest for root, *rest in names if root == "overpaint"]
    return {rest[0] if rest and rest[0] in PARTS else "__init__" for rest in ours}


def test_every_folder_has_a_floor():
    assert {part for part in PARTS if (PACKAGE / part).is_dir()} <= set(RANK)


@each_file
def test_files_import_their_own_floor_or_a_lower_one(file):
    part = part_of(file)
    allowed = CLOSED.get(part, {other for other in PARTS if rank(other) <= rank(part)})
    assert parts_imported(file) <= allowed


@each_file
def test_libraries_stay_behind_what_wraps_them(file):
    part, roots = part_of(file), {name.split(".")[0] for name in imports(file)}
    assert {root for root in roots if WRAPPERS.get(root, part) != part} == set()


def test_the_core_knows_no_network_no_file_and_no_clock():
    for file in (PACKAGE / "core").glob("*.py"):
        assert {name.split(".")[0] for name in imports(file)} <= CORE_IMPORTS, file.name
        names = {n.id for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.Name)}
        assert "open" not in names, file.name
