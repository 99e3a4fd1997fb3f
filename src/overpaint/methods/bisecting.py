"""Where a score that goes one way passes what is wanted, in few trials."""

from collections.abc import Iterator, Mapping

TRIALS = 8  # edits; they leave the place uncertain by a hundredth of the whole


def halving(
    tried: Mapping[float, float],
    wanted: float,
    ends: tuple[float, float],
    *,
    rising: bool,
    trials: int = TRIALS,
) -> Iterator[float]:
    """Whole numbers to try, both ends first, then halves of where the score passes `wanted`.

    tried: the scores of those before, which whoever iterates fills in.
    """
    low, high = ends
    yield from ends
    if (tried[low] >= wanted) == (tried[high] >= wanted):
        return
    while len(tried) < trials and high - low > 1:
        middle = float((low + high) // 2)
        yield middle
        if (tried[middle] >= wanted) == rising:
            high = middle
        else:
            low = middle


def best(tried: Mapping[float, float], wanted: float, *, rising: bool) -> tuple[float, bool]:
    """The least place that has what is wanted of a rising score, the last of a falling one.

    Where none has it the one that comes nearest, and False.
    """
    fitting = [place for place, score in tried.items() if score >= wanted]
    if fitting:
        return (min(fitting) if rising else max(fitting)), True
    return max(tried, key=lambda place: tried[place]), False
