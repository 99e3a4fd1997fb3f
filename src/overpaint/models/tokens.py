"""What reading a text asks of a tokenizer."""

from typing import Protocol

from overpaint.models.conditions import Span

SPECIAL = ("<|startoftext|>", "<|endoftext|>")  # CLIP's


class Encoded(Protocol):
    """Token ids of a text, and the characters [start, end) that each stands for."""

    @property
    def ids(self) -> list[int]: ...

    @property
    def offsets(self) -> list[Span]: ...


class Tokens(Protocol):
    """A `tokenizers.Tokenizer`, or what does as much of it as reading takes."""

    def encode(self, sequence: str, *, add_special_tokens: bool) -> Encoded: ...

    def token_to_id(self, token: str) -> int | None: ...
