"""Networks that look at pictures from outside, loaded when they are first asked for."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from overpaint.bench.networks import Networks
from overpaint.metrics.inception import Inception, load_inception
from overpaint.models.devices import pick_device
from overpaint.models.identity import FaceEncoder, load_identity
from overpaint.models.judge import Judge, load_judge
from overpaint.models.zoo import embedded
from overpaint.ranking import RANKER


@dataclass(frozen=True)
class Looks:
    """Where they are from, and the texts that pictures are compared with.

    clip: of a CLIP that did not guide, else the embedded one for this. dino: a folder or hub id.
    """

    prompt: str = ""
    source_prompt: str = ""
    clip: str = ""
    dino: str = ""
    device: str = "auto"

    @cached_property
    def networks(self) -> Networks:
        """The CLIP and the DINO."""
        clip = self.clip or str(embedded(RANKER))
        return Networks(clip=clip, dino=self.dino or None, device=self.device)

    @cached_property
    def texts(self) -> tuple[Tensor, ...]:
        """The CLIP's (1, D) of the prompt and of the source's."""
        return self.networks.read([self.prompt, self.source_prompt]).split(1)

    def identities(self, images: Tensor) -> Tensor:
        """(B, D) of pictures (B, 3, H, W) in [0, 1], by the embedded face encoder."""
        with torch.no_grad():
            return self._faces.embed(self._signed(images)).cpu()

    def judged(self, images: Tensor) -> Tensor:
        """(B, d) likewise, of what the embedded judge reads from."""
        return self._judge.features(self._signed(images)).cpu()

    def inception(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, 2048) likewise, and the probabilities of classes."""
        found, classes = self._inception.see((images * 255).round().byte())
        return found.cpu(), classes.cpu()

    @cached_property
    def _faces(self) -> FaceEncoder:
        return load_identity(embedded("identity"), pick_device(self.device))

    @cached_property
    def _judge(self) -> Judge:
        return load_judge(embedded("judge"), pick_device(self.device))

    @cached_property
    def _inception(self) -> Inception:
        return load_inception(device=self.device)

    def _signed(self, images: Tensor) -> Tensor:
        return images.to(pick_device(self.device)) * 2 - 1
