"""Modules that stand in for the libraries of the extra `metrics`, with their interfaces."""

from types import ModuleType

import torch
from torch import nn

NAMES = ("2048", "logits_unbiased")


def lpips(*lacking: str) -> ModuleType:
    """As the package lpips; the distance is the mean square, times the length of the net's name.

    lacking: the networks whose weights are not in the cache, so that they would be downloaded.
    """

    class LPIPS(nn.Module):
        def __init__(self, net="alex", verbose=True):
            super().__init__()
            assert not verbose
            if net in lacking:
                torch.hub.load_state_dict_from_url(f"https://example.org/{net}-none.pth")
            self.scale = nn.Parameter(torch.tensor(float(len(net))))

        def forward(self, in0, in1, normalize=False):
            in0, in1 = (2 * each - 1 if normalize else each for each in (in0, in1))
            return self.scale * (in0 - in1).square().mean((1, 2, 3), keepdim=True)

    package = ModuleType("lpips")
    package.LPIPS = LPIPS
    return package


def torch_fidelity(*, lacking: bool = False) -> ModuleType:
    """As the package torch-fidelity; features are colours, classes a layer of them."""

    class FeatureExtractorInceptionV3(nn.Module):
        def __init__(self, name, features_list, feature_extractor_weights_path=None, **more):
            super().__init__()
            assert tuple(features_list) == NAMES
            self.fc = nn.Linear(3, 4, bias=False)
            if feature_extractor_weights_path is None and lacking:
                torch.hub.load_state_dict_from_url("https://example.org/inception-none.pth")
            if feature_extractor_weights_path is not None:
                # The library's own way, which would run what a pickle asks for.
                state = torch.load(feature_extractor_weights_path, weights_only=False)
                self.load_state_dict(state)

        def forward(self, x):
            assert x.dtype == torch.uint8
            colours = x.float().mean((2, 3))
            return colours, self.fc(colours)

    package = ModuleType("torch_fidelity")
    package.FeatureExtractorInceptionV3 = FeatureExtractorInceptionV3
    return package
