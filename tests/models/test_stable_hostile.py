"""Stable Diffusion's folders that lie, or would run code: a short message, and nothing happens."""

import builtins
import json
import os
import pickle
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from overpaint.errors import ModelNotFoundError, NumericsError, OverpaintError, UnsafeFileError
from overpaint.models.zoo import load

from ..folders import write_latent
from ..pickles import attacks
from ..pipelines import change, write_sd3, write_stable

UNET = "unet/diffusion_pytorch_model.safetensors"
READER = "text_encoder/model.safetensors"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write_stable(tmp_path_factory.mktemp("stable") / "it")


@pytest.fixture
def folder(whole, tmp_path):
    """A copy that may be changed."""
    return shutil.copytree(whole, tmp_path / "it")


def refused(folder, error, why):
    with pytest.raises(error, match=why) as caught:
        load(folder)
    assert len(str(caught.value)) < 700
    assert str(caught.value).count("\n") <= 3


@pytest.mark.parametrize(
    ("file", "values", "error", "why"),
    [
        ("unet", {"in_channels": 9}, ModelNotFoundError, "9 channels, one for inpainting"),
        ("unet", {"in_channels": 8}, ModelNotFoundError, "8 channels, one for instructions"),
        ("unet", {"in_channels": 3}, UnsafeFileError, "takes 3 and gives 4"),
        ("unet", {"out_channels": 8}, UnsafeFileError, "gives 8"),
        ("unet", {"cross_attention_dim": 24}, UnsafeFileError, "16 numbers, .* reads 24"),
        ("unet", {"class_embed_type": "timestep"}, ModelNotFoundError, "class_embed_type"),
        ("unet", {"num_class_embeds": 10}, ModelNotFoundError, "num_class_embeds"),
        ("unet", {"time_cond_proj_dim": 16}, ModelNotFoundError, "time_cond_proj_dim"),
        ("unet", {"addition_embed_type": "image"}, ModelNotFoundError, "'image' embeddings"),
        ("unet", {"addition_embed_type": "text_time"}, UnsafeFileError, "no network"),
        ("unet", {"attention_type": "gated"}, ModelNotFoundError, "gated"),
        ("unet", {"layers_per_block": 10**6}, UnsafeFileError, "layers_per_block"),
        ("unet", {"layers_per_block": [1, 10**6]}, UnsafeFileError, "layers_per_block"),
        ("unet", {"transformer_layers_per_block": 1000}, UnsafeFileError, "out of bounds"),
        ("unet", {"transformer_layers_per_block": [[1]]}, UnsafeFileError, "out of bounds"),
        ("unet", {"block_out_channels": [8] * 100}, UnsafeFileError, "block_out_channels"),
        ("unet", {"block_out_channels": [8, 32]}, UnsafeFileError, "do not fit"),
        ("unet", {"down_block_types": ["os.system"] * 2}, UnsafeFileError, "no network"),
        ("unet", {"up_block_types": ["UpBlock2D"] * 2}, UnsafeFileError, "fit"),
        ("unet", {"sample_size": None}, UnsafeFileError, "sample_size None"),
        ("unet", {"sample_size": 10**9}, UnsafeFileError, "sample_size"),
        ("unet", {"act_fn": "__import__('os')"}, UnsafeFileError, "no network"),
        ("unet", {"auto_map": {"AutoModel": "evil.Net"}}, UnsafeFileError, "code of its own"),
        ("vae", {"_class_name": "AutoencoderTiny"}, ModelNotFoundError, "'AutoencoderTiny'"),
        ("vae", {"auto_map": {"AutoModel": "evil.Net"}}, UnsafeFileError, "code of its own"),
        ("vae", {"scaling_factor": 0}, UnsafeFileError, "scaling_factor"),
        ("text_encoder", {"model_type": "altclip"}, ModelNotFoundError, "'altclip'"),
        ("text_encoder", {"auto_map": {"AutoModel": "evil.Net"}}, UnsafeFileError, "of its own"),
        ("text_encoder", {"num_hidden_layers": 10**6}, UnsafeFileError, "number of layers"),
        ("text_encoder", {"hidden_size": 10**9}, UnsafeFileError, "hidden_size"),
        ("text_encoder", {"hidden_size": 17}, UnsafeFileError, "text encoder"),
        ("text_encoder", {"hidden_size": 32}, UnsafeFileError, "do not fit"),
        ("text_encoder", {"hidden_act": "os.system"}, UnsafeFileError, "no text encoder"),
        ("text_encoder", {"vocab_size": 100}, UnsafeFileError, r"expected \(100, 16\)"),
        ("tokenizer", {"pad_token": "nothing like it"}, UnsafeFileError, "does not know its"),
        ("scheduler", {"_class_name": "EDMEulerScheduler"}, ModelNotFoundError, "EDMEuler"),
        (
            "scheduler",
            {"_class_name": "FlowMatchEulerDiscreteScheduler"},
            ModelNotFoundError,
            "FlowMatch",
        ),
        ("scheduler", {"beta_schedule": "sigmoid"}, ModelNotFoundError, "'sigmoid'"),
        ("scheduler", {"prediction_type": "flow"}, ModelNotFoundError, "'flow'"),
    ],
)
def test_configurations_that_lie_are_refused(folder, file, values, error, why):
    names = {"scheduler": "scheduler_config.json", "tokenizer": "tokenizer_config.json"}
    change(folder / file / names.get(file, "config.json"), **values)
    refused(folder, error, why)


