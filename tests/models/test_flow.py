"""SD3 and FLUX: as diffusers' own pipelines have them, over the same levels as all others."""

from dataclasses import replace

import pytest
import torch
from diffusers import FluxPipeline, StableDiffusion3Pipeline

from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import Level, below
from overpaint.core.solvers import last, solve
from overpaint.errors import ModelNotFoundError, OptionError, UnsafeFileError
from overpaint.inversions.ddim import ddim, replay
from overpaint.models.prompting import guided, under
from overpaint.models.zoo import load

from ..pipelines import change, write_flux, write_sd3

TEXTS = ["a red hat, a cat", "cat"]
X = NoiseStream((1, 2)).randn((2, 4, 8, 12))  # of pictures 24 wide and 16 high
SIZE = {"height": 16, "width": 24}
LATENT = {"num_inference_steps": 4, "output_type": "latent"}


@pytest.fixture(scope="module")
def sd3(tmp_path_factory):
    return write_sd3(tmp_path_factory.mktemp("flow") / "sd3")


@pytest.fixture(scope="module")
def flux(tmp_path_factory):
    return write_flux(tmp_path_factory.mktemp("flow") / "flux")


def theirs(kind, folder, **absent):
    found = kind.from_pretrained(folder, local_files_only=True, **absent)
    found.set_progress_bar_config(disable=True)
    return found


def levels_of(pipe):
    """Those that a pipeline has just visited."""
    return [Level(0.0, 1 - s, s) for s in pipe.scheduler.sigmas.double().tolist()]


def apart(found, expected):
    """The largest difference, where no number is above 1, else its share of the largest."""
    return float((found - expected).abs().max() / expected.abs().max().clamp(min=1))


@pytest.mark.parametrize("third", [True, False])
def test_sd3_denoises_as_diffusers_does(sd3, tmp_path, third):
    folder = sd3 if third else write_sd3(tmp_path / "two", third=False)
    absent = {} if third else {"text_encoder_3": None, "tokenizer_3": None}
    pipe = theirs(StableDiffusion3Pipeline, folder, **absent)
    model = load(folder, dtype="float32")
    expected = pipe(TEXTS, latents=X.clone(), guidance_scale=7.0, **SIZE, **LATENT).images
    with torch.no_grad():
        found = last(solve(guided(model, model.text(TEXTS), 7.0), X, levels_of(pipe)))
        shown = pipe.vae.decode(found / 0.7 + 0.1).sample
    assert apart(found, expected) < 1e-5
    assert pipe.scheduler.sigmas[0] == model.schedule.at(999).sigma
    assert apart(model.codec.decode(found), shown) < 1e-5


@pytest.mark.parametrize("distilled", [True, False])
def test_flux_denoises_as_diffusers_does(flux, tmp_path, distilled):
    folder = flux if distilled else write_flux(tmp_path / "schnell", guided=False)
    pipe, model = theirs(FluxPipeline, folder), load(folder, dtype="float32")
    packed = pipe._pack_latents(X, 2, 4, 8, 12)
    made = pipe(TEXTS, latents=packed.clone(), **SIZE, **LATENT).images
    expected = pipe._unpack_latents(made, 16, 24, pipe.vae_scale_factor)
    with torch.no_grad():
        found = last(solve(under(model, model.text(TEXTS)), X, levels_of(pipe)))
    assert apart(found, expected) < 1e-5


