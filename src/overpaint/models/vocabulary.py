"""CLIP's byte-pair vocabulary as a tokenizer, from the forms in which it is handed around."""

import gzip
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tokenizers import Tokenizer, pre_tokenizers
from transformers import CLIPTokenizer

from overpaint.errors import ModelNotFoundError, UnsafeFileError
from overpaint.models.folders import Folder
from overpaint.models.hub import cached
from overpaint.models.instant import instant
from overpaint.models.tokens import SPECIAL, Tokens

SIZE = 49408  # of OpenAI's vocabulary
MERGES_BYTES = 4 << 20
CLIP = "openai/clip-vit-large-patch14"  # a download that has it
PACKED = "open_clip/bpe_simple_vocab_16e6.txt.gz"


def in_folder(folder: Folder) -> Tokenizer | None:
    """The tokenizer in a folder: tokenizer.json, or else vocab.json with merges.txt.

    Raises:
        UnsafeFileError: its files are damaged, or its vocabulary is not a CLIP's.
    """
    try:
        if folder.has("tokenizer.json"):
            found = Tokenizer.from_file(str(folder.file("tokenizer.json")))
            _check(found.get_vocab())
            found.no_padding()
            found.no_truncation()
            return found
        if folder.has("vocab.json", "merges.txt"):
            return _paired(folder.json("vocab.json"), _pairs(folder.file("merges.txt")))
    except UnsafeFileError:
        raise
    except Exception as error:  # tokenizers raises nothing more special
        what = f"The tokenizer in {folder.path} is no CLIP's"
        raise UnsafeFileError(what, str(error)[:200]) from error
    return None


def of_openai(pad: str) -> Tokens:
    """OpenAI's, from a download of its CLIP or a library; `pad` is a token wherever it stands.

    Raises:
        ModelNotFoundError: there is none on this machine.
    """
    if (found := _in_cache() or in_open_clip()) is not None:
        found.add_special_tokens([pad])
        return found
    try:
        return instant(pad)
    except ImportError as error:
        what = "The vocabulary of OpenAI's CLIP is not on this machine"
        hint = f"Run `hf download {CLIP} tokenizer.json`, or `pip install 'overpaint[clip]'`."
        raise ModelNotFoundError(what, "a single file has none", hint) from error


def in_open_clip() -> Tokenizer | None:
    """OpenAI's, where the distribution open_clip_torch is installed; it is not imported."""
    try:
        path = Path(str(distribution("open_clip_torch").locate_file(PACKED)))
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    except (PackageNotFoundError, OSError):
        return None
    single = sorted(pre_tokenizers.ByteLevel.alphabet())
    known = 2 * len(single) + len(SPECIAL)
    merges = [(one, other) for one, other in map(str.split, lines[1 : 1 + SIZE - known])]
    words = [*single, *(f"{c}</w>" for c in single), *map("".join, merges), *SPECIAL]
    return _paired({word: number for number, word in enumerate(words)}, merges)


def _in_cache() -> Tokenizer | None:
    try:
        return in_folder(cached(CLIP))
    except ModelNotFoundError:
        return None


def _paired(vocabulary: dict[str, int], merges: Sequence[tuple[str, str]]) -> Tokenizer:
    _check(vocabulary)
    made = CLIPTokenizer(vocab=vocabulary, merges=list(merges))  # type: ignore[arg-type]
    return made.backend_tokenizer


def _check(vocabulary: Mapping[str, int]) -> None:
    if missing := [word for word in SPECIAL if word not in vocabulary]:
        raise ValueError(f"it has no {missing[0]}")


def _pairs(path: Path) -> list[tuple[str, str]]:
    """The merges in a merges.txt, best first."""
    if path.stat().st_size > MERGES_BYTES:
        raise UnsafeFileError(f"{path} is too large for a list of merges")
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" ") for line in lines if line and not line.startswith("#version")]
    return [(one, other) for one, other in pairs]
