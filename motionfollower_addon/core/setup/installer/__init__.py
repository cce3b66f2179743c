"""The installer: a program of its own, run by Blender's Python. Standard library only."""
