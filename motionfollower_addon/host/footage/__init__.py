"""Footage: the strip or file of a shot, and whether it is on disk."""
