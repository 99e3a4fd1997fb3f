"""How alike pictures and texts are to a network: of embeddings (B, d), whatever their length."""

from torch import Tensor
from torch.nn import functional as F

from overpaint.metrics.registry import EMBEDDINGS, metric


@metric("clip-t", unit="cosine", better="higher", takes=EMBEDDINGS)
def clip_t(images: Tensor, texts: Tensor) -> Tensor:
    """(B,): a picture and its text, as CLIP embeds both (arXiv 2208.12242)."""
    return F.cosine_similarity(images, texts)


@metric("clip-direction", unit="cosine", better="higher", takes=EMBEDDINGS)
def direction(edits: Tensor, sources: Tensor, texts: Tensor, source_texts: Tensor) -> Tensor:
    """(B,): the way that a picture went and the one between its texts; 0 where nothing changed.

    All are taken at unit length first (arXiv 2211.09800).
    """
    seen = F.normalize(edits) - F.normalize(sources)
    said = F.normalize(texts) - F.normalize(source_texts)
    return F.cosine_similarity(seen, said)


@metric("identity", unit="cosine", better="higher", takes=EMBEDDINGS)
def identity(edits: Tensor, sources: Tensor) -> Tensor:
    """(B,): the face before and after, as a face encoder embeds both."""
    return F.cosine_similarity(edits, sources)


@metric("clip-i", unit="cosine", better="higher", takes=EMBEDDINGS)
def clip_i(generated: Tensor, real: Tensor) -> Tensor:
    """(): every picture made (N, d) with every real one (M, d), the mean (arXiv 2208.12242)."""
    return (F.normalize(generated) @ F.normalize(real).T).mean()


@metric("dino", unit="cosine", better="higher", takes=EMBEDDINGS)
def dino(generated: Tensor, real: Tensor) -> Tensor:
    """(): as CLIP-I, of DINO's embeddings."""
    return clip_i.fn(generated, real)  # type: ignore[no-any-return]


@metric("pres", unit="cosine", better="lower", takes=EMBEDDINGS)
def pres(of_class: Tensor, of_subject: Tensor) -> Tensor:
    """(): DINO of pictures made of the class, with real ones of the subject (arXiv 2208.12242).

    Where it is high, the class has become the subject.
    """
    return clip_i.fn(of_class, of_subject)  # type: ignore[no-any-return]


@metric("div", unit="LPIPS", better="higher", takes=EMBEDDINGS)
def div(distances: Tensor) -> Tensor:
    """(): the mean over pairs of the distances (N, N) between pictures of one subject and text.

    Where it is low, all have become the same (arXiv 2208.12242).
    """
    count = len(distances)
    return (distances.sum() - distances.diagonal().sum()) / (count * (count - 1))


@metric("structure", unit="squared", better="lower", takes=EMBEDDINGS)
def structure(edits: Tensor, sources: Tensor) -> Tensor:
    """(B,): mean squared difference of how alike the places (B, N, d) of each picture are.

    Of DINO's keys it is the structure distance (arXiv 2201.00424).
    """
    return (_alike(edits) - _alike(sources)).square().flatten(1).mean(1)


@metric("segmentation", unit="share", better="higher", takes=EMBEDDINGS)
def segmentation(edits: Tensor, sources: Tensor) -> Tensor:
    """(B,): the share of places whose class (B, H, W) is as before (arXiv 2110.02711)."""
    return (edits == sources).double().flatten(1).mean(1)


def _alike(places: Tensor) -> Tensor:
    """(B, N, N): the cosines of each picture's places."""
    unit = F.normalize(places, dim=-1)
    return unit @ unit.transpose(1, 2)
