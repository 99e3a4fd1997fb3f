"""Texts as token ids: by the tokenizer that came with a CLIP, or by OpenAI's own."""

import html
import re
from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Protocol

import torch
from tokenizers import Tokenizer
from torch import Tensor

from overpaint.errors import ModelNotFoundError
from overpaint.models import vocabulary
from overpaint.models.folders import Folder
from overpaint.models.vocabulary import SIZE, SPECIAL

HINT = (
    "Run `pip install 'overpaint[clip]'`; where that brings no vocabulary (Python 3.13 and later),"
    " also `pip install --no-deps open_clip_torch`."
)
START, END = SIZE - 2, SIZE - 1


class Texts(Protocol):
    """Texts to ids `(B, context)`: start, words, end, padding; what exceeds the context is cut."""

    def __call__(self, texts: list[str], context: int, /) -> Tensor: ...


def tokens(tokenizer: Tokenizer, texts: list[str], context: int) -> Tensor:
    """Ids `(B, context)`: start, words, end, then end again as padding."""
    start, end = (tokenizer.token_to_id(name) for name in SPECIAL)
    rows = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids[: context - 2]
        rows.append([start, *ids, *[end] * (context - 1 - len(ids))])
    return torch.tensor(rows, dtype=torch.long)


def of_folder(folder: Folder, size: int) -> Texts:
    """What a folder's own tokenizer says, or OpenAI's where there is none and `size` is its.

    Raises:
        ModelNotFoundError: there is none.
        UnsafeFileError: its files are damaged.
    """
    if (found := vocabulary.in_folder(folder)) is not None:
        return partial(tokens, found)
    if size != SIZE:
        why = "expected tokenizer.json, or vocab.json with merges.txt"
        raise ModelNotFoundError(f"There is no tokenizer in {folder.path}", why)
    return of_openai()


def of_openai() -> Texts:
    """OpenAI's tokenizer, from a library that has its vocabulary.

    Raises:
        ModelNotFoundError: no such library is installed.
    """
    try:
        import ftfy

        return partial(_ids, _encoder(), ftfy.fix_text)
    except ImportError as error:
        raise ModelNotFoundError(
            "This CLIP came without its tokenizer",
            f"OpenAI's would stand in, but the library {error.name} is not installed",
            HINT,
        ) from error


def _encoder() -> Callable[[str], list[int]]:
    """Words to ids, without any care for special tokens."""
    try:
        from instant_clip_tokenizer import Tokenizer as Instant
    except ImportError:
        if (found := vocabulary.in_open_clip()) is None:
            raise
        return lambda text: found.encode(text, add_special_tokens=False).ids
    return Instant().encode


def _ids(
    encode: Callable[[str], list[int]], fix: Callable[[str], str], texts: list[str], context: int
) -> Tensor:
    """Ids `(B, context)` as OpenAI's code gives them: padded with zeros, the last always an end."""
    rows = torch.zeros(len(texts), context, dtype=torch.long)
    special = dict(zip(SPECIAL, (START, END), strict=True))
    for row, text in zip(rows, texts, strict=True):
        plain = html.unescape(html.unescape(fix(text)))
        pieces = re.split(r"(<\|(?:start|end)oftext\|>)", " ".join(plain.split()).lower())
        words = (encode(p) if p not in special else [special[p]] for p in pieces)
        ids = [START, *chain.from_iterable(words), END]
        row[: len(ids)] = torch.tensor(ids if len(ids) <= context else [*ids[: context - 1], END])
    return rows
