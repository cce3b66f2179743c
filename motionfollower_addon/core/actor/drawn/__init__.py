"""Masks that were drawn as curves, made into pictures."""
