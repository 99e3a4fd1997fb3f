"""Texts become ids whichever way the vocabulary came, or a message says what is missing."""

import gzip
import json
import sys
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest
import torch
from tokenizers import pre_tokenizers
from transformers import CLIPTokenizer

from overpaint.errors import ModelNotFoundError, UnsafeFileError
from overpaint.models import vocabulary
from overpaint.models.folders import Folder
from overpaint.models.texts import END, START, of_folder, of_openai
from overpaint.models.vocabulary import SPECIAL

MERGES = [("c", "a"), ("ca", "t</w>"), ("d", "o"), ("do", "g</w>")]
SENTENCES = ["A  cat,\n a DOG!", "", "catdog's 42 café", "x" * 50]


def words():
    single = sorted(pre_tokenizers.ByteLevel.alphabet())
    listed = [*single, *(f"{c}</w>" for c in single), *map("".join, MERGES), *SPECIAL]
    return {word: number for number, word in enumerate(listed)}


def write_pair(folder, merges=None):
    merges = merges or "\n".join(map(" ".join, MERGES))
    (folder / "vocab.json").write_text(json.dumps(words()))
    (folder / "merges.txt").write_text(f"#version: 0.2\n{merges}\n")
    return Folder.at(folder)


def test_vocabulary_and_merges_do_what_transformers_does(tmp_path):
    texts = of_folder(write_pair(tmp_path), len(words()))
    theirs = CLIPTokenizer.from_pretrained(tmp_path)
    given = theirs(SENTENCES, padding="max_length", max_length=60, truncation=True)
    assert texts(SENTENCES, 60).tolist() == given["input_ids"]
    cat = words()["cat</w>"]
    assert texts(["cat"], 4).tolist() == [[len(words()) - 2, cat, *[len(words()) - 1] * 2]]


def test_the_tokenizer_in_a_folder_wins(tmp_path):
    theirs = CLIPTokenizer(vocab=words(), merges=MERGES)
    theirs.backend_tokenizer.enable_padding(length=20)
    theirs.backend_tokenizer.enable_truncation(1)
    theirs.backend_tokenizer.save(str(tmp_path / "tokenizer.json"))
    texts, (start, end) = of_folder(Folder.at(tmp_path), vocabulary.SIZE), map(words().get, SPECIAL)
    cat, dog = words()["cat</w>"], words()["dog</w>"]
    assert texts(["cat dog"], 6).tolist() == [[start, cat, dog, end, end, end]]


@pytest.mark.parametrize(
    "write",
    [
        lambda folder: write_pair(folder, merges="no such"),
        lambda folder: write_pair(folder, merges="one two three"),
        lambda folder: (write_pair(folder).path / "merges.txt").write_bytes(b"\xff\xfe"),
        lambda folder: (write_pair(folder).path / "vocab.json").write_text('{"a": "b"}'),
        lambda folder: (write_pair(folder).path / "vocab.json").write_text("[1"),
        lambda folder: (folder / "tokenizer.json").write_text("{}"),
    ],
)
def test_damaged_tokenizers_are_refused(tmp_path, write):
    write(tmp_path)
    with pytest.raises(UnsafeFileError):
        of_folder(Folder.at(tmp_path), vocabulary.SIZE)


def test_a_vocabulary_without_an_end_is_no_clips(tmp_path):
    write_pair(tmp_path)
    listed = {word: number for word, number in words().items() if word not in SPECIAL}
    (tmp_path / "vocab.json").write_text(json.dumps(listed))
    with pytest.raises(UnsafeFileError, match=r"it has no <\|startoftext\|>"):
        of_folder(Folder.at(tmp_path), vocabulary.SIZE)


def test_only_openais_vocabulary_can_do_without(tmp_path):
    with pytest.raises(ModelNotFoundError, match=r"tokenizer.json, or vocab.json"):
        of_folder(Folder.at(tmp_path), 1000)


def absent(name):
    raise PackageNotFoundError(name)


@pytest.mark.parametrize("library", ["ftfy", "instant_clip_tokenizer"])
def test_a_missing_library_is_named(monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setattr(vocabulary, "distribution", absent)
    with pytest.raises(ModelNotFoundError, match=library) as caught:
        of_openai()
    assert "pip install 'overpaint[clip]'" in caught.value.hint


def test_the_vocabulary_of_open_clip_stands_in(tmp_path, monkeypatch):
    packed = gzip.compress("\n".join(["version", *map(" ".join, MERGES)]).encode())
    (tmp_path / "bpe.gz").write_bytes(packed)
    found = SimpleNamespace(locate_file=lambda name: tmp_path / "bpe.gz")
    monkeypatch.setattr(vocabulary, "distribution", lambda name: found)
    monkeypatch.setitem(sys.modules, "instant_clip_tokenizer", None)
    known = words()
    ids = of_openai()(["Cat  dog &amp;amp; x"], 8)[0].tolist()
    assert ids == [START, *(known[f"{w}</w>"] for w in ("cat", "dog", "&", "x")), END, 0, 0]


@pytest.fixture(scope="module")
def texts():
    if sys.version_info >= (3, 13):
        pytest.importorskip("instant_clip_tokenizer")  # has no wheel there
    return of_openai()


def test_texts_of_a_batch_do_not_touch_each_other(texts):
    both = texts(["a cat", "a photo of a much longer sentence"], 6)
    assert torch.equal(both[:1], texts(["a cat"], 6))
    assert both.shape == (2, 6)
    assert both[:, 0].tolist() == [START] * 2
    assert both[1, -1] == END


@pytest.mark.parametrize("text", ["\0", "\ud800", "e\u0301", "“curly”", "\u202e", "a" * 100_000])
def test_any_text_becomes_ids(texts, text):
    ids = texts([text], 77)
    assert ids.shape == (1, 77)
    assert int((ids == END).sum()) == 1


def test_letters_and_quotes_are_brought_to_one_form(texts):
    for one, other in (("“curly” ’s", '"curly" \'s'), ("cafe\u0301", "café"), ("ÄÖ", "äö")):
        assert torch.equal(texts([one], 20), texts([other], 20))
