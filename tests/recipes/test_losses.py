"""The losses of the recipes: least where they should be, blind to what is hidden."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from overpaint.core.schedule import NoiseSchedule
from overpaint.models.texts import tokens
from overpaint.portraits import dataset
from overpaint.portraits.captions import phrase
from overpaint.portraits.labels import HIDDEN, LABELS
from overpaint.portraits.render import render
from overpaint.portraits.scene import VALUES
from overpaint.recipes.captioned import (
    CONTEXT,
    FAILED,
    MARRED,
    NOISY,
    captioned,
    changed,
    prompts,
    train_tokenizer,
)
from overpaint.recipes.clip import WARPED, calm_loss, course, guiding_loss, paired
from overpaint.recipes.clip_losses import directional
from overpaint.recipes.disturbed import SEEN, half_done
from overpaint.recipes.identity import pairs, twin_loss
from overpaint.recipes.latent import DECIDING
from overpaint.recipes.losses import (
    attribute_loss,
    hardest_loss,
    matching_loss,
    misplaced,
)
from overpaint.recipes.pixel import velocity_loss
from overpaint.recipes.training import Training, images
from overpaint.recipes.velocity import emphasis

from .worlds import pairs_of_edits, portraits

SIZES = [len(VALUES[name]) for name in LABELS]


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def labels(count=6):
    return torch.from_numpy(portraits(count).labels.astype(np.int64))


def certain(truth):
    """Logits (N, all values) that are sure of the labels `truth`."""
    groups = [
        30.0 * nn.functional.one_hot(column.clamp(min=0), size)
        for column, size in zip(truth.unbind(1), SIZES, strict=True)
    ]
    return torch.cat(groups, dim=1)


def test_attribute_loss_is_nothing_for_the_right_and_much_for_the_wrong():
    truth = labels()
    assert float(attribute_loss(certain(truth), truth)) < 1e-6
    assert float(attribute_loss(certain(truth.roll(1, 0)), truth)) > 10
    even = attribute_loss(torch.zeros(6, sum(SIZES)), truth)
    assert float(even) == pytest.approx(sum(np.log(SIZES)), abs=1e-4)


def test_an_attribute_that_is_read_worse_counts_for_more():
    truth = torch.zeros(4, len(LABELS), dtype=torch.long)
    logits = certain(truth)
    logits[:, : SIZES[0]] = 0  # one is read by chance, the others for certain
    assert float(hardest_loss(logits, truth)) == pytest.approx(math.log(SIZES[0]), rel=1e-3)
    even = torch.zeros_like(logits)
    losses = torch.tensor([math.log(size) for size in SIZES])
    assert float(hardest_loss(even, truth)) == pytest.approx(
        float(losses.square().sum() / losses.sum()), rel=1e-4
    )
    assert float(hardest_loss(certain(truth), truth)) < 1e-6


def test_attribute_loss_neither_counts_nor_moves_what_is_hidden():
    truth = labels()
    logits = torch.randn(6, sum(SIZES), generator=rng()).requires_grad_()
    attribute_loss(logits, truth).backward()
    groups = logits.grad.split(SIZES, dim=1)
    for grad, column in zip(groups, truth.unbind(1), strict=True):
        assert (grad[column == HIDDEN] == 0).all()
        assert (grad[column != HIDDEN] != 0).any(1).all()
    nothing = torch.full_like(truth, HIDDEN)
    assert float(attribute_loss(logits, nothing).detach()) == 0


def test_matching_is_best_when_each_caption_finds_all_its_pictures():
    true = torch.tensor([[1, 0, 1], [0, 1, 1], [0, 0, 1]]) > 0
    right = (true / true.sum(1, keepdim=True)).clamp(min=1e-9).log()
    best = matching_loss(50.0 * true, true)
    # What is left is the entropy of captions with several pictures, both ways.
    entropy = (np.log(2) + np.log(2)) / 3, np.log(3) / 3
    assert float(best) == pytest.approx(sum(entropy) / 2, abs=1e-4)
    assert float(best) < float(matching_loss(torch.zeros(3, 3), true))
    assert float(best) < float(matching_loss(50.0 * ~true, true))
    one_way = -(right.exp() * right).sum(1).mean()
    assert float(one_way) == pytest.approx(entropy[0], abs=1e-4)


def test_matching_moves_towards_the_truth():
    true = torch.eye(4) > 0
    similar = torch.zeros(4, 4, requires_grad=True)
    matching_loss(similar, true).backward()
    assert (similar.grad[true] < 0).all()
    assert (similar.grad[~true] > 0).all()


class Perfect(nn.Module):
    """Knows the picture, so it knows the noise, and with it v, exactly."""

    def __init__(self, x0, schedule):
        super().__init__()
        self.x0, self.path, self.asked = x0, schedule.path(range(len(schedule))), []

    def forward(self, x, times):
        self.asked += times.tolist()
        rows = zip(x, self.x0, [self.path[int(t)] for t in times], strict=True)
        v = [(level.alpha * one - clean) / level.sigma for one, clean, level in rows]
        return SimpleNamespace(sample=torch.stack(v))


def test_the_velocity_loss_is_zero_for_a_perfect_predictor():
    schedule, batch = NoiseSchedule.linear(), {"images": images(portraits(10).pictures)}
    perfect = Perfect(nn.functional.pixel_unshuffle(batch["images"], 4), schedule)
    loss = velocity_loss(schedule)
    assert float(loss(perfect, batch, rng())) < 1e-5
    assert perfect.asked == sorted(set(perfect.asked))
    zero = lambda x, times: SimpleNamespace(sample=torch.zeros_like(x))  # noqa: E731
    path, size = schedule.path(perfect.asked), perfect.x0.square().mean((1, 2, 3)).tolist()
    v = [one.alpha**2 + one.sigma**2 * mean for one, mean in zip(path, size, strict=True)]
    assert float(loss(zero, batch, rng())) == pytest.approx(sum(v) / len(v), abs=0.02)


def test_training_dwells_where_shapes_are_decided_and_leaves_no_time_out():
    path = NoiseSchedule.linear().path(range(1000))
    reached = emphasis(
        *(torch.tensor([getattr(one, n) for one in path]) for n in ("alpha", "sigma"))
    )
    assert float(reached[-1]) == pytest.approx(1)
    assert float(reached.diff().min()) > 0.14 / 1000
    among = {(low, high): float(reached[high] - reached[low]) for low, high in SPANS}
    assert among[100, 500] > 0.6 > 0.25 > among[500, 999] > among[700, 999] > 0.05


def test_training_dwells_where_texts_decide_if_it_is_told_to():
    path = NoiseSchedule.scaled_linear().path(range(1000))
    tables = [torch.tensor([getattr(one, n) for one in path]) for n in ("alpha", "sigma")]
    above = int((tables[1] / tables[0]).log().lt(DECIDING).sum())
    plain, moved = emphasis(*tables), emphasis(*tables, centre=DECIDING)
    assert 1 - float(plain[above]) < 0.25 < 0.4 < 1 - float(moved[above])
    assert float(moved[-1]) == pytest.approx(1)
    assert float(moved.diff().min()) > 0.14 / 1000


SPANS = ((100, 500), (500, 999), (700, 999))


def test_twins_are_rows_side_by_side():
    data, config = portraits(8), Training(batch_size=4)
    batch = pairs(data, config)(0)["images"]
    places = [
        int((images(data.pictures) == one).flatten(1).all(1).nonzero()[0, 0]) for one in batch
    ]
    assert [place ^ 1 for place in places] == [places[i ^ 1] for i in range(8)]
    assert len(set(places)) == 8


def test_twin_loss_is_least_when_twins_agree_and_others_do_not():
    def net(embeddings):
        return lambda pixel_values: SimpleNamespace(pooler_output=embeddings)

    faces, batch = torch.eye(3).repeat_interleave(2, 0), {"images": torch.zeros(6, 3, 8, 8)}
    agreed = float(twin_loss(net(faces), batch, rng()))
    assert agreed < 0.01
    assert agreed < float(twin_loss(net(torch.ones(6, 3)), batch, rng()))
    assert float(twin_loss(net(torch.eye(6)), batch, rng())) == pytest.approx(np.log(5), abs=1e-3)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(sentences=400)


def test_the_tokenizer_gives_back_every_sentence_and_letter(tokenizer):
    random = np.random.default_rng(1)
    sentences = [phrase({name: value}, random) for name, all_ in VALUES.items() for value in all_]
    for text in [*sentences, "Ünïcödé, 漢字 & 8-bit!"]:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        assert tokenizer.decode(ids).strip() == text
    rows = tokens(tokenizer, sentences, CONTEXT)
    assert rows.shape == (len(sentences), CONTEXT)
    start, end = (tokenizer.token_to_id(f"<|{name}oftext|>") for name in ("start", "end"))
    assert (rows[:, 0] == start).all()
    assert (rows[:, -1] == end).all()


def test_there_is_a_prompt_for_each_value_in_the_order_of_the_labels_then_open_ones():
    texts = prompts(np.random.default_rng(2))
    *texts, plain, noisy = texts
    assert len(texts) == sum(SIZES) + len(LABELS)
    assert noisy == plain + NOISY
    by_name = dict(zip(LABELS, np.split(np.array(texts), np.cumsum(SIZES)), strict=False))
    assert "crown" in by_name["headwear"][VALUES["headwear"].index("crown")]
    assert "purple" in by_name["clothing"][VALUES["clothing"].index("purple")]
    silent = " ".join(texts[sum(SIZES) :])
    assert not any(word in silent for word in ("crown", "purple", "beard", "smil", "hair"))


def test_every_caption_of_a_batch_is_true_of_its_own_picture(tokenizer):
    batch = captioned(pairs_of_edits(8), tokenizer, Training(batch_size=16))(3)
    assert batch["truth"].diagonal().all()
    assert batch["captions"].shape == (16, CONTEXT)
    assert batch["prompts"].shape == (sum(SIZES) + len(LABELS) + 2, CONTEXT)


def test_only_flawed_pictures_are_called_noisy_and_not_always(tokenizer):
    batch = captioned(pairs_of_edits(32), tokenizer, Training(batch_size=64))(1)
    texts = tokenizer.decode_batch(batch["captions"].tolist())
    called = torch.tensor([text.endswith(NOISY) for text in texts])
    assert 0 < called.sum() < batch["flawed"].sum() < 64
    assert batch["flawed"][called].all()
    assert not batch["truth"][~batch["flawed"]][:, called].any()


def test_the_prompts_of_an_edit_say_what_its_picture_shows():
    data = pairs_of_edits(40)
    first, second = data.labels[::2], data.labels[1::2]
    before, after = changed(first, second, np.random.default_rng(0))
    values = [(name, value) for name, all_ in VALUES.items() for value in all_]
    silent = 0
    for i, (one, other) in enumerate(zip(before, after, strict=True)):
        name, value = values[other]
        column = LABELS.index(name)
        assert VALUES[name][second[i, column]] == value
        assert VALUES[name][first[i, column]] != value
        if one < len(values):
            assert values[one] == (name, VALUES[name][first[i, column]])
        else:
            silent += 1
            assert LABELS[one - len(values)] == name
    assert 0 < silent < len(before)


def test_a_flaw_takes_an_edit_off_its_words_however_long_these_are():
    words = torch.tensor([[9.0, 0.0], [9.0, 0.0], [9.0, 0.0], [9.0, 0.0], [0.0, 0.0]])
    flawed = torch.tensor([0.0, 1.0, 1.0, -1.0, 1.0])
    half = torch.tensor([False, False, True, False, False])
    lost = [
        float(directional(words[:1], where[None]))
        for where in course(words, torch.tensor([0.0, 0.1]), flawed, half)
    ]
    assert lost == pytest.approx([0, 1 - 0.5**0.5, 1 - 0.2**0.5, 1 - 0.5**0.5, 1], abs=1e-4)


def test_both_pictures_of_an_edit_are_seen_in_the_same_view():
    pictures = torch.rand(3, 3, 16, 16, generator=rng()) * 2 - 1
    one, other = paired(WARPED, torch.cat([pictures, pictures]), rng(1)).chunk(2)
    assert torch.equal(one, other)
    assert not torch.equal(one[0], pictures[0])


@pytest.mark.parametrize(("guiding", "marring"), [(guiding_loss, MARRED), (calm_loss, 0.0)])
def test_guidance_is_best_when_an_edit_goes_where_its_words_go(tokenizer, guiding, marring):
    """A net that knows the labels: the loss falls when its edits follow the words."""
    training = Training(batch_size=16)
    batch = captioned(pairs_of_edits(16), tokenizer, training, marring=marring)(0)
    assert bool(batch["marred"].any()) == (marring > 0)
    words = torch.eye(16 + sum(SIZES) + len(LABELS) + 2)
    silent = torch.zeros(8, len(words))
    was, now = batch["flawed"].float().chunk(2)
    flaw = (now - was)[:, None] * (words[-1] - words[-2])
    toward = 0.5 * (words[16 + batch["after"]] - words[16 + batch["before"]] + flaw)

    def loss(change):
        seen = torch.cat([silent + 0.1, silent + 0.1 + change])
        net = SimpleNamespace(
            logit_scale=torch.tensor(1.0),
            see=lambda pixels: seen + 0 * pixels.sum(),
            tell=lambda ids: words,
        )
        return guiding(net, batch, rng())[1]["direction"]

    assert loss(toward) < 0.35 < 1 < loss(-toward)


def test_half_an_edit_leaves_what_is_seen_and_does_what_is_seen():
    pairs = dataset.scenes("edits", 0, 0)[:80]
    styles = [(a, b) for a, b in zip(pairs[::2], pairs[1::2], strict=True) if a.style != b.style]
    before, after = (
        images(np.stack([render(pair[i], 32) for pair in styles[:12]])) for i in (0, 1)
    )
    seen = set()
    for seed in range(4):
        made = half_done(before, after, rng(seed))
        for other in (before, after):
            size = (made - other).square().mean((1, 2, 3)).sqrt()
            whole = (before - after).square().mean((1, 2, 3)).sqrt()
            assert (size >= torch.minimum(torch.tensor(SEEN[0] - 1e-3), 0.24 * whole)).all()
        grey = (made - after).mean(1).abs().amax((1, 2)) < 1e-5  # only colours are left
        seen |= set(grey.tolist())
    assert seen == {True, False}


def test_failed_edits_are_flawed_photos_and_half_done_ones_of_no_style(tokenizer):
    data, failed = pairs_of_edits(64), pairs_of_edits(64)
    for i in range(0, 64, 2):
        failed.labels[i + 1] = failed.labels[i]
        failed.pictures[i : i + 2] = 7
    batch = captioned(data, tokenizer, Training(batch_size=64), failed)(2)
    was, now = batch["flawed"].chunk(2)
    bad = (batch["images"] == images(np.full((1, 64, 64, 3), 7, np.uint8))).flatten(1).all(1)
    bad, again = bad.chunk(2)
    assert torch.equal(bad, again)
    assert bad.sum() == 32 // FAILED
    assert not was[bad].any()
    assert now[bad].all()
    assert torch.equal(batch["before"][bad], batch["after"][bad])
    style = LABELS.index("style")
    edits = batch["labels"].chunk(2)[1]
    assert torch.equal(edits[:, style] == HIDDEN, batch["half"])
    assert 0 < batch["half"].sum() < 32
    assert now[batch["half"]].all()
    marred_first, marred_second = batch["marred"].chunk(2)
    assert torch.equal(was, marred_first)
    assert torch.equal(now, marred_second | bad | batch["half"])
    assert not (marred_second & (bad | batch["half"])).any()


def test_edges_stay_in_their_places_through_other_colours_but_not_through_shifts():
    pictures = images(np.stack([render(scene, 64) for scene in dataset.scenes("photos", 0, 0)[:4]]))
    negative, dim = -pictures, 0.3 * pictures + 0.2
    assert float(misplaced(pictures, pictures)) == pytest.approx(0, abs=1e-5)
    assert max(float(misplaced(each, pictures)) for each in (negative, dim)) < 0.01
    assert float(misplaced(pictures.roll(6, 3), pictures)) > 0.3
    assert float(misplaced(pictures.roll(1, 0), pictures)) > 0.5
    rows = torch.arange(64)
    grid = 0.5 * ((rows[:, None] + rows) % 4 < 2).float()  # no shape, whatever its strength
    assert float(misplaced(pictures + grid, pictures)) > 0.2
    flat = torch.zeros(4, 3, 64, 64, requires_grad=True)
    misplaced(flat, pictures).backward()
    assert flat.grad is not None
    assert float(flat.grad.norm()) < 100
