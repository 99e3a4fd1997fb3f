"""Errors as three lines and an exit code: what happened, why, what to do."""

import traceback

from typer import Abort, TyperException

from overpaint.cli.stopping import Interrupted
from overpaint.errors import OverpaintError
from overpaint.memory import ran_out

INTERRUPTED = 130


def exit_code(error: BaseException) -> int:
    """0 ok, 1 failed, 2 usage, 3 no such model, 4 memory, 5 unsafe file, 130 interrupted."""
    if isinstance(error, OverpaintError):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | Abort):
        return INTERRUPTED
    if isinstance(error, TyperException):
        return 2
    return 4 if ran_out(error) else 1


def explain(error: BaseException, command: str = "overpaint") -> str:
    """Three lines for a person."""
    what, why, hint = _told(error, command)
    lines = [f"error: {_one_line(what)}", f"why:   {_one_line(why)}", f"try:   {_one_line(hint)}"]
    return "\n".join(lines)


def traced(error: BaseException) -> str:
    """The whole traceback, for -vv."""
    return "".join(traceback.format_exception(error))


def _told(error: BaseException, command: str) -> tuple[str, str, str]:
    usage = f"`{command} --help` shows what there is"
    if isinstance(error, OverpaintError):
        return error.what, error.why or _kind(error), error.hint or error.remedy or usage
    if isinstance(error, KeyboardInterrupt | Abort):
        told = error.__cause__ if isinstance(error, Abort) else error
        told = told if isinstance(told, Interrupted) else Interrupted()
        return "interrupted", told.why, told.hint
    if isinstance(error, TyperException):
        return _message(error), "the command line is not usable as it stands", usage
    if ran_out(error):
        less = "a smaller count (-n) or picture, or another --device"
        return "the memory of this machine is not enough", str(error), less
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        why = f"{error.strerror or error}{where}"
        return "a file could not be read or written", why, "check the path, its rights and the disk"
    why = f"{type(error).__name__}: {error}"
    return "something unforeseen went wrong", why, f"run `{command} -vv` again for the traceback"


def _kind(error: OverpaintError) -> str:
    """What such errors are about, from their docstring."""
    sentence = (error.__doc__ or "").strip().rstrip(".")
    return sentence[:1].lower() + sentence[1:]


def _message(error: TyperException) -> str:
    """The words of typer's parser, which names the option where it knows it."""
    words = getattr(error, "format_message", error.__str__)()
    return str(words).rstrip(".")


def _one_line(text: str) -> str:
    """A clause: no line breaks, no capital (but that of a name) and no full stop."""
    words = " ".join(text.split())
    first = words.partition(" ")[0]
    sentence = first == "A" or (first.strip(":").isalpha() and first[1:].islower())
    clause = words[:1].lower() + words[1:] if sentence else words
    return clause if clause.endswith("..") else clause.removesuffix(".")
