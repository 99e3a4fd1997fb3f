"""What a codec loses is given back."""

import torch

from overpaint.core.giving_back import restored

IMAGE = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_what_a_codec_loses_comes_back_where_nothing_is_changed():
    rebuilt = IMAGE * 0.9
    assert torch.allclose(restored(rebuilt, IMAGE, rebuilt), IMAGE, atol=1e-6)
    edit = rebuilt.clone()
    edit[..., :8] = 1.0
    found = restored(edit, IMAGE, rebuilt)
    assert torch.allclose(found[..., 12:], IMAGE[..., 12:], atol=1e-6)
    assert torch.equal(found[..., 2, 2], edit[..., 2, 2])
