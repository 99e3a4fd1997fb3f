"""What a picture shows, and what an edit of it shall: two texts whose words are told apart."""

from dataclasses import dataclass

from overpaint.core.emphasis import typed
from overpaint.core.wording import Wording
from overpaint.models.conditions import Reader


@dataclass(frozen=True)
class Pair:
    """What a picture shows, and an edit of it, in which words may be weighted: "(hat:2)"."""

    source: str
    target: str
    picture: int = 0  # its row

    def wordings(self, reader: Reader) -> tuple[Wording, Wording]:
        """Both texts, freed of weights, and what each token of a reader stands for in them."""
        return told(reader, self.source), told(reader, typed(self.target).text)


def told(reader: Reader, text: str) -> Wording:
    """A text, and what each token of a reader stands for in it."""
    return Wording(text, tuple(reader.spans(text)))
