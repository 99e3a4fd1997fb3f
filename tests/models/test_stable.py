"""Stable Diffusion's folders: as diffusers' own pipelines have them, in whichever form."""

import json

import pytest
import torch
from diffusers import (
    AutoencoderKL,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from huggingface_hub import constants
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from overpaint.core.rng import NoiseStream
from overpaint.core.solvers import last, solve
from overpaint.errors import OptionError
from overpaint.models.folders import Folder
from overpaint.models.pipelines import write_pipeline
from overpaint.models.prompting import guided, under
from overpaint.models.texts import tokens
from overpaint.models.zoo import embedded, load

from ..folders import seeded, write_hub
from ..pipelines import CONTEXT, UNET, VAE, change, write_stable

KINDS = {
    "1": StableDiffusionPipeline,
    "2": StableDiffusionPipeline,
    "xl": StableDiffusionXLPipeline,
}
TEXTS = ["a red hat, a cat!", "Cat"]
X = NoiseStream((1, 2)).randn((2, 4, 8, 12))  # of pictures 24 wide and 16 high
NETWORK = "unet/diffusion_pytorch_model"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {kind: write_stable(tmp_path_factory.mktemp("stable") / kind, kind) for kind in KINDS}


@pytest.fixture
def folder(folders, tmp_path):
    """One that may be changed."""
    return write_stable(tmp_path / "stable")


def theirs(folder, kind):
    found = KINDS[kind].from_pretrained(folder, local_files_only=True)
    found.set_progress_bar_config(disable=True)
    return found


def apart(found, expected):
    """The largest difference, where no number is above 1, else its share of the largest."""
    return float((found - expected).abs().max() / expected.abs().max().clamp(min=1))


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_denoised_as_by_diffusers_pipelines(folders, kind):
    pipe, model = theirs(folders[kind], kind), load(folders[kind], dtype="float32")
    expected = pipe(
        TEXTS,
        latents=X.clone(),
        num_inference_steps=4,
        guidance_scale=7.5,
        height=16,
        width=24,
        output_type="latent",
    ).images
    levels = model.schedule.path([751, 501, 251, 1, -1])
    with torch.no_grad():
        found = last(solve(guided(model, model.text(TEXTS), 7.5), X, levels))
    assert apart(found, expected) < 1e-5
    assert apart(model.codec.decode(found), pipe.vae.decode(found / 0.7).sample) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_read_as_by_diffusers_pipelines(folders, kind):
    pipe, model = theirs(folders[kind], kind), load(folders[kind])
    expected = pipe.encode_prompt(
        TEXTS, device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=False
    )
    found = model.text(TEXTS)
    assert torch.allclose(found.text, expected[0], atol=1e-6)
    if kind == "xl":
        assert torch.allclose(found.pooled, expected[2], atol=1e-6)
        assert not model.text([""]).text.any()
        assert not model.text([""]).pooled.any()
    else:
        assert found.pooled is None


def test_sdxls_empty_text_is_read_where_the_pipeline_says_so(folders, tmp_path):
    folder = write_stable(tmp_path / "xl", "xl")
    change(folder / "model_index.json", force_zeros_for_empty_prompt=False)
    pipe = theirs(folder, "xl")
    expected = pipe.encode_prompt("", device="cpu", do_classifier_free_guidance=False)
    assert torch.allclose(load(folder).text([""]).text, expected[0], atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_spans_are_the_words_and_longer_texts_are_refused(folders, kind):
    reader, text = load(folders[kind]).text, "A RED hat,  cat!"
    spans = reader.spans(text)
    assert len(spans) == reader.context == CONTEXT
    assert [text[a:b] for a, b in filter(None, spans)][1:] == ["RED", "hat", ",", "cat", "!"]
    with pytest.raises(OptionError, match=f"20 tokens, where the model reads {CONTEXT - 2}"):
        reader(["hat " * 20])


def test_a_velocity_and_noise_are_told_apart(tmp_path, folders):
    both = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
    folder = write_stable(tmp_path / "v", "2", scheduler=both | {"timestep_spacing": "trailing"})
    model, pipe = load(folder, dtype="float32"), theirs(folder, "2")
    assert (model.prediction, load(folders["2"]).prediction) == ("v", "eps")
    told = {"latents": X.clone(), "num_inference_steps": 4, "guidance_scale": 1.0}
    expected = pipe(TEXTS, **told, height=16, width=24, output_type="latent").images
    levels = model.schedule.path([999, 749, 499, 249, -1])
    with torch.no_grad():
        found = last(solve(under(model, model.text(TEXTS)), X, levels))
    assert apart(found, expected) < 1e-5


def test_the_model_says_what_it_takes(folders):
    model = load(folders["xl"])
    assert (model.size, model.codec.factor, model.codec.scale) == (16, 2, 0.7)
    assert (model.sides.multiple, model.sides.square) == (4, 16)
    assert len(model.hash) == 10
    nets = [model.net, model.codec.net, model.text.first.net, model.text.second.net]
    assert not any(p.requires_grad for net in nets for p in net.parameters())


def same(one, other):
    level = one.schedule.at(400)
    told = [model(X, level, model.text(TEXTS)).eps for model in (one, other)]
    return torch.allclose(*told, atol=2e-3), torch.equal(*told)


def test_parts_and_pickles_are_read_alike(folder):
    before, whole = load(folder, dtype="float32"), load_file(folder / f"{NETWORK}.safetensors")
    (folder / f"{NETWORK}.safetensors").unlink()
    torch.save(whole, folder / f"{NETWORK}.bin")
    assert same(load(folder, dtype="float32"), before)[1]
    names = sorted(whole)
    parts = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, part in parts.items():
        save_file({name: whole[name] for name in part}, folder / "unet" / file)
    index = {name: file for file, part in parts.items() for name in part}
    (folder / f"{NETWORK}.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    assert same(load(folder, dtype="float32"), before)[1]


def test_halves_are_read_where_there_is_nothing_else(folder):
    """And texts as older versions of transformers wrote them."""
    before, whole = load(folder, dtype="float32"), load_file(folder / f"{NETWORK}.safetensors")
    (folder / f"{NETWORK}.safetensors").unlink()
    halves = {name: tensor.half() for name, tensor in whole.items()}
    save_file(halves, folder / f"{NETWORK}.fp16.safetensors")
    text = load_file(folder / "text_encoder/model.safetensors")
    (folder / "text_encoder/model.safetensors").unlink()
    text = {f"text_model.{name}": tensor.half() for name, tensor in text.items()}
    text["text_model.embeddings.position_ids"] = torch.arange(CONTEXT)[None]
    text["text_projection.weight"] = torch.zeros(8, 16)  # not asked for
    save_file(text, folder / "text_encoder/model.fp16.safetensors")
    near, exact = same(load(folder, dtype="float32"), before)
    assert near
    assert not exact


def test_a_tokenizer_in_two_files_is_the_same(folder):
    tokenizer = json.loads((folder / "tokenizer/tokenizer.json").read_text())["model"]
    before = load(folder).text
    (folder / "tokenizer/tokenizer.json").unlink()
    (folder / "tokenizer/vocab.json").write_text(json.dumps(tokenizer["vocab"]))
    merges = "\n".join(["#version: 0.2", *(" ".join(pair) for pair in tokenizer["merges"])])
    (folder / "tokenizer/merges.txt").write_text(merges)
    assert load(folder).text.ids(TEXTS).equal(before.ids(TEXTS))
    # What Stable Diffusion 2 is padded with stands in the older of two files.
    (folder / "tokenizer/special_tokens_map.json").write_text('{"pad_token": "!"}')
    assert load(folder).text.pad == 0 != before.pad


def test_a_download_is_loaded_by_its_id(folders, tmp_path, monkeypatch):
    write_hub(folders["1"], "some/stable", tmp_path / "hub")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    model = load("some/stable")
    assert (model.name, model.hash) == ("some/stable", load(folders["1"]).hash)


def test_low_precision_is_the_networks_alone(folders):
    model = load(folders["1"], dtype="bfloat16")
    cond = model.text(TEXTS)
    assert cond.text.dtype == model(X, model.schedule.at(400), cond).eps.dtype == torch.float32


def test_what_our_own_recipe_writes_is_read(tmp_path):
    clip = Folder.at(embedded("clip"))
    with seeded():
        AutoencoderKL(**VAE).save_pretrained(tmp_path / "vae")
        net = UNet2DConditionModel(**UNET | {"cross_attention_dim": 160})
    weights = net.state_dict()
    write_pipeline(tmp_path / "it", net, weights, vae=tmp_path / "vae", clip=clip)
    (tmp_path / "it/card.json").write_text('{"square": true}')
    model, text = load(tmp_path / "it"), "a Person with a hat"
    assert (model.prediction, model.sides, model.frame) == ("v", None, 16)
    words = Tokenizer.from_file(str(clip.file("tokenizer.json")))
    assert model.text.ids([text]).equal(tokens(words, [text.lower()], model.text.context))
    said = [text[a:b] for a, b in filter(None, model.text.spans(text))]
    assert said == text.split()
    assert model(X, model.schedule.at(400), model.text(TEXTS)).eps.isfinite().all()
