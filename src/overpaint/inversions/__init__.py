"""Ways from a picture to noise and back."""
