"""The actor in the scene: his motion as an armature, and what is mended with it."""
