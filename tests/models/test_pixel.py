"""The pixel family: what diffusers wrote is loaded, and what is hostile or damaged is refused."""

import json
import os
import re
import shutil
import struct

import pytest
import torch
from diffusers import UNet2DModel
from safetensors.torch import load_file, save_file

from overpaint.errors import (
    ModelNotFoundError,
    NumericsError,
    OverpaintError,
    UnsafeFileError,
)
from overpaint.models.families.pixel import shuffle_factor
from overpaint.models.families.unet import FILES, PICKLED
from overpaint.models.zoo import load

WEIGHTS = f"unet/{FILES[0]}"


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_pipeline_folder_gives_the_network_that_was_saved(pipeline, model):
    loaded = load(pipeline, dtype="float32")
    x, level = torch.randn(1, 12, 8, 8), model.schedule.at(500)
    assert torch.equal(loaded(x, level).eps, model(x, level).eps)
    assert (loaded.size, loaded.prediction, len(loaded.hash)) == (16, "eps", 10)
    assert loaded.schedule == model.schedule


def test_the_networks_own_folder_is_enough(pipeline, model):
    loaded = load(pipeline / "unet", dtype="float32")
    assert loaded.schedule == model.schedule
    assert not any(p.requires_grad for p in loaded.net.parameters())


def test_half_precision_files_load_within_their_rounding(pipeline, model):
    state = load_file(pipeline / WEIGHTS)
    save_file({k: v.half() for k, v in state.items()}, pipeline / WEIGHTS)
    x, level = torch.randn(1, 12, 8, 8), model.schedule.at(500)
    eps = load(pipeline, dtype="float32")(x, level).eps
    assert (eps - model(x, level).eps).abs().max() < 1e-2


def test_the_prediction_type_is_the_schedulers(pipeline):
    change(pipeline / "scheduler/scheduler_config.json", prediction_type="v_prediction")
    assert load(pipeline).prediction == "v"


@pytest.mark.parametrize(("channels", "factor"), [(3, 1), (12, 2), (48, 4)])
def test_channels_tell_the_shuffle(channels, factor):
    assert shuffle_factor({"in_channels": channels}) == factor


def test_pickled_weights_are_read_as_data_where_there_are_no_others(pipeline, model):
    torch.save(load_file(pipeline / WEIGHTS), pipeline / "unet" / PICKLED)
    (pipeline / WEIGHTS).unlink()
    x, level = torch.randn(1, 12, 8, 8), model.schedule.at(500)
    assert torch.equal(load(pipeline, dtype="float32")(x, level).eps, model(x, level).eps)


def test_pickles_are_never_run(pipeline, tmp_path):
    (pipeline / WEIGHTS).unlink()
    calls = f"cos\nmkdir\n(S'{tmp_path}/canary'\ntR.".encode()
    (pipeline / "unet" / PICKLED).write_bytes(calls)
    with pytest.raises(UnsafeFileError, match=r"calls os\.mkdir, and was not run"):
        load(pipeline)
    assert not (tmp_path / "canary").exists()


def test_pickles_of_other_names_are_refused_without_being_opened(pipeline):
    (pipeline / WEIGHTS).unlink()
    (pipeline / "unet/weights.ckpt").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(UnsafeFileError, match="pickle"):
        load(pipeline)


def test_links_that_lead_out_are_refused(pipeline, tmp_path):
    shutil.move(pipeline / WEIGHTS, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", pipeline / WEIGHTS)
    with pytest.raises(UnsafeFileError, match="leads out"):
        load(pipeline)


def test_weights_that_are_not_finite_are_refused(pipeline):
    state = load_file(pipeline / WEIGHTS)
    state["conv_in.bias"][0] = float("nan")
    save_file(state, pipeline / WEIGHTS)
    with pytest.raises(NumericsError, match=r"conv_in\.bias"):
        load(pipeline)


def header(text):
    return struct.pack("<Q", len(text)) + text


def one_tensor(shape, start, end):
    entry = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
    return json.dumps({"conv_in.bias": entry}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 7,
        struct.pack("<Q", 100 << 20) + b"{}",
        struct.pack("<Q", 2**63) + b"{}",
        header(b"not json"),
        header(b"[]"),
        header(one_tensor([8], 0, 9999)),
        header(one_tensor([8], 16, 8)),
        header(one_tensor([-8], 0, 32)) + b"\0" * 32,
        header(one_tensor([2**40], 0, 32)) + b"\0" * 32,
        header(one_tensor([8], 0, 32)) + b"\0" * 32,
    ],
)
def test_damaged_or_lying_weights_are_refused(pipeline, content):
    (pipeline / WEIGHTS).write_bytes(content)
    with pytest.raises(UnsafeFileError):
        load(pipeline)


