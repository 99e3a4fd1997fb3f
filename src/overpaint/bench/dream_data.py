"""DreamBench as its authors give it away: pictures of 30 subjects, 25 prompts each (2208.12242)."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from overpaint.data.untrusted import brief
from overpaint.errors import OptionError, UnsafeFileError
from overpaint.methods.options import suggest

PROMPTS = "prompts_and_classes.txt"
LIVE = ("cat", "dog")  # classes whose subjects have prompts of their own
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
SUBJECT = re.compile(r"([\w-]{1,64}) *, *([\w -]{1,64})", re.ASCII)
HEADING = re.compile(r"^\s*(object|live subject) prompts\s*$", re.I | re.M)
FIELDS = ("unique_token", "class_token")
MARKS = ("\ue000", "\ue001")  # stand for them while a template is read
MOST_BYTES = 2**20


@dataclass(frozen=True)
class Subject:
    """A thing or pet: its folder's name, the noun of its class, what it is asked to be shown as.

    prompts: without the identifier. pictures: the names of its real ones.
    """

    name: str
    noun: str
    prompts: tuple[str, ...]
    pictures: tuple[str, ...]


def subjects(folder: Path) -> tuple[list[Subject], list[str]]:
    """The subjects of a copy of the data, by name; and those of whom it holds no picture.

    Raises:
        OptionError: the folder holds no such data.
        UnsafeFileError: the file of prompts is damaged; says where.
    """
    path = folder / PROMPTS
    if not path.is_file():
        why, hint = f"there is no {PROMPTS} in it", "Give `dataset` of google/dreambooth."
        raise OptionError(f"{folder} holds no DreamBench", why, hint)
    if path.stat().st_size > MOST_BYTES:
        raise UnsafeFileError(f"{path} is damaged", f"it is larger than {MOST_BYTES >> 10} KiB")
    try:
        nouns, things, pets = read(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UnsafeFileError(f"{path} is damaged", str(error)) from error
    known = list[Subject]()
    for name, noun in sorted(nouns.items()):
        prompts = tuple(_told(each, noun) for each in (pets if noun in LIVE else things))
        pictures = pictures_in(folder / name)
        known.append(Subject(name, noun, prompts, pictures))
    if not any(each.pictures for each in known):
        raise OptionError(f"{folder} holds no picture of any subject", hint=f"See {PROMPTS}.")
    lacking = [each.name for each in known if not each.pictures]
    return [each for each in known if each.pictures], lacking


def named(found: Sequence[Subject], names: Sequence[str]) -> list[Subject]:
    """Those of some names; all without any.

    Raises:
        OptionError: there is none of a name.
    """
    known = {each.name: each for each in found}
    for name in names:
        if name not in known:
            raise OptionError(f"There is no subject {name!r:.60}", hint=suggest(name, known))
    return [known[name] for name in dict.fromkeys(names)] or list(found)


def read(text: str) -> tuple[dict[str, str], list[str], list[str]]:
    """Subjects with their classes; templates for objects; those for live subjects.

    In templates {0} is the identifier and {1} the class.

    Raises:
        ValueError: something is not as it should be.
    """
    headings = list(HEADING.finditer(text))
    kinds = [each[1].lower() for each in headings]
    if sorted(kinds) != ["live subject", "object"]:
        raise ValueError('it has not one heading "Object Prompts" and one "Live Subject Prompts"')
    nouns = dict(_classes(text[: headings[0].start()]))
    if not nouns:
        raise ValueError("it names no subject with its class")
    ends = [*(each.start() for each in headings[1:]), len(text)]
    lists = {
        kind: _templates(text[heading.end() : end], kind)
        for kind, heading, end in zip(kinds, headings, ends, strict=True)
    }
    if empty := [kind for kind, each in lists.items() if not each]:
        raise ValueError(f"it has no prompt for {empty[0]}s")
    return nouns, lists["object"], lists["live subject"]


def pictures_in(folder: Path) -> tuple[str, ...]:
    """The names of the pictures in a folder, none if there is no folder."""
    if not folder.is_dir():
        return ()
    files = (each for each in folder.iterdir() if each.suffix.lower() in SUFFIXES)
    return tuple(sorted(each.name for each in files if each.is_file()))


def _classes(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        found = SUBJECT.fullmatch(line.strip())
        if found and found[2].strip() != "class":  # the titles
            yield found[1], found[2].strip()
        elif "," in line and not found:
            raise ValueError(f"{brief(line)} is no subject with its class")


def _templates(text: str, kind: str) -> list[str]:
    """The list of texts, or of calls of their `format`, that a part of the file holds."""
    start, end = text.find("["), text.rfind("]")
    try:
        if start < 0 or end < start:
            raise ValueError("it has no list")
        tree = ast.parse(text[start : end + 1], mode="eval").body
        return [_template(each) for each in getattr(tree, "elts", [])]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"the {kind} prompts cannot be read: {error}"[:200]) from error


def _template(node: ast.AST) -> str:
    """A text; of a call the fields are named by its arguments."""
    named = dict(enumerate(FIELDS))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr != "format" or node.keywords:
            raise ValueError("a prompt is no text that is formatted")
        named = {i: each.id for i, each in enumerate(node.args) if isinstance(each, ast.Name)}
        node = node.func.value
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        raise ValueError("a prompt is no text")
    text = node.value
    for at, name in named.items():
        if name in FIELDS:
            text = text.replace(f"{{{at}}}", MARKS[FIELDS.index(name)])
    if "{" in text or "}" in text:
        raise ValueError(f"{brief(text)} has a field that is neither {' nor '.join(FIELDS)}")
    return text.replace(MARKS[0], "{0}").replace(MARKS[1], "{1}")


def _told(template: str, noun: str) -> str:
    """A prompt with the noun and without the identifier."""
    return " ".join(template.replace("{0}", "").replace("{1}", noun).split())
