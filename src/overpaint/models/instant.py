"""OpenAI's vocabulary in a library that gives ids alone: where they stand is found by words."""

from dataclasses import dataclass
from typing import Any

from tokenizers import pre_tokenizers
from transformers import CLIPTokenizer

from overpaint.models.conditions import Span
from overpaint.models.tokens import SPECIAL

IDS = {"!": 0, "<|startoftext|>": 49406, "<|endoftext|>": 49407}


@dataclass(frozen=True)
class Found:
    """Token ids of a text, and the characters [start, end) that each stands for."""

    ids: list[int]
    offsets: list[Span]


@dataclass(frozen=True, eq=False)
class Instant:
    """`instant_clip_tokenizer` as a tokenizer.

    alone: what is a token by itself wherever it stands, as a tokenizer's padding is.
    """

    library: Any
    words: pre_tokenizers.PreTokenizer
    alone: str

    def encode(self, sequence: str, *, add_special_tokens: bool = False) -> Found:
        """The tokens of a text, without start and end."""
        found = Found([], [])
        for _, (start, end) in self.words.pre_tokenize_str(sequence):
            self._word(sequence[start:end], start, found)
        return found

    def token_to_id(self, token: str) -> int | None:
        """Of those that stand for no word."""
        return IDS.get(token)

    def _word(self, word: str, start: int, found: Found) -> None:
        before, alone, after = word.partition(word if word in SPECIAL else self.alone)
        ids = self.library.encode(before)
        place = start
        for number, each in enumerate(ids):
            last = number == len(ids) - 1
            length = len(before) if last else len(self.library.decode([each]).rstrip(" "))
            until = min(start + len(before), start + length if last else place + length)
            found.ids.append(each)
            found.offsets.append((place, until))
            place = until
        if alone:
            found.ids.append(IDS[alone])
            found.offsets.append((start + len(before), start + len(before) + len(alone)))
            self._word(after, start + len(before) + len(alone), found)


def instant(alone: str) -> Instant:
    """The library's tokenizer.

    Raises:
        ImportError: it is not installed.
    """
    from instant_clip_tokenizer import Tokenizer

    words, _ = CLIPTokenizer().backend_tokenizer.pre_tokenizer  # bytes come after words
    return Instant(Tokenizer(), words, alone)
