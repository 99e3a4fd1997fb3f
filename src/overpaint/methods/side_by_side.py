"""Pictures and their edits in one batch, where the edits attend as the pictures do (2208.01626)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from overpaint.core.alignment import Alignment, refine
from overpaint.core.attention import AttentionPlan, Borrowing
from overpaint.core.emphasis import Window, equalizer, typed, window, windows
from overpaint.core.local_blend import LocalBlend
from overpaint.core.masks import keep_trajectory
from overpaint.core.solvers import After, last
from overpaint.core.swapping import swap
from overpaint.core.watch import Watch, unwatched
from overpaint.core.wording import Wording
from overpaint.errors import OptionError
from overpaint.inversions.matching import same_texts
from overpaint.inversions.registry import find
from overpaint.inversions.trajectory import Trajectory
from overpaint.methods.holding import Local, held
from overpaint.methods.pairs import Pair
from overpaint.models.attending import controlled
from overpaint.models.bundle import DiffusionModel
from overpaint.models.conditions import Reader
from overpaint.models.pinning import guided_beside
from overpaint.models.prompting import reader_of

ALIGNMENTS: Mapping[str, Callable[[Wording, Wording], Alignment]] = {"swap": swap, "refine": refine}


@dataclass(frozen=True)
class Control:
    """How much of a picture's attention its edits take; windows are fractions of the path."""

    alignment: str = "swap"
    cross: float = 0.4
    selves: float = 0.4
    # With windows of their own.
    words: Mapping[str | int, float | Window] = field(default_factory=dict)
    normalised: bool = False
    local: Local | None = None


@dataclass(frozen=True, eq=False)
class Edits:
    """Their states (T, C, h, w), and where they may differ from their pictures; None: anywhere.

    mask: (T, 1, h, w), of their cells. fine: (T, 1, H, W), of the codec's pixels.
    """

    states: Tensor
    mask: Tensor | None = None
    fine: Tensor | None = None


def edited(
    model: DiffusionModel,
    trajectory: Trajectory,
    pairs: Sequence[Pair],
    control: Control,
    *,
    scale: float,
    mask: Tensor | None = None,
    watch: Watch = unwatched,
) -> Edits:
    """An edit for each pair, drawn beside the pictures that a trajectory leads to.

    With an inversion that pins, a picture costs a row at each step and an edit two, as guidance
    takes; else a picture takes two as well.

    Args:
        pairs: of one picture the source text is the same. scale: of the guidance.
        mask: (1 or T, 1, h, w) in the state's space; where it is 0 an edit stays as its picture.

    Raises:
        OptionError: a pair is of no picture, or of another text than the picture was inverted
            under, or two pairs say otherwise what a picture shows; weights never count.
    """
    reader, count, way = reader_of(model), len(trajectory.noise), find(trajectory.inversion)
    _check(pairs, trajectory)
    found = trajectory.rows([*range(count), *(pair.picture for pair in pairs)])
    rows = [*[None] * count, *_borrowings(reader, pairs, control, len(found.levels) - 1)]
    plan = AttentionPlan(found.levels, rows, normalised=control.normalised)
    blending = None if control.local is None else held(model, found, pairs, control.local)
    nothing, told = reader([""]), reader(_texts(pairs, count))
    with controlled(model, plan, None if blending is None else blending.heat) as shared:
        denoise = guided_beside(
            lambda level: found.empty_at(level, nothing),
            shared,
            told,
            scale,
            sources=count if way.pins else 0,
        )
        after = _after(found, blending, None if mask is None else _rows(mask, pairs, count))
        moves = way.replay(found, denoise, after, sources=count)
        edits = last(watch(moves, len(found.levels) - 1, "editing"))[count:]
    if blending is None or blending.mask is None:
        return Edits(edits)
    pixels = [side * model.codec.factor for side in edits.shape[2:]]
    return Edits(edits, blending.mask[count:], blending.region(pixels)[count:].to(edits))


def _texts(pairs: Sequence[Pair], count: int) -> list[str]:
    """What all rows show: so many pictures, then the edits."""
    shown = {pair.picture: pair.source for pair in pairs}
    return [shown.get(i, "") for i in range(count)] + [typed(pair.target).text for pair in pairs]


def borrowing(reader: Reader, pair: Pair, control: Control) -> Borrowing:
    """How the row of an edit attends as that of its picture."""
    source, target = pair.wordings(reader)
    weights = typed(pair.target).weights
    return Borrowing(
        source=pair.picture,
        alignment=ALIGNMENTS[control.alignment](source, target),
        weights=equalizer(target, weights) if weights else None,
        windows=windows(target, control.cross, control.words),
        selves=window(control.selves),
    )


def _borrowings(
    reader: Reader, pairs: Sequence[Pair], control: Control, steps: int
) -> Iterator[Borrowing]:
    """Those of all edits; refuses weights that no step leaves any time."""
    for pair in pairs:
        row = borrowing(reader, pair, control)
        if row.idle(steps):
            what = f"a weight in {pair.target!r:.80} counts at no step"
            why = "words are weighted while they take the picture's attention (cross_replace)"
            raise OptionError(what, why, "Raise cross_replace, or give the word a window.")
        yield row


def _check(pairs: Sequence[Pair], trajectory: Trajectory) -> None:
    """Refuses pairs that do not say of a picture what it was inverted under."""
    count, shown = len(trajectory.noise), dict[int, str]()
    for pair in pairs:
        if not 0 <= pair.picture < count:
            raise OptionError(f"There is no picture {pair.picture}", f"there are {count}, from 0")
        if not same_texts([shown.setdefault(pair.picture, pair.source)], [pair.source]):
            said = f"{shown[pair.picture]!r:.80} and {pair.source!r:.80}"
            raise OptionError(f"Picture {pair.picture} shows one thing", f"told are {said}")
    texts = trajectory.key.texts if trajectory.key else None
    for picture, source in shown.items() if texts is not None else ():
        under = texts[picture if len(texts) > 1 else 0] if texts else ""
        if not same_texts([source], [under]):
            why = f"under {under!r:.80}, not {source!r:.80}"
            hint = "Give that source text, or invert it again."
            raise OptionError(f"Picture {picture} was inverted under another text", why, hint)


def _rows(mask: Tensor, pairs: Sequence[Pair], count: int) -> Tensor:
    """A mask for each row: a picture may change where any of its edits may."""
    edits = mask.expand(len(pairs), -1, -1, -1)
    of = [[edits[i] for i, pair in enumerate(pairs) if pair.picture == at] for at in range(count)]
    blank = torch.ones_like(edits[0])
    pictures = [torch.stack(own).amax(0) if own else blank for own in of]
    return torch.stack([*pictures, *edits])


def _after(
    trajectory: Trajectory, blending: LocalBlend | None, mask: Tensor | None
) -> After | None:
    """Local blend, then the picture's own states outside a mask."""
    if mask is None:
        return blending
    keep = keep_trajectory(trajectory.states, mask)
    if blending is None:
        return keep
    return lambda x, level: keep(blending(x, level), level)
