"""The actor of a clip on disk: found once, mended by people, used by every take.

NumPy and the standard library only: the add-on reads it, and writes what a person mended.
"""
