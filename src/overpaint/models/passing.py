"""Networks that begin by handing on what they are shown, which takes thousands of steps to learn.

Through norms and SiLU only pairs get unharmed: a channel x beside its opposite -x, since
silu(x) - silu(-x) = x.
"""

from typing import Any

import torch
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.upsampling import Upsample2D
from torch import nn

COLOURS = 3
ANCHOR = 6.0
"""Of two constant channels, far above the colours: so a norm divides all pictures by the same."""
BACK = 0.456  # what is left to divide by after both norms, measured
CERTAIN = -6.0  # log variance of the first latents


@torch.no_grad()
def passing_noise_on(net: Any) -> nn.Module:
    """Let an untrained UNet predict its own input, scaled to unit variance, as the noise.

    Most of a noisy state is noise, but through norms and SiLU the identity takes thousands of steps
    to learn. So the first layer splits each channel into x and -x, the last skip connection hands
    them on, and the last layer puts them together: silu(x) - silu(-x) = x.
    """
    count = net.conv_in.in_channels
    passed = torch.arange(count)
    first, final = net.conv_in, net.up_blocks[-1].resnets[-1]
    for weight in (first.weight, first.bias, final.conv2.weight, final.conv2.bias):
        weight[: 2 * count].zero_()
    first.weight[2 * passed, passed, 1, 1] = 1.0
    first.weight[2 * passed + 1, passed, 1, 1] = -1.0
    width = final.conv_shortcut.out_channels
    final.conv_shortcut.weight.mul_(0.1)
    final.conv_shortcut.bias.zero_()
    final.conv_shortcut.weight[:, -width:, 0, 0] = torch.eye(width)
    net.conv_out.weight.mul_(0.1)
    net.conv_out.weight[:, : 2 * count] = 0.0
    net.conv_out.weight[passed, 2 * passed, 1, 1] = 1.0
    net.conv_out.weight[passed, 2 * passed + 1, 1, 1] = -1.0
    net.conv_out.bias.zero_()
    return net


@torch.no_grad()
def passing_colours_on(net: Any) -> nn.Module:
    """Let an untrained `AutoencoderKL` of two groups rebuild the mean colour of each cell.

    Three of its latents are those colours. Through its norms alone, which take away how bright a
    picture is, a small network learns this late and badly.
    """
    count = 2 * COLOURS + 2
    for layer in net.modules():
        if isinstance(layer, ResnetBlock2D):
            _silenced(layer.conv2)
            if layer.conv_shortcut is not None:
                _handing_on(layer.conv_shortcut, count, {(0, 0): 1.0})
        elif isinstance(layer, Downsample2D):
            _handing_on(layer.conv, count, {(r, c): 0.25 for r in (0, 1) for c in (0, 1)})
        elif isinstance(layer, Upsample2D):
            _handing_on(layer.conv, count, {(1, 1): 1.0})
    for half in (net.encoder, net.decoder):
        _split(half.conv_in, count)
        _joined(half.conv_out)
    net.decoder.conv_out.weight.mul_(BACK)
    last = net.encoder.conv_out
    last.weight[COLOURS:].mul_(0.1)
    last.weight[net.config.latent_channels :].zero_()
    last.bias[net.config.latent_channels :] = CERTAIN
    for mixing in (net.quant_conv, net.post_quant_conv):
        mixing.weight.copy_(torch.eye(len(mixing.weight))[:, :, None, None])
        mixing.bias.zero_()
    return net  # type: ignore[no-any-return]


def _silenced(conv: Any) -> None:
    conv.weight.zero_()
    conv.bias.zero_()


def _handing_on(conv: Any, count: int, taps: dict[tuple[int, int], float]) -> None:
    """The first channels of `conv` are sums of their own taps."""
    own = torch.arange(count)
    conv.weight[:count] = 0
    conv.bias[:count] = 0
    for (row, column), weight in taps.items():
        conv.weight[own, own, row, column] = weight


def _split(conv: Any, count: int) -> None:
    """Each colour and its opposite, then the two constants."""
    conv.weight[:count] = 0
    conv.bias[:count] = 0
    for colour in range(COLOURS):
        conv.weight[2 * colour, colour, 1, 1] = 1
        conv.weight[2 * colour + 1, colour, 1, 1] = -1
    conv.bias[count - 2], conv.bias[count - 1] = ANCHOR, -ANCHOR


def _joined(conv: Any) -> None:
    """Each colour out of its two channels, about as large as it was before a norm."""
    conv.weight[:COLOURS] = 0
    conv.bias[:] = 0
    for colour in range(COLOURS):
        conv.weight[colour, 2 * colour, 1, 1] = ANCHOR / 2
        conv.weight[colour, 2 * colour + 1, 1, 1] = -ANCHOR / 2