@pytest.mark.parametrize(
    "name",
    [
        ["evil", "Pipeline"],
        "os.system",
        "StableDiffusionInstructPix2PixPipeline",
        "LatentConsistencyModelPipeline",
        "AltDiffusionPipeline",
        {"a": 1},
        None,
    ],
)
def test_other_pipelines_are_named(folder, name):
    change(folder / "model_index.json", _class_name=name)
    with pytest.raises(ModelNotFoundError, match="holds no model that can be loaded") as caught:
        load(folder)
    assert "is not supported" in str(caught.value)
    assert "SD3, FLUX" in str(caught.value)


def test_a_refiner_is_no_model_by_itself(folder):
    change(folder / "model_index.json", _class_name="StableDiffusionXLImg2ImgPipeline")
    change(folder / "model_index.json", requires_aesthetics_score=True)
    refused(folder, ModelNotFoundError, "refiner")


@pytest.mark.parametrize(
    ("file", "tensor", "shape", "why"),
    [
        (UNET, "conv_out.bias", None, r"conv_out\.bias is missing"),
        (UNET, "mid_block.attentions.0.proj_in.weight", (3, 3), r"\(3, 3\), expected"),
        (UNET, "evil", (3, 3), "evil is .* has no place"),
        (READER, "final_layer_norm.weight", None, r"final_layer_norm\.weight is missing"),
        (READER, "final_layer_norm.weight", (17,), r"\(17,\), expected \(16,\)"),
        (READER, "evil", (3, 3), "evil is .* has no place"),
        ("vae/diffusion_pytorch_model.safetensors", "quant_conv.bias", None, "is missing"),
    ],
)
def test_the_first_tensor_that_does_not_fit_is_named(folder, file, tensor, shape, why):
    state = load_file(folder / file)
    state.pop(tensor, None)
    if shape:
        state[tensor] = torch.zeros(shape)
    save_file(state, folder / file)
    refused(folder, UnsafeFileError, why)


@pytest.mark.parametrize(
    "file",
    ["unet/config.json", UNET, "vae/config.json", READER, "text_encoder/config.json"],
)
def test_files_that_are_not_there_are_named(folder, file):
    (folder / file).unlink()
    with pytest.raises(OverpaintError, match=r"missing|No weights in|not supported"):
        load(folder)
    (folder / file).symlink_to("/etc/hostname")
    with pytest.raises(UnsafeFileError, match="leads out of its folder"):
        load(folder)


def test_what_a_folder_lacks_is_named_with_its_place(folder):
    shutil.rmtree(folder / "text_encoder")
    with pytest.raises(
        ModelNotFoundError, match=r"config\.json is missing in .*text_encoder"
    ) as it:
        load(folder)
    assert (it.value.why, bool(it.value.hint)) == ("there is no folder text_encoder/", True)


def test_a_pipeline_without_its_index_is_told_so(folder):
    (folder / "model_index.json").unlink()
    refused(folder, ModelNotFoundError, r"^model_index\.json is missing in .*it")


@pytest.mark.parametrize("write", [write_stable, write_sd3, write_latent])
def test_a_schedule_that_is_not_there_is_not_guessed(write, tmp_path):
    folder = write(tmp_path / "it")
    shutil.rmtree(folder / "scheduler")
    refused(folder, ModelNotFoundError, r"scheduler/scheduler_config\.json is missing")


