"""A library that gives ids alone, as a tokenizer that also says where they stand."""

import html
import json
from pathlib import Path

import pytest

from overpaint.models.instant import IDS, instant

pytest.importorskip("instant_clip_tokenizer")
fix = pytest.importorskip("ftfy").fix_text

PROMPTS = json.loads((Path(__file__).parents[1] / "data/clip_tokens.json").read_text())["prompts"]
PLAIN = instant("<|endoftext|>")


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: prompt["text"][:20])
def test_ids_are_openais_and_each_has_its_place(prompt):
    text = " ".join(html.unescape(html.unescape(fix(prompt["text"]))).split()).lower()
    found = PLAIN.encode(text)
    assert found.ids == prompt["ids"]
    places = [place for span in found.offsets for place in span]
    assert places == sorted(places)
    assert "".join(text[a:b] for a, b in found.offsets) == "".join(text.split())
    if text.isascii():
        decode = PLAIN.library.decode
        said = [decode([n]).strip().replace("<end_of_text>", "<|endoftext|>") for n in found.ids]
        assert [text[a:b] for a, b in found.offsets] == said


def test_what_pads_is_a_token_wherever_it_stands():
    found = instant("!").encode("hello!! cat?!")
    assert found.ids == [3306, 0, 0, 2368, 286, 0]
    assert found.offsets == [(0, 5), (5, 6), (6, 7), (8, 11), (11, 12), (12, 13)]
    assert PLAIN.encode("hello!!").ids == [3306, 748]


def test_tokens_that_stand_for_no_word_are_known():
    assert [PLAIN.token_to_id(name) for name in IDS] == [0, 49406, 49407]
    assert PLAIN.token_to_id("cat") is None
