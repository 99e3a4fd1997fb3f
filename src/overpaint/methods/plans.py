"""What is asked of a DiffusionCLIP edit, and what its adapters say where nothing is."""

from dataclasses import dataclass

from overpaint.core.schedule import Schedule
from overpaint.errors import OptionError
from overpaint.inversions.registry import INVERSIONS, find
from overpaint.methods.combining import COMBINE, REST, Blend
from overpaint.methods.options import opt, parse_fields
from overpaint.methods.strength import AUTO, TUNED, checked_time
from overpaint.methods.walking import GRIDS, SOLVERS, SPACINGS, Way

# Those that use texts, or rows of a source, have nothing to add here.
WAYS_UP = tuple(name for name, each in INVERSIONS.items() if not (each.reads or each.pins))
COUNTS = ("num_inversion_steps", "num_inference_steps")
STEPS = 40  # network calls of inversion and generation where neither options nor card say


@dataclass(frozen=True)
class Options:
    """Options of DiffusionCLIP."""

    strength: float | None = opt(None, "noise level to return to; auto: as tuned", 0, 1)
    t0: str = opt("tuned", "the same as a time, or auto: searched for a score")
    identity: float | None = opt(None, "likeness that t0=auto keeps; auto: 0.8", -1, 1)
    direction: float | None = opt(None, "change along the text that t0=auto reaches", -1, 2)
    num_inversion_steps: int | None = opt(
        None, "network calls from the picture to noise; auto: as tuned", 1, 1000
    )
    num_inference_steps: int | None = opt(
        None, "network calls from noise to the result; auto: as tuned", 1, 1000
    )
    degree: float = opt(1.0, "of change: 0 as untuned, 1 as tuned, below and beyond too", -2, 3)
    combine: str = opt("noise", "what of several adapters is combined", choices=COMBINE)
    rest: str = opt("base", "whose is what weights leave to 1; none: they are scaled", choices=REST)
    inversion: str = opt("ddim", "how the picture is inverted", choices=WAYS_UP)
    solver: str = opt("ddim", "how noise is removed", choices=tuple(SOLVERS))
    spacing: str = opt(
        "auto", "of the times of the generation; auto: log_snr for dpmpp_2m", choices=SPACINGS
    )
    bridge: str = opt(
        "auto", "first draw a picture of another kind anew", choices=("auto", "on", "off")
    )
    bridge_strength: float | None = opt(
        None, "noise level from which; auto: half the path, or t0 if that is more", 0.01, 1
    )
    bridge_repeats: int = opt(1, "times it is drawn anew", 1, 8)
    bridge_steps: int = opt(40, "network calls of each time", 1, 1000)
    grid: str = opt("auto", "times visited; auto: as tuned", choices=(AUTO, *GRIDS))

    def __post_init__(self) -> None:
        """Refuses what contradicts itself."""
        checked_time(self.t0)
        if self.t0 != TUNED and self.strength is not None:
            raise OptionError("t0 and strength say the same", hint="Give one of them.")
        if (self.identity, self.direction) != (None, None) and self.t0 != AUTO:
            what = "identity and direction are what t0=auto searches for"
            raise OptionError(what, hint="Give -O t0=auto too.")
        if None not in (self.identity, self.direction):
            raise OptionError("t0=auto reaches one score", "identity and direction are both given")
        if self.grid == "official" and self.spacing == "log_snr":
            raise OptionError("the official grid has times of its own", hint="Use grid=closed.")
        if find(self.inversion).tied:
            self._check_tied()

    def _check_tied(self) -> None:
        """Refuses a way down that is not the inversion's own."""
        what = f"the inversion {self.inversion} goes back by its own steps"
        if self.solver != "ddim" or self.spacing == "log_snr":
            raise OptionError(what, hint="Leave out solver and spacing.")
        counts = {getattr(self, name) for name in COUNTS} - {None}
        if len(counts) > 1:
            raise OptionError(what, "as many as up", f"Leave out one of {' and '.join(COUNTS)}.")

    @property
    def as_tuned(self) -> bool:
        """Whether the noise level is left to the adapters."""
        return self.strength is None and self.t0 == TUNED

    @property
    def leaves_level(self) -> bool:
        """The same, or to a search around them."""
        return self.strength is None and self.t0 in (TUNED, AUTO)


def way_of(options: Options, t0: float, blend: Blend) -> Way:
    """The levels and solvers that were asked for."""
    spacing, grid, steps = options.spacing, grid_of(options, blend), step_counts(options, blend)
    if grid == "official" and 1 in steps:
        raise OptionError("the official grid visits two times at least, so 1 step is too few")
    if spacing == AUTO:
        few = options.solver == "dpmpp_2m" and grid == "closed"
        spacing = "log_snr" if few else "time"
    return Way(t0, steps, grid, spacing, options.inversion, options.solver)


def grid_of(options: Options, blend: Blend) -> str:
    """The grid that was asked for, else the one that all adapters were tuned on; else closed."""
    if options.grid != AUTO:
        return options.grid
    tuned = {part.adapter.card.get("grid") for part in blend.parts}
    return "official" if options.leaves_level and tuned == {"official"} else "closed"


def step_counts(options: Options, blend: Blend) -> tuple[int, int]:
    """Network calls of inversion and generation: those asked for, or those it was tuned with.

    A chain of a few steps that was tuned as a whole is best in just as many: with more, each step
    adds what the few had to do at once. From a noise level that was asked for, or on the official
    grid, 40. Of several adapters the most count. A tied inversion has one number for both.
    """
    asked = {name: getattr(options, name) for name in COUNTS}
    if options.leaves_level and options.grid != "official":
        open_ = [name for name in COUNTS if asked[name] is None]
        cards = [{n: part.adapter.card.get(n) for n in open_} for part in blend.parts]
        known = [parse_fields(Options, card, "The adapter's card") for card in cards]
        asked |= {name: max(getattr(each, name) or 0 for each in known) for name in open_}
    inversion, generation = (asked[name] or STEPS for name in COUNTS)
    if find(options.inversion).tied:
        both = options.num_inversion_steps or options.num_inference_steps or inversion
        return both, both
    return inversion, generation


def return_time(schedule: Schedule, options: Options, blend: Blend) -> float:
    """The time t0 to which the picture is noised; 0 means that nothing is to be done."""
    last = len(schedule) - 1
    if options.t0 not in (TUNED, AUTO):
        if (t0 := float(options.t0)) > last:
            raise OptionError(f"t0 must be in [0, {last}], got {t0:g}")
        return t0
    if options.strength is None:
        return max(blend.times(), default=last / 2)
    return schedule.time_of(options.strength) if options.strength > 0 else 0.0
