"""A CLIP text encoder as a network reads it: a vector for each token (arXiv 2112.10752)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from overpaint.errors import OptionError
from overpaint.models.conditions import Cond, Span
from overpaint.models.texts import SPECIAL


@dataclass(frozen=True, eq=False)
class ClipReader:
    """A tokenizer and a frozen transformers `CLIPTextModel`; texts are read in lower case."""

    tokenizer: Tokenizer
    net: Any
    context: int
    pad: int  # the token that fills the context after the end

    def __call__(self, texts: Sequence[str]) -> Cond:
        """`Cond.text` (B, L, D): the last layer's states after its norm, in float32."""
        with torch.no_grad():
            states: Tensor = self.net(input_ids=self.ids(texts)).last_hidden_state
        return Cond(states.float())

    def ids(self, texts: Sequence[str]) -> Tensor:
        """(B, context) token ids: start, words, end, padding."""
        start, end = (self.tokenizer.token_to_id(name) for name in SPECIAL)
        rows = []
        for text in texts:
            words = self.tokenizer.encode(text.lower(), add_special_tokens=False).ids
            if len(words) > self.context - 2:
                raise OptionError(
                    f"The text {text!r:.60} is too long",
                    f"{len(words)} tokens, where the model reads {self.context - 2}",
                    "Say it in fewer words.",
                )
            rows.append([start, *words, end, *[self.pad] * (self.context - 2 - len(words))])
        return torch.tensor(rows, device=next(self.net.parameters()).device)

    def spans(self, text: str) -> list[Span | None]:
        """Which characters of `text` each token stands for, without blanks around them."""
        encoded = self.tokenizer.encode(text.lower(), add_special_tokens=False)
        found: list[Span | None] = [None]
        for start, end in encoded.offsets:
            words = text[start:end]
            left = start + len(words) - len(words.lstrip())
            found.append((left, left + len(words.strip())))
        return found + [None] * (self.context - len(found))
