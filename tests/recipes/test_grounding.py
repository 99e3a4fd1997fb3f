"""Words that look where they show: what is measured, and that it is learnt."""

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from overpaint.models.folders import Folder
from overpaint.models.networks import latent_unet
from overpaint.models.zoo import embedded
from overpaint.portraits.spoken import PLACES, spoken
from overpaint.recipes.grounding import astray, indicated, looks

WORDS = Tokenizer.from_file(str(Folder.at(embedded("clip")).file("tokenizer.json")))
ONE = torch.ones(1)


def test_tokens_of_a_claim_are_those_of_its_words():
    text, claims = "a cat with red fur", {"kind": "cat", "hair": "red"}
    found = indicated(WORDS, text, spoken(text, claims), 32)
    rows = dict(zip(PLACES, found, strict=True))
    pieces = ["start", *WORDS.encode(text, add_special_tokens=False).tokens]
    assert [pieces[i] for i in np.flatnonzero(rows["kind"])] == ["Ġcat"]
    assert [pieces[i].strip("Ġ") for i in np.flatnonzero(rows["hair"])] == ["with", "red", "fur"]
    assert not rows["headwear"].any()


def test_what_a_context_does_not_hold_is_not_told():
    text = "a person with red hair wearing a crown"
    found = indicated(WORDS, text, spoken(text, {"headwear": "crown"}), 6)
    assert found.shape == (len(PLACES), 6)
    assert not found.any()


def said_and_shown():
    """One claim, of the second token of three, that covers the left half of 8 x 8 cells."""
    shown = torch.zeros(1, 1, 8, 8)
    shown[..., :4] = 1
    return torch.tensor([[[0.0, 1.0, 0.0]]]), shown


def looking(left, right):
    """Maps (1, 64, 3) whose second token has these shares in the left and in the right half."""
    seen = torch.where(said_and_shown()[1].flatten(2)[0, 0] > 0, left, right)
    return torch.stack([1 - seen, seen, torch.zeros(64)], 1)[None]


def test_words_that_look_where_they_show_lose_nothing():
    said, shown = said_and_shown()
    assert astray([looking(1.0, 0.0)], said, shown, ONE) == pytest.approx(0, abs=1e-4)
    wrong, even = (astray([looking(*each)], said, shown, ONE) for each in ((0.0, 1.0), (0.5, 0.5)))
    assert wrong > 10
    assert even == pytest.approx(0.25 + np.log(2), abs=1e-4)


def test_a_claim_that_shows_nowhere_is_left_out():
    said, shown = said_and_shown()
    assert astray([looking(0.3, 0.6)], said, 0 * shown, ONE) == 0


def test_noise_that_hides_places_counts_less():
    said, shown = said_and_shown()
    full = astray([looking(0.5, 0.5)], said, shown, ONE)
    assert astray([looking(0.5, 0.5)], said, shown, 0.1 * ONE) == pytest.approx(0.1 * float(full))


def test_maps_are_those_of_the_layers_and_can_be_taught():
    torch.manual_seed(0)
    net = latent_unet()
    x, states = torch.randn(2, 4, 16, 16), torch.randn(2, 8, 160)
    said, shown = torch.zeros(2, 1, 8), torch.zeros(2, 1, 16, 16)
    said[..., 3], shown[..., 8:, :] = 1, 1
    optimiser = torch.optim.Adam(net.parameters(), 3e-3)
    losses = []
    for _ in range(6):
        with looks(net) as maps:
            net(x, torch.tensor([10, 10]), encoder_hidden_states=states)
        assert {each.shape[1] for each in maps} == {16, 64, 256}
        assert all(torch.allclose(each.sum(2), torch.ones(())) for each in maps)
        losses.append(astray(maps, said, shown, torch.ones(2)))
        optimiser.zero_grad()
        losses[-1].backward()
        optimiser.step()
    assert losses[-1] < 0.8 * losses[0]
    assert not any(layer._forward_hooks for layer in net.modules())
