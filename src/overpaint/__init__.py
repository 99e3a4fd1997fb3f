"""Edit real images by text with diffusion models."""
