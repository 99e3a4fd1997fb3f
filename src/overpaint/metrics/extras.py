"""The libraries of the extra `metrics`: what is said where one, or its weights, is not there."""

from collections.abc import Iterator
from contextlib import contextmanager

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
def fetching(what: str) -> Iterator[None]:
    """Around the making of a network whose weights a library looks for, then downloads.

    Raises:
        ModelNotFoundError: they are not on this machine and cannot be fetched.
    """
    try:
        yield
    except OSError as error:
        where = f"{torch.hub.get_dir()}/checkpoints"
        why = f"they are not in {where}, and the download failed: {error}"
        hint = "Fetch them once while online; they are kept there."
        raise ModelNotFoundError(
            f"The weights of {what} are not on this machine", why, hint
        ) from error