@pytest.mark.parametrize("file", ["tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("text", ["{", "[]", '{"model": {"type": "BPE"}}', "[" * 10**5])
def test_tokenizers_that_are_none_are_refused(folder, file, text):
    (folder / "tokenizer" / file).write_text(text)
    if (file, text[:9]) == ("tokenizer_config.json", '{"model":'):
        load(folder)  # nothing that is asked for stands in it
        return
    with pytest.raises(UnsafeFileError):
        load(folder)


def test_a_tokenizer_of_another_vocabulary_is_refused(folder):
    path = folder / "tokenizer/tokenizer.json"
    content = json.loads(path.read_text())
    content["model"]["vocab"]["more"] = 5000
    path.write_text(json.dumps(content))
    refused(folder, UnsafeFileError, "goes to number 5000, where .* knows 520 tokens")


@pytest.mark.parametrize(
    "parts",
    [
        {"weight_map": {"conv_in.bias": "../../secret.safetensors"}},
        {"weight_map": {"conv_in.bias": "/etc/passwd"}},
        {"weight_map": {"conv_in.bias": ["a.safetensors"]}},
        {"weight_map": {"conv_in.bias": "a.bin"}},
        {"weight_map": {"conv_in.bias": "a\x00.safetensors"}},
        {"weight_map": {str(n): f"{n}.safetensors" for n in range(2000)}},
        {"weight_map": []},
        {},
    ],
)
def test_an_index_names_nothing_but_parts(folder, parts):
    (folder / UNET).rename(folder / "secret.safetensors")
    (folder / f"{UNET}.index.json").write_text(json.dumps(parts))
    refused(folder, UnsafeFileError, "names a strange file|names no parts")


def test_a_part_that_is_missing_or_comes_twice_is_named(folder):
    state, index = load_file(folder / UNET), folder / f"{UNET}.index.json"
    (folder / UNET).unlink()
    names = dict.fromkeys(state, "a.safetensors") | {"conv_in.bias": "b.safetensors"}
    index.write_text(json.dumps({"weight_map": names}))
    save_file(state, folder / "unet/a.safetensors")
    refused(folder, ModelNotFoundError, r"b\.safetensors is missing")
    save_file({"conv_in.bias": state["conv_in.bias"]}, folder / "unet/b.safetensors")
    refused(folder, UnsafeFileError, r"conv_in\.bias comes twice")


def test_numbers_that_are_none_are_refused(folder):
    state = load_file(folder / READER)
    state["final_layer_norm.bias"][0] = float("nan")
    save_file(state, folder / READER)
    refused(folder, NumericsError, r"final_layer_norm\.bias")


def test_no_code_is_run_whatever_lies_in_the_folder(folder, tmp_path, monkeypatch):
    canary = tmp_path / "canary"
    pickled = [*list(attacks(canary).values())[::5], pickle.dumps({"a": print})]
    script = f"open({str(canary)!r}, 'w')"
    for name in ("pipeline.py", "unet/evil.py", "text_encoder/modeling_evil.py", "setup.py"):
        (folder / name).write_text(script)
    change(
        folder / "model_index.json",
        unet=["os", "system"],
        scheduler=["subprocess", "Popen"],
        text_encoder=["evil", "Evil"],
        custom_pipeline=str(folder / "pipeline.py"),
        trust_remote_code=True,
    )
    change(
        folder / "text_encoder/config.json",
        _attn_implementation="evil/kernel",
        _attn_implementation_internal="evil/kernel",
        architectures=["Evil"],
    )
    change(folder / "unet/config.json", _name_or_path="https://evil", _use_default_values=["evil"])
    change(
        folder / "tokenizer/tokenizer_config.json",
        tokenizer_class="Evil",
        tokenizer_file="/etc/passwd",
        chat_template={"../../evil": "x"},
    )
    monkeypatch.setattr(os, "system", lambda command: pytest.fail(command))
    monkeypatch.setattr(builtins, "eval", lambda *found: pytest.fail(str(found)))
    assert load(folder).size == 16
    weights = folder / READER
    weights.unlink()
    for attack in pickled:
        (folder / "text_encoder/pytorch_model.bin").write_bytes(attack)
        refused(folder, OverpaintError, "plain weights|no weights")
    assert not canary.exists()
