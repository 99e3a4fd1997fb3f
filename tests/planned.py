"""Networks of each Stable Diffusion, plans for them, and what the plans mean with maps made."""

from dataclasses import replace

import torch
from diffusers import UNet2DConditionModel

from overpaint.core.alignment import refine, same
from overpaint.core.attention import AttentionPlan, Borrowing, place
from overpaint.core.emphasis import equalizer, windows
from overpaint.core.schedule import below
from overpaint.core.swapping import swap
from overpaint.models.attending import controlled
from overpaint.models.bundle import DiffusionModel, Unshuffle, by_text
from overpaint.models.conditions import Cond
from overpaint.models.zoo import load

from .folders import seeded
from .wordings import spelled

L, POOLED = 20, 6
STATE = (10, 14)  # grids of 140, 35 and 12 cells
TINY = load("tiny-text")
LEVELS = TINY.schedule.path(below(900, 10))
SOURCE, TARGET = spelled("a cat on a mat", L), spelled("a big dog on a mat", L)
WEIGHTS = equalizer(TARGET, [("mat", 3.0), ("dog", -0.5)])
SOME = windows(TARGET, 0.0, {"dog": 1.0, "mat": 0.5})

SHARED = {
    "in_channels": 4,
    "out_channels": 4,
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "cross_attention_dim": 16,
}
STABLE_1 = {
    **SHARED,
    "block_out_channels": (8, 16),
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    "attention_head_dim": 2,
}
STABLE_2 = {
    **SHARED,
    "block_out_channels": (8, 16, 16),
    "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    "attention_head_dim": [2, 4, 4],
    "use_linear_projection": True,
    "upcast_attention": True,
}
STABLE_XL = {
    **SHARED,
    "block_out_channels": (8, 16, 32),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "attention_head_dim": [2, 4, 8],
    "transformer_layers_per_block": [1, 1, 2],
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": 6 * 8 + POOLED,
}
CONFIGS = {"1": STABLE_1, "2": STABLE_2, "xl": STABLE_XL}


def by_text_and_size(net, x, times, cond):
    sizes = torch.full((len(x), 6), 128.0)
    added = {"text_embeds": cond.pooled, "time_ids": sizes}
    return net(x, times, encoder_hidden_states=cond.text, added_cond_kwargs=added).sample


def network(which, **changes):
    with seeded():
        net = UNet2DConditionModel(**{**CONFIGS[which], **changes}).eval().requires_grad_(False)
    return DiffusionModel(
        net, TINY.schedule, Unshuffle(), 8, "v" if which == "2" else "eps", which,
        text=TINY.text, ask=by_text_and_size if which == "xl" else by_text,
    )  # fmt: skip


MODELS = {which: network(which) for which in CONFIGS}


def batch(rows):
    """States, and as many texts."""
    generator = torch.Generator().manual_seed(rows)
    shapes = (rows, 4, *STATE), (rows, L, 16), (rows, POOLED)
    x, text, pooled = (torch.randn(shape, generator=generator) for shape in shapes)
    return x, Cond(text, pooled)


def plan(*rows, **options):
    return AttentionPlan(LEVELS, rows, **options)


SELVES = (0.0, 0.5)
PLANS = {
    "swap": plan(None, Borrowing(0, swap(SOURCE, TARGET), selves=SELVES)),
    "refine": plan(None, Borrowing(0, refine(SOURCE, TARGET), selves=SELVES)),
    "reweight": plan(None, Borrowing(0, same(L), WEIGHTS)),
    "weights alone": plan(None, Borrowing(1, same(L), WEIGHTS)),
    "normalised": plan(None, Borrowing(0, refine(SOURCE, TARGET), WEIGHTS.abs()), normalised=True),
    "mixture": plan(None, Borrowing(0, swap(SOURCE, TARGET), WEIGHTS, SOME, SELVES), queries=40),
    "two pairs": plan(
        None,
        None,
        Borrowing(1, refine(SOURCE, TARGET), WEIGHTS, SOME, SELVES),
        Borrowing(0, swap(SOURCE, TARGET), selves=(0.0, 1.0)),
    ),
}


class Materialised:
    """An attention processor that makes all maps and edits them by the plan.

    Of layers that attend to texts it keeps what they would be if no word were weighted.
    """

    def __init__(self, plan, level, kept):
        self.plan, self.level, self.kept = plan, level, kept

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None):
        crossing = encoder_hidden_states is not None
        context = encoder_hidden_states if crossing else hidden_states
        q, k, v = (
            layer(each).unflatten(2, (attn.heads, -1)).transpose(1, 2)
            for layer, each in (
                (attn.to_q, hidden_states), (attn.to_k, context), (attn.to_v, context)
            )
        )  # fmt: skip
        plain = (q @ k.mT * q.shape[-1] ** -0.5).softmax(-1)
        if crossing:
            self.kept.append(self.edited(plain, crossing, weighed=False))
        maps = self.edited(plain, crossing)
        return attn.to_out[0]((maps @ v).transpose(1, 2).flatten(2))

    def edited(self, maps, crossing, *, weighed=True):
        new, offset = maps.clone(), len(maps) - len(self.plan.rows)
        step, steps = place(LEVELS, self.level), len(LEVELS) - 1
        for at, row in enumerate(self.plan.rows, offset):
            if row is None:
                continue
            source = maps[row.source + offset]
            if crossing:
                borrowed, own = (row if weighed else replace(row, weights=None)).maps(step, steps)
                new[at] = source @ borrowed + maps[at] * own
                if self.plan.normalised and weighed:
                    new[at] /= new[at].sum(-1, keepdim=True)
            elif maps.shape[2] <= self.plan.queries and row.whole(step, steps):
                new[at] = source
        return new


def materialised(model, plan, x, level, cond):
    """The prediction with all maps made, and the maps of the layers that attend to texts."""
    own, kept = model.net.attn_processors, []
    model.net.set_attn_processor(Materialised(plan, level, kept))
    try:
        return model(x, level, cond), kept
    finally:
        model.net.set_attn_processor(own)


def under(model, plan, x, level, cond, heat=None):
    with controlled(model, plan, heat) as shared:
        return shared(x, level, cond)
