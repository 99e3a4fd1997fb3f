"""`overpaint models`: what is embedded and works without any download."""

from overpaint.cli import flags
from overpaint.cli.terminal import Terminal


def models(terminal: Terminal, as_json: flags.Json = False) -> None:
    """List the embedded models and adapters with their cards.

    `-m` also takes a diffusers folder or hub id, of pixels or latents, or a checkpoint file.
    """
    from overpaint.models import zoo

    found = zoo.models()
    if as_json:
        for card in found:
            terminal.line(card)
        return
    rows = [tuple(str(card.get(key, "")) for key in ("name", "kind", "title")) for card in found]
    terminal.table(rows or [("none", "", "this build has no embedded models")])
