"""Seeing a batch: which jobs lie in a folder, how far they are, and what deserves a look."""
