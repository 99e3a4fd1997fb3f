"""The embedded text-to-image model: latents of portraits under captions (arXiv 2112.10752)."""

from collections.abc import Mapping
from functools import partial
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
from overpaint.recipes.cells import captions, gathered, told
from overpaint.recipes.fit import Batch, Figures, Loss
from overpaint.recipes.grounding import astray, looks
from overpaint.recipes.training import begun, rendered, trained, training
from overpaint.recipes.vae import SIZE
from overpaint.recipes.velocity import velocity
from overpaint.recipes.whitening import Whitening

FEW = 2000  # captions tell how texts vary
DECIDING = 1.0  # log(sigma / alpha) where a text tells most that is not to be seen any more
GROUNDING = 0.3  # what words gone astray weigh against the error of v
Config = training(
    steps=20_000,
    batch_size=32,
    pictures=10_000,
    lr=1e-3,
    vae=opt("", "folder of the autoencoder; the embedded one without it"),
    clip=opt("", "folder of the CLIP whose texts it reads; the embedded one without it"),
)


def reading_loss(reader: nn.Module, white: Whitening) -> Loss:
    """The error of v under the captions, which a frozen encoder reads, and words gone astray."""
    schedule = NoiseSchedule.scaled_linear()
    error, alphas = velocity(schedule, DECIDING), torch.tensor(schedule.alphas_bar).sqrt()

    def loss(net: nn.Module, batch: Batch, rng: torch.Generator) -> tuple[Tensor, Figures]:
        with torch.no_grad():
            states = white(reader(input_ids=batch["texts"]).last_hidden_state)
        lost = []

        def ask(x: Tensor, times: Tensor) -> Tensor:
            with looks(net) as maps:
                out: Tensor = net(x, times, encoder_hidden_states=states).sample
            lost.append(astray(maps, batch["said"], batch["shown"], alphas.to(x)[times]))
            return out

        found = error(ask, batch["latents"], rng)
        figures = {"v": float(found.detach()), "astray": float(lost[0].detach())}
        return found + GROUNDING * lost[0], figures

    return loss


def run(folder: Path, config: Any, watch: Watch) -> Mapping[str, Any]:
    """Train; leaves a `StableDiffusionPipeline` folder and its card."""
    device = pick_device(config.device)
    vae = Folder.at(Path(config.vae) if config.vae else embedded("portraits-latent/vae"))
    clip = Folder.at(Path(config.clip) if config.clip else embedded("clip"))
    data = rendered(config, "restyled", watch, size=SIZE)
    codec, seen = autoencoder(vae, device)
    cells = gathered(codec, seen, data, Path(config.cache), watch)
    torch.manual_seed(config.seed)
    net = latent_unet()
    reader = placed(text_encoder(clip), device)
    words = Tokenizer.from_file(str(clip.file("tokenizer.json")))
    white = whitened(reader, words, cells.labels[:FEW])
    done = trained(
        net,
        reading_loss(reader, white),
        told(cells, words, reader.config.max_position_embeddings, config),
        config,
        folder=folder,
        watch=watch,
        recipe="latent",
        begin=partial(entered, white),
        about={"vae": seen, "text": fingerprint(clip.file("text/model.safetensors"))},
    )
    if done is None:
        return {"recipe": "latent", "finished": False}
    write_pipeline(folder, net, white.folded(done.weights), vae=vae.path, clip=clip)
    card = {**done.card, "name": "portraits-latent", "size": SIZE}
    write_card(folder, card)
    return card


@torch.no_grad()
def whitened(reader: Any, words: Tokenizer, labels: np.ndarray) -> Whitening:
    """White coordinates of the states of captions, from their start to their end."""
    texts, context = captions(labels), reader.config.max_position_embeddings
    ids = tokens(words, texts, context).to(reader.device)
    last = (ids == ids[:, -1:]).int().argmax(1)  # all that follows is the same again
    used = torch.arange(context, device=ids.device) <= last[:, None]
    return Whitening.of(reader(input_ids=ids).last_hidden_state[used].cpu())


def entered(white: Whitening, net: nn.Module, start: Path) -> str:
    """The hash of a network's weights, with which another one begins in white coordinates."""
    found = begun(net, start)
    white.enter(net)
    return found


def autoencoder(folder: Folder, device: torch.device) -> tuple[Latents, str]:
    """The codec in a diffusers folder, and the hash of its weights."""
    codec = latents(folder.json("config.json"))
    weights = folder.weights("diffusion_pytorch_model.safetensors")
    fill(codec.net, weights)
    placed(codec.net, device)
    return codec, fingerprint(weights)
