"""Pictures and their edits in one batch, where the edits attend as the pictures do (2208.01626)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from overpaint.core.alignment import Alignment, refine
from overpaint.core.attention import AttentionPlan, Borrowing
from overpaint.core.changes import changed
from overpaint.core.emphasis import Window, equalizer, typed, window, windows
from overpaint.core.heat import Heat
from overpaint.core.local_blend import Cut, LocalBlend
from overpaint.core.masks import keep_trajectory
from overpaint.core.solvers import After, last
from overpaint.core.swapping import swap
from overpaint.core.watch import Watch, unwatched
from overpaint.core.wording import HELD, Wording, find
from overpaint.errors import OptionError
from overpaint.inversions.registry import find as find_way
from overpaint.inversions.trajectory import Trajectory
from overpaint.models.attending import controlled, factor_near
from overpaint.models.bundle import DiffusionModel
from overpaint.models.conditions import Reader
from overpaint.models.pinning import guided_beside
from overpaint.models.prompting import reader_of

TEXTS = ("source prompt", "prompt")
ALIGNMENTS: Mapping[str, Callable[[Wording, Wording], Alignment]] = {"swap": swap, "refine": refine}


@dataclass(frozen=True)
class Pair:
    """What a picture shows, and an edit of it, in which words may be weighted: "(hat:2)"."""

    source: str
    target: str
    picture: int = 0  # its row


@dataclass(frozen=True)
class Local:
    """Where edits may differ from their pictures: where words are looked at.

    words: of either text; None for those that are not in both, or weighted.
    """

    words: tuple[str, ...] | None = None
    kept: tuple[str, ...] = ()  # whose places stay as they are, whatever others say
    threshold: float = 0.35
    start: float = 0.2
    spread: bool = False  # a word's place is a cell larger on each side (the authors' code)


@dataclass(frozen=True)
class Control:
    """How much of a picture's attention its edits take; windows are fractions of the path."""

    alignment: str = "swap"
    cross: float = 0.4
    selves: float = 0.1
    words: Mapping[str | int, float | Window] = field(
        default_factory=dict
    )  # with windows of their own
    normalised: bool = False
    local: Local | None = None


@dataclass(frozen=True, eq=False)
class Made:
    """Edits (T, C, h, w), and where they may differ from their pictures; None: anywhere.

    mask: (T, 1, h, w), of their cells. fine: (T, 1, H, W), of the codec's pixels.
    """

    edits: Tensor
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
) -> Made:
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
    reader, count, way = reader_of(model), len(trajectory.noise), find_way(trajectory.inversion)
    _check(pairs, trajectory)
    found = trajectory.rows([*range(count), *(pair.picture for pair in pairs)])
    rows = [*[None] * count, *_borrowings(reader, pairs, control, len(found.levels) - 1)]
    plan = AttentionPlan(found.levels, rows, normalised=control.normalised)
    blending = None if control.local is None else _blending(model, found, pairs, control.local)
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
        return Made(edits)
    pixels = [side * model.codec.factor for side in edits.shape[2:]]
    return Made(edits, blending.mask[count:], blending.region(pixels)[count:].to(edits))


def _texts(pairs: Sequence[Pair], count: int) -> list[str]:
    """What all rows show: so many pictures, then the edits."""
    shown = {pair.picture: pair.source for pair in pairs}
    return [shown.get(i, "") for i in range(count)] + [typed(pair.target).text for pair in pairs]


def borrowing(reader: Reader, pair: Pair, control: Control) -> Borrowing:
    """How the row of an edit attends as that of its picture."""
    source, target = _wording(reader, pair.source), _wording(reader, typed(pair.target).text)
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
        if shown.setdefault(pair.picture, pair.source) != pair.source:
            said = f"{shown[pair.picture]!r:.80} and {pair.source!r:.80}"
            raise OptionError(f"Picture {pair.picture} shows one thing", f"told are {said}")
    texts = trajectory.key.texts if trajectory.key else None
    for picture, source in shown.items():
        if texts is None:
            continue
        under = texts[picture if len(texts) > 1 else 0] if texts else ""
        if source != under:
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


def _blending(
    model: DiffusionModel, trajectory: Trajectory, pairs: Sequence[Pair], local: Local
) -> LocalBlend | None:
    """Where the words of all rows are looked at; None if there are none."""
    reader, count = reader_of(model), len(trajectory.noise) - len(pairs)
    cuts = [
        Cut(local.threshold, pooled=local.spread),
        Cut(local.threshold, pooled=False, subtracted=True),
    ]
    cuts = cuts if local.kept else cuts[:1]
    words = torch.zeros(len(trajectory.noise), reader.context, len(cuts))
    for row, pair in enumerate(pairs, start=count):
        telling = typed(pair.target)
        texts = _wording(reader, pair.source), _wording(reader, telling.text)
        auto = local.words is None
        named = changed(*texts, telling.heavy) if auto else _named(texts, local.words or ())
        for at, tokens, kept in zip(
            (pair.picture, row), named, _named(texts, local.kept), strict=True
        ):
            words[at, list(tokens), 0] = 1
            if local.kept:
                words[at, list(kept), 1] = 1
    if not bool(words[..., 0].any()):
        return None
    heat = Heat(words, factor_near(model, trajectory.noise))
    sources = [*range(count), *(pair.picture for pair in pairs)]
    return LocalBlend(heat, sources, trajectory.levels, cuts=cuts, start=local.start)


def _named(
    texts: tuple[Wording, Wording], words: Sequence[str]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The tokens of words in the source and in the target; each has to be in one of them."""
    found: list[list[int]] = [[], []]
    for word in words:
        errors = []
        for tokens, text in zip(found, texts, strict=True):
            try:
                tokens += find(text, word)
            except OptionError as error:
                errors.append(error)
        if len(errors) == 2:
            held = (f"{which}: {each.why}" for which, each in zip(TEXTS, errors, strict=True))
            what = f"Neither text holds {word!r:.60}"
            raise OptionError(what, "; ".join(held), HELD)
    return tuple(found[0]), tuple(found[1])


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


def _wording(reader: Reader, text: str) -> Wording:
    return Wording(text, tuple(reader.spans(text)))