def test_truncated_weights_are_refused(pipeline):
    whole = (pipeline / WEIGHTS).read_bytes()
    for share in (0.1, 0.5, 0.99):
        (pipeline / WEIGHTS).write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(UnsafeFileError):
            load(pipeline)


@pytest.mark.parametrize(
    "values",
    [
        {"sample_size": None},
        {"sample_size": 10**9},
        {"layers_per_block": 10**6},
        {"layers_per_block": "os.system"},
        {"block_out_channels": [10**9, 8]},
        {"block_out_channels": [8] * 1000},
        {"block_out_channels": [16, 16]},
        {"block_out_channels": {"a": 1}},
        {"down_block_types": ["os.system", "AttnDownBlock2D"]},
        {"norm_num_groups": 0},
        {"act_fn": "__import__('os')"},
        {"num_class_embeds": 10},
        {"num_class_embeds": 10**9},
        {"num_class_embeds": "many"},
        {"num_class_embeds": 5, "null_class": 5},
        {"time_proj_dim": 6},
        {"time_proj_dim": 10**9},
    ],
)
def test_configurations_that_lie_are_refused(pipeline, values):
    change(pipeline / "unet/config.json", **values)
    with pytest.raises(UnsafeFileError):
        load(pipeline)


@pytest.mark.parametrize(
    ("file", "values", "why"),
    [
        ("unet/config.json", {"_class_name": "UNet2DConditionModel"}, "UNet2DConditionModel"),
        ("unet/config.json", {"_class_name": ["os", "system"]}, "not supported"),
        ("unet/config.json", {"_class_name": None}, "not supported"),
        ("unet/config.json", {"in_channels": 4}, "no pixel space"),
        ("unet/config.json", {"in_channels": -12}, "no pixel space"),
        ("unet/config.json", {"in_channels": "12"}, "no pixel space"),
        ("unet/config.json", {"class_embed_type": "timestep"}, "class embedding"),
        ("scheduler/scheduler_config.json", {"prediction_type": ["sample"]}, "prediction"),
        ("scheduler/scheduler_config.json", {"beta_schedule": "sigmoid"}, "'sigmoid'"),
        ("scheduler/scheduler_config.json", {"num_train_timesteps": "abc"}, "'abc'"),
        ("scheduler/scheduler_config.json", {"trained_betas": ["x", "y"]}, "'x'"),
        ("scheduler/scheduler_config.json", {"beta_end": 3}, "got 3"),
    ],
)
def test_models_of_another_kind_are_unsuitable_not_unsafe(pipeline, file, values, why):
    change(pipeline / file, **values)
    with pytest.raises(ModelNotFoundError, match=why):
        load(pipeline)


def test_latents_are_not_taken_for_pixels(pipeline):
    (pipeline / "vqvae").mkdir()
    (pipeline / "vqvae/config.json").write_text("{}")
    with pytest.raises(ModelNotFoundError, match="autoencoder None is not supported"):
        load(pipeline)


def test_pipelines_of_another_kind_are_named(pipeline):
    change(pipeline / "unet/config.json", _class_name="UNet2DConditionModel")
    (pipeline / "model_index.json").write_text('{"_class_name": "StableDiffusionUpscalePipeline"}')
    with pytest.raises(ModelNotFoundError, match="StableDiffusionUpscalePipeline is not supported"):
        load(pipeline)


def test_a_clip_is_no_diffusion_model(clip_folder):
    with pytest.raises(ModelNotFoundError, match="clip is not supported"):
        load(clip_folder)


def test_attention_layers_may_have_their_early_names(pipeline, model):
    early = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    state = load_file(pipeline / WEIGHTS)
    renamed = {re.sub("|".join(early), lambda m: early[m[0]], k): v for k, v in state.items()}
    assert renamed.keys() != state.keys()
    save_file(renamed, pipeline / WEIGHTS)
    loaded, theirs = load(pipeline).net, UNet2DModel.from_pretrained(pipeline / "unet")
    for name, value in model.net.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)
        assert torch.equal(theirs.state_dict()[name], value)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"in_channels": 1e999}'])
def test_configurations_that_are_none_are_refused(pipeline, text):
    (pipeline / "unet/config.json").write_text(text)
    with pytest.raises(OverpaintError):
        load(pipeline)


def test_keys_that_choose_code_have_no_effect(pipeline):
    change(
        pipeline / "unet/config.json",
        auto_map={"AutoModel": "evil.Model"},
        _attn_implementation_internal="evil/kernel",
        trust_remote_code=True,
        _name_or_path="https://evil",
    )
    (pipeline / "unet/evil.py").write_text("raise SystemExit")
    (pipeline / "model_index.json").write_text('{"_class_name": ["os", "system"]}')
    assert load(pipeline).size == 16
