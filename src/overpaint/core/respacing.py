"""Which of a schedule's times a path visits, written as guided-diffusion writes it."""

from collections.abc import Iterator
from itertools import accumulate, repeat

from overpaint.core.schedule import CLEAN, Level, Schedule
from overpaint.errors import OptionError

STRIDE = "ddim"


def space_timesteps(T: int, spec: str) -> tuple[int, ...]:
    """Ascending times of a schedule of `T`; the time of index i is the i-th (arXiv 2102.09672).

    spec: how many of each equal section of the schedule, such as "100" or "10,15,20", or "ddim50"
        for exactly that many a whole stride apart.

    Raises:
        OptionError: `spec` cannot be read, or asks for more than there is.
    """
    if spec.startswith(STRIDE):
        (wanted,) = _counts(spec.removeprefix(STRIDE), spec, 1)
        strides = (range(0, T, i) for i in range(1, T))
        found = next((times for times in strides if len(times) == wanted), None)
        if found is None:
            raise OptionError(f"{wanted} of {T} times do not lie a whole stride apart")
        return tuple(found)
    counts = _counts(spec, spec)
    size, extra = divmod(T, len(counts))
    sizes = [size + (i < extra) for i in range(len(counts))]
    starts = accumulate(sizes, initial=0)
    return tuple(t for each in zip(starts, sizes, counts, strict=False) for t in _section(*each))


def respaced(schedule: Schedule, spec: str, skip: int = 0) -> list[Level]:
    """The levels down which a respaced path leads, without its first `skip` steps, to the picture.

    Index i of the path is `levels[-2 - i]`, so no index has to be found from a time again.
    """
    times = space_timesteps(len(schedule), spec)
    if not 0 <= skip < len(times):
        raise OptionError(f"skip must be in [0, {len(times) - 1}], got {skip}")
    return schedule.path([*reversed(times[: len(times) - skip]), CLEAN.t])


def _section(start: int, size: int, count: int) -> Iterator[int]:
    """`count` times over all of a section; the running sum rounds as the authors' does."""
    if count > size:
        raise OptionError(f"{count} steps do not fit a section of {size} times")
    stride = (size - 1) / (count - 1) if count > 1 else 1.0
    places = accumulate(repeat(stride, count - 1), initial=0.0)
    return (start + round(place) for place in places)


def _counts(text: str, spec: str, most: int | None = None) -> list[int]:
    words = text.split(",")
    if all(word.strip().isdecimal() and int(word) > 0 for word in words) and (
        most is None or len(words) <= most
    ):
        return [int(word) for word in words]
    raise OptionError(
        f"respacing cannot be read: {spec!r:.40}", hint='Write "100", "10,15,20" or "ddim50".'
    )
