"""Rows that attend as others do: by fused kernels the same as by edited maps."""

import pytest
import torch
from torch.overrides import TorchFunctionMode

from overpaint.core.alignment import refine, same
from overpaint.core.attention import AttentionPlan, Borrowing, place
from overpaint.core.emphasis import equalizer, windows
from overpaint.core.heat import Heat, heat_of, indicator
from overpaint.core.routes import Route, attend, taken
from overpaint.core.schedule import NoiseSchedule, below
from overpaint.core.swapping import swap

from ..wordings import spelled

L, HEADS, N, WIDTH = 12, 2, 15, 4
LEVELS = NoiseSchedule.linear().path(below(900, 10))
SOURCE, TARGET = spelled("a cat on a mat", L), spelled("a big dog on a mat", L)
SWAP, REFINE = swap(SOURCE, TARGET), refine(SOURCE, TARGET)
WEIGHTS = equalizer(TARGET, [("mat", 3.0), ("dog", -0.5)])


def rows(count=3):
    """Queries, keys and values of a batch, (B, n or L, heads, d)."""
    generator = torch.Generator().manual_seed(0)
    shapes = [(count, length, HEADS, WIDTH) for length in (N, L, L)]
    return [2 * torch.randn(shape, generator=generator) for shape in shapes]


def maps(q, k):
    return (torch.einsum("bnhd,blhd->bhnl", q, k) / WIDTH**0.5).softmax(-1)


def seen(maps, v):
    return torch.einsum("bhnl,blhd->bnhd", maps, v)


def routed(q, k, v, route):
    return attend(taken(q, route.asked), taken(k, route.asked), v, route)


def plan(*borrowing, **options):
    return AttentionPlan(LEVELS, [None, *borrowing], **options)


def mixture(row, level=LEVELS[0]):
    """The edited maps of a last row whose source is the row before it."""
    borrowed, own = row.maps(place(LEVELS, level), len(LEVELS) - 1)
    q, k, _ = rows()
    found = maps(q, k)
    found[2] = found[1] @ borrowed + found[2] * own
    return found


EDITS = {
    "swap": Borrowing(0, SWAP),
    "refine": Borrowing(0, REFINE),
    "reweight": Borrowing(0, same(L), WEIGHTS),
    "swap and reweight": Borrowing(0, SWAP, WEIGHTS),
    "refine and reweight": Borrowing(0, REFINE, WEIGHTS),
    "some words": Borrowing(0, SWAP, WEIGHTS, windows(TARGET, 0.0, {"dog": 1.0, "mat": 0.5})),
    "weights alone": Borrowing(1, same(L), WEIGHTS),
    "weights of one's own refinement": Borrowing(1, REFINE, WEIGHTS),
}


@pytest.mark.parametrize("name", EDITS)
def test_fused_attention_is_that_of_edited_maps(name):
    row, (q, k, v) = EDITS[name], rows()
    expected = mixture(row)
    if row.source == 1:
        borrowed, own = row.maps(0, 10)
        expected[2] = maps(q, k)[2] @ borrowed + maps(q, k)[2] * own
    route = plan(row).cross(LEVELS[0], 3)
    found = routed(q, k, v, route)
    assert torch.allclose(found, seen(expected, v), atol=1e-5)
    assert not torch.allclose(found[2], seen(maps(q, k), v)[2], atol=1e-2)
    plain = routed(q, k, v, Route((0, 1, 2)))
    assert torch.equal(found[:2], plain[:2])  # the rows that are not the plan's, and the source


@pytest.mark.parametrize("name", ["reweight", "swap and reweight", "refine and reweight"])
def test_weighted_maps_can_be_brought_back_to_a_sum_of_one(name):
    row, (q, k, v) = EDITS[name], rows()
    expected = mixture(row)
    expected[2] /= mixture(absolute(row))[2].sum(-1, keepdim=True)
    route = plan(row, normalised=True).cross(LEVELS[0], 3)
    assert torch.allclose(routed(q, k, v, route), seen(expected, v), atol=1e-5)
    positive = Borrowing(0, row.alignment, WEIGHTS.abs())
    route = plan(positive, normalised=True).cross(LEVELS[0], 3)
    assert torch.allclose(routed(q, k, torch.ones_like(v), route), torch.ones(1), atol=1e-5)


def absolute(row):
    return Borrowing(row.source, row.alignment, row.weights.abs(), row.windows)


def test_several_sources_and_targets_are_as_each_pair_alone():
    both = AttentionPlan(LEVELS, [None, None, EDITS["swap"], Borrowing(1, REFINE, WEIGHTS)])
    q, k, v = rows(4)
    found = routed(q, k, v, both.cross(LEVELS[0], 4))
    for source, target in ((0, 2), (1, 3)):
        row = both.rows[target]
        alone = plan(Borrowing(0, row.alignment, row.weights)).cross(LEVELS[0], 2)
        pair = [taken(each, (source, target)) for each in (q, k, v)]
        assert torch.allclose(routed(*pair, alone), found[[source, target]], atol=1e-6)


