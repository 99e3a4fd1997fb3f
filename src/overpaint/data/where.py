"""Where an edit may act: a mask or its inverse, regions with texts, a new strip, faces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor

from overpaint.data import canvas
from overpaint.data.aligning import align, reached
from overpaint.data.decoding import MAX_PIXELS
from overpaint.data.face import Face
from overpaint.data.faces import choose
from overpaint.data.images import Picture
from overpaint.data.masking import Mask, inverted, read_mask
from overpaint.data.placement import Placement, fit
from overpaint.data.record import RecordedRegion
from overpaint.data.windows import Window
from overpaint.data.zooming import wanted, zoomed
from overpaint.errors import OptionError
from overpaint.models.sides import Sides

ZOOMS = ("auto", "on", "off")
AUTO = "auto"  # in place of a mask's file; ./auto is a file of that name


@dataclass(frozen=True, eq=False)
class Where:
    """Where an edit may act, as a person says it; the whole picture, if nothing is said.

    Args:
        mask: a picture, white where the edit may act; AUTO: one that is found from the texts.
        invert_mask: it may act where the mask is black instead.
        regions: pairs of a mask and the text for it, in place of one mask.
        zoom: "on" shows the model the mask's surroundings alone, enlarged; "auto" does so where
            the mask is too small for the model.
        extend: sides at which the picture grows, as "right=0.25"; the new strip is the mask.
        face: as for `faces.choose`.
        mask_options: how masks were found that are AUTO, for the record.

    Raises:
        OptionError: two of them exclude each other.
    """

    mask: object = None
    invert_mask: bool = False
    regions: Sequence[tuple[object, str]] = ()
    zoom: str = "auto"
    extend: str = ""
    face: object = None
    mask_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Whatever can be said before a file is read."""
        _check_pairs(self.regions)
        _check_together(self)
        if self.extend:
            canvas.parsed(self.extend)

    @property
    def limited(self) -> bool:
        """Whether anything is to stay as it is."""
        return self.mask is not None or bool(self.regions) or bool(self.extend)

    @property
    def auto(self) -> bool:
        """Whether masks are to be found before anything else."""
        return is_auto(self.mask) or any(is_auto(mask) for mask, _ in self.regions)

    def on(self, picture: Picture, *, max_pixels: int = MAX_PIXELS) -> "Scene":
        """The same with its masks read for a picture, which grows if that is asked for."""
        area, regions = None, list[tuple[Mask, str]]()
        if self.extend:
            sides = canvas.parsed(self.extend)
            picture, area = canvas.extended(picture, sides, max_pixels=max_pixels)
        for source, text in self.regions:
            part = read_mask(source, picture.size, text=text, max_pixels=max_pixels)
            regions.append((part, text))
        if self.mask is not None:
            area = read_mask(self.mask, picture.size, max_pixels=max_pixels)
            area = inverted(area) if self.invert_mask else area
        area = _together([mask for mask, _ in regions]) if regions else area
        faces = choose(picture, self.face)
        area = reached(area, faces) if area and faces else area
        return Scene(picture, area, tuple(regions), faces, self)


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture, and where it may be changed.

    Args:
        picture: grown where that was asked for.
        mask: of the picture's size; all regions together where there are some.
        faces: to edit one after another; none for the whole picture.
    """

    picture: Picture
    mask: Mask | None = None
    regions: tuple[tuple[Mask, str], ...] = ()
    faces: tuple[Face, ...] = ()
    asked: Where = field(default_factory=Where)

    @property
    def masks(self) -> tuple[Mask, ...]:
        """Each by itself: those of the regions, or the only one."""
        if self.regions:
            return tuple(mask for mask, _ in self.regions)
        return () if self.mask is None else (self.mask,)

    def placed(self, frame: int | Sides) -> tuple[Tensor, Placement | Window]:
        """What a model is shown, (1, 3, H, W), and how to paste the edit back.

        frame: as for `fit`; of faces and of a mask's surroundings squares are shown.
        """
        square = frame.square if isinstance(frame, Sides) else frame
        if self.faces:
            return align(self.picture, self.faces[0], square)
        pixels, placement = fit(self.picture, frame)
        zoom, mask = self.asked.zoom, self.mask
        if mask is None or zoom == "off":
            return pixels, placement
        if zoom == "auto" and not wanted(mask, placement, square):
            return pixels, placement
        return zoomed(self.picture, mask, square)

    def zooms(self, placement: Placement | Window) -> bool:
        """Whether the mask's surroundings alone are shown."""
        return not self.faces and isinstance(placement, Window)

    def recorded(self) -> dict[str, Any]:
        """The fields of a `Record` that tell it, but `zoom`."""
        mask = None if self.regions else self.mask
        return {
            "input": self.picture.name,
            "input_sha256": self.picture.sha256,
            "mask": mask.name if mask else "",
            "mask_sha256": mask.sha256 if mask else "",
            "mask_options": dict(self.asked.mask_options),
            "invert_mask": self.asked.invert_mask,
            "regions": tuple(
                RecordedRegion(text, mask.name, mask.sha256) for mask, text in self.regions
            ),
            "extend": self.asked.extend,
            "faces": self.faces,
        }


def is_auto(mask: object) -> bool:
    """Whether a mask is one to be found."""
    return isinstance(mask, str) and mask == AUTO


def _together(masks: list[Mask]) -> Mask:
    """The mask of all that one of `masks` lets through, with the notes of each."""
    values = np.maximum.reduce([mask.values for mask in masks])
    notes = dict.fromkeys(note for mask in masks for note in mask.warnings)
    return Mask(values, warnings=tuple(notes))


def _check_pairs(regions: object) -> None:
    """Refuses what is no list of a mask and a text each."""
    fine = isinstance(regions, list | tuple) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[1], str)
        for pair in regions
    )
    if not fine:
        hint = 'give [(mask, "its text"), ...]'
        raise OptionError("regions are pairs of a mask and its text", f"not {regions!r:.60}", hint)


def _check_together(where: Where) -> None:
    """Refuses what excludes one another, in the words of the command line."""
    given = {
        "a mask (--mask)": where.mask is not None,
        "regions (--region)": bool(where.regions),
        "an extension (--extend)": bool(where.extend),
    }
    several = [name for name, there in given.items() if there]
    if len(several) > 1:
        what = f"{several[0]} and {several[1]} do not go together"
        raise OptionError(what, "each says by itself where the edit acts", "give one of them")
    if where.invert_mask and where.mask is None:
        raise OptionError("there is no mask to invert", hint="give one with --mask")
    if where.auto and where.face is not None:
        why = "it is looked for in the whole picture"
        raise OptionError(f"a mask that is {AUTO} and a face do not go together", why, "give one")
    if where.extend and where.face is not None:
        why = "the new strip is beside every face"
        raise OptionError(
            "an extension and a face do not go together", why, "do one, then the other"
        )
    if where.zoom not in ZOOMS:
        raise OptionError(f"zoom must be one of {', '.join(ZOOMS)}, got {where.zoom!r:.40}")
    if where.zoom == "on" and not where.limited:
        raise OptionError("there is no mask to zoom in on", hint="give one with --mask")
    if where.zoom == "on" and where.face is not None:
        why = "a face is shown to the model by itself already"
        raise OptionError("zoom and a face do not go together", why, "leave --zoom away")
