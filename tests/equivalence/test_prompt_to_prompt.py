"""Prompt-to-Prompt against its authors' numbers: what they do to maps, the linear plan does."""

from functools import cache

import pytest
import torch

from overpaint.core.alignment import refine, same
from overpaint.core.attention import AttentionPlan, Borrowing
from overpaint.core.emphasis import equalizer, windows
from overpaint.core.heat import Heat, indicator
from overpaint.core.local_blend import Cut, LocalBlend, shared
from overpaint.core.schedule import NoiseSchedule, below
from overpaint.core.swapping import swap
from overpaint.core.wording import find, words
from overpaint.errors import OptionError

from .. import golden
from ..wordings import spelled

SCHEDULE = NoiseSchedule.scaled_linear()
TOLERANCE = 3e-6
CELLS = 256  # queries of the layers whose maps local blend reads
MAPPERS, CONTROLLERS = "p2p_mappers", "p2p_controllers"


def path(steps):
    """So many moves, to the clean picture."""
    return SCHEDULE.path(below(900, steps))


@pytest.mark.parametrize("i", range(8))
def test_words_are_found_where_the_authors_find_them(i):
    pair = golden.facts(MAPPERS)["pairs"][i]
    for text, ids, named, placed in zip(
        *(pair[what] for what in ("prompts", "ids", "words", "word_places")), strict=True
    ):
        wording = spelled(text)
        assert wording.end == len(ids) - 1
        assert {word: list(find(wording, word)) for word in named} == named
        assert [list(find(wording, place)) for place in range(len(words(text)))] == placed


@pytest.mark.parametrize("i", range(8))
def test_the_refinement_mapper(i):
    source, target = map(spelled, golden.facts(MAPPERS)["pairs"][i]["prompts"])
    numbers, found = golden.arrays(MAPPERS), refine(source, target)
    mapper, alphas = (numbers[f"{i}.refine.{what}"] for what in ("mapper", "alphas"))
    assert torch.equal(found.alphas, alphas)
    # Where a token is new, their mapper holds -1, which alpha 0 silences.
    assert torch.equal(found.mapper, torch.eye(77)[:, mapper] * alphas)


@pytest.mark.parametrize("i", range(8))
def test_the_replacement_mapper(i):
    pair, numbers = golden.facts(MAPPERS)["pairs"][i], golden.arrays(MAPPERS)
    source, target = map(spelled, pair["prompts"])
    if pair["replace"] is not True:  # they raise
        with pytest.raises(OptionError, match="one by one"):
            swap(source, target, published=True)
        return
    assert torch.equal(swap(source, target, published=True).mapper, numbers[f"{i}.replace"])
    if source.end == target.end:  # else theirs pairs words with padding
        assert torch.equal(swap(source, target).mapper, numbers[f"{i}.replace"])


@pytest.mark.parametrize("k", range(6))
def test_the_time_windows_of_words(k):
    told = golden.facts(MAPPERS)["alpha"][k]
    expected, steps = golden.arrays(MAPPERS)[f"alpha.{k}"], told["num_steps"]
    given = told["cross_replace_steps"]
    by_word = dict(given) if isinstance(given, dict) else {"default_": given}
    by_word = {w: tuple(v) if isinstance(v, list) else v for w, v in by_word.items()}
    default = by_word.pop("default_", (0.0, 1.0))
    for row, text in enumerate(told["prompts"][1:]):
        wording = spelled(text)
        held = {word: part for word, part in by_word.items() if word in text.split()}
        timed = windows(wording, default, held)
        row_of = Borrowing(0, same(77), windows=timed)
        found = torch.stack([row_of.maps(step, steps)[0].diag() for step in range(steps + 1)])
        assert torch.equal(found, expected[:, row].float())


@pytest.mark.parametrize("k", range(4))
def test_the_equalizer(k):
    told = golden.facts(MAPPERS)["equalizer"][k]
    which = told["words"] if isinstance(told["words"], list) else [told["words"]]
    found = equalizer(spelled(told["text"]), zip(which, told["values"], strict=True))
    assert torch.equal(found, golden.arrays(MAPPERS)[f"equalizer.{k}"])


def test_a_word_that_is_missing_is_named_where_the_authors_ignore_it():
    told = golden.facts(MAPPERS)["equalizer"][4]
    assert golden.arrays(MAPPERS)["equalizer.4"].eq(1).all()
    with pytest.raises(OptionError, match="does not hold 'dog'"):
        equalizer(spelled(told["text"]), [(told["words"][0], told["values"][0])])


