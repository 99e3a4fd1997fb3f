"""The embedded text-to-image model: latents of portraits under captions (arXiv 2112.10752)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from overpaint.core.schedule import NoiseSchedule
from overpaint.core.watch import Watch
from overpaint.methods.options import opt
from overpaint.models.autoencoders import Latents, latents
from overpaint.models.devices import pick_device, placed
from overpaint.models.folders import Folder, fill, fingerprint
from overpaint.models.networks import latent_unet, write_card
from overpaint.models.pipelines import text_encoder, write_pipeline
from overpaint.models.texts import tokens
from overpaint.models.zoo import embedded
from overpaint.portraits.captions import caption_of_labels
from overpaint.portraits.dataset import Portraits
from overpaint.portraits.labels import LABELS
from overpaint.portraits.scene import STYLES
from overpaint.recipes.fit import Batch, BatchFn, Loss, numpy_rng
from overpaint.recipes.training import images, rendered, trained, training
from overpaint.recipes.vae import SIZE
from overpaint.recipes.velocity import velocity

EMPTY = 0.1  # of the captions say nothing, for guidance (arXiv 2207.12598)
STYLE = LABELS.index("style")
Config = training(
    steps=20_000,
    batch_size=32,
    pictures=10_000,
    lr=1e-3,
    vae=opt("", "folder of the autoencoder; the embedded one without it"),
    clip=opt("", "folder of the CLIP whose texts it reads; the embedded one without it"),
)


@dataclass(frozen=True)
class Cells:
    """Pictures (N, c, h, w) float16 as the network sees them, mirrored ones too, and labels."""

    plain: np.ndarray
    mirrored: np.ndarray
    labels: np.ndarray


def encoded(codec: Latents, data: Portraits, kept: Path, watch: Watch) -> Cells:
    """The latents of pictures; from the file `kept`, or written to it."""
    if not kept.exists():
        both = list(watch(_cells(codec, data), -(-len(data) // 50), "encoding pictures"))
        made = {name: np.concatenate([each[i] for each in both]) for i, name in enumerate("pm")}
        temporary = kept.with_suffix(".tmp")
        with temporary.open("wb") as file:
            np.savez(file, **made)  # type: ignore[arg-type]
        temporary.replace(kept)
    found = np.load(kept)
    return Cells(found["p"], found["m"], data.labels)


@torch.no_grad()
def _cells(codec: Latents, data: Portraits) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    device = next(codec.net.parameters()).device
    for first in range(0, len(data), 50):
        pictures = images(data.pictures[first : first + 50]).to(device)
        both = (codec.encode(each).half().cpu().numpy() for each in (pictures, pictures.flip(3)))
        yield next(both), next(both)


def told(cells: Cells, words: Tokenizer, context: int, config: Any) -> BatchFn:
    """Batches of latents, half of them mirrored, with captions, which name any style but photo."""

    def batch(step: int) -> dict[str, Tensor]:
        rng = numpy_rng(config.seed, step)
        index = rng.integers(len(cells.labels), size=config.batch_size)
        flipped = rng.random(config.batch_size) < 0.5
        x0 = np.where(flipped[:, None, None, None], cells.mirrored[index], cells.plain[index])
        texts = ["" if rng.random() < EMPTY else _caption(row, rng) for row in cells.labels[index]]
        return {
            "latents": torch.from_numpy(x0.astype(np.float32)),
            "texts": tokens(words, texts, context),
        }

    return batch


def _caption(row: np.ndarray, rng: np.random.Generator) -> str:
    styled = STYLES[int(row[STYLE])] != "photo"
    while True:
        found = caption_of_labels(row, rng)
        if not styled or "style" in found.claims:
            return found.text


def reading_loss(reader: nn.Module) -> Loss:
    """The error of v under the captions, which a frozen encoder reads."""
    error = velocity(NoiseSchedule.scaled_linear())

    def loss(net: nn.Module, batch: Batch, rng: torch.Generator) -> Tensor:
        with torch.no_grad():
            states = reader(input_ids=batch["texts"]).last_hidden_state

        def ask(x: Tensor, times: Tensor) -> Tensor:
            out: Tensor = net(x, times, encoder_hidden_states=states).sample
            return out

        return error(ask, batch["latents"], rng)

    return loss


def run(folder: Path, config: Any, watch: Watch) -> Mapping[str, Any]:
    """Train; leaves a `StableDiffusionPipeline` folder and its card."""
    device = pick_device(config.device)
    vae = Folder.at(Path(config.vae) if config.vae else embedded("portraits-latent/vae"))
    clip = Folder.at(Path(config.clip) if config.clip else embedded("clip"))
    data = rendered(config, "restyled", watch, size=SIZE)
    codec, seen = autoencoder(vae, device)
    kept = Path(config.cache) / f"latents-{seen}-{config.pictures}.npz"
    cells = encoded(codec, data, kept, watch)
    torch.manual_seed(config.seed)
    net = latent_unet()
    reader = placed(text_encoder(clip), device)
    words = Tokenizer.from_file(str(clip.file("tokenizer.json")))
    done = trained(
        net,
        reading_loss(reader),
        told(cells, words, reader.config.max_position_embeddings, config),
        config,
        folder=folder,
        watch=watch,
        recipe="latent",
        about={"vae": seen, "text": fingerprint(clip.file("text/model.safetensors"))},
    )
    if done is None:
        return {"recipe": "latent", "finished": False}
    write_pipeline(folder, net, done.weights, vae=vae.path, clip=clip)
    card = {**done.card, "name": "portraits-latent", "size": SIZE}
    write_card(folder, card)
    return card


def autoencoder(folder: Folder, device: torch.device) -> tuple[Latents, str]:
    """The codec in a diffusers folder, and the hash of its weights."""
    codec = latents(folder.json("config.json"))
    weights = folder.weights("diffusion_pytorch_model.safetensors")
    fill(codec.net, weights)
    placed(codec.net, device)
    return codec, fingerprint(weights)
