"""Presets: each is found, can be tuned as it stands, and names nobody who lives."""

from dataclasses import asdict

import pytest

from overpaint.errors import OptionError
from overpaint.methods.options import parse_fields
from overpaint.models.folders import Folder
from overpaint.models.zoo import embedded
from overpaint.recipes.diffusionclip import Config
from overpaint.recipes.presets import CODE, FACELESS, PAPER, PORTRAITS, PRESETS, find

EVERY = {f"{domain}/{name}": one for domain, of in PRESETS.items() for name, one in of.items()}


@pytest.mark.parametrize("options", [PAPER, CODE, *(one.options for one in EVERY.values())])
def test_every_option_is_one_of_tuning(options):
    parse_fields(Config, options, "The preset")


@pytest.mark.parametrize("full", EVERY)
def test_every_preset_is_found_and_says_a_change(full):
    domain, name = full.split("/")
    assert find(full) is find(name, domain) is EVERY[full]
    assert EVERY[full].prompt.lower() != EVERY[full].source_prompt.lower() != ""


def test_a_name_of_one_domain_will_do_and_one_of_several_will_not():
    assert find("tanned").prompt == "tanned face"
    assert find(" Grey_Hair ").prompt == "person with grey hair"
    assert find("sketch", "portraits").prompt == "a pencil sketch of a person"
    with pytest.raises(OptionError, match="face/sketch") as told:
        find("sketch")
    assert "portraits/sketch" in told.value.hint


@pytest.mark.parametrize(("name", "meant"), [("tand", "tanned"), ("dog_bear", "dog/bear")])
def test_what_was_meant_is_guessed(name, meant):
    with pytest.raises(OptionError, match=f"no preset '{name}'(.|\n)*{meant!r}"):
        find(name)


def test_mistakes_of_the_authors_table_are_mended():
    texts = {full: one.prompt for full, one in EVERY.items() if not full.startswith("portraits")}
    assert len(set(texts.values())) == len(texts) - 2  # dogs become zombies and Saiyans too
    everything = " ".join(texts.values()).lower()
    assert not any(wrong in everything for wrong in ("coverd", "jocker"))
    living = ("nicolas", "cage", "zuckerberg", "mark", "benedict", "cumberbatch", "self-portrait")
    assert not set(everything.split()) & set(living)
    sources = {one.source_prompt for full, one in EVERY.items() if "portraits" not in full}
    assert sources == {"face", "person", "photo", "human", "dog", "church", "bedroom"}


def test_known_return_times_are_kept_and_others_are_the_examples():
    assert find("pixar").options["t0"] == 601
    assert find("tanned").options["t0"] == 201
    assert find("church/snow").options["t0"] == PAPER["t0"] == 500
    assert FACELESS.items() <= find("dog/bear").options.items()


def test_the_embedded_ones_are_told_apart_by_all_their_names():
    texts = [text for one in PORTRAITS.values() for text in (one.prompt, *one.aliases)]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("name", PORTRAITS)
def test_the_embedded_ones_are_what_their_adapters_were_tuned_by(name):
    card = Folder.at(embedded("adapters") / name).card()
    preset = asdict(parse_fields(Config, PORTRAITS[name].options, "It"))
    told = {option: card[option] for option in preset if option in card and option != "clip"}
    assert told == {option: preset[option] for option in told}
    assert len(told) > 12
    assert (card["prompt"], card["source_prompt"]) == (
        PORTRAITS[name].prompt,
        PORTRAITS[name].source_prompt,
    )
