"""HTML put together from parts, where whatever is no markup yet is escaped."""

from html import escape

VOID = ("meta", "link", "img", "br")


class Markup(str):
    """HTML; any other text is not, and is escaped where it meets this."""


def tag(name: str, /, *inside: str | None, **attributes: str | float | bool | None) -> Markup:
    """An element.

    inside: texts and elements; None is left out. attributes: `class_` is class, `data_value` is
        data-value; True stands alone, None and False are left out.
    """
    named = "".join(
        f" {_spelled(key)}" if value is True else f' {_spelled(key)}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Markup(f"<{name}{named}>" + ("" if name in VOID else f"{joined(*inside)}</{name}>"))


def joined(*parts: str | None) -> Markup:
    """Texts and elements one after another."""
    given = (part for part in parts if part is not None)
    return Markup("".join(p if isinstance(p, Markup) else escape(p) for p in given))


def _spelled(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
