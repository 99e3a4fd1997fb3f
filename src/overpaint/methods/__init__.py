"""The edit methods, one a file; calling the package, `overpaint.methods()`, lists them."""

from overpaint.listing import callable_package
from overpaint.methods import (
    blended,
    diffedit,
    diffusionclip,
    latent_optimisation,
    local_clip,
    null_text,
    prompt_to_prompt,
    sdedit,
)
from overpaint.methods.registry import methods

__all__ = [
    "blended",
    "diffedit",
    "diffusionclip",
    "latent_optimisation",
    "local_clip",
    "methods",
    "null_text",
    "prompt_to_prompt",
    "sdedit",
]
callable_package(__name__, methods)
