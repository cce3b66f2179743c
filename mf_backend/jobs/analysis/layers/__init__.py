"""Masks that people drew over a clip: taken from pictures, and laid over what was found."""
