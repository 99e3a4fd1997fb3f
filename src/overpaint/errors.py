"""What can go wrong, as types: what happened, why, and what to do about it.

OverpaintError (1)
├── OptionError (2)           an option, prompt or argument is not usable
├── ImageReadError (2)        a picture cannot be read or is unsuitable
├── OutputExistsError (2)     a file is in the way and `--overwrite` was not given
├── ModelNotFoundError (3)    a model is neither embedded, nor on disk, nor cached
├── OutOfMemoryError (4)      the work does not fit the machine
├── UnsafeFileError (5)       a file could run code or write outside its folder
├── OutputError (1)           a result could not be written
├── CheckpointError (1)       a training checkpoint is damaged or of another run
└── NumericsError (1)         a network or a loss produced NaN or infinity

The number is the exit code of the command line.
"""


class OverpaintError(Exception):
    """Base of all errors that Overpaint raises on purpose."""

    exit_code = 1
    remedy = ""  # where an error has no hint of its own

    def __init__(self, what: str, why: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.hint = what, why, hint

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.why, self.hint) if part)


class OptionError(OverpaintError):
    """An option, prompt or argument is not usable."""

    exit_code = 2


class ImageReadError(OverpaintError):
    """A picture cannot be read or is unsuitable."""

    exit_code = 2


class OutputExistsError(OverpaintError):
    """A file is in the way and may not be overwritten."""

    exit_code = 2


class ModelNotFoundError(OverpaintError):
    """A model is neither embedded, nor on disk, nor in the cache."""

    exit_code = 3


class OutOfMemoryError(OverpaintError):
    """The work does not fit into the memory of this machine."""

    exit_code = 4


class UnsafeFileError(OverpaintError):
    """A file could run code or write outside its folder."""

    exit_code = 5
    remedy = "get the file again from where it is from, or make it anew"


class OutputError(OverpaintError):
    """A result could not be written."""


class CheckpointError(OverpaintError):
    """A training checkpoint is damaged, or of another network."""


class NumericsError(OverpaintError):
    """A network or a loss produced NaN or infinity."""
