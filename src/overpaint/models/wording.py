"""The tokenizers in a pipeline's folder, as data."""

from typing import Any

from tokenizers import Tokenizer

from overpaint.errors import ModelNotFoundError, OverpaintError, UnsafeFileError
from overpaint.models import vocabulary
from overpaint.models.folders import Folder
from overpaint.models.t5 import END, PAD

UNLIMITED = 1 << 20  # tokens, where a tokenizer names no limit


def clip_tokens(folder: Folder, net: Any) -> tuple[Tokenizer, int, int]:
    """A CLIP's tokenizer, the token that it pads with, and how many tokens it allows.

    Raises:
        ModelNotFoundError: there is none.
        UnsafeFileError: it is none, or knows more than the network.
    """
    tokenizer = vocabulary.in_folder(folder)
    if tokenizer is None:
        why = "expected tokenizer.json, or vocab.json with merges.txt"
        raise ModelNotFoundError(f"There is no tokenizer in {folder.path}", why)
    said = _said(folder)
    pad = str(said.get("pad_token") or vocabulary.SPECIAL[1])
    number = tokenizer.token_to_id(pad)
    if number is None:
        raise UnsafeFileError(f"The tokenizer in {folder.path} does not know its {pad!r:.40}")
    tokenizer.add_special_tokens([pad])  # "!" is one by itself where it pads, as in SD 2 and SDXL
    _check_vocabulary(tokenizer, net.config.vocab_size, folder)
    longest = said.get("model_max_length")
    return tokenizer, number, longest if isinstance(longest, int) and longest > 2 else UNLIMITED


def t5_tokens(folder: Folder, net: Any) -> Tokenizer:
    """A T5's tokenizer.

    Raises:
        ModelNotFoundError: there is none.
        UnsafeFileError: it is none, or knows more than the network.
    """
    try:
        found = Tokenizer.from_file(str(folder.file("tokenizer.json")))
    except OverpaintError:
        raise
    except Exception as error:  # tokenizers raises nothing more special
        what = f"The tokenizer in {folder.path} is no T5's"
        raise UnsafeFileError(what, str(error)[:200]) from error
    if missing := [word for word in (END, PAD) if found.token_to_id(word) is None]:
        raise UnsafeFileError(f"The tokenizer in {folder.path} has no {missing[0]}")
    found.no_padding()
    found.no_truncation()
    _check_vocabulary(found, net.config.vocab_size, folder)
    return found


def _said(folder: Folder) -> dict[str, Any]:
    """What is said of a tokenizer beside it; where both files do, the older kind counts."""
    names = ("tokenizer_config.json", "special_tokens_map.json")
    config, special = (folder.json(name) if folder.has(name) else {} for name in names)
    both = config if "added_tokens_decoder" in config else config | special
    return {k: v.get("content") if isinstance(v, dict) else v for k, v in both.items()}


def _check_vocabulary(tokenizer: Tokenizer, size: int, folder: Folder) -> None:
    largest = max(tokenizer.get_vocab().values(), default=0)
    if largest >= size:
        why = f"it goes to number {largest}, where the text encoder knows {size} tokens"
        raise UnsafeFileError(f"The tokenizer in {folder.path} does not fit", why)
