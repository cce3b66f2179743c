"""Films people who were never there: bodies, dress, motion, places and cameras, by Blender.

What is measured against the truth, the demo and training data are made of the same parts.
Runs in the environment of dev.py with Blender's Python module; `shared/` is not needed.
"""
