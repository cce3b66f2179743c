"""The demo: films somebody, and has the footage re-performed with another motion.

Runs in the environment of dev.py with Blender's Python module; `python -m demo --help`.
"""
