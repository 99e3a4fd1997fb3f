"""Published networks are known by the shapes of their tensors; counts from specification A3.2."""

from types import ModuleType
from typing import NamedTuple

import pytest
import torch

from overpaint.models.families import ddpm, guided
from overpaint.models.families.pixel import build
from overpaint.models.families.published import Options, entries, joined, shapes_of


class Facts(NamedTuple):
    """What the authors say of a network."""

    family: ModuleType
    size: int
    base: int
    widths: tuple[float, ...]
    blocks: int
    attend: tuple[int, ...]
    classes: int
    millions: float
    tensors: int


SIX, SEVEN, ALL = (1, 1, 2, 2, 4, 4), (0.5, 1, 1, 2, 2, 4, 4), (8, 16, 32)
PUBLISHED = {
    "CelebA-HQ, LSUN": Facts(ddpm, 256, 128, SIX, 2, (16,), 0, 113.673, 450),
    "AFHQ, FFHQ": Facts(guided, 256, 128, SIX, 1, (16,), 0, 93.564, 362),
    "ImageNet 512": Facts(guided, 512, 256, SEVEN, 2, ALL, 1000, 558.998, 645),
    "ImageNet 256": Facts(guided, 256, 256, SIX, 2, ALL, 1000, 553.838, 567),
    "ImageNet 256, no classes": Facts(guided, 256, 256, SIX, 2, ALL, 0, 552.814, 566),
}


def architecture(facts):
    """The configuration of a network, from what its authors say of it."""
    attends = [facts.size >> level in facts.attend for level in range(len(facts.widths))]
    plain = "Resnet{}sampleBlock2D" if facts.family is guided else "{}Block2D"
    blocks = ["Attn{}Block2D" if attending else plain for attending in attends]
    config = {
        "sample_size": facts.size,
        "in_channels": 3,
        "out_channels": 6 if facts.family is guided else 3,
        "block_out_channels": [int(facts.base * width) for width in facts.widths],
        "down_block_types": [block.format("Down") for block in blocks],
        "up_block_types": [block.format("Up") for block in reversed(blocks)],
        "layers_per_block": facts.blocks,
    }
    if facts.family is ddpm:
        config |= {"attention_head_dim": None, "norm_eps": 1e-6, "downsample_padding": 0}
        return config | {"freq_shift": 1, "flip_sin_to_cos": False}
    config |= {"attention_head_dim": 64, "attn_norm_num_groups": 32}
    config |= {"downsample_type": "resnet", "upsample_type": "resnet"}
    config |= {"resnet_time_scale_shift": "scale_shift", "time_embedding_dim": 4 * facts.base}
    config |= {"time_proj_dim": facts.base} if facts.widths[0] != 1 else {}
    rows = {"num_class_embeds": facts.classes + 1, "null_class": facts.classes}
    return config | (rows if facts.classes else {})


def theirs(family, config):
    """Names and shapes of the checkpoint that becomes the network of `config`."""
    want = shapes_of(build(config))
    names = entries(family.layers(config), want)
    assert sorted(our for ours in names.values() for our in ours) == sorted(want)
    shapes = {name: joined([want[our] for our in ours]) for name, ours in names.items()}
    if "null_class" in config:
        shapes["label_emb.weight"] = (config["null_class"], config["time_embedding_dim"])
    return shapes


@pytest.mark.parametrize("name", PUBLISHED)
def test_networks_are_told_by_their_shapes(name):
    facts = PUBLISHED[name]
    expected = architecture(facts)
    shapes = theirs(facts.family, expected)
    assert len(shapes) == facts.tensors
    numbers = sum(torch.Size(shape).numel() for shape in shapes.values())
    assert numbers / 1e6 == pytest.approx(facts.millions, abs=6e-4)
    assert [family for family in (ddpm, guided) if family.holds(shapes)] == [facts.family]
    tensors = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    found = facts.family.converted(tensors, Options())
    assert found.config == expected
    assert found.assumed["size"] == facts.size
    assert {k: tuple(t.shape) for k, t in found.tensors.items()} == shapes_of(build(expected))


def test_the_time_is_told_in_as_many_numbers_as_published():
    wide = build(architecture(PUBLISHED["ImageNet 512"]), device="meta")
    assert wide.time_embedding.linear_1.weight.shape == (1024, 256)
    assert (wide.time_proj.num_channels, wide.conv_in.out_channels) == (256, 128)
