"""What a tuned picture should be, as options: each loss counts by its weight and is off at 0."""

from dataclasses import dataclass

from overpaint.methods.options import opt
from overpaint.recipes.templates import TEMPLATES


@dataclass(frozen=True)
class Aims:
    """The weights of the losses and what they are measured with."""

    clip_weight: float = opt(1.0, "of the directional CLIP loss", 0, 1000)
    reach: float = opt(1.0, "of the text's change that the picture's has to reach", 0, 10)
    form: str = opt(
        "cosine",
        "of CLIP's losses L = 1 - cos: as they are, or the authors' -log((2 - L) / 2)",
        choices=("cosine", "authors"),
    )
    templates: str = opt("none", "sentences that the texts stand in", choices=tuple(TEMPLATES))
    clip: str = opt(
        "",
        "folders, files or hub ids of the CLIPs that guide, such as a,b:0.5; the embedded one "
        "without it",
    )
    views: int = opt(
        3, "random views of each picture that CLIP compares; 0: the picture itself", 0, 64
    )
    antialias: bool = opt(True, "when pictures are made smaller for CLIP; the authors had none")
    region: str = opt("", "a mask, white where pictures may change; everywhere without it")
    global_weight: float = opt(0.0, "of the distance between picture and text", 0, 1000)
    patch_weight: float = opt(0.0, "of the directional loss of patches", 0, 1000)
    patches: int = opt(4, "random patches of each picture", 1, 64)
    patch_size: float = opt(0.5, "their side, as a part of the picture's", 0.05, 1)
    angle_weight: float = opt(0.0, "of cosines other than between the texts", 0, 1000)
    style_images: str = opt("", "an image or a folder of images whose style pictures take on")
    style_weight: float = opt(0.0, "of the directional loss towards these", 0, 1000)
    l1_weight: float = opt(0.05, "of the mean absolute difference", 0, 1000)
    identity_weight: float = opt(0.0, "of the face encoder's loss", 0, 1000)
    identity: str = opt(
        "", "folder or file of the face encoder, or none; the embedded one without it"
    )
    lpips_weight: float = opt(0.0, "of LPIPS; needs the package lpips", 0, 1000)
    edge_weight: float = opt(0.5, "of edges that leave their places", 0, 1000)
    smooth_weight: float = opt(
        0.1, "of the mean squared difference of neighbouring pixels", 0, 1000
    )


# The losses by name, in the order in which they are added, and their weights.
STEERS = {
    "clip": "clip_weight",
    "global": "global_weight",
    "patch": "patch_weight",
    "angle": "angle_weight",
    "style": "style_weight",
}
KEEPS = {
    "l1": "l1_weight",
    "identity": "identity_weight",
    "lpips": "lpips_weight",
    "edges": "edge_weight",
    "smooth": "smooth_weight",
}


def weights(aims: Aims) -> dict[str, float]:
    """The losses that count, and how much."""
    given = {name: float(getattr(aims, field)) for name, field in (STEERS | KEEPS).items()}
    return {name: weight for name, weight in given.items() if weight > 0}
