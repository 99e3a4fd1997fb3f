"""The edit methods, one a file; calling the package, `overpaint.methods()`, lists them."""

from overpaint.listing import callable_package
from overpaint.methods import diffusionclip, latent_optimisation, sdedit
from overpaint.methods.registry import methods

__all__ = ["diffusionclip", "latent_optimisation", "methods", "sdedit"]
callable_package(__name__, methods)
