"""OpenAI's CLIP files: what fits is converted, what does not is named."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPModel

from overpaint.errors import ModelNotFoundError, NumericsError, UnsafeFileError
from overpaint.models.clip import load_clip
from overpaint.models.openai import converted, holds, official, write

from ..archives import scripted
from ..folders import write_clip
from ..openai import PATCH, openai_weights

HERE = Path("ViT.pt")
IMAGES = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def weights():
    return openai_weights()


def test_a_converted_folder_is_transformers_own_and_keeps_each_precision(tmp_path, weights):
    write(weights, HERE, tmp_path / "clip")
    stored = load_file(tmp_path / "clip/model.safetensors")
    assert {stored[n].dtype for n in stored} == {torch.float16, torch.float32}
    assert stored["visual_projection.weight"].dtype == torch.float16
    write_clip(tmp_path / "other")
    (tmp_path / "other/tokenizer.json").rename(tmp_path / "clip/tokenizer.json")
    clip, theirs = load_clip(tmp_path / "clip"), CLIPModel.from_pretrained(tmp_path / "clip")
    net = converted(weights, HERE)
    assert theirs.config.vision_config.image_size == clip.size == 2 * PATCH
    assert theirs.config.text_config.hidden_act == "quick_gelu"
    for name, value in clip.towers.net.state_dict().items():
        assert torch.equal(value, net.state_dict()[name])
        assert torch.equal(value, theirs.state_dict()[name].float())
    assert torch.allclose(clip.image(IMAGES).norm(dim=1), torch.ones(2))


def test_every_tensor_is_taken_once():
    net = converted(openai_weights(), HERE)
    used = {official(name) for name in net.state_dict()}
    settings = {"input_resolution", "transformer.resblocks.0.attn_mask"}
    assert used == openai_weights().keys() - settings


def test_only_clips_are_claimed(weights):
    shapes = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    assert holds(shapes)
    assert not holds({})
    assert not holds({"input_layer.0.weight": (64, 3, 3, 3)})


def without(name):
    return lambda weights: weights.pop(name)


def put(name, *shape):
    return lambda weights: weights.update({name: torch.zeros(shape)})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("visual.proj", 64, 17), r"visual.proj is \(64, 17\), expected \(64, 16\)"),
        (put("visual.positional_embedding", 7, 64), r"visual.positional_embedding is \(7, 64\)"),
        (put("ln_final.weight", 65), r"ln_final.weight is \(65,\), expected \(64,\)"),
        (put("more", 1), r"more is \(1,\), has no place in the network"),
        (without("ln_final.bias"), r"ln_final.bias is missing, expected \(64,\)"),
        (
            put("transformer.resblocks.1.attn.in_proj_weight", 64, 64),
            r"1.attn.in_proj_weight is \(64, 64\), expected \(192, 64\)",
        ),
        (put("visual.conv1.weight", 64, 3, 8), "do not fit"),
        (put("visual.conv1.weight", 100, 3, 8, 8), "sizes that no CLIP has"),
        (put("visual.conv1.weight", 0, 3, 8, 8), "sizes that no CLIP has"),
        (put("token_embedding.weight", 2_000_000, 0), "sizes that no CLIP has"),
        (lambda w: w.update({f"transformer.resblocks.{n}.x": w["logit_scale"] for n in range(200)}),
         "202 blocks|200 blocks"),
        (lambda w: [w.pop(name) for name in list(w) if "visual.transformer" in name], "0 and 2"),
    ],
)  # fmt: skip
def test_the_first_tensor_that_does_not_fit_is_named(weights, change, said):
    change(weights)
    with pytest.raises(UnsafeFileError, match=said):
        converted(weights, HERE)


def test_other_kinds_are_told_apart(weights):
    residual = {name: t for name, t in weights.items() if name != "visual.proj"}
    with pytest.raises(ModelNotFoundError, match="CLIP with a ResNet"):
        converted(residual, HERE)
    with pytest.raises(ModelNotFoundError, match=r"first tensor is conv_in\.weight"):
        converted({"conv_in.weight": torch.zeros(1)}, HERE)
    with pytest.raises(ModelNotFoundError, match="first tensor is missing"):
        converted({}, HERE)


def test_numbers_that_are_none_are_refused(weights):
    weights["ln_final.bias"][3] = torch.nan
    with pytest.raises(NumericsError, match=r"final_layer_norm\.bias"):
        converted(weights, HERE)


@pytest.mark.parametrize("save", [scripted, lambda weights, path: save_file(weights, path)])
def test_another_vocabulary_needs_its_own_tokenizer(tmp_path, weights, save):
    suffix = ".pt" if save is scripted else ".safetensors"
    save(weights, tmp_path / f"ViT{suffix}")
    with pytest.raises(ModelNotFoundError, match="it has 258 tokens"):
        load_clip(tmp_path / f"ViT{suffix}")
