"""A T5 encoder as SD3 and FLUX read it (arXiv 1910.10683)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from overpaint.models.conditions import Cond, Span
from overpaint.models.devices import running
from overpaint.models.reading import check_length, trimmed

END, PAD = "</s>", "<pad>"


@dataclass(frozen=True, eq=False)
class T5Reader:
    """A tokenizer and a frozen transformers `T5EncoderModel`; padding is read along, as trained."""

    tokenizer: Tokenizer
    net: Any
    context: int
    dtype: torch.dtype = torch.float32  # its multiplications; float16 overflows in it

    def __call__(self, texts: Sequence[str]) -> Cond:
        """`Cond.text` (B, L, D): the last layer's states, in float32."""
        ids = self.ids(texts)
        with torch.no_grad(), running(ids.device, self.dtype):
            states: Tensor = self.net(input_ids=ids).last_hidden_state
        return Cond(states.float())

    @property
    def width(self) -> int:
        """D of the states (B, L, D)."""
        return int(self.net.config.d_model)

    def ids(self, texts: Sequence[str]) -> Tensor:
        """(B, context) token ids: words, end, padding."""
        end, pad = (self.tokenizer.token_to_id(name) for name in (END, PAD))
        rows = []
        for text in texts:
            words = self.tokenizer.encode(text, add_special_tokens=False).ids
            check_length(text, len(words), self.context - 1)
            rows.append([*words, end, *[pad] * (self.context - 1 - len(words))])
        return torch.tensor(rows, device=next(self.net.parameters()).device)

    def spans(self, text: str) -> list[Span | None]:
        """Which characters of `text` each token stands for, without blanks around them."""
        encoded = self.tokenizer.encode(text, add_special_tokens=False)
        found = trimmed(text, encoded.offsets)[: self.context - 1]
        return found + [None] * (self.context - len(found))
