"""The embedded autoencoder: 128 x 128 portraits to 16 x 16 x 4 latents (arXiv 2112.10752)."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from overpaint.core.watch import Watch
from overpaint.metrics.fidelity import psnr
from overpaint.models.autoencoders import Latents
from overpaint.models.clip import Clip, load_clip
from overpaint.models.devices import pick_device
from overpaint.models.networks import portrait_vae, write_card, write_network
from overpaint.models.preprocess import normalised
from overpaint.models.towers import Residual
from overpaint.models.zoo import embedded
from overpaint.portraits.dataset import Portraits
from overpaint.recipes.fit import Batch, BatchFn, Figures, Loss, numpy_rng
from overpaint.recipes.losses import figures
from overpaint.recipes.training import images, rendered, trained, training

SIZE, CROP = 128, 64
KL, PERCEPTUAL = 3e-4, 0.03
FEW = 128  # held-out pictures that the scale and the figure of the card come from
Features = Callable[[Tensor], list[Tensor]]
Config = training(steps=6000, batch_size=8, pictures=10_000, lr=1e-3)


def crops(data: Portraits, config: Any) -> BatchFn:
    """Random squares of random pictures, half of them mirrored: the network is convolutions."""

    def batch(step: int) -> dict[str, Tensor]:
        rng = numpy_rng(config.seed, step)
        index = rng.integers(len(data), size=config.batch_size)
        corners = rng.integers(data.pictures.shape[1] - CROP + 1, size=(config.batch_size, 2))
        cut = [
            data.pictures[i, top : top + CROP, left : left + CROP]
            for i, (top, left) in zip(index, corners, strict=True)
        ]
        pictures = images(np.stack(cut))
        mirrored = torch.from_numpy(rng.random(config.batch_size) < 0.5)
        return {"images": torch.where(mirrored[:, None, None, None], pictures.flip(3), pictures)}

    return batch


def seen_by(clip: Clip) -> Features:
    """What the first layers of a CLIP's tower see, each `(B, C, h, w)`, with vectors of length 1.

    Distances of such features are LPIPS (arXiv 1801.03924) without its learnt weights.
    """
    if not isinstance(clip.towers, Residual):
        raise TypeError("the perceptual loss is made for the embedded CLIP")
    tower: Any = clip.towers.vision.resnet

    def features(pictures: Tensor) -> list[Tensor]:
        shallow = tower.embedder(normalised((pictures + 1) / 2, clip.mean, clip.std))
        return [F.normalize(each, dim=1) for each in (shallow, tower.encoder.stages[0](shallow))]

    return features


def rebuilding_loss(features: Features) -> Loss:
    """Mean absolute error of the rebuilt pictures, KL of their latents, distance of features.

    The features, which cost as much as the network itself, are those of half of the pictures.
    """

    def loss(net: nn.Module, batch: Batch, rng: torch.Generator) -> tuple[Tensor, Figures]:
        asked: Any = net
        truth = batch["images"]
        found = asked.encode(truth).latent_dist
        noise = torch.randn(found.mean.shape, generator=rng, device=rng.device).to(truth.device)
        rebuilt = asked.decode(found.mean + found.std * noise).sample
        half = len(truth) // 2 or 1
        with torch.no_grad():
            seen = features(truth[:half])
        pairs = zip(features(rebuilt[:half]), seen, strict=True)
        apart = [(made - true).square().sum(1).mean() for made, true in pairs]
        terms = {
            "l1": (rebuilt - truth).abs().mean(),
            "kl": KL * found.kl().mean() / found.mean[0].numel(),
            "perceptual": PERCEPTUAL * torch.stack(apart).mean(),
        }
        return torch.stack(list(terms.values())).sum(), figures(terms)

    return loss


def run(folder: Path, config: Any, watch: Watch) -> Mapping[str, Any]:
    """Train; leaves a diffusers folder of `AutoencoderKL` and its card."""
    data = rendered(config, "restyled", watch, size=SIZE)
    torch.manual_seed(config.seed)
    net = portrait_vae(SIZE)
    loss = rebuilding_loss(seen_by(load_clip(embedded("clip"), pick_device(config.device))))
    done = trained(net, loss, crops(data, config), config, folder=folder, watch=watch, recipe="vae")
    if done is None:
        return {"recipe": "vae", "finished": False}
    net.load_state_dict({**net.state_dict(), **done.weights})
    few = images(rendered(config, "restyled", watch, held_out=FEW, size=SIZE).pictures)
    scale, decibels = scaled(net.eval().to("cpu"), few)
    cast(Any, net).register_to_config(scaling_factor=scale)
    card = {**done.card, "size": SIZE, "psnr": round(decibels, 2)}
    write_network(net, folder, done.weights, None)
    write_card(folder, card)
    return card


@torch.no_grad()
def scaled(net: nn.Module, pictures: Tensor) -> tuple[float, float]:
    """What brings the latents of pictures (B, 3, H, W) to unit variance, and their PSNR in dB."""
    codec = Latents(net, 8)
    cells = torch.cat([codec.encode(part) for part in pictures.split(16)])
    rebuilt = torch.cat([codec.decode(part) for part in cells.split(16)])
    score = psnr((rebuilt.clamp(-1, 1) + 1) / 2, (pictures + 1) / 2)
    return round(1 / float(cells.std()), 5), float(score.mean())