class Ran:
    """A run of a controller: its maps before control, and the plan that stands for it."""

    def __init__(self, name):
        facts = golden.facts(CONTROLLERS)
        self.name, self.facts = name, facts["runs"][name]
        self.steps, self.rows = facts["num_steps"], self.facts["batch"]
        self.levels, pairs = path(self.steps), facts["pairs"]
        which = {"replace": "replace", "reweight_replace": "replace", "replace3": "three"}
        self.prompts = pairs[{**which, "blend_replace": "replace"}.get(name, "refine")]
        source, *targets = self.wordings = [spelled(text) for text in self.prompts]
        align = swap if "replace" in name else refine
        weights = list(zip(pairs["eq_words"], pairs["eq_values"], strict=True))
        weights = [tuple(pairs["eq_replace"])] if name == "reweight_replace" else weights
        self.plan = AttentionPlan(
            self.levels,
            [None]
            + [
                Borrowing(
                    0,
                    same(77) if name == "reweight" else align(source, target),
                    equalizer(target, weights) if "reweight" in name else None,
                    windows(target, facts["cross_replace_steps"]),
                    (0.0, facts["self_replace_steps"]),
                )
                for target in targets
            ],
        )
        if name == "spatial":
            self.plan = AttentionPlan(self.levels, [None] * self.rows)

    def maps(self, step, layer):
        """Of all rows, before control: (2 B, heads, n, L)."""
        _, crossing, pixels = self.facts["layers"][layer]
        shape = (2 * self.rows, self.facts["heads"], pixels, 77 if crossing else pixels)
        if pixels == CELLS:  # the same at every step
            return softened(f"{self.name}/{layer}/0", shape, 40)
        return softened(f"{self.name}/{step}/{layer}/0", shape, 4)

    def controlled(self, step, layer):
        """Of the conditional rows, after control."""
        maps, level = self.maps(step, layer), self.levels[step]
        _, crossing, pixels = self.facts["layers"][layer]
        count = 2 * self.rows
        if crossing:
            route = self.plan.cross(level, count)
        else:
            route = self.plan.selves(level, count, pixels)
        return maps[self.rows :] if route is None else edited(maps, route)[self.rows :]


@cache
def softened(name, shape, scale):
    return (scale * golden.wave(name, shape)).float().softmax(-1)


def edited(maps, route):
    """What a route stands for, done to maps (B, heads, n, L)."""
    new = maps[list(route.first)]
    for row, mapper in route.mixed.items():
        new[row] = new[row] @ mapper
    for row, own in route.second.items():
        new[row] += maps[row] * own
    return new


RUNS = ("replace", "refine", "replace3", "reweight", "reweight_refine", "reweight_replace")
BLENDS = ("blend_replace", "blend_refine_sub")


@pytest.mark.parametrize("name", [*RUNS, *BLENDS, "spatial"])
def test_controllers(name):
    run, numbers = Ran(name), golden.arrays(CONTROLLERS)
    for step in run.facts["recorded_steps"]:
        for layer in (0, 1, len(run.facts["layers"]) - 1):
            expected = numbers[f"{name}.{step}.{layer}"]
            found = run.controlled(step, layer).flatten(0, 1)
            assert torch.allclose(found, expected, atol=TOLERANCE, rtol=0), (step, layer)


@pytest.mark.parametrize("name", BLENDS)
def test_local_blend(name):
    run, numbers, facts = Ran(name), golden.arrays(CONTROLLERS), golden.facts(CONTROLLERS)
    pairs, th = facts["pairs"], facts["pairs"]["th"]
    said = [pairs["blend_words"]] if name == "blend_replace" else pairs["blend"]
    cuts = [Cut(smooth=False)]
    if name == "blend_refine_sub":
        cuts = [Cut(th[0], smooth=False), Cut(th[1], False, True, smooth=False)]
    rows = [
        (wording, [found_by_them(wording, group[row]) for group in said])
        for row, wording in enumerate(run.wordings)
    ]
    heat = Heat(indicator(rows), 4)
    start = 0.2 if name == "blend_replace" else 0.3
    blend = LocalBlend(heat, [0, 0], run.levels, cuts=cuts, start=start)
    looked = [i for i, (_, _, pixels) in enumerate(run.facts["layers"]) if pixels == CELLS]
    first_up = next(i for i in looked if run.facts["layers"][i][0] == "up")
    stored = torch.zeros(2, CELLS, 77)

    def added(step):
        for layer in looked:
            maps = run.controlled(step, layer)
            heat.add((maps @ heat.words[:, None]).mean(1).mT.unflatten(2, (16, 16)))
            if layer == first_up:
                stored.add_(maps.sum(1))

    check_latents(run, numbers, blend, added)
    grid = stored.unflatten(1, (16, 16))[:, ::4, ::4]
    assert torch.allclose(grid, numbers[f"{name}.store_up_cross_0_sum"], atol=1e-4)
    assert 0 < blend.mask.mean() < 1


def found_by_them(wording, named):
    """They do not find "doll" in "doll, made"."""
    return [word for word in named if word in wording.text.split(" ")]


def test_shared_states():
    run, numbers = Ran("spatial"), golden.arrays(CONTROLLERS)
    check_latents(run, numbers, shared([0, 0], run.levels, 1 - 0.7))


def check_latents(run, numbers, after, before=lambda step: None):
    x = golden.wave(f"{run.name}/latent/0", (2, 4, 64, 64)).float()
    for step in range(run.steps):
        before(step)
        move = golden.wave(f"{run.name}/move{step}/0", x.shape).float()
        x = after(x + 0.1 * move, run.levels[step + 1])
        expected = numbers.get(f"{run.name}.latent.{step}")
        if expected is not None:
            assert torch.allclose(x[..., ::2, ::2], expected, atol=TOLERANCE, rtol=0), step
