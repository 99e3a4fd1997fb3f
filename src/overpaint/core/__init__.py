"""The mathematics of diffusion: torch only; no network, no file, no clock."""
