"""Tiny weights under the names of OpenAI's CLIP."""

import torch
from torch import Tensor

WIDTH, JOINT, WORDS, CONTEXT, PATCH, GRID, BLOCKS = 64, 16, 258, 12, 8, 2, 2


def openai_weights(words: int = WORDS) -> dict[str, Tensor]:
    """Both towers with random weights of half precision, norms of single."""
    rng = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> Tensor:
        return (torch.randn(shape, generator=rng) * 0.1).half()

    tensors = {
        "positional_embedding": drawn(CONTEXT, WIDTH),
        "text_projection": drawn(WIDTH, JOINT),
        "logit_scale": torch.tensor(2.7),
        "visual.class_embedding": drawn(WIDTH),
        "visual.positional_embedding": drawn(GRID**2 + 1, WIDTH),
        "visual.proj": drawn(WIDTH, JOINT),
        "visual.conv1.weight": drawn(WIDTH, 3, PATCH, PATCH),
        "token_embedding.weight": drawn(words, WIDTH),
        "input_resolution": torch.tensor(PATCH * GRID),
        "transformer.resblocks.0.attn_mask": torch.full((CONTEXT, CONTEXT), -torch.inf).triu(1),
    }
    norms = ["visual.ln_pre", "visual.ln_post", "ln_final"]
    for tower in ("visual.transformer", "transformer"):
        for block in (f"{tower}.resblocks.{number}" for number in range(BLOCKS)):
            norms += [f"{block}.ln_1", f"{block}.ln_2"]
            for name, rows, columns in (
                ("attn.in_proj_", 3 * WIDTH, WIDTH),
                ("attn.out_proj.", WIDTH, WIDTH),
                ("mlp.c_fc.", 4 * WIDTH, WIDTH),
                ("mlp.c_proj.", WIDTH, 4 * WIDTH),
            ):
                tensors[f"{block}.{name}weight"] = drawn(rows, columns)
                tensors[f"{block}.{name}bias"] = drawn(rows)
    for name in norms:
        tensors |= {f"{name}.weight": 1 + drawn(WIDTH).float(), f"{name}.bias": drawn(WIDTH)}
    return tensors