@pytest.mark.parametrize("alignment", [swap(SOURCE, SOURCE), refine(SOURCE, SOURCE), same(L)])
def test_the_same_text_and_state_see_the_same(alignment):
    q, k, v = (each[[0, 0]] for each in rows())
    found = routed(q, k, v, plan(Borrowing(0, alignment, selves=(0, 1))).cross(LEVELS[0], 2))
    assert torch.equal(found[0], found[1])


def test_what_changes_nothing_takes_no_route():
    ones = torch.ones(L)
    for row in (
        Borrowing(0, SWAP, WEIGHTS, windows(TARGET, 0.0)),  # never
        Borrowing(1, same(L), ones),  # its own words, as they are
        Borrowing(1, refine(TARGET, TARGET)),
    ):
        assert plan(row).cross(LEVELS[0], 2) is None
    assert AttentionPlan(LEVELS, [None, None]).cross(LEVELS[0], 2) is None
    assert plan(EDITS["swap"]).selves(LEVELS[0], 2, N) is None


def test_only_what_is_needed_is_asked_for():
    swapped = plan(Borrowing(0, swap(SOURCE, spelled("a dog on a mat", L))))
    route = swapped.cross(LEVELS[0], 2)
    assert route.asked == route.first[:1] == (0,)  # the target's queries are no use
    assert not route.second
    q, k, v = rows(2)
    with Counting() as counted:
        routed(q, k, v, route)
    assert counted.fused == 1
    late = windows(TARGET, (0.5, 1.0))
    assert plan(Borrowing(1, same(L), WEIGHTS)).cross(LEVELS[0], 2).asked == (0, 1)
    assert plan(Borrowing(0, SWAP, WEIGHTS, late)).cross(LEVELS[0], 2) is None


class Counting(TorchFunctionMode):
    fused = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.fused += func is torch.nn.functional.scaled_dot_product_attention
        return func(*args, **(kwargs or {}))


def test_self_attention_is_borrowed_in_its_window_by_small_layers():
    row = Borrowing(0, SWAP, selves=(0.0, 0.4))
    shared = plan(row, queries=N)
    assert [bool(shared.selves(level, 3, N)) for level in LEVELS[:-1]] == [True] * 4 + [False] * 6
    assert shared.selves(LEVELS[0], 3, N + 1) is None
    route = shared.selves(LEVELS[0], 3, N)
    assert (route.first, route.asked) == ((0, 1, 1), (0, 1))
    q, _, _ = rows()
    found = routed(q, q, q, route)
    assert torch.allclose(found, seen(maps(q, q)[[0, 1, 1]], q), atol=1e-5)


def test_rows_that_follow_one_another_are_not_copied():
    x = torch.arange(12.0).view(4, 3)
    assert taken(x, (1, 2)).data_ptr() == x[1].data_ptr()
    assert torch.equal(taken(x, (2, 0, 0)), x[[2, 0, 0]])


def test_a_level_between_two_of_a_path_counts_as_the_noisier():
    schedule = NoiseSchedule.linear()
    assert [place(LEVELS, level) for level in LEVELS] == list(range(11))
    assert place(LEVELS, schedule.at(LEVELS[3].t - 1)) == 3
    assert place(LEVELS, schedule.at(LEVELS[3].t + 1)) == 2
    assert place(LEVELS, schedule.at(999)) == 0


@pytest.mark.parametrize("name", EDITS)
def test_heat_is_the_sum_of_the_maps_of_tokens(name):
    q, k, _ = rows()
    route = plan(EDITS[name]).cross(LEVELS[0], 3)
    words = torch.zeros(2, L, WIDTH + 3)  # more words than a head is wide
    for word in range(WIDTH + 3):
        words[0, word], words[1, word : word + 2, word] = torch.eye(WIDTH + 3)[word], 1
    found = heat_of(taken(q, route.asked), taken(k, route.asked), words, route)
    indicated = torch.eye(L).expand(3, L, L)[:, :, None].expand(-1, -1, HEADS, -1)
    whole = seen(identified(q, k, route), indicated).mean(2)[1:]
    assert torch.allclose(found, (whole @ words).mT, atol=1e-6)


def identified(q, k, route):
    """The maps that a route stands for."""
    found = maps(q, k)[list(route.first)]
    for row, mapper in route.mixed.items():
        found[row] = found[row] @ mapper
    for row, own in route.second.items():
        found[row] += maps(q, k)[row] * own
    return found


def test_an_indicator_is_of_the_words_of_each_text():
    found = indicator([(SOURCE, [["cat", "mat"], []]), (TARGET, [["big dog"], ["mat"]])])
    assert found[0].nonzero().tolist() == [[2, 0], [5, 0]]
    assert found[1].nonzero().tolist() == [[2, 0], [3, 0], [6, 1]]


def test_heat_is_a_running_sum():
    heat = Heat(torch.ones(1, L, 1), 2)
    assert heat.mean is None
    for value in (1.0, 2.0):
        heat.add(torch.full((1, 1, 3, 5), value))
    assert heat.total.unique().item() == 3.0
    assert heat.mean.unique().item() == 1.5
