"""The actor as surfaces with coordinates of their own, found again in every frame of the clip."""
