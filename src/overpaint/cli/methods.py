"""`overpaint methods`: what edits a picture, and each method's own options."""

import dataclasses
from typing import Annotated, Any

import typer

from overpaint.cli import flags
from overpaint.cli.terminal import Terminal


def methods(
    terminal: Terminal,
    name: Annotated[str | None, typer.Argument(help="Show the options of this one.")] = None,
    as_json: flags.Json = False,
) -> None:
    """List the methods, or show one with its options."""
    import overpaint.methods.registry as registry

    chosen = [registry.find(name)] if name else list(registry.methods().values())
    for method in chosen:
        if as_json:
            terminal.line(described(method))
    if as_json:
        return
    if not name:
        terminal.table([(m.name, m.title, f"arXiv {m.paper}") for m in chosen])
        return
    (method,) = chosen
    needed = sorted(need.replace("_", " ") for need in method.needs)
    needed += ["a model that reads texts"] if method.reads else []
    needs = ", ".join(needed) or "nothing more"
    terminal.result(f"{method.name}: {method.title} (arXiv {method.paper}). Needs {needs}.\n")
    terminal.table(table(method.options))


def described(method: Any) -> dict[str, Any]:
    """A method as plain data."""
    needs = sorted(method.needs)
    about = {"name": method.name, "title": method.title, "paper": method.paper, "needs": needs}
    return {**about, "parts": list(method.parts), "options": options(method.options)}


def table(kind: Any) -> list[tuple[str, ...]]:
    """The options dataclass `kind` as rows of text."""
    names = ("name", "type", "default", "range", "help")
    rows = [tuple(str(option[name]) for name in names) for option in options(kind)]
    return [("OPTION", "TYPE", "DEFAULT", "RANGE", ""), *rows]


def options(kind: Any) -> list[dict[str, Any]]:
    """The same as plain data."""
    return [
        {
            "name": field.name,
            "type": getattr(field.type, "__name__", str(field.type)),
            "default": field.default,
            "range": _range(field.metadata),
            "help": field.metadata.get("help", ""),
        }
        for field in dataclasses.fields(kind)
    ]


def _range(limits: Any) -> str:
    """What is allowed, short."""
    if limits.get("choices"):
        return " | ".join(limits["choices"])
    low, high = limits.get("low"), limits.get("high")
    if low is None and high is None:
        return ""
    return f"{'' if low is None else f'{low:g}'} .. {'' if high is None else f'{high:g}'}".strip()
