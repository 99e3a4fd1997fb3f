"""What a tuned picture should be: changed as the texts say, and otherwise the same (2110.02711).

To the paper's losses come what keeps edits honest: a change has to reach as far as that of the
texts, edges stay in their places, and neighbouring pixels alike.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from overpaint.core.masks import blend
from overpaint.data.sources import portable_name
from overpaint.errors import OptionError
from overpaint.models.identity import FaceEncoder, load_identity
from overpaint.models.zoo import embedded
from overpaint.recipes.aims import STEERS, Aims, weights
from overpaint.recipes.fit import Figures
from overpaint.recipes.guides import Guide, guides
from overpaint.recipes.keeping import Keeping
from overpaint.recipes.losses import figures
from overpaint.recipes.perceptual import lpips
from overpaint.recipes.shown import region, style_images
from overpaint.recipes.sight import patches, views

NONE = "none"


@dataclass(frozen=True)
class Objective:
    """The loss of tuned pictures against their sources.

    Args:
        styles: images `(1, 3, H, W)` in [-1, 1] of any size, whose style pictures take on.
    """

    aims: Aims
    guides: tuple[Guide, ...]
    keeping: Keeping
    styles: tuple[Tensor, ...] = ()

    def __call__(
        self, source: Tensor, edited: Tensor, rng: torch.Generator
    ) -> tuple[Tensor, Figures]:
        """The loss of pictures `(B, 3, H, W)` in [-1, 1] against their sources, and its terms.

        Beside them two figures to watch, the higher the better, in [-1, 1]: `direction`, the mean
        cosine of the pictures' change and the texts', and `likeness`, that of faces.
        """
        terms = self._steering(source, edited, rng) | self.keeping(source, edited)
        counted = (weight * terms[name] for name, weight in weights(self.aims).items())
        return sum(counted, start=edited.new_zeros(())), figures(terms)

    def over(self, pictures: Tensor) -> "Objective":
        """The objective whose style directions start at the mean of `pictures` `(N, 3, H, W)`.

        To be called before use where there are style images; without them it changes nothing.

        Raises:
            OptionError: the style images look like the pictures.
        """
        if not self.styles:
            return self
        led = (guide.towards(self.styles, pictures) for guide in self.guides)
        return replace(self, guides=tuple(led))

    def described(self) -> dict[str, str]:
        """What it is measured with, as a card says it: by hashes and by names without folders."""
        clips = [guide.clip.hash for guide in self.guides]
        if len(clips) > 1:
            clips = [f"{guide.clip.hash}:{guide.share:.3g}" for guide in self.guides]
        face, region = self.keeping.face, self.keeping.region
        return {
            "clip": ",".join(clips),
            "identity": NONE if face is None else face.hash,
            "region": _named(self.aims.region, () if region is None else (region,)),
            "style_images": _named(self.aims.style_images, self.styles),
        }

    def _steering(self, source: Tensor, edited: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """The losses of each CLIP, averaged by their shares; the same views for all."""
        aims, mask = self.aims, self.keeping.region
        shown = edited if mask is None else blend(edited, source, mask)
        seen = views(source, shown, aims.views, rng)
        found = [guide.losses(*seen) for guide in self.guides]
        if aims.patch_weight:
            cut = patches(source, shown, aims.patches, aims.patch_size, rng)
            for guide, losses in zip(self.guides, found, strict=True):
                losses["patch"] = guide.patch(*cut)
        shares = found[0]["direction"].new_tensor([guide.share for guide in self.guides])
        return {
            name: (shares * torch.stack([losses[name] for losses in found])).sum()
            for name in found[0]
        }


def objective(
    aims: Aims,
    prompt: str,
    source_prompt: str,
    *,
    size: int,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Objective:
    """The objective for a text: loads what `aims` weighs, for pictures of `size` x `size`.

    Raises:
        OptionError: nothing would steer, options contradict each other, or the texts mean the same.
        ModelNotFoundError: a network is not on this machine.
        ImageReadError: the region or a style image cannot be read.
    """
    check(aims)
    where = region(aims.region, size).to(device) if aims.region else None
    styles = style_images(aims.style_images) if aims.style_images else []
    face = None if aims.identity == NONE else _face(aims.identity, device, dtype)
    perceive = lpips(device) if aims.lpips_weight else None
    steering = guides(aims, source_prompt, prompt, device=device, dtype=dtype)
    keeping = Keeping(aims, face, where, perceive)
    return Objective(aims, steering, keeping, tuple(one.to(device) for one in styles))


def check(aims: Aims) -> None:
    """Refuses options that contradict each other."""
    if not STEERS.keys() & weights(aims).keys():
        what, why = "Nothing would change the pictures", "all weights of CLIP's losses are 0"
        raise OptionError(what, why, "Raise clip_weight.")
    if aims.identity == NONE and aims.identity_weight:
        what, why = "identity_weight needs a face encoder", "identity is none"
        raise OptionError(what, why, "Name one, or leave identity_weight at 0.")
    if bool(aims.style_images) != (aims.style_weight > 0):
        given, missing = ("style_images", "style_weight")
        if aims.style_weight:
            given, missing = missing, given
        raise OptionError(f"{given} needs {missing} too", hint=f"Give both, or leave out {given}.")


def _face(name: str, device: torch.device | str, dtype: torch.dtype) -> FaceEncoder:
    return load_identity(name or embedded("identity"), device, dtype)


def _named(path: str, content: Iterable[Tensor]) -> str:
    """The name of a file without its folder, and sha256[:10] of what it shows; of none, none."""
    digest = hashlib.sha256()
    for tensor in content:
        digest.update(tensor.cpu().numpy().tobytes())
    return f"{portable_name(path)} {digest.hexdigest()[:10]}" if path else ""
