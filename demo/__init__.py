"""The demo: builds a figure, films it, and has its footage re-performed with another motion.

Runs in the environment of dev.py with Blender's Python module; `python -m demo --help`.
"""