def test_flux_is_paced_by_the_pictures_size(flux):
    pipe, model = theirs(FluxPipeline, flux), load(flux)
    found = {}
    for width, height in ((24, 16), (96, 64)):
        latents = torch.zeros(1, width * height // 16, 16)
        pipe("cat", latents=latents, height=height, width=width, **LATENT)
        shown = model.paced(torch.zeros(1, 3, height, width)).schedule
        found[width] = [lv.sigma for lv in shown.path([999, 749, 499, 249])]
        assert found[width] == pytest.approx(pipe.scheduler.sigmas[:-1].tolist(), abs=1e-6)
    assert found[24][1] < found[96][1]
    assert model.paced(torch.zeros(1, 3, 256, 256)).schedule == model.schedule
    assert model.paced(torch.zeros(1, 3, 256, 256)).net is model.net


@pytest.mark.parametrize("name", ["sd3", "flux"])
def test_a_picture_comes_back_from_noise(name, request):
    model = load(request.getfixturevalue(name), dtype="float32")
    x0, apart_by = X * 0.3, []
    told = under(model, model.text(TEXTS))
    for moves in (2, 12):
        levels = model.schedule.path(below(600, moves))
        way = ddim(told, x0, levels)
        apart_by.append(apart(last(replay(way, told)), x0))
    assert apart_by[1] < apart_by[0] / 4


def test_a_clean_state_can_be_asked_for(sd3):
    model = load(sd3, dtype="float32")
    pred = model(X, model.schedule.at(-1), model.text(TEXTS))
    assert torch.equal(pred.x0, X)
    assert torch.isfinite(pred.eps).all()


def test_texts_are_read_word_by_word_and_as_a_whole(sd3, flux):
    three, two = load(sd3).text, load(flux).text
    assert three.context == 16 + 256
    assert three(TEXTS).text.shape == (2, 272, 40)
    assert two(TEXTS).text.shape == (2, 512, 40)
    assert three(TEXTS).pooled.shape == two(TEXTS).pooled.shape == (2, 16)
    text = "a Red hat, cat"
    said = [text[a:b] for a, b in filter(None, three.spans(text)[:16])]
    assert said[1:4] == ["Red", "hat", ","]
    spelt = "".join(text[a:b] for a, b in filter(None, two.spans(text)) if b - a == 1)
    assert set(spelt) >= set("hatc,")
    assert len(two.spans(text)) == two.context


def test_the_t5_reads_on_where_the_clips_end(sd3, flux, tmp_path):
    long = "hat " * 30
    for folder in (sd3, flux):
        reader = load(folder).text
        assert not reader([long]).text.equal(reader([long + "cat"]).text)
        assert len(reader.spans(long)) == reader.context
        most = reader.t5.context - 1
        with pytest.raises(OptionError, match=f"tokens, where the model reads {most}"):
            reader([long * 20])
    alone = load(write_sd3(tmp_path / "two", third=False)).text
    with pytest.raises(OptionError, match="30 tokens, where the model reads 14"):
        alone([long])
    assert not alone(["cat"]).text[:, 16:].any()


def test_low_precision_keeps_its_weights_and_its_numbers(flux):
    """Products are in bfloat16 under autocast whether or not their weights lie in it."""
    low, high = load(flux, dtype="bfloat16"), load(flux, dtype="float32")
    assert low.net.x_embedder.weight.dtype == torch.bfloat16
    assert low.text.t5.net.shared.weight.dtype == torch.float32
    level, cond = low.schedule.at(400), high.text(TEXTS)
    cast = replace(high, dtype=torch.bfloat16)
    assert torch.equal(low(X, level, cond).eps, cast(X, level, cond).eps)
    assert low(X, level, cond).eps.dtype == torch.float32
    assert apart(low.text(TEXTS).text, cond.text) < 0.05


@pytest.mark.parametrize(
    ("file", "values", "error", "why"),
    [
        ("transformer", {"_class_name": "ChromaTransformer2DModel"}, ModelNotFoundError, "Chroma"),
        ("transformer", {"num_layers": 10**5}, UnsafeFileError, "number of layers"),
        ("transformer", {"num_attention_heads": 3}, UnsafeFileError, "do not fit|does not fit"),
        ("transformer", {"joint_attention_dim": 48}, UnsafeFileError, "48 and 16 are taken"),
        ("transformer", {"in_channels": 64}, UnsafeFileError, "where"),
        ("transformer", {"axes_dims_rope": [4, 4, 4]}, UnsafeFileError, "does not fit together"),
        ("transformer", {"auto_map": {"AutoModel": "evil.Net"}}, UnsafeFileError, "own"),
        ("scheduler", {"_class_name": "DDIMScheduler"}, ModelNotFoundError, "'DDIMScheduler'"),
        ("scheduler", {"shift_terminal": 0.02}, ModelNotFoundError, "shift_terminal"),
        ("text_encoder_2", {"model_type": "umt5"}, ModelNotFoundError, "'umt5'"),
        ("text_encoder_2", {"d_model": 48}, UnsafeFileError, "fit"),
        ("text_encoder_2", {"num_layers": 10**5}, UnsafeFileError, "number of layers"),
        ("text_encoder_2", {"vocab_size": 12}, UnsafeFileError, r"expected \(12, 40\)"),
        ("text_encoder", {"hidden_act": "os.system"}, UnsafeFileError, "no text encoder"),
    ],
)
def test_configurations_that_lie_are_refused(flux, tmp_path, file, values, error, why):
    folder = write_flux(tmp_path / "flux")
    name = "scheduler_config.json" if file == "scheduler" else "config.json"
    change(folder / file / name, **values)
    with pytest.raises(error, match=why) as caught:
        load(folder)
    assert len(str(caught.value)) < 600
