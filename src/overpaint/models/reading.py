"""A CLIP text encoder as a network reads it: a vector for each token (arXiv 2112.10752)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from overpaint.errors import OptionError
from overpaint.models.conditions import Cond, Span
from overpaint.models.tokens import SPECIAL, Encoded, Tokens


@dataclass(frozen=True, eq=False)
class ClipReader:
    """A tokenizer and a frozen transformers `CLIPTextModel`; texts are read in lower case."""

    tokenizer: Tokens
    net: Any
    context: int
    pad: int  # the token that fills the context after the end
    penultimate: bool = False  # the states before the last layer, as SDXL has them
    cuts: bool = False  # of a text that is too long the beginning is read

    def __call__(self, texts: Sequence[str]) -> Cond:
        """`Cond.text` (B, L, D): the last layer's states after its norm, in float32."""
        return Cond(self.both(texts)[0])

    def both(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """The same (B, L, D), and what the encoder says of the whole text, (B, P)."""
        with torch.no_grad():
            out = self.net(input_ids=self.ids(texts), output_hidden_states=self.penultimate)
        states = out.hidden_states[-2] if self.penultimate else out.last_hidden_state
        pooled = out.text_embeds if "text_embeds" in out else out.pooler_output
        return states.float(), pooled.float()

    @property
    def width(self) -> int:
        """D of the states (B, L, D)."""
        return int(self.net.config.hidden_size)

    def ids(self, texts: Sequence[str]) -> Tensor:
        """(B, context) token ids: start, words, end, padding."""
        start, end = (self.tokenizer.token_to_id(name) for name in SPECIAL)
        rows = []
        for text in texts:
            words = self._encoded(text).ids
            if self.cuts:
                words = words[: self.context - 2]
            check_length(text, len(words), self.context - 2)
            rows.append([start, *words, end, *[self.pad] * (self.context - 2 - len(words))])
        return torch.tensor(rows, device=next(self.net.parameters()).device)

    def spans(self, text: str) -> list[Span | None]:
        """Which characters of `text` each token stands for, without blanks around them."""
        found = [None, *trimmed(text, self._encoded(text).offsets)[: self.context - 2]]
        return found + [None] * (self.context - len(found))

    def _encoded(self, text: str) -> Encoded:
        # Letter by letter: some become two in lower case, and then no place would be right.
        lower = "".join(low if len(low := c.lower()) == 1 else c for c in text)
        found: Encoded = self.tokenizer.encode(lower, add_special_tokens=False)
        return found


def trimmed(text: str, offsets: Sequence[Span]) -> list[Span | None]:
    """Spans of `text` without the blanks at their ends."""
    found = list[Span | None]()
    for start, end in offsets:
        words = text[start:end]
        left = start + len(words) - len(words.lstrip())
        found.append((left, left + len(words.strip())))
    return found


def check_length(text: str, count: int, most: int) -> None:
    """Refuses a text of more than `most` tokens.

    Raises:
        OptionError: it has too many.
    """
    if count > most:
        raise OptionError(
            f"The text {text!r:.60} is too long",
            f"{count} tokens, where the model reads {most}",
            "Say it in fewer words.",
        )
