"""The outline of a rig's own meshes in the picture, and the thread that draws it."""
