"""The libraries of the extra `metrics`: what is said where one, or its weights, is not there."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import torch

from overpaint.errors import ModelNotFoundError, OptionError


@contextmanager
def importing(what: str, library: str) -> Iterator[None]:
    """Around the import of a library that `what` is taken with.

    Raises:
        OptionError: it is not installed, or does not fit the torch that is.
    """
    try:
        yield
    except (ImportError, RuntimeError, OSError) as error:  # what torchvision's own parts raise
        why = f"it cannot be loaded: {error}"
        hint = 'pip install "overpaint[metrics]"'
        raise OptionError(f"{what} is taken with the library {library}", why, hint) from error


@contextmanager
def unfetched(what: str, download: str) -> Iterator[None]:
    """Around the making of a network whose weights its library would download: here it may not.

    download: what fetches them when it is asked to, in Python.

    Raises:
        ModelNotFoundError: they are not on this machine.
    """
    fetch = torch.hub.download_url_to_file
    torch.hub.download_url_to_file = _refused
    try:
        # Torch announces a download before it begins, and on stdout.
        with redirect_stdout(io.StringIO()) as said, redirect_stderr(said):
            yield
    except OSError as error:
        where = f"looked in {torch.hub.get_dir()}/checkpoints"
        hint = f"Download them once with `python -c '{download}'`."
        raise ModelNotFoundError(
            f"The weights of {what} are not on this machine", where, hint
        ) from error
    finally:
        torch.hub.download_url_to_file = fetch


def _refused(url: str, *_: Any, **__: Any) -> None:
    raise FileNotFoundError(url)
